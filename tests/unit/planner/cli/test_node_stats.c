#include "planner/cli/node_stats.h"

#include "planner/base/clock.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static const char answer[] = "STAT version 1.0\r\nSTAT curr_items 12\r\nSTAT bytes 2048\r\n"
                             "STAT limit_maxbytes 4096\r\nSTAT get_hits 3\r\nSTAT get_misses 1\r\n"
                             "STAT uptime 99\r\nSTAT curr_connections 5\r\nEND\r\n";

static void the_figures_are_read(void **state)
{
    struct arena *arena = arena_new();
    struct node_stats stats = {.node = "a:1"};

    (void)state;
    node_stats_parse(&stats, answer, arena);
    assert_true(stats.answered);
    assert_string_equal(stats.node, "a:1");
    assert_int_equal(stats.items, 12);
    assert_int_equal(stats.bytes, 2048);
    assert_int_equal(stats.limit_bytes, 4096);
    assert_int_equal(stats.hits, 3);
    assert_int_equal(stats.misses, 1);
    assert_int_equal(stats.uptime_s, 99);
    assert_int_equal(stats.connections, 5);
    assert_string_equal(stats.version, "1.0");
    arena_free(arena);
}

static void what_is_not_told_or_not_a_number_is_not_known(void **state)
{
    static const char *const texts[] = {
        "",
        "END\r\n",
        "STAT",
        "STAT \r\n",
        "STAT curr_items\r\nEND\r\n",
        "STAT curr_items many\r\nEND\r\n",
        "STAT curr_items -4\r\nEND\r\n",
        "ERROR\r\nEND\r\n",
        "\xff\xfe\n\nSTAT xcurr_items 4\r\nEND\r\n",
    };
    struct arena *arena = arena_new();

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        struct node_stats stats = {.items = 7};

        node_stats_parse(&stats, texts[i], arena);
        assert_int_equal(stats.items, -1);
        assert_null(stats.version);
    }
    arena_free(arena);
}

static void a_version_cannot_drive_the_terminal(void **state)
{
    struct arena *arena = arena_new();
    struct node_stats stats = {0};

    (void)state;
    node_stats_parse(&stats, "STAT version 1\033[2J\r\nEND\r\n", arena);
    assert_string_equal(stats.version, "1?[2J");
    arena_free(arena);
}

static int listen_somewhere(char name[32])
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(fd, 4), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    snprintf(name, 32, "127.0.0.1:%d", ntohs(address.sin_port));
    return fd;
}

static void *serve_one(void *data)
{
    int fd = accept(*(int *)data, NULL, NULL);
    char request[7];

    if (recv(fd, request, sizeof(request), MSG_WAITALL) == 7 && !memcmp(request, "stats\r\n", 7))
        send(fd, answer, strlen(answer), MSG_NOSIGNAL);
    close(fd);
    return NULL;
}

static void those_who_answer_are_told_from_those_who_do_not(void **state)
{
    struct arena *arena = arena_new();
    struct node_stats nodes[3] = {{.node = "no address"}};
    char served[32], refused[32];
    int fd = listen_somewhere(served), unused = listen_somewhere(refused);
    pthread_t thread;

    (void)state;
    close(unused);
    nodes[1].node = served;
    nodes[2].node = refused;
    assert_int_equal(pthread_create(&thread, NULL, serve_one, &fd), 0);
    node_stats_read(nodes, 3, clock_deadline_ms(60000), arena);
    pthread_join(thread, NULL);
    close(fd);
    assert_false(nodes[0].answered);
    assert_true(nodes[1].answered);
    assert_int_equal(nodes[1].items, 12);
    assert_false(nodes[2].answered);
    assert_int_equal(nodes[2].items, -1);
    arena_free(arena);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_figures_are_read),
        cmocka_unit_test(what_is_not_told_or_not_a_number_is_not_known),
        cmocka_unit_test(a_version_cannot_drive_the_terminal),
        cmocka_unit_test(those_who_answer_are_told_from_those_who_do_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
