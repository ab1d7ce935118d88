#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "cacheserver/store/maintenance.h"
#include "tests/unit/cacheserver/store/collection_fixture.h"

static enum store_result fill(struct fixture *f, const char *key, unsigned count, size_t len)
{
    static char value[32768];
    const struct collection_attributes attributes = {.max_count = -1};
    enum store_result result = STORE_OK;

    for (unsigned i = 0; i < count && result <= STORE_CREATED_OK; i++) {
        memcpy(value, &i, sizeof(i));
        result = set_insert(f->thread, key, strlen(key), value, len, &attributes);
        if (result == STORE_CREATED_OK)
            result = STORE_OK;
    }
    return result;
}

static void memory_that_is_full_refuses_elements_and_takes_them_after_a_deletion(void **state)
{
    struct fixture *f = fixture_new(8 << 20, false);

    (void)state;
    atomic_store(&f->store->max_counts[ITEM_SET], 1000000);
    for (int round = 0; round < 3; round++) {
        assert_int_equal(fill(f, "s", 200000, 100), STORE_NO_MEMORY);
        print_message("%lld KiB of 8 MiB are elements and nodes\n",
                      (long long)count_of(f, STORE_BYTES) >> 10);
        assert_true(count_of(f, STORE_BYTES) > 6 << 20);
        assert_int_equal(store_delete(f->thread, "s", 1), STORE_OK);
        assert_int_equal(count_of(f, STORE_BYTES), 0);
        assert_int_equal(count_of(f, STORE_ITEMS), 0);
    }
    fixture_free(f);
}

static void a_collection_that_could_not_be_filled_is_as_it_was(void **state)
{
    struct fixture *f = fixture_new(4 << 20, false);
    struct shown shown;

    (void)state;
    atomic_store(&f->store->max_counts[ITEM_LIST], 1000000);
    create(f, ITEM_LIST, "l", -1);
    unsigned count = 0;
    while (push(f, "l", -1, "an element of a list that grows until there is no room") == STORE_OK)
        count++;
    assert_int_equal(range(f, "l", 0, -1, STORE_KEEP, &shown), STORE_OK);
    assert_int_equal(shown.elements, count);
    assert_int_equal(count_of(f, STORE_OUT_OF_MEMORY), 1);
    fixture_free(f);
}

/* Collections, values and large elements take turns, each needing what the last ones left. */
static void eviction_makes_room_whatever_lies_there(void **state)
{
    struct fixture *f = fixture_new(16 << 20, true);
    static char large[20000];
    char key[32];

    (void)state;
    memset(large, 'x', sizeof(large) - 1);
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < 150; i++) {
            snprintf(key, sizeof(key), "set%u-%u", round, i);
            assert_int_equal(fill(f, key, 1000, 100), STORE_OK);
        }
        for (unsigned i = 0; i < 60000; i++) {
            snprintf(key, sizeof(key), "value%u-%u", round, i);
            assert_int_equal(put(f, key, "a value of some forty bytes, or not quite"), STORE_OK);
        }
        for (unsigned i = 0; i < 1000; i++) {
            snprintf(key, sizeof(key), "list%u-%u", round, i % 10);
            create(f, ITEM_LIST, key, -1);
            enum store_result result = push(f, key, -1, large);
            assert_true(result == STORE_OK || result == STORE_NOT_FOUND);
        }
        struct store_totals totals;
        store_stats(f->store, &totals);
        assert_true(totals.memory_used_bytes <= 17 << 20);
        assert_true(totals.counts[STORE_BYTES] <= 16 << 20);
    }
    assert_true(count_of(f, STORE_EVICTIONS) > 50000);
    fixture_free(f);
}

static double milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void a_large_collection_is_freed_by_the_maintenance_thread(void **state)
{
    struct fixture *f = fixture_new(512 << 20, false);

    (void)state;
    atomic_store(&f->store->max_counts[ITEM_SET], 1000000);
    assert_int_equal(maintenance_start(f->store), 0);
    double before = milliseconds();
    assert_int_equal(fill(f, "s", 200000, 100), STORE_OK);
    double filling = milliseconds() - before;
    assert_int_equal(store_delete(f->thread, "s", 1), STORE_OK);
    double deleting = milliseconds() - before - filling;
    print_message("filling: %.3f ms, deleting: %.3f ms\n", filling, deleting);
    assert_true(deleting < filling / 50);
    assert_int_equal(count_of(f, STORE_BYTES), 0);
    maintenance_stop(f->store);
    memory_cache_flush(&f->store->memory, &f->thread->cache);
    assert_true(memory_used(&f->store->memory) < 4 << 20);
    fixture_free(f);
}

static void sticky_collections_grow_to_their_limit_only(void **state)
{
    struct fixture *f = fixture_new(16 << 20, true);
    const struct collection_attributes sticky = {.exptime = CLOCK_STICKY, .max_count = -1};
    struct store_totals totals;

    (void)state;
    assert_int_equal(store_create(f->thread, "s", 1, ITEM_SET, &sticky), STORE_OK);
    assert_int_equal(fill(f, "s", 100000, 100), STORE_NO_MEMORY);
    store_stats(f->store, &totals);
    assert_in_range(totals.sticky_bytes, 1000000, (1 << 20) + 8192);
    assert_int_equal(totals.counts[STORE_BYTES], totals.sticky_bytes);
    assert_int_equal(store_delete(f->thread, "s", 1), STORE_OK);
    store_stats(f->store, &totals);
    assert_int_equal(totals.sticky_bytes, 0);
    fixture_free(f);
}

struct worker {
    struct store *store;
    unsigned number;
};

static void *work(void *argument)
{
    const struct worker *worker = argument;
    struct fixture f = {.store = worker->store, .thread = store_attach(worker->store)};
    uint64_t random = worker->number;
    struct shown shown;

    for (unsigned i = 0; i < 30000; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        char key[8], value[64];
        snprintf(key, sizeof(key), "k%u", (unsigned)(random >> 33) % 8);
        snprintf(value, sizeof(value), "a value with number %u", (unsigned)(random >> 40) % 1000);
        switch ((random >> 20) % 8) {
        case 0:
            create(&f, (random >> 50) % 2 ? ITEM_SET : ITEM_LIST, key, 500);
            break;
        case 1:
            if ((random >> 50) % 64 == 0)
                store_delete(f.thread, key, strlen(key));
            break;
        case 2:
            range(&f, key, 0, 3, (random >> 50) % 2 ? STORE_DELETE : STORE_KEEP, &shown);
            break;
        case 3:
            set_delete(f.thread, key, strlen(key), value, strlen(value), STORE_DELETE_DROP);
            break;
        default:
            if (add(&f, key, value) == STORE_TYPE_MISMATCH)
                push(&f, key, (random >> 50) % 2 ? 0 : -1, value);
        }
    }
    store_detach(f.thread);
    return NULL;
}

static void threads_share_collections(void **state)
{
    struct fixture *f = fixture_new(4 << 20, true);
    struct worker workers[3];
    pthread_t threads[3];

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        workers[i] = (struct worker){.store = f->store, .number = i + 1};
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (unsigned i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    for (unsigned i = 0; i < 8; i++) {
        char key[8];
        snprintf(key, sizeof(key), "k%u", i);
        store_delete(f->thread, key, strlen(key));
    }
    assert_int_equal(count_of(f, STORE_ITEMS), 0);
    assert_int_equal(count_of(f, STORE_BYTES), 0);
    fixture_free(f);
}

/* A map whose fields "front" and "back" are raised in turns, the front first. */
struct raising {
    struct fixture *f;
    _Atomic bool stop;
};

static void *raise_both(void *argument)
{
    struct raising *raising = argument;
    struct fixture mine = {.store = raising->f->store, .thread = store_attach(raising->f->store)};
    char value[16];

    for (unsigned n = 1; !atomic_load(&raising->stop); n++) {
        snprintf(value, sizeof(value), "%u", n);
        assert_int_equal(map_write(&mine, MAP_UPDATE, "m", "front", value), STORE_REPLACED);
        assert_int_equal(map_write(&mine, MAP_UPDATE, "m", "back", value), STORE_REPLACED);
    }
    store_detach(mine.thread);
    return NULL;
}

struct sight {
    unsigned begins, count, elements, front, back;
};

static void see_begin(void *argument, uint32_t flags, uint32_t count)
{
    struct sight *sight = argument;

    (void)flags;
    *sight = (struct sight){.begins = sight->begins + 1, .count = count};
}

static void see_element(void *argument, const char *element, size_t len)
{
    struct sight *sight = argument;
    char text[16] = "";

    sight->elements++;
    struct map_field field = map_element(element, len, &element, &len);
    memcpy(text, element, len);
    if (field.len == 5 && !memcmp(field.at, "front", 5))
        sight->front = (unsigned)atoi(text);
    if (field.len == 4 && !memcmp(field.at, "back", 4))
        sight->back = (unsigned)atoi(text);
}

static void what_is_read_in_turns_is_one_state_of_the_collection(void **state)
{
    struct fixture *f = fixture_new(64 << 20, true);
    struct raising raising = {.f = f};
    struct sight sight = {.begins = 0};
    const struct store_reader reader = {
        .begin = see_begin, .element = see_element, .argument = &sight};
    char field[16];
    pthread_t thread;

    (void)state;
    create(f, ITEM_MAP, "m", 50000);
    map_write(f, MAP_INSERT, "m", "front", "0");
    map_write(f, MAP_INSERT, "m", "back", "0");
    for (unsigned i = 2; i < 20000; i++) {
        snprintf(field, sizeof(field), "f%u", i);
        map_write(f, MAP_INSERT, "m", field, "value");
    }
    assert_int_equal(pthread_create(&thread, NULL, raise_both, &raising), 0);
    for (unsigned round = 0; round < 30; round++) {
        assert_int_equal(map_get(f->thread, "m", 1, NULL, STORE_KEEP, &reader), STORE_OK);
        assert_int_equal(sight.elements, 20000);
        assert_int_equal(sight.count, 20000);
        assert_in_range(sight.front, sight.back, sight.back + 1);
    }
    atomic_store(&raising.stop, true);
    pthread_join(thread, NULL);
    print_message("30 reads began %u times\n", sight.begins);
    fixture_free(f);
}

static void many_elements_are_read_in_both_directions_and_removed(void **state)
{
    struct fixture *f = fixture_new(64 << 20, true);
    struct shown *shown = calloc(1, sizeof(*shown));
    char value[16];

    (void)state;
    create(f, ITEM_LIST, "l", 50000);
    create(f, ITEM_SET, "s", 50000);
    for (unsigned i = 0; i < 10000; i++) {
        snprintf(value, sizeof(value), "%u", i);
        assert_int_equal(push(f, "l", -1, value), STORE_OK);
        assert_int_equal(add(f, "s", value), STORE_OK);
    }
    assert_int_equal(range(f, "l", 0, -1, STORE_KEEP, shown), STORE_OK);
    assert_int_equal(shown->elements, 10000);
    assert_memory_equal(shown->text, "0 1 2 3 ", 8);
    assert_int_equal(range(f, "l", -1, 0, STORE_KEEP, shown), STORE_OK);
    assert_int_equal(shown->elements, 10000);
    assert_memory_equal(shown->text, "9999 9998 ", 10);
    assert_int_equal(range(f, "l", 1, -2, STORE_DELETE, shown), STORE_OK);
    assert_int_equal(shown->elements, 9998);
    assert_int_equal(range(f, "l", 0, -1, STORE_KEEP, shown), STORE_OK);
    assert_string_equal(shown->text, "0 9999");
    const struct store_reader reader = reader_of(shown);
    assert_int_equal(set_get(f->thread, "s", 1, 900, STORE_DELETE, &reader), STORE_OK);
    assert_int_equal(shown->elements, 900);
    shown->elements = 0;
    assert_int_equal(set_get(f->thread, "s", 1, 0, STORE_DELETE_DROP, &reader), STORE_DROPPED);
    assert_int_equal(shown->elements, 9100);
    assert_int_equal(count_of(f, STORE_ITEMS), 1);
    free(shown);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_that_is_full_refuses_elements_and_takes_them_after_a_deletion),
        cmocka_unit_test(a_collection_that_could_not_be_filled_is_as_it_was),
        cmocka_unit_test(eviction_makes_room_whatever_lies_there),
        cmocka_unit_test(a_large_collection_is_freed_by_the_maintenance_thread),
        cmocka_unit_test(sticky_collections_grow_to_their_limit_only),
        cmocka_unit_test(threads_share_collections),
        cmocka_unit_test(what_is_read_in_turns_is_one_state_of_the_collection),
        cmocka_unit_test(many_elements_are_read_in_both_directions_and_removed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
