/* A whole membership against a real ZooKeeper, with the test in place of the server that it is of:
 * joining and its log, the members and their ring, scrubs, pausing and coming back. */
#include "cacheserver/cluster/membership.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/cacheserver/cluster/zoo.h"

enum { TIMEOUT_MS = 3000 };
#define OTHER ZOO_LIST "/10.9.8.7:11211-other"

/* What the membership asked of the server. */
static struct {
    struct zoo *zoo;
    _Atomic unsigned forgets, scrubs, refusals;
    _Atomic int members_at_forget;
    _Atomic bool is_busy;
    _Atomic size_t scrub_nodes;
} seen;

static void forget_all(void *arg)
{
    (void)arg;
    atomic_store(&seen.members_at_forget, zoo_count(seen.zoo, ZOO_LIST));
    atomic_fetch_add(&seen.forgets, 1);
}

static bool scrub_stale(void *arg, struct ring_view *view)
{
    (void)arg;
    if (atomic_load(&seen.is_busy)) {
        atomic_fetch_add(&seen.refusals, 1);
        return false;
    }
    atomic_store(&seen.scrub_nodes, ring_view_size(view));
    atomic_fetch_add(&seen.scrubs, 1);
    return true;
}

static struct membership *start_with(struct zoo *zoo, bool is_restored)
{
    const struct membership_config config = {
        .ensemble = zoo->server.connect,
        .session_timeout_ms = TIMEOUT_MS,
        .port = 4711,
        .memory_limit_bytes = 100 << 20,
        .is_restored = is_restored,
        .hooks = {.forget_all = forget_all, .scrub_stale = scrub_stale},
    };

    memset(&seen, 0, sizeof(seen));
    seen.zoo = zoo;
    return membership_start(&config);
}

static struct membership *start(struct zoo *zoo)
{
    return start_with(zoo, false);
}

static bool is_ready(struct membership *membership)
{
    struct membership_view view;

    membership_look(membership, &view);
    return view.ready;
}

static unsigned member_count(struct membership *membership)
{
    struct membership_view view;

    membership_look(membership, &view);
    return view.members;
}

static struct membership *join(struct zoo *zoo)
{
    struct membership *membership = start(zoo);

    assert_non_null(membership);
    EVENTUALLY(is_ready(membership) && member_count(membership) > 0);
    return membership;
}

static void end(struct membership *membership)
{
    assert_int_equal(membership_leave(membership, 10000), 0);
    membership_free(membership);
}

static void remove_own(struct zoo *zoo, struct membership *membership)
{
    char path[600];

    snprintf(path, sizeof(path), ZOO_LIST "/%s", zoo_first(zoo, ZOO_LIST));
    zoo_remove(zoo, path);
    EVENTUALLY(!is_ready(membership));
}

enum { OPEN, DONE, REFUSED };

static void take_answer(void *arg, bool done)
{
    atomic_store((_Atomic int *)arg, done ? DONE : REFUSED);
}

static int rejoin(struct membership *membership)
{
    _Atomic int answer = OPEN;

    membership_rejoin(membership, take_answer, &answer);
    EVENTUALLY(atomic_load(&answer) != OPEN);
    return atomic_load(&answer);
}

static void a_member_shows_what_it_knows(void **state)
{
    struct membership *membership = join(*state);
    struct membership_view view;
    struct ring_view *ring = membership_ring(membership);
    char *servers = membership_servers(membership);

    membership_look(membership, &view);
    assert_true(view.connected && view.ready && !view.failstop);
    assert_int_equal(view.session_timeout_ms, TIMEOUT_MS);
    assert_int_equal(view.members, 1);
    assert_true(view.reconfig_needed);
    assert_int_equal(ring_view_size(ring), 1);
    assert_string_equal(servers, ((struct zoo *)*state)->server.connect);
    free(servers);
    end(membership);
    assert_true(ring_view_is_mine(ring, "key", 3));
    ring_view_unref(ring);
    assert_int_equal(zoo_count(*state, ZOO_LIST), 0);
}

static void a_new_member_changes_the_ring_and_is_scrubbed_for_later(void **state)
{
    struct membership *membership = join(*state);

    zoo_make(*state, OTHER, true);
    EVENTUALLY(member_count(membership) == 2);
    assert_int_equal(atomic_load(&seen.scrubs), 0);
    struct ring_view *ring = membership_ring(membership);
    assert_int_equal(ring_view_size(ring), 2);
    ring_view_unref(ring);
    EVENTUALLY(atomic_load(&seen.scrubs) == 1);
    assert_int_equal(atomic_load(&seen.scrub_nodes), 2);
    zoo_remove(*state, OTHER);
    EVENTUALLY(member_count(membership) == 1);
    assert_int_equal(atomic_load(&seen.scrubs), 1);
    end(membership);
}

static void a_member_that_goes_at_once_is_scrubbed_for_at_once(void **state)
{
    struct membership *membership = join(*state);

    zoo_make(*state, OTHER, true);
    EVENTUALLY(member_count(membership) == 2);
    zoo_remove(*state, OTHER);
    EVENTUALLY(atomic_load(&seen.scrubs) == 1);
    assert_int_equal(atomic_load(&seen.scrub_nodes), 2);
    end(membership);
}

static void a_scrub_that_cannot_start_is_tried_each_second(void **state)
{
    struct membership *membership = join(*state);

    atomic_store(&seen.is_busy, true);
    zoo_make(*state, OTHER, true);
    EVENTUALLY(atomic_load(&seen.refusals) >= 2);
    atomic_store(&seen.is_busy, false);
    EVENTUALLY(atomic_load(&seen.scrubs) == 1);
    zoo_remove(*state, OTHER);
    end(membership);
}

static void who_comes_back_forgets_before_it_registers(void **state)
{
    struct membership *membership = join(*state);

    assert_int_equal(rejoin(membership), REFUSED);
    remove_own(*state, membership);
    assert_null(membership_ring(membership));
    assert_int_equal(atomic_load(&seen.forgets), 0);
    assert_int_equal(rejoin(membership), DONE);
    assert_int_equal(atomic_load(&seen.forgets), 1);
    assert_int_equal(atomic_load(&seen.members_at_forget), 0);
    EVENTUALLY(is_ready(membership) && zoo_count(*state, ZOO_LIST) == 1);
    assert_int_equal(rejoin(membership), REFUSED);
    end(membership);
}

static void who_was_restored_forgets_if_the_cloud_has_members(void **state)
{
    struct zoo *zoo = *state;
    struct membership *membership = start_with(zoo, true);

    EVENTUALLY(is_ready(membership) && zoo_count(zoo, ZOO_LIST) == 1);
    assert_int_equal(atomic_load(&seen.forgets), 0);
    end(membership);
    zoo_make(zoo, OTHER, true);
    membership = start_with(zoo, true);
    EVENTUALLY(is_ready(membership) && zoo_count(zoo, ZOO_LIST) == 2);
    assert_int_equal(atomic_load(&seen.forgets), 1);
    assert_int_equal(atomic_load(&seen.members_at_forget), 1);
    end(membership);
    membership = start(zoo);
    EVENTUALLY(is_ready(membership) && zoo_count(zoo, ZOO_LIST) == 2);
    assert_int_equal(atomic_load(&seen.forgets), 0);
    end(membership);
    zoo_remove(zoo, OTHER);
}

static void servers_are_set_inside_the_cloud_and_outside(void **state)
{
    struct zoo *zoo = *state;
    struct membership *membership = join(zoo);
    _Atomic int answer = OPEN;

    membership_set_servers(membership, "no-such-host.invalid:1", take_answer, &answer);
    EVENTUALLY(atomic_load(&answer) == REFUSED);
    membership_set_servers(membership, zoo->server.connect, take_answer, &answer);
    EVENTUALLY(atomic_load(&answer) == DONE);
    remove_own(zoo, membership);
    membership_set_servers(membership, "127.0.0.1:1", take_answer, &answer);
    EVENTUALLY(atomic_load(&answer) == DONE);
    assert_int_equal(rejoin(membership), REFUSED);
    membership_set_servers(membership, zoo->server.connect, take_answer, &answer);
    assert_int_equal(rejoin(membership), DONE);
    end(membership);
}

static void wishes_that_come_too_late_are_refused(void **state)
{
    struct membership *membership = join(*state);
    _Atomic int answer = OPEN;

    assert_int_equal(membership_leave(membership, 10000), 0);
    membership_rejoin(membership, take_answer, &answer);
    assert_int_equal(atomic_load(&answer), OPEN);
    membership_free(membership);
    assert_int_equal(atomic_load(&answer), REFUSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_member_shows_what_it_knows),
        cmocka_unit_test(a_new_member_changes_the_ring_and_is_scrubbed_for_later),
        cmocka_unit_test(a_member_that_goes_at_once_is_scrubbed_for_at_once),
        cmocka_unit_test(a_scrub_that_cannot_start_is_tried_each_second),
        cmocka_unit_test(who_comes_back_forgets_before_it_registers),
        cmocka_unit_test(who_was_restored_forgets_if_the_cloud_has_members),
        cmocka_unit_test(servers_are_set_inside_the_cloud_and_outside),
        cmocka_unit_test(wishes_that_come_too_late_are_refused),
    };
    return cmocka_run_group_tests(tests, zoo_set_up, zoo_tear_down);
}
