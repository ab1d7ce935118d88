#include "cacheserver/net/datagrams.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/cacheserver/command/fixture.h"

/* A server without a thread, and a client of it. */
struct bench {
    struct client *base;
    struct datagrams *datagrams;
    int server, client;
};

static int bound_socket(struct sockaddr_in *address)
{
    socklen_t len = sizeof(*address);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    *address =
        (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(bind(fd, (struct sockaddr *)address, sizeof(*address)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)address, &len), 0);
    return fd;
}

static struct bench *bench_new(void)
{
    struct bench *b = calloc(1, sizeof(*b));
    struct sockaddr_in server, client;

    b->base = client_new();
    b->datagrams = datagrams_new(&b->base->shared, b->base->context.counters);
    assert_non_null(b->datagrams);
    b->server = bound_socket(&server);
    b->client = bound_socket(&client);
    assert_int_equal(connect(b->client, (struct sockaddr *)&server, sizeof(server)), 0);
    return b;
}

static void bench_free(struct bench *b)
{
    close(b->server);
    close(b->client);
    datagrams_free(b->datagrams);
    client_free(b->base);
    free(b);
}

/* Eight bytes of header, then the requests. */
static void ask(struct bench *b, const char header[8], const char *requests)
{
    char datagram[4096];
    size_t len = strlen(requests);

    memcpy(datagram, header, 8);
    memcpy(datagram + 8, requests, len);
    assert_int_equal(send(b->client, datagram, 8 + len, 0), 8 + len);
    datagrams_serve(b->datagrams, b->server);
}

#define HEADER "\x12\x34\0\0\0\1\0\0"

/* The next datagram; its bytes, 0 none. */
static size_t receive(struct bench *b, char *datagram, size_t size)
{
    ssize_t n = recv(b->client, datagram, size, MSG_DONTWAIT);
    return n < 0 ? 0 : (size_t)n;
}

static void assert_answer(struct bench *b, const char *requests, const char *reply)
{
    char datagram[2000];

    ask(b, HEADER, requests);
    size_t n = receive(b, datagram, sizeof(datagram));
    assert_int_equal(n, 8 + strlen(reply));
    assert_memory_equal(datagram, HEADER, 8);
    assert_memory_equal(datagram + 8, reply, n - 8);
}

static void a_datagram_may_hold_several_requests(void **state)
{
    struct bench *b = bench_new();

    (void)state;
    assert_answer(b, "set k 0 0 1\r\nx\r\nget k\r\n", "STORED\r\nVALUE k 0 1\r\nx\r\nEND\r\n");
    assert_answer(b, "version\r\nquit\r\nversion\r\n", "VERSION 1.15.0\r\n");
    assert_answer(b, "version\r\n", "VERSION 1.15.0\r\n");
    bench_free(b);
}

static void what_a_datagram_leaves_incomplete_is_forgotten(void **state)
{
    struct bench *b = bench_new();
    char datagram[64];

    (void)state;
    ask(b, HEADER, "set k 0 0 10\r\nabc");
    ask(b, HEADER, "get ");
    assert_int_equal(receive(b, datagram, sizeof(datagram)), 0);
    assert_answer(b, "get k\r\n", "END\r\n");
    assert_answer(b, "version\r\n", "VERSION 1.15.0\r\n");
    bench_free(b);
}

static void requests_of_several_datagrams_and_short_ones_are_dropped(void **state)
{
    struct bench *b = bench_new();
    char datagram[64];

    (void)state;
    ask(b, "\0\0\0\0\0\2\0\0", "version\r\n");
    ask(b, "\0\0\0\1\0\1\0\0", "version\r\n");
    ask(b, "\0\0\0\0\1\1\0\0", "version\r\n");
    ask(b, HEADER, "");
    assert_int_equal(send(b->client, "", 0, 0), 0);
    datagrams_serve(b->datagrams, b->server);
    assert_int_equal(receive(b, datagram, sizeof(datagram)), 0);
    assert_answer(b, "version\r\n", "VERSION 1.15.0\r\n");
    bench_free(b);
}

/* Stores a value of so many bytes under "k". */
static void store_value(struct bench *b, size_t len)
{
    char *request = malloc(len + 64);
    int head = sprintf(request, "set k 0 0 %zu\r\n", len);

    memset(request + head, 'v', len);
    memcpy(request + head + len, "\r\n", 2);
    assert_string_equal(say_bytes(b->base, request, (size_t)head + len + 2), "STORED\r\n");
    free(request);
}

static void a_long_reply_is_numbered_through_its_datagrams(void **state)
{
    struct bench *b = bench_new();
    char datagram[2000];
    size_t total = 0;

    (void)state;
    store_value(b, 3000);
    ask(b, HEADER, "get k\r\n");
    for (char i = 0; i < 3; i++) {
        const char header[8] = {0x12, 0x34, 0, i, 0, 3, 0, 0};
        size_t n = receive(b, datagram, sizeof(datagram));
        assert_true(i == 2 || n == DATAGRAM_REPLY_BYTES);
        assert_memory_equal(datagram, header, 8);
        total += n - 8;
    }
    assert_int_equal(total, strlen("VALUE k 0 3000\r\n\r\nEND\r\n") + 3000);
    assert_int_equal(receive(b, datagram, sizeof(datagram)), 0);
    bench_free(b);
}

static void a_reply_that_is_far_too_long_is_an_error(void **state)
{
    struct bench *b = bench_new();

    (void)state;
    store_value(b, 1000000);
    assert_answer(b, "get k k k k k k k k k\r\n",
                  "SERVER_ERROR out of memory writing get response\r\n");
    assert_answer(b, "version\r\n", "VERSION 1.15.0\r\n");
    bench_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_datagram_may_hold_several_requests),
        cmocka_unit_test(what_a_datagram_leaves_incomplete_is_forgotten),
        cmocka_unit_test(requests_of_several_datagrams_and_short_ones_are_dropped),
        cmocka_unit_test(a_long_reply_is_numbered_through_its_datagrams),
        cmocka_unit_test(a_reply_that_is_far_too_long_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
