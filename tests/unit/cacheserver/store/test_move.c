#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "cacheserver/store/collection.h"
#include "cacheserver/store/walk.h"
#include "tests/unit/cacheserver/store/collection_fixture.h"

/* Everything fills a store that may not evict, every other thing goes, and things of another size
 * then need the room. */
#define LIMIT ((size_t)8 << 20)

static int set_up(void **state)
{
    *state = fixture_new(LIMIT, false);
    return 0;
}

static int tear_down(void **state)
{
    fixture_free(*state);
    return 0;
}

/* A value that says whose it is. */
static const char *value_of(const char *key, size_t len)
{
    static char value[100001];
    size_t key_len = strlen(key);

    for (size_t at = 0; at < len; at += key_len)
        memcpy(value + at, key, len - at < key_len ? len - at : key_len);
    value[len] = '\0';
    return value;
}

static const char *key_of(const char *name, unsigned number)
{
    static char key[32];

    snprintf(key, sizeof(key), "%s%u", name, number);
    return key;
}

/* How many could be stored until there was no room. */
static unsigned fill(struct fixture *f, const char *name, size_t len)
{
    unsigned count = 0;

    while (put(f, key_of(name, count), value_of(key_of(name, count), len)) == STORE_OK)
        count++;
    return count;
}

static void remove_every_other(struct fixture *f, const char *name, unsigned count)
{
    for (unsigned i = 0; i < count; i += 2)
        assert_int_equal(store_delete(f->thread, key_of(name, i), strlen(key_of(name, i))),
                         STORE_OK);
}

static void check_the_others(struct fixture *f, const char *name, unsigned count, size_t len)
{
    for (unsigned i = 1; i < count; i += 2)
        assert_true(holds(f, key_of(name, i), value_of(key_of(name, i), len)));
}

/* How much of what was taken away can be used for values of another size. */
static void use_room_for(struct fixture *f, size_t len, size_t other_len)
{
    unsigned count = fill(f, "k", len);

    remove_every_other(f, "k", count);
    unsigned others = fill(f, "o", other_len);
    assert_true(others * other_len > count / 2 * len * 3 / 4);
    check_the_others(f, "k", count, len);
    for (unsigned i = 0; i < others; i++)
        assert_true(holds(f, key_of("o", i), value_of(key_of("o", i), other_len)));
    assert_int_equal(count_of(f, STORE_EVICTIONS), 0);
    assert_int_equal(count_of(f, STORE_ITEMS), count - (count + 1) / 2 + others);
}

static void items_move_to_make_room_for_larger_ones(void **state)
{
    use_room_for(*state, 100, 1000);
}

static void items_move_to_make_room_for_smaller_ones(void **state)
{
    use_room_for(*state, 3000, 200);
}

static void items_in_chunks_move_with_all_that_they_are(void **state)
{
    use_room_for(*state, 20000, 500);
}

static void all_sizes_move(void **state)
{
    use_room_for(*state, 500, 70000);
}

static void items_that_somebody_reads_stay(void **state)
{
    struct fixture *f = *state;
    unsigned count = fill(f, "k", 2000);
    struct item **pinned = calloc(count, sizeof(struct item *));

    for (unsigned i = 1; i < count; i += 2) {
        const char *key = key_of("k", i);
        struct place place = place_lock(f->thread, key, strlen(key));
        pinned[i] = place_item(&place);
        store_pin(pinned[i]);
        bucket_unlock(place.bucket);
    }
    remove_every_other(f, "k", count);
    fill(f, "o", 300);
    for (unsigned i = 1; i < count; i += 2) {
        struct copy copy = {0};
        copy_item(pinned[i], &copy);
        assert_string_equal(copy.bytes, value_of(key_of("k", i), 2000));
        free(copy.bytes);
        store_unpin(f->thread, pinned[i]);
    }
    check_the_others(f, "k", count, 2000);
    free(pinned);
}

/* Many lists that grow side by side, so that each has leaves in many pages. */
static unsigned fill_lists(struct fixture *f, unsigned lists)
{
    unsigned count = 0;
    enum store_result result;

    for (unsigned i = 0; i < lists; i++)
        create(f, ITEM_LIST, key_of("l", i), 1000000);
    do {
        const char *key = key_of("l", count % lists);
        result = push(f, key, -1, value_of(key_of("e", count), 100));
        count += result == STORE_OK;
    } while (result == STORE_OK);
    return count;
}

static void nodes_of_collections_move(void **state)
{
    struct fixture *f = *state;
    struct shown shown;
    const unsigned lists = 16;
    unsigned count = fill_lists(f, lists);

    remove_every_other(f, "l", lists);
    unsigned others = fill(f, "o", 2000);
    assert_true(others * 2000 > count / 2 * 100 * 3 / 4);
    for (unsigned i = 1; i < lists; i += 2) {
        struct collection *collection;
        struct place place = place_lock(f->thread, key_of("l", i), strlen(key_of("l", i)));
        collection = item_collection(place_item(&place));
        assert_int_equal(collection->tree.count, count / lists + (i < count % lists));
        bucket_unlock(place.bucket);
    }
    for (unsigned i = 0; i < count; i++) {
        if (i % lists % 2 == 0)
            continue;
        int32_t rank = (int32_t)(i / lists);
        assert_int_equal(range(f, key_of("l", i % lists), rank, rank, STORE_KEEP, &shown),
                         STORE_OK);
        assert_string_equal(shown.text, value_of(key_of("e", i), 100));
    }
}

/* Reads again and again what must not change. */
struct reading {
    struct store *store;
    unsigned count;
    _Atomic bool stop, wrong;
};

static void *read_all(void *argument)
{
    struct reading *reading = argument;
    struct fixture f = {.store = reading->store, .thread = store_attach(reading->store)};
    char wanted[401];

    while (!atomic_load(&reading->stop)) {
        store_thread_tick(f.thread);
        for (unsigned i = 1; i < reading->count; i += 2) {
            char key[32];
            size_t len = (size_t)snprintf(key, sizeof(key), "k%u", i);
            for (size_t at = 0; at < 400; at++)
                wanted[at] = key[at % len];
            wanted[400] = '\0';
            if (!holds(&f, key, wanted))
                atomic_store(&reading->wrong, true);
        }
    }
    store_detach(f.thread);
    return NULL;
}

static void readers_notice_nothing(void **state)
{
    struct fixture *f = *state;
    unsigned count = fill(f, "k", 400);
    struct reading reading = {.store = f->store, .count = count};
    pthread_t reader;

    remove_every_other(f, "k", count);
    assert_int_equal(pthread_create(&reader, NULL, read_all, &reading), 0);
    for (unsigned round = 0; round < 4; round++) {
        size_t len = round % 2 ? 150 : 2500;
        unsigned others = fill(f, "o", len);
        assert_true(others * len > count / 2 * 400 / 2);
        for (unsigned i = 0; i < others; i++)
            store_delete(f->thread, key_of("o", i), strlen(key_of("o", i)));
    }
    atomic_store(&reading.stop, true);
    pthread_join(reader, NULL);
    assert_false(atomic_load(&reading.wrong));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(items_move_to_make_room_for_larger_ones),
        TEST(items_move_to_make_room_for_smaller_ones),
        TEST(items_in_chunks_move_with_all_that_they_are),
        TEST(all_sizes_move),
        TEST(items_that_somebody_reads_stay),
        TEST(nodes_of_collections_move),
        TEST(readers_notice_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
