#include "tests/unit/cacheserver/cluster/script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cacheserver/runtime/clock.h"

#define OWN   "127.0.0.1:11211-host"
#define OTHER "10.9.8.7:11211-other"

static const struct event no_event;

static struct membership *member_begin(void)
{
    struct membership *m = script_begin();

    m->code = strdup("test");
    m->list_path = strdup("/arcus/cache_list/test");
    return m;
}

static void members_are_counted_and_make_the_ring(void **state)
{
    struct membership *m = member_begin();
    struct membership_view view;

    (void)state;
    assert_int_equal(note_members(m, script_names(OWN, OTHER, NULL)), STATE_MEMBER);
    membership_look(m, &view);
    assert_true(view.ready);
    assert_int_equal(view.members, 2);
    struct ring_view *ring = membership_ring(m);
    assert_int_equal(ring_view_size(ring), 2);
    ring_view_unref(ring);
    assert_true(m->deadline_ms == FOREVER);
    script_end(m);
}

static void who_is_not_in_the_list_is_no_member(void **state)
{
    struct membership *m = member_begin();

    (void)state;
    note_members(m, script_names(OWN, NULL));
    assert_int_equal(note_members(m, script_names(OTHER, "127.0.0.1:11211-host2", NULL)),
                     STATE_PAUSED);
    assert_null(membership_ring(m));
    assert_int_equal(script.closed, 1);
    script_end(m);
}

static void a_list_that_is_gone_has_no_members(void **state)
{
    struct membership *m = member_begin();

    (void)state;
    assert_int_equal(lose_list(m, &no_event), STATE_PAUSED);
    script_end(m);
}

static void a_proxy_is_known_by_its_address_whatever_its_host(void **state)
{
    struct membership *m = member_begin();

    (void)state;
    m->config.proxy = m->identity.node;
    assert_int_equal(note_members(m, script_names("127.0.0.1:11211-elsewhere", NULL)),
                     STATE_MEMBER);
    assert_int_equal(note_members(m, script_names("127.0.0.1:112110-host", NULL)), STATE_FAILED);
    script_end(m);
}

static void what_changes_while_the_list_is_read_makes_it_read_again(void **state)
{
    struct membership *m = member_begin();

    (void)state;
    assert_int_equal(list_members(m, &no_event), STATE_LISTING);
    assert_string_equal(script.asked, "watch /arcus/cache_list/test");
    assert_int_equal(note_stale(m, &no_event), STATE_SAME);
    assert_int_equal(note_members(m, script_names(OWN, NULL)), STATE_LISTING);
    assert_int_equal(script.requests, 2);
    assert_int_equal(note_members(m, script_names(OWN, NULL)), STATE_MEMBER);
    assert_int_equal(list_if_stale(m, &no_event), STATE_SAME);
    script_end(m);
}

static void a_list_that_could_not_be_read_is_read_soon(void **state)
{
    struct membership *m = member_begin();

    (void)state;
    list_members(m, &no_event);
    assert_int_equal(list_later(m, &no_event), STATE_MEMBER);
    assert_int_equal(m->request, 0);
    assert_true(m->deadline_ms <= clock_coarse_ms() + 1000);
    assert_int_equal(list_if_stale(m, &no_event), STATE_LISTING);
    script_end(m);
}

static void a_scrub_comes_a_session_timeout_after_a_new_member(void **state)
{
    struct membership *m = member_begin();

    (void)state;
    note_members(m, script_names(OWN, OTHER, NULL));
    uint64_t due_ms = scrub_plan_due_ms(&m->scrub);
    assert_true(due_ms > clock_coarse_ms() + 20000 && due_ms != SCRUB_NEVER);
    scrub_if_due(m, due_ms - 1);
    assert_int_equal(script.scrubbed_nodes, 0);
    scrub_if_due(m, due_ms);
    assert_int_equal(script.scrubbed_nodes, 2);
    assert_true(scrub_plan_due_ms(&m->scrub) == SCRUB_NEVER);
    script_end(m);
}

static void a_scrub_that_cannot_begin_is_put_off_for_a_second(void **state)
{
    struct membership *m = member_begin();

    (void)state;
    script.is_busy = true;
    note_members(m, script_names(OWN, OTHER, NULL));
    uint64_t due_ms = scrub_plan_due_ms(&m->scrub);
    scrub_if_due(m, due_ms);
    assert_true(scrub_plan_due_ms(&m->scrub) == due_ms + 1000);
    script_end(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_are_counted_and_make_the_ring),
        cmocka_unit_test(who_is_not_in_the_list_is_no_member),
        cmocka_unit_test(a_list_that_is_gone_has_no_members),
        cmocka_unit_test(a_proxy_is_known_by_its_address_whatever_its_host),
        cmocka_unit_test(what_changes_while_the_list_is_read_makes_it_read_again),
        cmocka_unit_test(a_list_that_could_not_be_read_is_read_soon),
        cmocka_unit_test(a_scrub_comes_a_session_timeout_after_a_new_member),
        cmocka_unit_test(a_scrub_that_cannot_begin_is_put_off_for_a_second),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
