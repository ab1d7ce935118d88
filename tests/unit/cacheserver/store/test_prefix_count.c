#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "cacheserver/store/internal.h"
#include "tests/unit/cacheserver/store/fixture.h"

static struct prefix_usage usage_of(struct fixture *f, const char *prefix)
{
    struct prefix *found = prefix_find(f->thread, prefix, strlen(prefix));
    struct prefix_usage usage = {0};

    if (found)
        prefix_sum(f->store, found, &usage);
    return usage;
}

static void items_and_bytes_are_counted_for_their_prefix(void **state)
{
    struct fixture *f = fixture_new((size_t)64 << 20, true);

    (void)state;
    put(f, "a:1", "value");
    put(f, "a:2", "value");
    put(f, "b:1", "value");
    put(f, "plain", "value");
    assert_int_equal(usage_of(f, "a").all_items, 2);
    assert_int_equal(usage_of(f, "a").items[ITEM_KV], 2);
    assert_int_equal(usage_of(f, "a").items[ITEM_LIST], 0);
    assert_int_equal(usage_of(f, "b").all_items, 1);
    assert_int_equal(usage_of(f, "").all_items, 1);
    assert_int_equal(usage_of(f, "a").all_bytes, 2 * usage_of(f, "b").all_bytes);
    assert_int_equal(usage_of(f, "a").all_bytes + usage_of(f, "b").all_bytes +
                         usage_of(f, "").all_bytes,
                     count_of(f, STORE_BYTES));
    assert_int_equal(prefix_count(f->store), 3);
    put(f, "a:1", "a longer value");
    assert_int_equal(usage_of(f, "a").all_items, 2);
    store_delete(f->thread, "a:1", 3);
    store_delete(f->thread, "a:2", 3);
    assert_int_equal(usage_of(f, "a").all_items, 0);
    assert_int_equal(usage_of(f, "a").all_bytes, 0);
    assert_int_equal(prefix_count(f->store), 2);
    fixture_free(f);
}

static void prefixes_beyond_those_with_blocks_of_their_own_are_counted_too(void **state)
{
    struct fixture *f = fixture_new((size_t)64 << 20, true);
    struct store_thread *other = store_attach(f->store);
    struct store_thread *mine = f->thread;
    char key[32];

    (void)state;
    for (unsigned i = 0; i < PREFIX_LOCAL_MAX + 10; i++) {
        snprintf(key, sizeof(key), "p%u:x", i);
        put(f, key, "v");
    }
    f->thread = other;
    snprintf(key, sizeof(key), "p%u:y", PREFIX_LOCAL_MAX + 5);
    put(f, key, "v");
    put(f, "p5:y", "v");
    snprintf(key, sizeof(key), "p%u", PREFIX_LOCAL_MAX + 5);
    assert_int_equal(usage_of(f, key).all_items, 2);
    assert_int_equal(usage_of(f, "p5").all_items, 2);
    assert_int_equal(prefix_count(f->store), PREFIX_LOCAL_MAX + 10);
    f->thread = mine;
    store_detach(other);
    fixture_free(f);
}

static uint64_t op_of(struct fixture *f, const char *prefix, enum prefix_op op)
{
    uint64_t ops[PREFIX_OPS] = {0};
    struct prefix *found = prefix_find(f->thread, prefix, strlen(prefix));

    if (found)
        prefix_sum_ops(f->store, found, ops);
    return ops[op];
}

static void operations_are_counted_even_of_prefixes_without_items(void **state)
{
    struct fixture *f = fixture_new((size_t)64 << 20, true);

    (void)state;
    assert_true(prefix_count_op(f->thread, "a:1", 3, PREFIX_OP_get, true));
    assert_true(prefix_count_op(f->thread, "a:1", 3, PREFIX_OP_get, false));
    assert_true(prefix_count_op(f->thread, "a:1", 3, PREFIX_OP_set, false));
    assert_int_equal(op_of(f, "a", PREFIX_OP_get), 2);
    assert_int_equal(op_of(f, "a", PREFIX_OP_get_hits), 1);
    assert_int_equal(op_of(f, "a", PREFIX_OP_set), 1);
    assert_int_equal(f->store->prefixes.counted, 1);
    assert_int_equal(prefix_count(f->store), 0);
    fixture_free(f);
}

static void a_reset_starts_operations_from_nothing(void **state)
{
    struct fixture *f = fixture_new((size_t)64 << 20, true);

    (void)state;
    prefix_count_op(f->thread, "a:1", 3, PREFIX_OP_get, true);
    struct prefix *prefix = prefix_find(f->thread, "a", 1);
    assert_true(prefix_reset_ops(f->store, prefix));
    assert_false(prefix_reset_ops(f->store, prefix));
    assert_int_equal(op_of(f, "a", PREFIX_OP_get), 0);
    assert_int_equal(f->store->prefixes.counted, 0);
    prefix_count_op(f->thread, "a:1", 3, PREFIX_OP_get, false);
    assert_int_equal(op_of(f, "a", PREFIX_OP_get), 1);
    assert_int_equal(op_of(f, "a", PREFIX_OP_get_hits), 0);
    fixture_free(f);
}

static void names_that_no_key_can_have_are_not_counted(void **state)
{
    struct fixture *f = fixture_new((size_t)64 << 20, true);

    (void)state;
    assert_true(prefix_count_op(f->thread, "a/b:1", 5, PREFIX_OP_get, true));
    assert_int_equal(f->store->prefixes.counted, 0);
    fixture_free(f);
}

static void too_many_prefixes_end_the_counting(void **state)
{
    struct fixture *f = fixture_new((size_t)64 << 20, true);
    char key[32];

    (void)state;
    for (unsigned i = 0; i < PREFIX_COUNTED_MAX; i++) {
        int len = snprintf(key, sizeof(key), "p%u:x", i);
        assert_true(prefix_count_op(f->thread, key, (size_t)len, PREFIX_OP_get, true));
    }
    assert_false(prefix_count_op(f->thread, "more:x", 6, PREFIX_OP_get, true));
    assert_null(prefix_find(f->thread, "more", 4));
    assert_true(prefix_count_op(f->thread, "p1:x", 4, PREFIX_OP_get, true));
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_and_bytes_are_counted_for_their_prefix),
        cmocka_unit_test(prefixes_beyond_those_with_blocks_of_their_own_are_counted_too),
        cmocka_unit_test(operations_are_counted_even_of_prefixes_without_items),
        cmocka_unit_test(a_reset_starts_operations_from_nothing),
        cmocka_unit_test(names_that_no_key_can_have_are_not_counted),
        cmocka_unit_test(too_many_prefixes_end_the_counting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
