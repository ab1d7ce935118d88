#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cacheserver/net/worker.h"
#include "cacheserver/protocol/limits.h"
#include "tests/unit/cacheserver/command/fixture.h"

#define VALUE_BYTES 1000
#define GETS        2000

/* A worker whose thread does not run: the test is its event loop. */
struct bench {
    struct client *client;
    struct counters *counters;
    struct worker *worker;
    struct connection *connection;
    _Atomic unsigned total;
    int peer;
};

static void set_send_buffer(int fd, int bytes)
{
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)), 0);
}

static int set_up(void **state)
{
    struct bench *b = calloc(1, sizeof(*b));
    int fds[2];

    b->client = client_new();
    b->counters = counters_new();
    b->worker = worker_new(&b->client->shared, b->counters, &b->total);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    assert_int_equal(worker_adopt(b->worker, fds[0], "192.0.2.1"), 0);
    b->connection = b->worker->connections;
    b->peer = fds[1];
    *state = b;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *b = *state;

    close(b->peer);
    worker_free(b->worker);
    free(b->counters);
    client_free(b->client);
    free(b);
    return 0;
}

static void put_text(struct bench *b, const char *text, size_t len)
{
    assert_int_equal(write(b->peer, text, len), (ssize_t)len);
}

static size_t take_all(struct bench *b)
{
    static char buffer[1 << 16];
    size_t total = 0;
    ssize_t n;

    while ((n = read(b->peer, buffer, sizeof(buffer))) > 0)
        total += (size_t)n;
    return total;
}

static void send_many_gets(struct bench *b)
{
    char *text = malloc(GETS * 7), value[VALUE_BYTES + 1];

    memset(value, 'v', VALUE_BYTES);
    value[VALUE_BYTES] = '\0';
    put(b->client->base, "k", value);
    for (size_t i = 0; i < GETS; i++)
        memcpy(text + 7 * i, "get k\r\n", 7);
    put_text(b, text, (size_t)GETS * 7);
    free(text);
}

static void a_client_that_reads_late_is_served_to_the_end(void **state)
{
    struct bench *b = *state;
    const size_t reply_bytes = sizeof("VALUE k 7 1000\r\n") - 1 + VALUE_BYTES + 2 + 5;
    size_t taken = 0;
    bool yielded = false;

    set_send_buffer(b->connection->fd, 4096);
    send_many_gets(b);
    connection_event(b->connection, EPOLLIN);
    assert_int_equal(b->connection->state, CONNECTION_WRITING);

    /* From now on the socket takes all that one turn may send. */
    set_send_buffer(b->connection->fd, 16 << 20);
    for (unsigned turn = 0; turn < 1000; turn++) {
        taken += take_all(b);
        if (b->connection->state == CONNECTION_READING)
            break;
        assert_int_not_equal(b->connection->state, CONNECTION_CLOSED);
        if (b->connection->state == CONNECTION_YIELDING) {
            yielded = true;
            assert_null(b->connection->reply);
            connection_continue(b->connection);
        } else {
            assert_non_null(b->connection->reply);
            connection_event(b->connection, EPOLLOUT);
        }
    }
    assert_true(yielded);
    assert_int_equal(b->connection->state, CONNECTION_READING);
    assert_int_equal(taken + take_all(b), GETS * reply_bytes);
}

/* As many yields as turns that had input left; what they answer is sent at once. */
static void a_turn_ends_after_as_many_requests_as_asked_for(void **state)
{
    struct bench *b = *state;
    const size_t stored = sizeof("STORED\r\n") - 1;
    unsigned yields = 0;

    b->client->settings.requests_per_event = 2;
    b->worker->context.limits_requests = true;
    for (unsigned i = 0; i < 6; i++)
        put_text(b, "set a 0 0 1\r\nx\r\n", 16);
    put_text(b, "set a", 5);
    connection_event(b->connection, EPOLLIN);
    for (; b->connection->state == CONNECTION_YIELDING && yields < 10; yields++) {
        assert_int_equal(take_all(b), 0);
        connection_continue(b->connection);
    }
    assert_int_equal(b->connection->state, CONNECTION_READING);
    assert_null(b->connection->reply);
    assert_int_equal(take_all(b), 6 * stored);
    assert_int_equal(yields, 3);
    assert_int_equal(b->counters->value[COUNTER_conn_yields], 3);
}

static void what_is_left_of_a_request_waits_for_the_rest(void **state)
{
    struct bench *b = *state;
    char reply[64];

    put_text(b, "set a 0 0 3\r\nx", 14);
    connection_event(b->connection, EPOLLIN);
    assert_false(connection_is_idle(b->connection));
    put_text(b, "yz\r\nver", 7);
    connection_event(b->connection, EPOLLIN);
    assert_int_equal(read(b->peer, reply, sizeof(reply)), 8);
    assert_memory_equal(reply, "STORED\r\n", 8);
    put_text(b, "sion\r\n", 6);
    connection_event(b->connection, EPOLLIN);
    assert_int_equal(read(b->peer, reply, sizeof(reply)), 16);
    assert_memory_equal(reply, "VERSION 1.15.0\r\n", 16);
    assert_true(connection_is_idle(b->connection));
}

static void a_client_that_goes_closes_the_connection(void **state)
{
    struct bench *b = *state;

    assert_int_equal(shutdown(b->peer, SHUT_RDWR), 0);
    connection_event(b->connection, EPOLLIN);
    assert_int_equal(b->connection->state, CONNECTION_CLOSED);
}

static void quit_closes_the_connection(void **state)
{
    struct bench *b = *state;

    put_text(b, "quit\r\nversion\r\n", 15);
    connection_event(b->connection, EPOLLIN);
    assert_int_equal(b->connection->state, CONNECTION_CLOSED);
    assert_int_equal(take_all(b), 0);
}

/* Asks for a list of 400 KB through a socket that takes a few of them. */
static void get_large_list(struct bench *b)
{
    char text[10100];

    say(b->client, "lop create l 0 0 0\r\n");
    int head = snprintf(text, sizeof(text), "lop insert l 0 10000\r\n");
    memset(text + head, 'v', 10000);
    strcpy(text + head + 10000, "\r\n");
    for (unsigned i = 0; i < 40; i++)
        assert_string_equal(say(b->client, text), "STORED\r\n");
    set_send_buffer(b->connection->fd, 4096);
    put_text(b, "lop get l 0..-1\r\n", 17);
    connection_event(b->connection, EPOLLIN);
}

static void a_large_reply_counts_until_its_client_has_taken_it(void **state)
{
    struct bench *b = *state;

    get_large_list(b);
    assert_int_equal(b->connection->state, CONNECTION_WRITING);
    assert_in_range(b->worker->large_reply_bytes, 400000, 1 << 20);
    for (unsigned turn = 0; turn < 1000 && b->connection->state == CONNECTION_WRITING; turn++) {
        take_all(b);
        connection_event(b->connection, EPOLLOUT);
    }
    assert_int_equal(b->connection->state, CONNECTION_READING);
    assert_int_equal(b->worker->large_reply_bytes, 0);
}

static void too_many_large_replies_end_the_connection(void **state)
{
    struct bench *b = *state;

    b->worker->large_reply_bytes = LIMIT_LARGE_REPLIES;
    get_large_list(b);
    assert_int_equal(b->connection->state, CONNECTION_CLOSED);
    assert_int_equal(b->worker->large_reply_bytes, LIMIT_LARGE_REPLIES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_client_that_reads_late_is_served_to_the_end, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_turn_ends_after_as_many_requests_as_asked_for, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_is_left_of_a_request_waits_for_the_rest, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_client_that_goes_closes_the_connection, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(quit_closes_the_connection, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_large_reply_counts_until_its_client_has_taken_it, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(too_many_large_replies_end_the_connection, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
