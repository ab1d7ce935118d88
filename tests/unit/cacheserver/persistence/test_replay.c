#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cacheserver/persistence/replay.h"
#include "cacheserver/store/list.h"
#include "cacheserver/store/map.h"
#include "cacheserver/store/set.h"
#include "tests/unit/cacheserver/store/fixture.h"

struct bench {
    struct fixture *f;
    struct replay replay;
};

static int set_up(void **state)
{
    struct bench *b = calloc(1, sizeof(*b));

    b->f = fixture_new((size_t)64 << 20, true);
    replay_begin(&b->replay, b->f->thread);
    *state = b;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *b = *state;

    fixture_free(b->f);
    free(b);
    return 0;
}

/* 0: it was done; -1: it makes no sense. */
static int replay_one(struct bench *b, const struct record *record)
{
    char frame[4096];
    char *at = record_put(record, frame);

    if (record->value_len)
        memcpy(at, record->value, record->value_len);
    return replay_frame(&b->replay, frame, record_bytes(record));
}

static struct record record_for(enum record_type type, enum item_type item_type, const char *key)
{
    return (struct record){.type = type,
                           .item_type = item_type,
                           .key = key,
                           .key_len = strlen(key),
                           .cas = 5,
                           .state = {.max_count = 100, .overflow = OVERFLOW_ERROR}};
}

static int make(struct bench *b, enum item_type type, const char *key)
{
    const struct record record = record_for(RECORD_COLLECTION, type, key);
    return replay_one(b, &record);
}

static int element(struct bench *b, enum item_type type, const char *key, uint32_t rank,
                   const char *bytes, size_t len)
{
    struct record record = record_for(RECORD_ELEMENT, type, key);

    record.rank = rank;
    record.kind = type == ITEM_BTREE;
    record.value = bytes;
    record.value_len = len;
    return replay_one(b, &record);
}

static int removal(struct bench *b, enum item_type type, const char *key, uint32_t rank,
                   uint32_t count)
{
    struct record record = record_for(RECORD_REMOVAL, type, key);

    record.rank = rank;
    record.count = count;
    return replay_one(b, &record);
}

static void records_are_done_in_their_order(void **state)
{
    struct bench *b = *state;
    struct record link = record_for(RECORD_LINK, ITEM_KV, "k");

    link.value = "one";
    link.value_len = 3;
    assert_int_equal(replay_one(b, &link), 0);
    link.value = "two";
    link.cas = 1000;
    assert_int_equal(replay_one(b, &link), 0);
    replay_end(&b->replay);
    assert_true(holds(b->f, "k", "two"));
    assert_int_equal(b->replay.records, 2);
    put(b->f, "later", "x");
    assert_int_equal(count_of(b->f, STORE_ITEMS), 2);
    assert_true(atomic_load(&b->f->store->cas_taken) > 1000);
}

static void elements_go_where_their_rank_says(void **state)
{
    struct bench *b = *state;

    assert_int_equal(make(b, ITEM_LIST, "l"), 0);
    assert_int_equal(element(b, ITEM_LIST, "l", RESTORE_LAST, "b", 1), 0);
    assert_int_equal(element(b, ITEM_LIST, "l", 0, "a", 1), 0);
    assert_int_equal(element(b, ITEM_LIST, "l", 2, "d", 1), 0);
    assert_int_equal(element(b, ITEM_LIST, "l", 2, "c", 1), 0);
    assert_int_equal(removal(b, ITEM_LIST, "l", 0, 1), 0);
    assert_int_equal(make(b, ITEM_SET, "s"), 0);
    assert_int_equal(element(b, ITEM_SET, "s", 0, "v", 1), 0);
    assert_int_equal(make(b, ITEM_MAP, "m"), 0);
    assert_int_equal(element(b, ITEM_MAP, "m", 0, "\1fv", 3), 0);
    replay_end(&b->replay);
    assert_int_equal(set_has(b->f->thread, "s", 1, "v", 1), STORE_OK);
    assert_int_equal(list_delete(b->f->thread, "l", 1, (struct list_range){2, 2}, STORE_DELETE),
                     STORE_OK);
    assert_int_equal(list_delete(b->f->thread, "l", 1, (struct list_range){2, 2}, STORE_DELETE),
                     STORE_NO_ELEMENT);
}

static void what_cannot_have_been_is_damage(void **state)
{
    struct bench *b = *state;
    struct record bad = record_for(RECORD_COLLECTION, ITEM_LIST, "x");

    assert_int_equal(make(b, ITEM_KV, "kv"), -1);
    bad.state.overflow = 99;
    assert_int_equal(replay_one(b, &bad), -1);
    assert_int_equal(make(b, ITEM_LIST, "l"), 0);
    assert_int_equal(element(b, ITEM_LIST, "l", 1, "a", 1), -1);
    assert_int_equal(element(b, ITEM_SET, "l", 0, "a", 1), -1);
    assert_int_equal(removal(b, ITEM_LIST, "l", 0, 1), -1);
    assert_int_equal(make(b, ITEM_MAP, "m"), 0);
    assert_int_equal(element(b, ITEM_MAP, "m", 0, "\5abc", 4), -1);
    assert_int_equal(element(b, ITEM_MAP, "m", 0, "", 0), -1);
    assert_int_equal(make(b, ITEM_BTREE, "b"), 0);
    assert_int_equal(element(b, ITEM_BTREE, "b", 0, "\1\5v", 3), 0);
    assert_int_equal(element(b, ITEM_BTREE, "b", 0, "\1\6v", 3), -1); /* out of order */
    assert_int_equal(element(b, ITEM_BTREE, "b", 1, "\1\4v", 3), -1);
    assert_int_equal(element(b, ITEM_BTREE, "b", 1, "\x1f", 1), -1);
    assert_int_equal(element(b, ITEM_BTREE, "b", 1, "\1\6v", 3), 0);
    assert_int_equal(replay_frame(&b->replay, "\0\0\0\0\0", 5), -1);
}

/* It may have expired, or found no room. */
static void elements_of_a_collection_that_is_not_there_are_passed_over(void **state)
{
    struct bench *b = *state;

    assert_int_equal(element(b, ITEM_LIST, "l", 7, "a", 1), 0);
    assert_int_equal(removal(b, ITEM_LIST, "l", 7, 3), 0);
    assert_int_equal(b->replay.refused, 0);
}

static void what_the_settings_forbid_now_is_refused_and_takes_the_old_value_along(void **state)
{
    struct bench *b = *state;
    struct record link = record_for(RECORD_LINK, ITEM_KV, "k");

    assert_int_equal(replay_one(b, &link), 0);
    b->f->store->item_size_max_bytes = 100;
    link.value = "0123456789012345678901234567890123456789012345678901234567890123456789"
                 "01234567890123456789";
    link.value_len = strlen(link.value);
    assert_int_equal(replay_one(b, &link), 0);
    assert_int_equal(b->replay.refused, 1);
    replay_end(&b->replay);
    assert_null(get(b->f, "k"));
}

static void the_seed_comes_first_or_not_at_all(void **state)
{
    struct bench *b = *state;
    const struct record seed = {.type = RECORD_SEED, .cas = 11, .unique = 12};

    assert_int_equal(replay_one(b, &seed), 0);
    assert_int_equal(b->f->store->table.seed.a, 11);
    assert_int_equal(b->f->store->table.seed.b, 12);
    assert_int_equal(replay_one(b, &seed), -1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(records_are_done_in_their_order),
        TEST(elements_go_where_their_rank_says),
        TEST(what_cannot_have_been_is_damage),
        TEST(elements_of_a_collection_that_is_not_there_are_passed_over),
        TEST(what_the_settings_forbid_now_is_refused_and_takes_the_old_value_along),
        TEST(the_seed_comes_first_or_not_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
