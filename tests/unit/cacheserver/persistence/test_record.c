#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cacheserver/persistence/record.h"
#include "tests/unit/cacheserver/store/fixture.h"

static const struct record one_of_each[] = {
    {.type = RECORD_LINK,
     .cas = 5,
     .when = -1,
     .flags = 9,
     .key = "key",
     .key_len = 3,
     .value = "value",
     .value_len = 5},
    {.type = RECORD_LINK,
     .cas = 5,
     .marks = RECORD_STALE | RECORD_HAS_UNIQUE,
     .unique = 1234,
     .key = "key",
     .key_len = 3},
    {.type = RECORD_UNLINK, .key = "k", .key_len = 1},
    {.type = RECORD_TOUCH, .when = 1700000000, .key = "k", .key_len = 1},
    {.type = RECORD_FLUSH, .cas = 44},
    {.type = RECORD_FLUSH_DUE, .when = 1700000000},
    {.type = RECORD_CAS, .cas = ITEM_CAS_MASK},
    {.type = RECORD_FLUSH_PREFIX, .cas = 3, .key = "", .key_len = 0},
    {.type = RECORD_SEED, .cas = UINT64_MAX, .unique = UINT64_MAX - 1},
    {.type = RECORD_COLLECTION,
     .cas = 1,
     .when = 5,
     .flags = 6,
     .item_type = ITEM_BTREE,
     .state = {.max_count = 77,
               .overflow = OVERFLOW_LARGEST_TRIM,
               .unreadable = true,
               .trimmed = true,
               .kind = 2,
               .maximum_kind = 2,
               .maximum_len = 3,
               .maximum = {1, 2, 3}},
     .key = "b",
     .key_len = 1},
    {.type = RECORD_STATE,
     .item_type = ITEM_LIST,
     .state = {.max_count = 4},
     .key = "l",
     .key_len = 1},
    {.type = RECORD_ELEMENT,
     .item_type = ITEM_MAP,
     .rank = 17,
     .kind = 1,
     .replaces = true,
     .key = "m",
     .key_len = 1,
     .value = "\1fv",
     .value_len = 3},
    {.type = RECORD_REMOVAL,
     .item_type = ITEM_SET,
     .rank = 3,
     .count = 12,
     .key = "s",
     .key_len = 1},
    {.type = RECORD_FLUSH_PREFIX_DUE, .when = 1700000000, .key = "p", .key_len = 1},
};
#define COUNT (sizeof(one_of_each) / sizeof(one_of_each[0]))

static size_t write_all(char *buffer)
{
    char *at = buffer;

    for (size_t i = 0; i < COUNT; i++) {
        char *value = record_put(&one_of_each[i], at);
        if (one_of_each[i].value_len)
            memcpy(value, one_of_each[i].value, one_of_each[i].value_len);
        assert_ptr_equal(value + one_of_each[i].value_len, at + record_bytes(&one_of_each[i]));
        at += record_bytes(&one_of_each[i]);
    }
    return (size_t)(at - buffer);
}

static void check_same(const struct record *a, const struct record *b)
{
    assert_int_equal(a->type, b->type);
    assert_int_equal(a->cas, b->cas);
    assert_int_equal(a->unique, b->unique);
    assert_int_equal(a->when, b->when);
    assert_int_equal(a->flags, b->flags);
    assert_int_equal(a->marks, b->marks);
    assert_int_equal(a->item_type, b->item_type);
    assert_memory_equal(&a->state, &b->state, sizeof(a->state));
    assert_int_equal(a->rank, b->rank);
    assert_int_equal(a->count, b->count);
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->replaces, b->replaces);
    assert_int_equal(a->key_len, b->key_len);
    if (a->key_len)
        assert_memory_equal(a->key, b->key, a->key_len);
    assert_int_equal(a->value_len, b->value_len);
    if (a->value_len)
        assert_memory_equal(a->value, b->value, a->value_len);
}

static void every_type_reads_as_it_was_written(void **state)
{
    char buffer[1024];
    struct record_reader reader = {.at = buffer};
    struct record record;

    (void)state;
    reader.end = buffer + write_all(buffer);
    for (size_t i = 0; i < COUNT; i++) {
        assert_true(record_next(&reader, &record));
        check_same(&one_of_each[i], &record);
    }
    assert_false(record_next(&reader, &record));
    assert_false(reader.bad);
}

static void what_is_cut_anywhere_is_bad(void **state)
{
    char buffer[1024];
    struct record record;
    size_t len = write_all(buffer), at = 0;

    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        size_t end = at + record_bytes(&one_of_each[i]);
        for (size_t cut = at + 1; cut < end; cut++) {
            char *exact = malloc(cut - at);
            memcpy(exact, buffer + at, cut - at);
            struct record_reader reader = {.at = exact, .end = exact + (cut - at)};
            assert_false(record_next(&reader, &record));
            assert_true(reader.bad);
            free(exact);
        }
        at = end;
    }
    assert_int_equal(at, len);
}

static void changed_bytes_never_lead_out_of_the_record(void **state)
{
    char original[1024];
    struct record record;
    size_t len = write_all(original);

    (void)state;
    for (size_t at = 0; at < len; at++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            char *buffer = malloc(len);
            memcpy(buffer, original, len);
            buffer[at] = (char)(buffer[at] ^ (1 << bit));
            struct record_reader reader = {.at = buffer, .end = buffer + len};
            while (record_next(&reader, &record)) {
                assert_in_range(record.key_len, 0, ITEM_KEY_MAX);
                if (record.value_len)
                    assert_true(record.value >= buffer &&
                                record.value + record.value_len <= buffer + len);
            }
            free(buffer);
        }
    }
}

static void times_are_moments(void **state)
{
    (void)state;
    clock_start();
    assert_int_equal(record_time(CLOCK_NEVER), 0);
    assert_int_equal(record_time(CLOCK_STICKY), -1);
    assert_int_equal(record_clock(0), CLOCK_NEVER);
    assert_int_equal(record_clock(-1), CLOCK_STICKY);
    assert_int_equal(record_clock(record_time(1000)), 1000);
    assert_int_equal(record_clock(1000000000), 1);
    assert_int_equal(record_clock(INT64_MAX), CLOCK_STICKY - 1);
    assert_int_equal(record_clock(INT64_MIN), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_reads_as_it_was_written),
        cmocka_unit_test(what_is_cut_anywhere_is_bad),
        cmocka_unit_test(changed_bytes_never_lead_out_of_the_record),
        cmocka_unit_test(times_are_moments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
