#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "cacheserver/store/hint.h"
#include "tests/unit/cacheserver/store/fixture.h"

static void hint(struct fixture *f, const char *key, size_t key_len)
{
    const struct store_hint hints[] = {{key, key_len}, {"absent", 6}};
    store_hint(f->thread, hints, 2);
}

static void a_hint_leads_to_the_item_of_the_key(void **state)
{
    struct fixture *f = fixture_new((size_t)8 << 20, true);
    struct table *table = &f->store->table;
    uint64_t hash = hash_key(&table->seed, "key", 3);

    (void)state;
    assert_null(table_hint_item(table, hash));
    assert_int_equal(put(f, "key", "value"), STORE_OK);
    struct bucket *bucket = table_lock(table, hash);
    const char *item = (const char *)slot_item(*bucket_find(bucket, hash, "key", 3));
    bucket_unlock(bucket);
    assert_ptr_equal(table_hint_item(table, hash), item);
    assert_int_equal(store_delete(f->thread, "key", 3), STORE_OK);
    assert_null(table_hint_item(table, hash));
    fixture_free(f);
}

static void hints_while_the_table_grows_change_nothing(void **state)
{
    enum { ITEMS = 20000 };
    struct fixture *f = fixture_new((size_t)32 << 20, true);
    char key[32];

    (void)state;
    store_hint(f->thread, NULL, 0);
    for (unsigned i = 0; i < ITEMS; i++) {
        int len = snprintf(key, sizeof(key), "key%u", i);
        hint(f, key, (size_t)len);
        assert_int_equal(put(f, key, key), STORE_OK);
        hint(f, key, (size_t)len);
        assert_true(holds(f, key, key));
    }
    assert_int_equal(count_of(f, STORE_ITEMS), ITEMS);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hint_leads_to_the_item_of_the_key),
        cmocka_unit_test(hints_while_the_table_grows_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
