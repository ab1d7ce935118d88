#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/cacheserver/store/fixture.h"

static struct item *prepare(struct fixture *f, size_t key_len, size_t value_len, uint32_t flags)
{
    static char key[ITEM_KEY_MAX];
    struct item *item;

    memset(key, 'k', sizeof(key));
    struct store_request request = {
        .key = key, .key_len = key_len, .value_len = value_len, .flags = flags};
    assert_int_equal(store_prepare(f->thread, &request, &item), STORE_OK);
    return item;
}

static void a_small_item_has_twenty_bytes_beside_key_and_value(void **state)
{
    bool in_chunks;

    (void)state;
    assert_int_equal(item_head_bytes(14, 100, false, &in_chunks), 134);
    assert_false(in_chunks);
    assert_int_equal(item_head_bytes(14, 100, true, &in_chunks), 138);
    assert_int_equal(item_head_bytes(14, ITEM_PIN_MIN, false, &in_chunks), 38 + ITEM_PIN_MIN);
}

static void key_flags_and_value_are_found_at_every_size(void **state)
{
    const size_t key_lens[] = {1, 14, 250, ITEM_KEY_MAX};
    const size_t value_lens[] = {0, 1, 1023, 1024, 16000, 16384, 16385, 100000, 1000000};
    struct fixture *f = fixture_new((size_t)64 << 20, true);

    (void)state;
    for (size_t k = 0; k < sizeof(key_lens) / sizeof(key_lens[0]); k++) {
        for (size_t v = 0; v < sizeof(value_lens) / sizeof(value_lens[0]); v++) {
            for (uint32_t flags = 0; flags < 2; flags++) {
                struct item *item = prepare(f, key_lens[k], value_lens[v], flags);
                assert_int_equal(item_key_len(item), key_lens[k]);
                assert_int_equal(item_value_len(item), value_lens[v]);
                assert_int_equal(item_flags(item), flags);
                assert_int_equal(item_type(item), ITEM_KV);
                assert_int_equal(item_key(item)[0], 'k');
                assert_int_equal(item_has_pins(item), value_lens[v] >= ITEM_PIN_MIN);
                assert_true(item_total_bytes(item) >= key_lens[k] + value_lens[v] + 20);
                store_discard(f->thread, item);
            }
        }
    }
    fixture_free(f);
}

static void a_cursor_writes_and_reads_across_chunks(void **state)
{
    enum { LEN = 200000 };
    static char bytes[LEN];
    struct fixture *f = fixture_new((size_t)64 << 20, true);
    struct item *item = prepare(f, 10, LEN, 0);
    struct item_cursor cursor;
    size_t at = 0;

    (void)state;
    for (size_t i = 0; i < LEN; i++)
        bytes[i] = (char)(i * 7 + i / 251);
    item_cursor_start(&cursor, item);
    for (size_t step = 1; at < LEN; at += step, step = step * 3 % 40001 + 1) {
        if (step > LEN - at)
            step = LEN - at;
        item_cursor_write(&cursor, bytes + at, step);
    }
    assert_int_equal(cursor.left, 0);
    item_cursor_start(&cursor, item);
    for (at = 0; cursor.left > 0; at += cursor.here, item_cursor_advance(&cursor, cursor.here))
        assert_memory_equal(cursor.at, bytes + at, cursor.here);
    assert_int_equal(at, LEN);
    store_discard(f->thread, item);
    fixture_free(f);
}

static void the_cas_unique_does_not_disturb_the_key(void **state)
{
    struct fixture *f = fixture_new((size_t)4 << 20, true);
    struct item *item = prepare(f, 16000, 10, 5);

    (void)state;
    item_set_cas(item, ITEM_CAS_MASK);
    assert_true(item_cas(item) == ITEM_CAS_MASK);
    assert_int_equal(item_key_len(item), 16000);
    assert_int_equal(item_flags(item), 5);
    item_set_cas(item, 1);
    assert_true(item_cas(item) == 1);
    store_discard(f->thread, item);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_small_item_has_twenty_bytes_beside_key_and_value),
        cmocka_unit_test(key_flags_and_value_are_found_at_every_size),
        cmocka_unit_test(a_cursor_writes_and_reads_across_chunks),
        cmocka_unit_test(the_cas_unique_does_not_disturb_the_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
