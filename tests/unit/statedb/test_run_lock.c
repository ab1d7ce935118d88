/* The lock between processes, and what its holder's text may be. */
#include "statedb/run_lock.h"

#include "tests/unit/statedb/fixture.h"

#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* A child that holds the lock until it is killed. */
static pid_t start_holder(struct fixture *fixture)
{
    struct lock_holder self, other;
    struct run_lock *lock;
    int ready[2];
    pid_t child;
    char byte;

    assert_int_equal(pipe(ready), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        lock_holder_self(fixture->arena, "apply", &self);
        if (run_lock_take(fixture->path, &self, fixture->arena, fixture->diags, &lock, &other))
            _exit(1);
        if (write(ready[1], "x", 1) == 1)
            pause();
        _exit(2);
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    return child;
}

static void end_holder(pid_t child)
{
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, NULL, 0), child);
}

static int take(struct fixture *fixture, struct run_lock **lock, struct lock_holder *holder)
{
    struct lock_holder self;

    lock_holder_self(fixture->arena, "destroy", &self);
    return run_lock_take(fixture->path, &self, fixture->arena, fixture->diags, lock, holder);
}

static void a_free_lock_is_taken_and_names_its_holder(void **state)
{
    struct fixture *fixture = *state;
    struct run_lock *lock;
    struct lock_holder holder;

    assert_int_equal(run_lock_read(fixture->path, fixture->arena, fixture->diags, &holder), 1);
    assert_int_equal(take(fixture, &lock, &holder), 0);
    assert_int_equal(run_lock_read(fixture->path, fixture->arena, fixture->diags, &holder), 0);
    assert_int_equal(holder.pid, getpid());
    assert_string_equal(holder.command, "destroy");
    assert_true(lock_holder_is_alive(&holder));
    run_lock_drop(lock);
    assert_int_equal(run_lock_read(fixture->path, fixture->arena, fixture->diags, &holder), 1);
    assert_int_equal(take(fixture, &lock, &holder), 0);
    run_lock_drop(lock);
    run_lock_drop(NULL);
}

static void a_held_lock_names_the_other_process(void **state)
{
    struct fixture *fixture = *state;
    pid_t child = start_holder(fixture);
    struct run_lock *lock;
    struct lock_holder holder;

    assert_int_equal(take(fixture, &lock, &holder), 1);
    assert_null(lock);
    assert_int_equal(holder.pid, child);
    assert_string_equal(holder.command, "apply");
    assert_non_null(strstr(lock_holder_text(&holder, fixture->arena), "(apply)"));
    end_holder(child);
}

static void the_lock_of_a_killed_process_is_free(void **state)
{
    struct fixture *fixture = *state;
    pid_t child = start_holder(fixture);
    struct run_lock *lock;
    struct lock_holder holder;

    end_holder(child);
    assert_int_equal(run_lock_read(fixture->path, fixture->arena, fixture->diags, &holder), 1);
    assert_int_equal(take(fixture, &lock, &holder), 0);
    run_lock_drop(lock);
}

static void a_lock_file_that_cannot_be_made_is_an_error(void **state)
{
    struct fixture *fixture = *state;
    struct run_lock *lock;
    struct lock_holder holder;

    mkdir(fixture_path(fixture, ".arcusplan"), 0777);
    mkdir(fixture_path(fixture, ".arcusplan/lock"), 0777);
    assert_int_equal(take(fixture, &lock, &holder), -1);
    fixture_assert_error(fixture, DIAG_FILE_WRITE, "lock");
}

static void a_living_holder_here_is_not_broken(void **state)
{
    struct fixture *fixture = *state;
    pid_t child = start_holder(fixture);
    struct lock_holder holder;

    assert_int_equal(run_lock_read(fixture->path, fixture->arena, fixture->diags, &holder), 0);
    assert_int_equal(run_lock_break(fixture->path, holder.id, fixture->arena, fixture->diags), -1);
    fixture_assert_error(fixture, DIAG_LOCKED, "living process");
    assert_int_equal(run_lock_break(fixture->path, "beef", fixture->arena, fixture->diags), 1);
    end_holder(child);
    assert_int_equal(run_lock_break(fixture->path, holder.id, fixture->arena, fixture->diags), 1);
}

static void a_holder_of_another_machine_can_be_broken(void **state)
{
    struct fixture *fixture = *state;
    pid_t child = start_holder(fixture);
    struct lock_holder holder = {1, 2, "elsewhere", "eve", "then", "apply", "cafe"};
    const char *text = lock_holder_to_json(&holder, fixture->arena);
    struct run_lock *lock;

    fixture_write(fixture_path(fixture, ".arcusplan/lock"), text, strlen(text));
    assert_int_equal(take(fixture, &lock, &holder), 1);
    assert_string_equal(holder.host, "elsewhere");
    assert_int_equal(run_lock_break(fixture->path, "cafe", fixture->arena, fixture->diags), 0);
    assert_int_equal(take(fixture, &lock, &holder), 0);
    run_lock_drop(lock);
    end_holder(child);
}

static void a_held_lock_with_garbage_in_it_is_still_held(void **state)
{
    struct fixture *fixture = *state;
    pid_t child = start_holder(fixture);
    struct run_lock *lock;
    struct lock_holder holder;

    fixture_write(fixture_path(fixture, ".arcusplan/lock"), "\xff{\"id\"", 6);
    assert_int_equal(take(fixture, &lock, &holder), 1);
    assert_string_equal(holder.user, "unknown user");
    assert_false(lock_holder_is_alive(&holder));
    end_holder(child);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    static const struct CMUnitTest tests[] = {
        CASE(a_free_lock_is_taken_and_names_its_holder),
        CASE(a_held_lock_names_the_other_process),
        CASE(the_lock_of_a_killed_process_is_free),
        CASE(a_lock_file_that_cannot_be_made_is_an_error),
        CASE(a_living_holder_here_is_not_broken),
        CASE(a_holder_of_another_machine_can_be_broken),
        CASE(a_held_lock_with_garbage_in_it_is_still_held),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
