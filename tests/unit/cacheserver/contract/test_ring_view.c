#include "cacheserver/contract/ring_view.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cacheserver/contract/ring.h"

static const char *const three[] = {"10.0.0.1:11211-a.b", "10.0.0.2:11211-c",
                                    "cache003.arcus:11212-d-e"};
static const char *const nodes[] = {"10.0.0.1:11211", "10.0.0.2:11211", "cache003.arcus:11212"};
enum { KEYS = 2000 };

static unsigned count_mine(const struct ring_view *view)
{
    unsigned mine = 0;
    char key[32];

    for (unsigned i = 0; i < KEYS; i++) {
        snprintf(key, sizeof(key), "key%u", i);
        mine += ring_view_is_mine(view, key, strlen(key));
    }
    return mine;
}

static void a_key_is_mine_when_the_ring_gives_it_to_me(void **state)
{
    struct ring_view *view = ring_view_new(three, 3, nodes[1]);
    struct ring ring;
    char key[32];

    (void)state;
    assert_non_null(view);
    assert_int_equal(ring_init(&ring, nodes, 3), 0);
    for (unsigned i = 0; i < KEYS; i++) {
        snprintf(key, sizeof(key), "key%u", i);
        assert_int_equal(ring_view_is_mine(view, key, strlen(key)),
                         ring_owner(&ring, key, strlen(key)) == 1);
    }
    ring_deinit(&ring);
    ring_view_unref(view);
}

static void each_key_is_mine_at_exactly_one_node(void **state)
{
    unsigned total = 0;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct ring_view *view = ring_view_new(three, 3, nodes[i]);
        total += count_mine(view);
        ring_view_unref(view);
    }
    assert_int_equal(total, KEYS);
}

static void a_node_that_is_named_twice_counts_once(void **state)
{
    const char *const names[] = {"10.0.0.2:11211-c", "10.0.0.1:11211-a", "10.0.0.2:11211-other",
                                 "10.0.0.1:11211", "10.0.0.2:11211"};
    const char *const once[] = {"10.0.0.1:11211", "10.0.0.2:11211"};
    struct ring_view *view = ring_view_new(names, 5, "10.0.0.1:11211");
    struct ring_view *plain = ring_view_new(once, 2, "10.0.0.1:11211");

    (void)state;
    assert_int_equal(ring_view_size(view), 2);
    assert_int_equal(count_mine(view), count_mine(plain));
    ring_view_unref(view);
    ring_view_unref(plain);
}

static void everything_is_mine_when_i_am_alone_or_not_a_member(void **state)
{
    struct ring_view *alone = ring_view_new(three, 1, nodes[0]);
    struct ring_view *stranger = ring_view_new(three, 3, "10.0.0.1:1121");
    struct ring_view *empty = ring_view_new(NULL, 0, nodes[0]);

    (void)state;
    assert_int_equal(count_mine(alone), KEYS);
    assert_int_equal(count_mine(stranger), KEYS);
    assert_int_equal(count_mine(empty), KEYS);
    ring_view_unref(alone);
    ring_view_unref(stranger);
    ring_view_unref(empty);
    ring_view_unref(NULL);
}

static void *ask_and_drop(void *argument)
{
    struct ring_view *view = argument;
    unsigned mine = count_mine(view);

    ring_view_unref(view);
    return (void *)(uintptr_t)mine;
}

static void threads_share_a_view_that_lives_until_the_last_drops_it(void **state)
{
    struct ring_view *view = ring_view_new(three, 3, nodes[2]);
    unsigned mine = count_mine(view);
    pthread_t threads[3];
    void *counted;

    (void)state;
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_and_drop, ring_view_ref(view)), 0);
    ring_view_unref(view);
    for (unsigned i = 0; i < 3; i++) {
        pthread_join(threads[i], &counted);
        assert_int_equal((uintptr_t)counted, mine);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_is_mine_when_the_ring_gives_it_to_me),
        cmocka_unit_test(each_key_is_mine_at_exactly_one_node),
        cmocka_unit_test(a_node_that_is_named_twice_counts_once),
        cmocka_unit_test(everything_is_mine_when_i_am_alone_or_not_a_member),
        cmocka_unit_test(threads_share_a_view_that_lives_until_the_last_drops_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
