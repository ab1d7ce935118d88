#include "statedb/run_lock.h"

#include "tests/unit/statedb/fixture.h"

#include <setjmp.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void a_holder_survives_its_json(void **state)
{
    struct fixture *fixture = *state;
    struct lock_holder self, back;
    char *json;

    lock_holder_self(fixture->arena, "apply", &self);
    assert_int_equal(self.pid, getpid());
    assert_true(self.pid_start > 0);
    assert_int_equal(strlen(self.id), 12);
    json = lock_holder_to_json(&self, fixture->arena);
    assert_true(lock_holder_from_json(json, strlen(json), fixture->arena, &back));
    assert_int_equal(back.pid, self.pid);
    assert_int_equal(back.pid_start, self.pid_start);
    assert_string_equal(back.host, self.host);
    assert_string_equal(back.user, self.user);
    assert_string_equal(back.since, self.since);
    assert_string_equal(back.command, "apply");
    assert_string_equal(back.id, self.id);
}

static void two_holders_have_two_ids(void **state)
{
    struct fixture *fixture = *state;
    struct lock_holder one, two;

    lock_holder_self(fixture->arena, "apply", &one);
    lock_holder_self(fixture->arena, "apply", &two);
    assert_string_not_equal(one.id, two.id);
}

static void other_texts_are_no_holders(void **state)
{
    static const char *const texts[] = {
        "",
        "{",
        "[]",
        "{}",
        "null",
        "\xff\xfe",
        "{\"id\": \"x\"}",
        "{\"id\":\"a\",\"pid\":\"1\",\"pid_start\":2,\"host\":\"h\",\"user\":\"u\"}"};
    struct fixture *fixture = *state;
    struct lock_holder holder;

    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        assert_false(lock_holder_from_json(texts[i], strlen(texts[i]), fixture->arena, &holder));
}

static void a_holder_cannot_drive_the_terminal(void **state)
{
    static const char text[] = "{\"id\":\"a\",\"pid\":1,\"pid_start\":2,\"host\":\"h\\u001b[2J\","
                               "\"user\":\"u\",\"since\":\"s\",\"command\":\"c\"}";
    struct fixture *fixture = *state;
    struct lock_holder holder;

    assert_true(lock_holder_from_json(text, strlen(text), fixture->arena, &holder));
    assert_string_equal(holder.host, "h?[2J");
}

static void a_reused_pid_is_not_the_holder(void **state)
{
    struct fixture *fixture = *state;
    struct lock_holder self;

    lock_holder_self(fixture->arena, "apply", &self);
    assert_true(lock_holder_is_alive(&self));
    self.pid_start--;
    assert_false(lock_holder_is_alive(&self));
    self.pid = -1;
    assert_false(lock_holder_is_alive(&self));
}

static void a_killed_holder_is_dead_before_its_parent_waits(void **state)
{
    struct fixture *fixture = *state;
    struct lock_holder child;
    char json[1024];
    siginfo_t how;
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        lock_holder_self(fixture->arena, "apply", &child);
        const char *text = lock_holder_to_json(&child, fixture->arena);
        _exit(write(ends[1], text, strlen(text)) < 0);
    }
    assert_true(pid > 0);
    assert_int_equal(waitid(P_PID, (id_t)pid, &how, WEXITED | WNOWAIT), 0);
    ssize_t n = read(ends[0], json, sizeof(json));
    assert_true(n > 0 && lock_holder_from_json(json, (size_t)n, fixture->arena, &child));
    assert_int_equal(child.pid, pid);
    assert_false(lock_holder_is_alive(&child));
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    close(ends[0]);
    close(ends[1]);
}

static void the_text_for_people_names_all(void **state)
{
    struct fixture *fixture = *state;
    struct lock_holder holder = {12, 3, "ops1", "alice", "2024-01-01T00:00:00Z", "apply", "ab"};

    assert_string_equal(lock_holder_text(&holder, fixture->arena),
                        "alice@ops1, pid 12, since 2024-01-01T00:00:00Z (apply)");
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    static const struct CMUnitTest tests[] = {
        CASE(a_holder_survives_its_json),     CASE(two_holders_have_two_ids),
        CASE(other_texts_are_no_holders),     CASE(a_holder_cannot_drive_the_terminal),
        CASE(a_reused_pid_is_not_the_holder), CASE(a_killed_holder_is_dead_before_its_parent_waits),
        CASE(the_text_for_people_names_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
