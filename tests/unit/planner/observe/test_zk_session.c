/* Against a real server. The tests that stop or kill it come last; each starts with a server that
 * serves. */
#include "planner/observe/zk_session.h"

#include "planner/base/clock.h"
#include "tests/unit/planner/observe/zk_server.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SESSION_MS = 20000, LONG_MS = 60000 };

struct fixture {
    struct zk_server server;
    struct zk_session *session;
    struct arena *arena;
};

static struct fixture fixture;

static int start_server(void **state)
{
    (void)state;
    return zk_server_start(&fixture.server);
}

static int remove_server(void **state)
{
    (void)state;
    zk_server_remove(&fixture.server);
    return 0;
}

static int open_session(void **state)
{
    struct fault fault = {0};

    *state = &fixture;
    fixture.arena = arena_new();
    if (zk_session_open(fixture.server.connect, SESSION_MS, clock_deadline_ms(LONG_MS), NULL,
                        &fixture.session, &fault) == 0)
        return 0;
    print_error("%s\n", fault.text);
    return -1;
}

static int close_session(void **state)
{
    (void)state;
    zk_session_close(fixture.session);
    arena_free(fixture.arena);
    return 0;
}

static void write_ops(const struct zk_op *ops, size_t count)
{
    struct fault fault = {0};
    size_t failed;
    int result = zk_multi(fixture.session, ops, count, clock_deadline_ms(LONG_MS), &failed, &fault);

    if (result != 0)
        fail_msg("operation %zu: result %d %s", failed, result, fault.text);
}

static void create(const char *path, const char *data)
{
    struct zk_op op = {ZK_OP_CREATE, -1, path, data, data ? strlen(data) : 0};

    write_ops(&op, 1);
}

static int get(const char *path, struct zk_node *node)
{
    struct fault fault = {0};
    int result =
        zk_get(fixture.session, path, clock_deadline_ms(LONG_MS), fixture.arena, node, &fault);

    if (result < 0)
        fail_msg("%s", fault.text);
    return result;
}

static void data_is_read_with_its_version(void **state)
{
    struct zk_op set = {ZK_OP_SET, 0, "/read", "a\0b", 3};
    struct zk_node node;
    struct fault fault;

    (void)state;
    create("/read", NULL);
    assert_int_equal(get("/read", &node), 0);
    assert_int_equal(node.size, 0);
    assert_int_equal(node.version, 0);
    assert_true(node.czxid > 0);
    write_ops(&set, 1);
    assert_int_equal(get("/read", &node), 0);
    assert_int_equal(node.size, 3);
    assert_memory_equal(node.data, "a\0b", 4);
    assert_int_equal(node.version, 1);
    assert_int_equal(node.ephemeral_owner, 0);
    assert_int_equal(zk_exists(fixture.session, "/read", clock_deadline_ms(LONG_MS), &node, &fault),
                     0);
    assert_int_equal(node.version, 1);
    assert_null(node.data);
}

static void a_missing_node_is_an_outcome_of_its_own(void **state)
{
    struct zk_names names;
    struct zk_node node;
    struct fault fault;
    int64_t deadline_ms = clock_deadline_ms(LONG_MS);

    (void)state;
    assert_int_equal(get("/missing", &node), ZK_NO_NODE);
    assert_int_equal(zk_exists(fixture.session, "/missing", deadline_ms, &node, &fault),
                     ZK_NO_NODE);
    assert_int_equal(
        zk_children(fixture.session, "/missing", deadline_ms, fixture.arena, &names, &fault),
        ZK_NO_NODE);
}

static void a_path_that_is_none_is_refused(void **state)
{
    struct zk_node node;
    struct fault fault = {0};

    (void)state;
    assert_int_equal(zk_get(fixture.session, "no-slash", clock_deadline_ms(LONG_MS), fixture.arena,
                            &node, &fault),
                     -1);
    assert_int_equal(fault.code, DIAG_ZK_ERROR);
    assert_non_null(strstr(fault.text, "no-slash"));
}

static void children_come_sorted(void **state)
{
    struct zk_names names;
    struct fault fault;

    (void)state;
    create("/sorted", NULL);
    create("/sorted/b", NULL);
    create("/sorted/a", NULL);
    create("/sorted/c", NULL);
    assert_int_equal(zk_children(fixture.session, "/sorted", clock_deadline_ms(LONG_MS),
                                 fixture.arena, &names, &fault),
                     0);
    assert_int_equal(names.count, 3);
    assert_string_equal(names.items[0], "a");
    assert_string_equal(names.items[1], "b");
    assert_string_equal(names.items[2], "c");
    assert_int_equal(zk_children(fixture.session, "/sorted/a", clock_deadline_ms(LONG_MS),
                                 fixture.arena, &names, &fault),
                     0);
    assert_int_equal(names.count, 0);
}

static void assert_multi_fails(const struct zk_op *ops, size_t count, int expected, size_t culprit)
{
    struct fault fault = {0};
    size_t failed = 99;

    assert_int_equal(
        zk_multi(fixture.session, ops, count, clock_deadline_ms(LONG_MS), &failed, &fault),
        expected);
    assert_int_equal(failed, culprit);
}

static void a_multi_happens_as_a_whole_or_not_at_all(void **state)
{
    struct zk_node node;

    (void)state;
    create("/multi", "one");
    create("/multi/child", NULL);
    assert_multi_fails((struct zk_op[]){{ZK_OP_CREATE, -1, "/multi/x", NULL, 0},
                                        {ZK_OP_SET, 7, "/multi", "two", 3}},
                       2, ZK_CHANGED_VERSION, 1);
    assert_multi_fails((struct zk_op[]){{ZK_OP_CREATE, -1, "/multi/x", NULL, 0},
                                        {ZK_OP_CREATE, -1, "/multi/child", NULL, 0},
                                        {ZK_OP_CREATE, -1, "/multi/y", NULL, 0}},
                       3, ZK_NODE_EXISTS, 1);
    assert_multi_fails((struct zk_op[]){{ZK_OP_DELETE, -1, "/multi", NULL, 0}}, 1, ZK_NOT_EMPTY, 0);
    assert_multi_fails((struct zk_op[]){{ZK_OP_CREATE, -1, "/multi/x", NULL, 0},
                                        {ZK_OP_CHECK, -1, "/multi/none", NULL, 0}},
                       2, ZK_NO_NODE, 1);
    assert_int_equal(get("/multi/x", &node), ZK_NO_NODE);
    write_ops((struct zk_op[]){{ZK_OP_CHECK, 0, "/multi", NULL, 0},
                               {ZK_OP_DELETE, -1, "/multi/child", NULL, 0},
                               {ZK_OP_SET, 0, "/multi", "two", 3}},
              3);
    assert_int_equal(get("/multi", &node), 0);
    assert_string_equal(node.data, "two");
    assert_int_equal(node.child_count, 0);
}

static void an_ephemeral_lives_as_long_as_its_session(void **state)
{
    struct zk_op op = {ZK_OP_CREATE_EPHEMERAL, -1, "/ephemeral", "me", 2};
    struct zk_session *first = fixture.session;
    struct zk_node node;

    write_ops(&op, 1);
    assert_int_equal(get("/ephemeral", &node), 0);
    assert_true(node.ephemeral_owner == zk_session_id(first));
    zk_session_close(first);
    arena_free(fixture.arena);
    assert_int_equal(open_session(state), 0);
    assert_int_equal(get("/ephemeral", &node), ZK_NO_NODE);
}

enum { MANY = 10000, PER_MULTI = 2000 };

static void create_many(const char *parent)
{
    struct zk_op *ops = calloc(PER_MULTI, sizeof(*ops));

    create(parent, NULL);
    for (size_t done = 0; done < MANY; done += PER_MULTI) {
        size_t bytes = 0;

        for (size_t i = 0; i < PER_MULTI; i++) {
            char *path = arena_printf(fixture.arena, "%s/%05zu", parent, done + i);

            ops[i] = (struct zk_op){ZK_OP_CREATE, -1, path, path, strlen(path)};
            bytes += zk_op_size(&ops[i]);
        }
        assert_true(bytes < ZK_MULTI_LIMIT);
        write_ops(ops, PER_MULTI);
    }
    free(ops);
}

static struct zk_read *read_list(const struct zk_names *names, const char *parent)
{
    struct zk_read *reads = arena_array_of(fixture.arena, struct zk_read, names->count);

    for (size_t i = 0; i < names->count; i++)
        reads[i] =
            (struct zk_read){.path = arena_printf(fixture.arena, "%s/%s", parent, names->items[i]),
                             .want_children = i % 2};
    return reads;
}

static void ten_thousand_children_are_read_through_a_window(void **state)
{
    int64_t deadline_ms = clock_deadline_ms(LONG_MS);
    struct zk_names names;
    struct zk_read *reads;
    struct fault fault = {0};

    (void)state;
    create_many("/many");
    assert_int_equal(
        zk_children(fixture.session, "/many", deadline_ms, fixture.arena, &names, &fault), 0);
    assert_int_equal(names.count, MANY);
    reads = read_list(&names, "/many");
    reads[1234].path = "/many/none";
    assert_int_equal(zk_read_many(fixture.session, reads, MANY, deadline_ms, fixture.arena, &fault),
                     0);
    for (size_t i = 0; i < MANY; i++) {
        assert_int_equal(reads[i].result, i == 1234 ? ZK_NO_NODE : 0);
        assert_int_equal(reads[i].names.count, 0);
        if (i % 2 == 0 && i != 1234)
            assert_string_equal(reads[i].node.data, reads[i].path);
    }
}

static void a_sync_is_answered(void **state)
{
    struct fault fault = {0};

    (void)state;
    assert_int_equal(zk_sync(fixture.session, clock_deadline_ms(LONG_MS), &fault), 0);
}

static void *read_some(void *data)
{
    struct arena *arena = arena_new();
    struct fault fault;
    size_t *failures = data;

    for (int i = 0; i < 100; i++) {
        struct zk_node node;

        if (zk_get(fixture.session, "/shared", clock_deadline_ms(LONG_MS), arena, &node, &fault))
            ++*failures;
    }
    arena_free(arena);
    return NULL;
}

static void several_threads_share_a_session(void **state)
{
    pthread_t threads[8];
    size_t failures[8] = {0};

    (void)state;
    create("/shared", "x");
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_some, &failures[i]), 0);
    for (size_t i = 0; i < 8; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(failures[i], 0);
    }
}

static void four_letter_words_are_answered(void **state)
{
    struct fault fault = {0};
    char *answer = NULL;

    (void)state;
    assert_int_equal(zk_four_letter("127.0.0.1", fixture.server.port, "srvr",
                                    clock_deadline_ms(LONG_MS), fixture.arena, &answer, &fault),
                     0);
    assert_non_null(strstr(answer, "Mode: standalone"));
    assert_int_equal(zk_four_letter("127.0.0.1", free_port(), "srvr", clock_deadline_ms(LONG_MS),
                                    fixture.arena, &answer, &fault),
                     -1);
    assert_int_equal(fault.code, DIAG_ZK_CONNECT);
}

static void nobody_there_fails_at_the_deadline(void **state)
{
    char connect[32];
    struct zk_session *session;
    struct fault fault = {0};
    int64_t start_ms = clock_now_ms();

    (void)state;
    snprintf(connect, sizeof(connect), "127.0.0.1:%d", free_port());
    assert_int_equal(
        zk_session_open(connect, SESSION_MS, clock_deadline_ms(300), NULL, &session, &fault), -1);
    assert_null(session);
    assert_int_equal(fault.code, DIAG_ZK_CONNECT);
    assert_non_null(strstr(fault.text, connect));
    assert_true(clock_now_ms() - start_ms < 30000);
}

static void a_cancelled_session_waits_for_nothing(void **state)
{
    atomic_bool cancel = true;
    char connect[32];
    struct zk_session *session;
    struct zk_node node;
    struct fault fault = {0};
    int64_t start_ms = clock_now_ms();

    (void)state;
    snprintf(connect, sizeof(connect), "127.0.0.1:%d", free_port());
    assert_int_equal(
        zk_session_open(connect, SESSION_MS, clock_deadline_ms(LONG_MS), &cancel, &session, &fault),
        -1);
    assert_int_equal(fault.code, DIAG_INTERRUPTED);
    zk_session_set_cancel(fixture.session, &cancel);
    assert_int_equal(zk_exists(fixture.session, "/", clock_deadline_ms(LONG_MS), &node, &fault),
                     -1);
    assert_int_equal(fault.code, DIAG_INTERRUPTED);
    assert_true(clock_now_ms() - start_ms < LONG_MS / 2);
    zk_session_set_cancel(fixture.session, NULL);
    assert_int_equal(zk_exists(fixture.session, "/", clock_deadline_ms(LONG_MS), &node, &fault), 0);
}

static void a_connect_string_that_is_none_is_refused(void **state)
{
    static const char *const wrong[] = {"", "127.0.0.1", "127.0.0.1:port", ",", "a b:1"};

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        struct zk_session *session;
        struct fault fault = {0};

        assert_int_equal(
            zk_session_open(wrong[i], SESSION_MS, clock_deadline_ms(300), NULL, &session, &fault),
            -1);
        assert_null(session);
        assert_int_equal(fault.code, DIAG_ZK_CONNECT);
    }
}

static void a_stopped_server_costs_the_deadline_only(void **state)
{
    struct zk_op op = {ZK_OP_CREATE, -1, "/late", NULL, 0};
    int64_t start_ms = clock_now_ms();
    struct fault fault = {0};
    struct zk_node node;
    size_t failed;

    (void)state;
    create("/stopped", "x");
    zk_server_freeze(&fixture.server);
    assert_int_equal(
        zk_get(fixture.session, "/stopped", clock_deadline_ms(300), fixture.arena, &node, &fault),
        -1);
    assert_int_equal(fault.code, DIAG_ZK_TIMEOUT);
    assert_int_equal(zk_sync(fixture.session, clock_deadline_ms(300), &fault), -1);
    assert_int_equal(fault.code, DIAG_ZK_TIMEOUT);
    assert_int_equal(zk_multi(fixture.session, &op, 1, clock_deadline_ms(300), &failed, &fault),
                     -1);
    assert_int_equal(fault.code, DIAG_ZK_TIMEOUT);
    assert_true(clock_now_ms() - start_ms < 30000);
    kill(fixture.server.pid, SIGCONT);
    assert_int_equal(get("/stopped", &node), 0);
    assert_string_equal(node.data, "x");
}

static void closing_does_not_wait_for_a_stopped_server(void **state)
{
    int64_t start_ms;
    struct fault fault = {0};
    struct zk_node node;

    zk_server_freeze(&fixture.server);
    assert_int_equal(
        zk_get(fixture.session, "/", clock_deadline_ms(50), fixture.arena, &node, &fault), -1);
    start_ms = clock_now_ms();
    close_session(state);
    assert_true(clock_now_ms() - start_ms < 30000);
    kill(fixture.server.pid, SIGCONT);
    assert_int_equal(open_session(state), 0);
}

static void a_killed_server_is_a_lost_connection_until_it_is_back(void **state)
{
    struct zk_op op = {ZK_OP_SET, -1, "/killed", "y", 1};
    struct fault fault = {0};
    struct zk_node node;
    size_t failed;

    (void)state;
    create("/killed", "x");
    zk_server_kill(&fixture.server);
    assert_int_equal(
        zk_get(fixture.session, "/killed", clock_deadline_ms(300), fixture.arena, &node, &fault),
        -1);
    assert_int_equal(fault.code, DIAG_ZK_CONNECT);
    assert_int_equal(zk_multi(fixture.session, &op, 1, clock_deadline_ms(300), &failed, &fault),
                     -1);
    assert_int_equal(fault.code, DIAG_ZK_CONNECT);
    assert_false(zk_session_is_connected(fixture.session));
    assert_int_equal(zk_server_restart(&fixture.server), 0);
    assert_int_equal(get("/killed", &node), 0);
    assert_string_equal(node.data, "x");
    assert_true(zk_session_is_connected(fixture.session));
}

static void *read_many(void *data)
{
    struct fault fault = {0};
    struct zk_read *reads = data;
    int result = zk_read_many(fixture.session, reads, MANY, clock_deadline_ms(LONG_MS),
                              fixture.arena, &fault);

    return result == 0 ? data : NULL;
}

static void reads_under_way_survive_a_restart_of_the_server(void **state)
{
    struct zk_read *reads = arena_array_of(fixture.arena, struct zk_read, MANY);
    pthread_t reader;
    void *is_read;

    (void)state;
    create("/restarted", "x");
    for (size_t i = 0; i < MANY; i++)
        reads[i].path = "/restarted";
    assert_int_equal(pthread_create(&reader, NULL, read_many, reads), 0);
    zk_server_kill(&fixture.server);
    assert_int_equal(zk_server_restart(&fixture.server), 0);
    pthread_join(reader, &is_read);
    assert_non_null(is_read);
    for (size_t i = 0; i < MANY; i++)
        assert_string_equal(reads[i].node.data, "x");
}

static void an_expired_session_says_so(void **state)
{
    char command[128];
    struct fault fault = {0};
    struct zk_node node;

    (void)state;
    zk_server_kill(&fixture.server);
    snprintf(command, sizeof(command), "rm -r %s/data", fixture.server.directory);
    assert_int_equal(system(command), 0);
    assert_int_equal(zk_server_restart(&fixture.server), 0);
    assert_int_equal(
        zk_get(fixture.session, "/", clock_deadline_ms(LONG_MS), fixture.arena, &node, &fault), -1);
    assert_int_equal(fault.code, DIAG_ZK_CONNECT);
    assert_non_null(strstr(fault.text, "expired"));
    assert_int_equal(
        zk_get(fixture.session, "/", clock_deadline_ms(LONG_MS), fixture.arena, &node, &fault), -1);
}

#define session_test(name) cmocka_unit_test_setup_teardown(name, open_session, close_session)

int main(void)
{
    const struct CMUnitTest tests[] = {
        session_test(data_is_read_with_its_version),
        session_test(a_missing_node_is_an_outcome_of_its_own),
        session_test(a_path_that_is_none_is_refused),
        session_test(children_come_sorted),
        session_test(a_multi_happens_as_a_whole_or_not_at_all),
        session_test(an_ephemeral_lives_as_long_as_its_session),
        session_test(ten_thousand_children_are_read_through_a_window),
        session_test(a_sync_is_answered),
        session_test(several_threads_share_a_session),
        session_test(four_letter_words_are_answered),
        cmocka_unit_test(nobody_there_fails_at_the_deadline),
        session_test(a_cancelled_session_waits_for_nothing),
        cmocka_unit_test(a_connect_string_that_is_none_is_refused),
        session_test(a_stopped_server_costs_the_deadline_only),
        session_test(closing_does_not_wait_for_a_stopped_server),
        session_test(a_killed_server_is_a_lost_connection_until_it_is_back),
        session_test(reads_under_way_survive_a_restart_of_the_server),
        session_test(an_expired_session_says_so),
    };

    return cmocka_run_group_tests(tests, start_server, remove_server);
}
