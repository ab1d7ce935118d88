/* Two sessions of one real server stand for two operators. */
#include "planner/observe/zk_lock.h"

#include "planner/base/clock.h"
#include "tests/unit/planner/observe/zk_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { LONG_MS = 60000 };

static struct {
    struct zk_server server;
    struct zk_session *mine, *other;
    struct arena *arena;
    struct lock_holder self, holder;
    struct fault fault;
} fixture;

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

static int open_both(void **state)
{
    int64_t deadline_ms = clock_deadline_ms(LONG_MS);

    (void)state;
    fixture.arena = arena_new();
    lock_holder_self(fixture.arena, "apply", &fixture.self);
    if (zk_session_open(fixture.server.connect, 20000, deadline_ms, NULL, &fixture.mine,
                        &fixture.fault) < 0)
        return -1;
    return zk_session_open(fixture.server.connect, 20000, deadline_ms, NULL, &fixture.other,
                           &fixture.fault);
}

static int close_both(void **state)
{
    (void)state;
    zk_session_close(fixture.mine);
    zk_session_close(fixture.other);
    arena_free(fixture.arena);
    return 0;
}

static int take(struct zk_session *session)
{
    return zk_lock_take(session, &fixture.self, clock_deadline_ms(LONG_MS), fixture.arena,
                        &fixture.holder, &fixture.fault);
}

static int read_lock(void)
{
    return zk_lock_read(fixture.other, clock_deadline_ms(LONG_MS), fixture.arena, &fixture.holder,
                        &fixture.fault);
}

static int drop(struct zk_session *session)
{
    return zk_lock_drop(session, clock_deadline_ms(LONG_MS), &fixture.fault);
}

static void the_first_takes_it_and_the_second_learns_who_has_it(void **state)
{
    (void)state;
    assert_int_equal(read_lock(), 1);
    assert_int_equal(take(fixture.mine), 0);
    assert_int_equal(take(fixture.other), 1);
    assert_string_equal(fixture.holder.id, fixture.self.id);
    assert_int_equal(fixture.holder.pid, getpid());
    assert_string_equal(fixture.holder.command, "apply");
    assert_int_equal(read_lock(), 0);
    assert_string_equal(fixture.holder.id, fixture.self.id);
}

static void taking_twice_is_taking_once(void **state)
{
    (void)state;
    assert_int_equal(take(fixture.mine), 0);
    assert_int_equal(take(fixture.mine), 0);
    assert_int_equal(drop(fixture.mine), 0);
    assert_int_equal(read_lock(), 1);
}

static void only_the_session_that_has_it_drops_it(void **state)
{
    (void)state;
    assert_int_equal(take(fixture.mine), 0);
    assert_int_equal(drop(fixture.other), 0);
    assert_int_equal(read_lock(), 0);
    assert_int_equal(drop(fixture.mine), 0);
    assert_int_equal(drop(fixture.mine), 0);
    assert_int_equal(take(fixture.other), 0);
}

static void it_goes_with_its_session(void **state)
{
    int64_t deadline_ms = clock_deadline_ms(LONG_MS);

    (void)state;
    assert_int_equal(take(fixture.mine), 0);
    zk_session_close(fixture.mine);
    assert_int_equal(take(fixture.other), 0);
    assert_int_equal(zk_session_open(fixture.server.connect, 20000, deadline_ms, NULL,
                                     &fixture.mine, &fixture.fault),
                     0);
}

static void a_dead_process_of_this_machine_does_not_hold_it(void **state)
{
    struct lock_holder alive = fixture.self;
    pid_t pid = fork();

    (void)state;
    if (pid == 0)
        _exit(0);
    waitpid(pid, NULL, 0);
    fixture.self.pid = pid;
    assert_int_equal(take(fixture.mine), 0);
    fixture.self = alive;
    assert_int_equal(take(fixture.other), 0);
    assert_int_equal(read_lock(), 0);
    assert_int_equal(fixture.holder.pid, getpid());
}

static void a_dead_process_of_another_machine_holds_it(void **state)
{
    struct lock_holder here = fixture.self;

    (void)state;
    fixture.self.host = "elsewhere";
    fixture.self.pid = 4000000;
    assert_int_equal(take(fixture.mine), 0);
    fixture.self = here;
    assert_int_equal(take(fixture.other), 1);
    assert_string_equal(fixture.holder.host, "elsewhere");
}

static void a_lock_with_other_data_is_held_by_somebody_unknown(void **state)
{
    struct zk_op op = {ZK_OP_CREATE_EPHEMERAL, -1, ZNODE_LOCK, "{\xff", 2};
    size_t failed;

    (void)state;
    assert_int_equal(
        zk_multi(fixture.mine, &op, 1, clock_deadline_ms(LONG_MS), &failed, &fixture.fault), 0);
    assert_int_equal(take(fixture.other), 1);
    assert_string_equal(fixture.holder.host, "unknown");
}

static int break_lock(const char *id)
{
    return zk_lock_break(fixture.other, id, clock_deadline_ms(LONG_MS), fixture.arena,
                         &fixture.fault);
}

static void it_can_be_broken_by_its_id_alone(void **state)
{
    (void)state;
    assert_int_equal(break_lock(fixture.self.id), 1);
    assert_int_equal(take(fixture.mine), 0);
    assert_int_equal(break_lock("beef"), 1);
    assert_int_equal(read_lock(), 0);
    assert_int_equal(break_lock(fixture.self.id), 0);
    assert_int_equal(read_lock(), 1);
    assert_int_equal(take(fixture.other), 0);
}

static void a_server_that_is_gone_is_a_fault(void **state)
{
    (void)state;
    zk_server_kill(&fixture.server);
    assert_int_equal(zk_lock_take(fixture.mine, &fixture.self, clock_deadline_ms(300),
                                  fixture.arena, &fixture.holder, &fixture.fault),
                     -1);
    assert_int_equal(zk_lock_read(fixture.mine, clock_deadline_ms(300), fixture.arena,
                                  &fixture.holder, &fixture.fault),
                     -1);
    assert_int_equal(zk_lock_drop(fixture.mine, clock_deadline_ms(300), &fixture.fault), -1);
}

#define lock_test(name) cmocka_unit_test_setup_teardown(name, open_both, close_both)

int main(void)
{
    const struct CMUnitTest tests[] = {
        lock_test(the_first_takes_it_and_the_second_learns_who_has_it),
        lock_test(taking_twice_is_taking_once),
        lock_test(only_the_session_that_has_it_drops_it),
        lock_test(it_goes_with_its_session),
        lock_test(a_dead_process_of_this_machine_does_not_hold_it),
        lock_test(a_dead_process_of_another_machine_holds_it),
        lock_test(a_lock_with_other_data_is_held_by_somebody_unknown),
        lock_test(it_can_be_broken_by_its_id_alone),
        lock_test(a_server_that_is_gone_is_a_fault),
    };

    return cmocka_run_group_tests(tests, start_server, remove_server);
}
