#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cacheserver/store/btree_element.h"
#include "cacheserver/store/restore.h"
#include "cacheserver/store/restore_collection.h"
#include "cacheserver/store/walk.h"
#include "tests/unit/cacheserver/store/collection_fixture.h"

#define MEMORY   ((size_t)64 << 20)
#define ELEMENTS 700

static int set_up(void **state)
{
    *state = fixture_new(MEMORY, true);
    return 0;
}

static int tear_down(void **state)
{
    fixture_free(*state);
    return 0;
}

static struct restore_key key_of(enum item_type type, const char *key)
{
    return (struct restore_key){.key = key, .key_len = strlen(key), .type = type};
}

static enum store_result make(struct fixture *f, enum item_type type, const char *key)
{
    const struct collection_state state = {.max_count = 4000};
    const struct restore_key place = key_of(type, key);
    return restore_collection(f->thread, &place, 9, CLOCK_NEVER, 100, &state);
}

static enum store_result bring(struct fixture *f, enum item_type type, const char *key,
                               uint32_t rank, bool replaces, const char *bytes, size_t len)
{
    const struct restore_key place = key_of(type, key);
    const struct restore_element element = {
        .rank = rank, .replaces = replaces, .kind = BKEY_NUMBER, .bytes = bytes, .len = len};
    return restore_element(f->thread, &place, &element);
}

static enum store_result bring_text(struct fixture *f, const char *key, uint32_t rank,
                                    bool replaces, const char *text)
{
    return bring(f, ITEM_LIST, key, rank, replaces, text, strlen(text));
}

static enum store_result bring_bkey(struct fixture *f, const char *key, uint32_t rank,
                                    uint64_t number, enum bkey_kind kind)
{
    const struct restore_key place = key_of(ITEM_BTREE, key);
    struct bkey bkey;
    char bytes[64];

    bkey_set_number(&bkey, number);
    const struct btree_element parts = {
        .kind = kind, .bkey = bkey.bytes, .bkey_len = bkey.len, .value = "v", .value_len = 1};
    btree_element_write(bytes, &parts);
    const struct restore_element element = {
        .rank = rank, .kind = kind, .bytes = bytes, .len = btree_element_bytes(&parts)};
    return restore_element(f->thread, &place, &element);
}

static enum store_result take(struct fixture *f, enum item_type type, const char *key,
                              uint32_t rank, uint32_t count)
{
    const struct restore_key place = key_of(type, key);
    return restore_removal(f->thread, &place, rank, count);
}

/* --- from one store to another --- */

/* All that a collection is, one element after the other. */
struct whole {
    struct fixture *to; /* NULL: only looked at */
    struct restore_key key;
    struct collection_state state;
    uint64_t cas;
    uint32_t count;
    uint8_t kind;
    uint64_t digest;
};

static void add_element(const char *bytes, size_t len, void *argument)
{
    struct whole *whole = argument;
    const struct restore_element element = {
        .rank = RESTORE_LAST, .kind = whole->kind, .bytes = bytes, .len = len};

    whole->count++;
    for (size_t i = 0; i < len; i++)
        whole->digest = whole->digest * 31 + (unsigned char)bytes[i];
    if (whole->to)
        assert_int_equal(restore_element(whole->to->thread, &whole->key, &element), STORE_OK);
}

static void see(struct item *item, void *argument)
{
    struct whole *whole = argument;

    collection_state_of(item, &whole->state);
    whole->kind = whole->state.kind;
    whole->cas = item_cas(item);
    if (whole->to)
        assert_int_equal(restore_collection(whole->to->thread, &whole->key, item_flags(item),
                                            item->exptime, item_cas(item), &whole->state),
                         STORE_OK);
    walk_elements(item, 0, SIZE_MAX, add_element, whole);
}

static struct whole look(struct fixture *f, enum item_type type, const char *key,
                         struct fixture *to)
{
    struct whole whole = {.to = to, .key = key_of(type, key)};

    assert_true(walk_collection(f->thread, key, strlen(key), see, &whole));
    return whole;
}

static void fill(struct fixture *f)
{
    char text[16];

    create(f, ITEM_LIST, "l", 1000);
    create(f, ITEM_SET, "s", 1000);
    create(f, ITEM_MAP, "m", 1000);
    assert_int_equal(make(f, ITEM_BTREE, "b"), STORE_OK);
    for (unsigned i = 0; i < ELEMENTS; i++) {
        snprintf(text, sizeof(text), "e%u", i * 7919 % ELEMENTS);
        assert_int_equal(push(f, "l", i % 2 ? -1 : 0, text), STORE_OK);
        assert_int_equal(add(f, "s", text), STORE_OK);
        assert_int_equal(map_write(f, MAP_INSERT, "m", text, text), STORE_OK);
        assert_int_equal(bring_bkey(f, "b", RESTORE_LAST, (uint64_t)i * 1000003, BKEY_NUMBER),
                         STORE_OK);
    }
}

static void a_collection_is_the_same_in_another_store_under_the_same_seed(void **state)
{
    static const struct {
        enum item_type type;
        const char *key;
    } all[] = {{ITEM_LIST, "l"}, {ITEM_SET, "s"}, {ITEM_MAP, "m"}, {ITEM_BTREE, "b"}};
    struct fixture *from = *state, *to = fixture_new(MEMORY, true);
    const struct hash_seed *seed = &from->store->table.seed;
    char text[16];

    fill(from);
    restore_seed(to->store, seed->a, seed->b);
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        struct whole there = look(from, all[i].type, all[i].key, to);
        struct whole here = look(to, all[i].type, all[i].key, NULL);
        assert_int_equal(here.count, ELEMENTS);
        assert_int_equal(here.count, there.count);
        assert_int_equal(here.digest, there.digest);
        assert_int_equal(here.cas, there.cas);
        assert_true(collection_state_equals(&here.state, &there.state));
    }
    for (unsigned i = 0; i < ELEMENTS; i++) {
        snprintf(text, sizeof(text), "e%u", i);
        assert_int_equal(set_has(to->thread, "s", 1, text, strlen(text)), STORE_OK);
        assert_int_equal(map_write(to, MAP_INSERT, "m", text, "x"), STORE_ELEMENT_EXISTS);
    }
    fixture_free(to);
}

/* --- elements --- */

static void elements_go_to_their_ranks_and_take_places(void **state)
{
    struct fixture *f = *state;
    struct shown shown;

    assert_int_equal(make(f, ITEM_LIST, "l"), STORE_OK);
    assert_int_equal(bring_text(f, "l", 0, false, "b"), STORE_OK);
    assert_int_equal(bring_text(f, "l", 0, false, "a"), STORE_OK);
    assert_int_equal(bring_text(f, "l", RESTORE_LAST, false, "d"), STORE_OK);
    assert_int_equal(bring_text(f, "l", 2, false, "c"), STORE_OK);
    assert_int_equal(bring_text(f, "l", 3, true, "another"), STORE_OK);
    assert_int_equal(range(f, "l", 0, -1, STORE_KEEP, &shown), STORE_OK);
    assert_string_equal(shown.text, "a b c another");
    assert_int_equal(shown.flags, 9);
    assert_int_equal(take(f, ITEM_LIST, "l", 1, 2), STORE_OK);
    assert_int_equal(range(f, "l", 0, -1, STORE_KEEP, &shown), STORE_OK);
    assert_string_equal(shown.text, "a another");
    assert_int_equal(take(f, ITEM_LIST, "l", 0, 2), STORE_OK);
    assert_int_equal(look(f, ITEM_LIST, "l", NULL).count, 0);
}

static void ranks_that_do_not_exist_are_refused_and_change_nothing(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(make(f, ITEM_LIST, "l"), STORE_OK);
    assert_int_equal(bring_text(f, "l", 0, true, "a"), STORE_BAD_VALUE);
    assert_int_equal(bring_text(f, "l", 1, false, "a"), STORE_BAD_VALUE);
    assert_int_equal(bring_text(f, "l", 0, false, "a"), STORE_OK);
    assert_int_equal(bring_text(f, "l", 1, true, "b"), STORE_BAD_VALUE);
    assert_int_equal(take(f, ITEM_LIST, "l", 2, 0), STORE_BAD_VALUE);
    assert_int_equal(take(f, ITEM_LIST, "l", 0, 2), STORE_BAD_VALUE);
    assert_int_equal(take(f, ITEM_LIST, "l", 1, UINT32_MAX), STORE_BAD_VALUE);
    assert_int_equal(take(f, ITEM_LIST, "l", 1, 0), STORE_OK);
    assert_int_equal(look(f, ITEM_LIST, "l", NULL).count, 1);
}

static void bytes_that_are_no_element_are_refused(void **state)
{
    static char long_value[TREE_ELEMENT_MAX + 1];
    struct fixture *f = *state;

    assert_int_equal(make(f, ITEM_LIST, "l"), STORE_OK);
    assert_int_equal(make(f, ITEM_MAP, "m"), STORE_OK);
    assert_int_equal(make(f, ITEM_BTREE, "b"), STORE_OK);
    assert_int_equal(bring(f, ITEM_LIST, "l", 0, false, long_value, sizeof(long_value)),
                     STORE_BAD_VALUE);
    assert_int_equal(bring(f, ITEM_MAP, "m", 0, false, "", 0), STORE_BAD_VALUE);
    assert_int_equal(bring(f, ITEM_MAP, "m", 0, false, "\5four", 5), STORE_BAD_VALUE);
    assert_int_equal(bring(f, ITEM_MAP, "m", 0, false, "\4four", 5), STORE_OK);
    assert_int_equal(bring(f, ITEM_BTREE, "b", 0, false, "", 0), STORE_BAD_VALUE);
    assert_int_equal(bring(f, ITEM_BTREE, "b", 0, false, "\x1f", 1), STORE_BAD_VALUE);
    assert_int_equal(bring_bkey(f, "b", 0, 1, BKEY_NONE), STORE_BAD_VALUE);
    assert_int_equal(bring_bkey(f, "b", 0, 1, BKEY_NUMBER), STORE_OK);
    assert_int_equal(bring_bkey(f, "b", 1, 2, BKEY_HEX), STORE_BAD_VALUE);
}

static void elements_out_of_order_are_refused(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(make(f, ITEM_BTREE, "b"), STORE_OK);
    assert_int_equal(bring_bkey(f, "b", 0, 10, BKEY_NUMBER), STORE_OK);
    assert_int_equal(bring_bkey(f, "b", RESTORE_LAST, 30, BKEY_NUMBER), STORE_OK);
    assert_int_equal(bring_bkey(f, "b", 0, 11, BKEY_NUMBER), STORE_BAD_VALUE);
    assert_int_equal(bring_bkey(f, "b", 2, 29, BKEY_NUMBER), STORE_BAD_VALUE);
    assert_int_equal(bring_bkey(f, "b", 1, 31, BKEY_NUMBER), STORE_BAD_VALUE);
    assert_int_equal(bring_bkey(f, "b", 1, 20, BKEY_NUMBER), STORE_OK);
    assert_int_equal(look(f, ITEM_BTREE, "b", NULL).count, 3);
}

/* --- collections --- */

static void attributes_come_back(void **state)
{
    struct fixture *f = *state;
    const struct restore_key key = key_of(ITEM_BTREE, "b");
    struct collection_state wanted = {.max_count = 77,
                                      .overflow = OVERFLOW_LARGEST_TRIM,
                                      .unreadable = true,
                                      .trimmed = true,
                                      .kind = BKEY_HEX,
                                      .maximum_kind = BKEY_HEX,
                                      .maximum_len = 3,
                                      .maximum = {1, 2, 3}};

    assert_int_equal(restore_collection(f->thread, &key, 0, CLOCK_NEVER, 1, &wanted), STORE_OK);
    struct whole found = look(f, ITEM_BTREE, "b", NULL);
    assert_true(collection_state_equals(&found.state, &wanted));
    wanted.unreadable = wanted.trimmed = false;
    wanted.unlimited = true;
    wanted.maximum_kind = BKEY_NONE;
    wanted.maximum_len = 0;
    memset(wanted.maximum, 0, sizeof(wanted.maximum));
    assert_int_equal(restore_state(f->thread, &key, &wanted), STORE_OK);
    found = look(f, ITEM_BTREE, "b", NULL);
    assert_true(collection_state_equals(&found.state, &wanted));
    wanted.max_count++;
    assert_false(collection_state_equals(&found.state, &wanted));
}

static void attributes_that_cannot_be_are_refused(void **state)
{
    struct fixture *f = *state;
    const struct restore_key key = key_of(ITEM_BTREE, "b"), kv = key_of(ITEM_KV, "kv");
    const struct collection_state good = {.max_count = 1}, bad[] = {
                                                               {.overflow = COLLECTION_OVERFLOWS},
                                                               {.kind = BKEY_HEX + 1},
                                                               {.maximum_kind = BKEY_HEX + 1},
                                                               {.maximum_len = BKEY_MAX_BYTES + 1},
                                                           };

    assert_int_equal(make(f, ITEM_BTREE, "b"), STORE_OK);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(restore_state(f->thread, &key, &bad[i]), STORE_BAD_VALUE);
        assert_int_equal(restore_collection(f->thread, &key, 0, CLOCK_NEVER, 1, &bad[i]),
                         STORE_BAD_VALUE);
    }
    assert_int_equal(restore_collection(f->thread, &kv, 0, CLOCK_NEVER, 1, &good), STORE_BAD_VALUE);
    assert_int_equal(look(f, ITEM_BTREE, "b", NULL).state.max_count, 4000);
}

static void a_collection_takes_the_place_of_what_the_key_had(void **state)
{
    struct fixture *f = *state;

    put(f, "k", "value");
    assert_int_equal(take(f, ITEM_LIST, "k", 0, 0), STORE_TYPE_MISMATCH);
    assert_int_equal(take(f, ITEM_LIST, "other", 0, 0), STORE_NOT_FOUND);
    assert_int_equal(make(f, ITEM_LIST, "k"), STORE_OK);
    assert_int_equal(bring_text(f, "k", 0, false, "a"), STORE_OK);
    assert_int_equal(make(f, ITEM_SET, "k"), STORE_OK);
    assert_int_equal(take(f, ITEM_LIST, "k", 0, 0), STORE_TYPE_MISMATCH);
    assert_int_equal(look(f, ITEM_SET, "k", NULL).count, 0);
    assert_int_equal(count_of(f, STORE_ITEMS), 1);
    restore_flush(f->store, 101);
    assert_int_equal(make(f, ITEM_SET, "k"), STORE_OK);
    assert_int_equal(take(f, ITEM_SET, "k", 0, 0), STORE_NOT_FOUND);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_collection_is_the_same_in_another_store_under_the_same_seed),
        TEST(elements_go_to_their_ranks_and_take_places),
        TEST(ranks_that_do_not_exist_are_refused_and_change_nothing),
        TEST(bytes_that_are_no_element_are_refused),
        TEST(elements_out_of_order_are_refused),
        TEST(attributes_come_back),
        TEST(attributes_that_cannot_be_are_refused),
        TEST(a_collection_takes_the_place_of_what_the_key_had),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
