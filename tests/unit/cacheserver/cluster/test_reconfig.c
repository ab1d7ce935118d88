#include "tests/unit/cacheserver/cluster/script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SERVER(name) "server.1=" name ":2888:3888:participant;" name ":2181\n"

static void answer_with(struct membership *m, const char *text)
{
    char copy[256];

    strncpy(copy, text, sizeof(copy) - 1)[sizeof(copy) - 1] = '\0';
    reconfig_answer(m, &(struct event){.kind = EVENT_OK, .text = copy});
}

static struct membership_view view_of(struct membership *m)
{
    struct membership_view view;

    membership_look(m, &view);
    return view;
}

static void assert_servers(struct membership *m, const char *expected)
{
    char *servers = membership_servers(m);

    assert_string_equal(servers, expected);
    free(servers);
}

static void it_is_asked_for_only_where_it_is_needed(void **state)
{
    struct membership *m = script_begin();

    (void)state;
    reconfig_ask(m);
    assert_string_equal(script.asked, "config");
    assert_int_equal(m->reconfig.request, 1);
    reconfig_forget(m);
    assert_true(m->reconfig.request == 0 && m->reconfig.deadline_ms == FOREVER);
    atomic_store(&m->reconfig.needed, false);
    reconfig_ask(m);
    assert_int_equal(script.requests, 1);
    script_end(m);
}

static void the_first_version_only_sets_the_mark(void **state)
{
    struct membership *m = script_begin();

    (void)state;
    answer_with(m, SERVER("a") "version=100");
    assert_true(view_of(m).reconfig_enabled);
    assert_int_equal(view_of(m).reconfig_version, 0x100);
    assert_string_equal(script.servers, "");
    script_end(m);
}

static void a_newer_version_is_followed_and_an_older_one_is_not(void **state)
{
    struct membership *m = script_begin();

    (void)state;
    answer_with(m, SERVER("a") "version=100");
    answer_with(m, SERVER("b") "version=101");
    assert_string_equal(script.servers, "b:2181");
    assert_servers(m, "b:2181");
    answer_with(m, SERVER("c") "version=101");
    answer_with(m, SERVER("c") "version=ff");
    assert_servers(m, "b:2181");
    assert_int_equal(view_of(m).reconfig_version, 0x101);
    script_end(m);
}

static void servers_that_cannot_be_used_are_tried_again_with_the_next_answer(void **state)
{
    struct membership *m = script_begin();

    (void)state;
    answer_with(m, SERVER("a") "version=100");
    script.wrong = "no such host";
    answer_with(m, SERVER("b") "version=101");
    assert_int_equal(view_of(m).reconfig_version, 0x100);
    assert_servers(m, "zk1:2181,zk2:2181");
    script.wrong = NULL;
    answer_with(m, SERVER("b") "version=101");
    assert_int_equal(view_of(m).reconfig_version, 0x101);
    script_end(m);
}

static void what_has_no_servers_changes_nothing(void **state)
{
    struct membership *m = script_begin();

    (void)state;
    answer_with(m, "");
    assert_false(view_of(m).reconfig_enabled);
    answer_with(m, "version=100");
    assert_true(view_of(m).reconfig_enabled);
    assert_int_equal(view_of(m).reconfig_version, -1);
    reconfig_answer(m, &(struct event){.kind = EVENT_NO_NODE});
    assert_false(view_of(m).reconfig_enabled);
    script_end(m);
}

static void a_chroot_stays_and_the_session_does_not_hear_of_it(void **state)
{
    struct membership *m = script_begin();

    (void)state;
    free(m->servers);
    m->servers = strdup("zk1:2181/chroot");
    assert_null(use_servers(m, "zk3:2181,zk4:2181/elsewhere"));
    assert_string_equal(script.servers, "zk3:2181,zk4:2181");
    assert_servers(m, "zk3:2181,zk4:2181/chroot");
    script_end(m);
}

static void take_answer(void *arg, bool done)
{
    *(int *)arg = done;
}

static void who_sets_the_servers_hears_whether_they_are_used(void **state)
{
    char text[] = "zk3:2181";
    int answer = -1;
    struct event wish = {.text = text, .answer = take_answer, .answer_arg = &answer};
    struct membership *m = script_begin();

    (void)state;
    assert_int_equal(set_servers(m, &wish), STATE_SAME);
    assert_int_equal(answer, true);
    assert_null(wish.answer);
    script.wrong = "no such host";
    wish.answer = take_answer;
    set_servers(m, &wish);
    assert_int_equal(answer, false);
    assert_servers(m, "zk3:2181");
    script_end(m);
}

static void outside_the_cloud_they_are_kept_for_later(void **state)
{
    struct membership *m = script_begin();

    (void)state;
    pause_membership(m, "a test");
    assert_null(use_servers(m, "zk3:2181"));
    assert_string_equal(script.servers, "");
    assert_servers(m, "zk3:2181");
    open_session(m);
    assert_string_equal(script.asked, "open zk3:2181");
    script_end(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_asked_for_only_where_it_is_needed),
        cmocka_unit_test(the_first_version_only_sets_the_mark),
        cmocka_unit_test(a_newer_version_is_followed_and_an_older_one_is_not),
        cmocka_unit_test(servers_that_cannot_be_used_are_tried_again_with_the_next_answer),
        cmocka_unit_test(what_has_no_servers_changes_nothing),
        cmocka_unit_test(a_chroot_stays_and_the_session_does_not_hear_of_it),
        cmocka_unit_test(who_sets_the_servers_hears_whether_they_are_used),
        cmocka_unit_test(outside_the_cloud_they_are_kept_for_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
