/* The expected points, owners and shares were computed by a separate program (Python's hashlib and
 * bisect) from the description of libketama's scheme. */
#include "cacheserver/contract/ring.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char *const three[] = {"10.0.0.1:11211", "10.0.0.2:11211", "cache003.arcus:11212"};
static const char *const reversed[] = {"cache003.arcus:11212", "10.0.0.2:11211", "10.0.0.1:11211"};
#define KEY_POINTS 4294967296.0

static void assert_near(double actual, double expected)
{
    if (fabs(actual - expected) > 1e-9)
        fail_msg("%.12f is not %.12f", actual, expected);
}

static void the_points_are_those_of_libketama(void **state)
{
    static const struct ring_point first[] = {
        {1629911, 2}, {7234733, 1}, {12697329, 1}, {39361663, 1}};
    struct ring ring;

    (void)state;
    assert_int_equal(ring_init(&ring, three, 3), 0);
    assert_int_equal(ring.count, 3 * RING_POINTS_PER_NODE);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(ring.points[i].point, first[i].point);
        assert_int_equal(ring.points[i].node, first[i].node);
    }
    assert_int_equal(ring.points[479].point, 4294179316);
    assert_int_equal(ring.points[479].node, 1);
    ring_deinit(&ring);
}

static void a_key_belongs_to_the_first_point_at_or_above_it(void **state)
{
    struct ring ring;

    (void)state;
    assert_int_equal(ring_init(&ring, three, 3), 0);
    assert_int_equal(ring_owner(&ring, "foo", 3), 2);
    assert_int_equal(ring_owner(&ring, "bar", 3), 0);
    assert_int_equal(ring_owner(&ring, "arcus:key:1", 11), 2);
    assert_int_equal(ring_owner(&ring, "key107", 6), 1);
    assert_int_equal(ring_owner(&ring, "a\0b", 3), 0);
    assert_int_equal(ring_owner(&ring, "", 0), 1);
    ring_deinit(&ring);
}

static void a_key_above_the_last_point_belongs_to_the_first(void **state)
{
    struct ring ring;

    (void)state;
    assert_int_equal(ring_init(&ring, three, 3), 0);
    assert_int_equal(ring_owner(&ring, "key11805", 8), 2);
    ring_deinit(&ring);
}

static void shares_are_exact_and_add_up_to_one(void **state)
{
    struct ring ring;
    double shares[3];

    (void)state;
    assert_int_equal(ring_init(&ring, three, 3), 0);
    ring_shares(&ring, shares, 3);
    assert_near(shares[0], 1589756473 / KEY_POINTS);
    assert_near(shares[1], 1278491286 / KEY_POINTS);
    assert_near(shares[2], 1426719537 / KEY_POINTS);
    ring_deinit(&ring);
}

static void the_share_of_a_node_moves_when_it_leaves(void **state)
{
    struct ring before, after;

    (void)state;
    assert_int_equal(ring_init(&before, three, 3), 0);
    assert_int_equal(ring_init(&after, three, 2), 0);
    assert_near(ring_moved(&before, three, &after, three), 1426719537 / KEY_POINTS);
    assert_near(ring_moved(&after, three, &before, three), 1426719537 / KEY_POINTS);
    ring_deinit(&before);
    ring_deinit(&after);
}

static void the_order_of_the_names_does_not_matter(void **state)
{
    struct ring before, after;

    (void)state;
    assert_int_equal(ring_init(&before, three, 3), 0);
    assert_int_equal(ring_init(&after, reversed, 3), 0);
    assert_near(ring_moved(&before, three, &after, reversed), 0);
    ring_deinit(&before);
    ring_deinit(&after);
}

static void equal_points_are_ordered_by_name(void **state)
{
    struct ring_point left[] = {{5, 0}, {5, 1}}, right[] = {{5, 1}, {5, 0}};
    const char *const names[] = {"a", "b"}, *const swapped[] = {"b", "a"};
    const struct ring before = {left, 2}, after = {right, 2};
    double shares[2];

    (void)state;
    assert_near(ring_moved(&before, names, &after, swapped), 0);
    ring_shares(&before, shares, 2);
    assert_near(shares[0], 1);
    assert_near(shares[1], 0);
}

static void points_at_both_ends_are_walked(void **state)
{
    struct ring_point left[] = {{0, 0}, {UINT32_MAX, 1}}, right[] = {{UINT32_MAX, 0}};
    const char *const names[] = {"a", "b"}, *const other[] = {"b"};
    const struct ring before = {left, 2}, after = {right, 1};

    (void)state;
    assert_near(ring_moved(&before, names, &after, other), 1 / KEY_POINTS);
    assert_near(ring_moved(&after, other, &before, names), 1 / KEY_POINTS);
}

static void an_empty_ring_has_no_owner(void **state)
{
    struct ring empty, ring;

    (void)state;
    assert_int_equal(ring_init(&empty, NULL, 0), 0);
    assert_int_equal(ring_init(&ring, three, 1), 0);
    assert_near(ring_moved(&empty, NULL, &ring, three), 1);
    assert_near(ring_moved(&ring, three, &empty, NULL), 1);
    assert_near(ring_moved(&empty, NULL, &empty, NULL), 0);
    ring_shares(&empty, NULL, 0);
    ring_deinit(&empty);
    ring_deinit(&ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_points_are_those_of_libketama),
        cmocka_unit_test(a_key_belongs_to_the_first_point_at_or_above_it),
        cmocka_unit_test(a_key_above_the_last_point_belongs_to_the_first),
        cmocka_unit_test(shares_are_exact_and_add_up_to_one),
        cmocka_unit_test(the_share_of_a_node_moves_when_it_leaves),
        cmocka_unit_test(the_order_of_the_names_does_not_matter),
        cmocka_unit_test(equal_points_are_ordered_by_name),
        cmocka_unit_test(points_at_both_ends_are_walked),
        cmocka_unit_test(an_empty_ring_has_no_owner),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
