#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "cacheserver/store/cursor.h"
#include "cacheserver/store/internal.h"
#include "tests/unit/cacheserver/store/fixture.h"

#define KEYS 20000

static void fill(struct fixture *f, const char *prefix, unsigned from, unsigned to)
{
    char key[32];

    for (unsigned i = from; i < to; i++) {
        snprintf(key, sizeof(key), "%s%u", prefix, i);
        assert_int_equal(put(f, key, "value"), STORE_OK);
    }
}

/* How often each key k0, k1, ... was seen. */
struct seen {
    unsigned char times[KEYS];
    unsigned others;
};

static void note(struct item *item, void *argument)
{
    struct seen *seen = argument;
    char key[32];
    unsigned n;

    memcpy(key, item_key(item), item_key_len(item));
    key[item_key_len(item)] = '\0';
    if (sscanf(key, "k%u", &n) == 1)
        seen->times[n]++;
    else
        seen->others++;
}

static bool note_and_keep(struct store_thread *thread, struct item *item, void *argument)
{
    (void)thread;
    note(item, argument);
    return false;
}

static bool is_other(struct store_thread *thread, struct item *item, void *argument)
{
    (void)thread;
    ++*(unsigned *)argument;
    return item_key(item)[0] == 'x';
}

static void assert_all_once(const struct seen *seen)
{
    for (unsigned i = 0; i < KEYS; i++)
        assert_int_equal(seen->times[i], 1);
}

static void a_pass_over_all_buckets_meets_every_item_once(void **state)
{
    struct fixture *f = fixture_new((size_t)64 << 20, true);
    struct seen seen = {0};
    uint64_t position = 0;

    (void)state;
    fill(f, "k", 0, KEYS);
    do
        position = cursor_pass_bucket(f->thread, position, note_and_keep, &seen);
    while (position);
    assert_all_once(&seen);
    fixture_free(f);
}

static void items_met_in_small_portions_are_each_met_once(void **state)
{
    struct fixture *f = fixture_new((size_t)64 << 20, true);
    struct seen seen = {0};
    uint64_t position = 0;
    unsigned count;

    (void)state;
    fill(f, "k", 0, KEYS);
    put_value(f, STORE_SET, "expired", "x", 1, 1);
    do {
        position = cursor_pass_items(f->thread, position, 2, note, &seen, &count);
        assert_true(count <= 2);
    } while (position);
    assert_all_once(&seen);
    assert_int_equal(seen.others, 0);
    fixture_free(f);
}

static void a_table_that_grows_meanwhile_hides_no_item_and_shows_none_twice(void **state)
{
    struct fixture *f = fixture_new((size_t)256 << 20, true);
    struct seen seen = {0};
    uint64_t position = 0;
    unsigned more = 0, count;

    (void)state;
    fill(f, "k", 0, KEYS);
    do {
        position = cursor_pass_items(f->thread, position, 3, note, &seen, &count);
        if (more < 200000) {
            fill(f, "x", more, more + 40);
            more += 40;
        }
    } while (position);
    assert_true(more >= 100000);
    assert_all_once(&seen);
    fixture_free(f);
}

static void items_that_the_visitor_rejects_leave_the_table(void **state)
{
    struct fixture *f = fixture_new((size_t)64 << 20, true);
    struct seen seen = {0};
    uint64_t position = 0;
    unsigned visits = 0;

    (void)state;
    fill(f, "k", 0, KEYS);
    fill(f, "x", 0, KEYS);
    do
        position = cursor_pass_bucket(f->thread, position, is_other, &visits);
    while (position);
    assert_int_equal(visits, 2 * KEYS);
    do
        position = cursor_pass_bucket(f->thread, position, note_and_keep, &seen);
    while (position);
    assert_all_once(&seen);
    assert_int_equal(seen.others, 0);
    assert_int_equal(count_of(f, STORE_ITEMS), KEYS);
    assert_int_equal(count_of(f, STORE_RECLAIMED), KEYS);
    fixture_free(f);
}

static void a_position_that_nobody_gave_out_is_as_good_as_any(void **state)
{
    struct fixture *f = fixture_new((size_t)64 << 20, true);
    struct seen seen = {0};
    unsigned count;

    (void)state;
    fill(f, "k", 0, 100);
    assert_int_equal(cursor_pass_items(f->thread, UINT64_MAX, 10, note, &seen, &count), 0);
    cursor_pass_items(f->thread, 0x123456789abcdef1u, 10, note, &seen, &count);
    cursor_pass_bucket(f->thread, 0x123456789abcdef1u, note_and_keep, &seen);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pass_over_all_buckets_meets_every_item_once),
        cmocka_unit_test(items_met_in_small_portions_are_each_met_once),
        cmocka_unit_test(a_table_that_grows_meanwhile_hides_no_item_and_shows_none_twice),
        cmocka_unit_test(items_that_the_visitor_rejects_leave_the_table),
        cmocka_unit_test(a_position_that_nobody_gave_out_is_as_good_as_any),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
