#include "planner/observe/zk_ensemble.h"

#include "planner/base/clock.h"
#include "tests/unit/planner/observe/text_server.h"
#include "tests/unit/planner/observe/zk_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct arena *arena;
static struct zk_ensemble ensemble;
static struct fault fault;

static int set_up(void **state)
{
    (void)state;
    arena = arena_new();
    fault = (struct fault){0};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static void ask(const char *connect)
{
    zk_ensemble_ask(connect, clock_deadline_ms(60000), arena, &ensemble);
}

static void a_real_server_says_its_mode(void **state)
{
    struct zk_server server;
    const struct zk_member *member;

    (void)state;
    assert_int_equal(zk_server_start(&server), 0);
    ask(server.connect);
    member = zk_ensemble_find(&ensemble, "127.0.0.1", server.port);
    assert_true(member->is_answering && member->is_serving);
    assert_string_equal(member->mode, "standalone");
    assert_int_equal(strncmp(member->zxid, "0x", 2), 0);
    assert_true(member->connections >= 1);
    assert_int_equal(zk_ensemble_check(&ensemble, &fault), 0);
    zk_server_remove(&server);
}

static void one_serving_member_is_enough(void **state)
{
    struct text_server leader = {.answer = "Zxid: 0x1\nMode: leader\nNode count: 5\n"};
    const char *connect;

    (void)state;
    text_server_start(&leader);
    connect = arena_printf(arena, "127.0.0.1:%d, 127.0.0.1:%d", free_port(), leader.port);
    ask(connect);
    assert_int_equal(ensemble.members.count, 2);
    assert_false(ensemble.members.items[0].is_answering);
    assert_non_null(ensemble.members.items[0].problem);
    assert_string_equal(ensemble.members.items[1].mode, "leader");
    assert_int_equal(ensemble.members.items[1].connections, -1);
    assert_int_equal(zk_ensemble_check(&ensemble, &fault), 0);
    text_server_stop(&leader);
    assert_string_equal(leader.question, "srvr");
}

static void servers_without_a_quorum_are_told_from_absent_ones(void **state)
{
    struct text_server lost = {.answer =
                                   "This ZooKeeper instance is not currently serving requests\n"};

    (void)state;
    text_server_start(&lost);
    ask(arena_printf(arena, "127.0.0.1:%d,127.0.0.1:%d", free_port(), lost.port));
    assert_int_equal(zk_ensemble_check(&ensemble, &fault), -1);
    assert_int_equal(fault.code, DIAG_ZK_QUORUM);
    text_server_stop(&lost);
    ask(arena_printf(arena, "127.0.0.1:%d", free_port()));
    assert_int_equal(zk_ensemble_check(&ensemble, &fault), -1);
    assert_int_equal(fault.code, DIAG_ZK_CONNECT);
    assert_non_null(strstr(fault.text, "refused"));
}

static void a_forbidden_question_counts_as_serving(void **state)
{
    struct text_server shy = {.answer =
                                  "srvr is not executed because it is not in the whitelist.\n"};

    (void)state;
    text_server_start(&shy);
    ask(arena_printf(arena, "127.0.0.1:%d", shy.port));
    assert_int_equal(zk_ensemble_check(&ensemble, &fault), 0);
    assert_null(ensemble.members.items[0].mode);
    text_server_stop(&shy);
}

static void connect_strings_are_taken_apart(void **state)
{
    (void)state;
    zk_ensemble_ask("[::1]:2182,a.example,,b:x/chroot", clock_now_ms(), arena, &ensemble);
    assert_int_equal(ensemble.members.count, 3);
    assert_string_equal(ensemble.members.items[0].host, "::1");
    assert_int_equal(ensemble.members.items[0].port, 2182);
    assert_string_equal(ensemble.members.items[1].host, "a.example");
    assert_int_equal(ensemble.members.items[1].port, 2181);
    assert_string_equal(ensemble.members.items[2].host, "b");
    zk_ensemble_ask("", clock_now_ms(), arena, &ensemble);
    assert_int_equal(ensemble.members.count, 0);
    assert_int_equal(zk_ensemble_check(&ensemble, &fault), -1);
}

#define ensemble_test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ensemble_test(a_real_server_says_its_mode),
        ensemble_test(one_serving_member_is_enough),
        ensemble_test(servers_without_a_quorum_are_told_from_absent_ones),
        ensemble_test(a_forbidden_question_counts_as_serving),
        ensemble_test(connect_strings_are_taken_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
