#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "cacheserver/store/walk.h"
#include "tests/unit/cacheserver/store/fixture.h"

#define KEYS 3000

struct seen {
    const struct store *store;
    uint64_t index;
    unsigned items, passed;
    bool in_place;
};

static void see(struct item *item, void *argument)
{
    struct seen *seen = argument;

    seen->items++;
    if (walk_index(seen->store, item_key(item), item_key_len(item)) != seen->index)
        seen->in_place = false;
}

static void pass(void *argument)
{
    ((struct seen *)argument)->passed++;
}

static void fill(struct fixture *f, const char *prefix, unsigned count)
{
    char key[32];

    for (unsigned i = 0; i < count; i++) {
        snprintf(key, sizeof(key), "%s%u", prefix, i);
        assert_int_equal(put(f, key, "value"), STORE_OK);
    }
}

static void a_walk_sees_every_live_item_once_in_its_bucket(void **state)
{
    struct fixture *f = fixture_new((size_t)64 << 20, true);
    struct seen seen = {.store = f->store, .in_place = true};

    (void)state;
    fill(f, "k", KEYS);
    put_value(f, STORE_SET, "expired", "x", 1, 1);
    uint64_t buckets = walk_begin(f->thread);
    for (seen.index = 0; seen.index < buckets; seen.index++)
        walk_bucket(f->thread, seen.index, see, pass, &seen);
    walk_end(f->thread);
    assert_int_equal(seen.items, KEYS);
    assert_int_equal(seen.passed, buckets);
    assert_true(seen.in_place);
    fixture_free(f);
}

static void the_table_grows_after_the_walk_and_not_before(void **state)
{
    struct fixture *f = fixture_new((size_t)64 << 20, true);
    struct store_totals totals;

    (void)state;
    uint64_t buckets = walk_begin(f->thread);
    fill(f, "k", 20000);
    store_stats(f->store, &totals);
    assert_int_equal(totals.buckets, buckets);
    walk_end(f->thread);
    store_stats(f->store, &totals);
    assert_true(totals.buckets > buckets);
    assert_true(holds(f, "k19999", "value"));
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_walk_sees_every_live_item_once_in_its_bucket),
        cmocka_unit_test(the_table_grows_after_the_walk_and_not_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
