#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "cacheserver/store/memory.h"

#define LIMIT ((size_t)4 << 20)

struct fixture {
    struct memory memory;
    struct memory_cache cache;
};

static int set_up(void **state)
{
    struct fixture *f = aligned_alloc(64, (sizeof(*f) + 63) / 64 * 64);

    memset(f, 0, sizeof(*f));
    memory_init(&f->memory, LIMIT);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    memory_deinit(&f->memory);
    free(f);
    return 0;
}

static size_t bytes_in_use(struct fixture *f)
{
    size_t free;
    size_t pages = memory_in_pages(&f->memory, &free);

    return pages - free * MEMORY_PAGE_BYTES;
}

static void objects_of_every_size_hold_their_bytes(void **state)
{
    struct fixture *f = *state;

    for (size_t size = 1; size <= MEMORY_OBJECT_MAX; size += 1 + size / 50) {
        char *object = memory_alloc(&f->memory, &f->cache, size);
        assert_non_null(object);
        assert_int_equal((uintptr_t)object % 8, 0);
        assert_true(memory_rounded(&f->memory, size) >= size);
        memset(object, 0xa5, size);
        memory_free(&f->memory, &f->cache, object);
        memory_cache_flush(&f->memory, &f->cache);
    }
}

static void an_object_freed_by_its_size_serves_that_size_again(void **state)
{
    struct fixture *f = *state;

    for (size_t size = 1; size <= MEMORY_OBJECT_MAX; size += 1 + size / 50) {
        char *object = memory_alloc(&f->memory, &f->cache, size);
        assert_non_null(object);
        memory_free_sized(&f->memory, &f->cache, object, size);
        assert_ptr_equal(memory_alloc(&f->memory, &f->cache, size), object);
        memory_free_sized(&f->memory, &f->cache, object, memory_rounded(&f->memory, size));
        memory_cache_flush(&f->memory, &f->cache);
        assert_int_equal(bytes_in_use(f), 0);
    }
}

static size_t resident_bytes(void *const *objects, size_t count, size_t size)
{
    size_t resident = 0;

    for (size_t i = 0; i < count; i++) {
        unsigned char in_core[1];
        for (size_t at = 0; at < size; at += 4096) {
            assert_int_equal(mincore((char *)objects[i] + at, 4096, in_core), 0);
            resident += in_core[0] & 1 ? 4096 : 0;
        }
    }
    return resident;
}

static void most_of_what_is_freed_goes_back_to_the_system(void **state)
{
    struct fixture *f = *state;
    void *objects[LIMIT / 16384];
    const size_t count = sizeof(objects) / sizeof(objects[0]);

    for (unsigned round = 0; round < 2; round++) {
        for (size_t i = 0; i < count; i++) {
            objects[i] = memory_alloc(&f->memory, &f->cache, 16384);
            assert_non_null(objects[i]);
            memset(objects[i], 0xa5, 16384);
        }
        assert_int_equal(resident_bytes(objects, count, 16384), LIMIT);
        for (size_t i = 0; i < count; i++)
            memory_free(&f->memory, &f->cache, objects[i]);
        memory_cache_flush(&f->memory, &f->cache);
        assert_int_equal(bytes_in_use(f), 0);
        assert_in_range(resident_bytes(objects, count, 16384), LIMIT / 8, LIMIT / 2);
    }
}

static bool system_gives_memory_ahead(void)
{
    void *at =
        mmap(NULL, MEMORY_PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    assert_ptr_not_equal(at, MAP_FAILED);
    memory_populate(at, MEMORY_PAGE_BYTES);
    bool given = resident_bytes(&at, 1, MEMORY_PAGE_BYTES) == MEMORY_PAGE_BYTES;
    munmap(at, MEMORY_PAGE_BYTES);
    return given;
}

static void pages_have_memory_before_they_are_taken(void **state)
{
    struct fixture *f = *state;

    if (!system_gives_memory_ahead())
        skip();
    atomic_store(&f->memory.limit_bytes, (size_t)64 << 20);
    for (size_t i = 0; i < 600; i++) {
        memory_ready(&f->memory);
        void *object = memory_alloc(&f->memory, &f->cache, MEMORY_OBJECT_MAX);
        assert_non_null(object);
        assert_int_equal(resident_bytes(&object, 1, MEMORY_OBJECT_MAX), MEMORY_OBJECT_MAX);
    }
    assert_true(atomic_load(&f->memory.ready_count) <= 600 + 64);
}

static void trim_all(struct fixture *f)
{
    for (unsigned i = 0; i < f->memory.class_count; i++)
        memory_cache_trim(&f->memory, &f->cache);
}

static void sizes_that_a_thread_uses_no_more_keep_no_page(void **state)
{
    struct fixture *f = *state;

    memory_free(&f->memory, &f->cache, memory_alloc(&f->memory, &f->cache, 100));
    for (unsigned round = 0; round < 3; round++) {
        memory_free(&f->memory, &f->cache, memory_alloc(&f->memory, &f->cache, 2000));
        trim_all(f);
    }
    assert_int_equal(bytes_in_use(f), MEMORY_PAGE_BYTES);
    assert_non_null(memory_alloc_at_hand(&f->memory, &f->cache, 2000));
    memory_cache_flush(&f->memory, &f->cache);
}

static void rounding_wastes_little(void **state)
{
    struct fixture *f = *state;

    for (size_t size = 24; size <= 256; size++)
        assert_true(memory_rounded(&f->memory, size) - size < 8);
    for (size_t size = 257; size <= 4096; size++)
        assert_true(memory_rounded(&f->memory, size) - size < size / 15 + 16);
    for (size_t size = 4097; size <= 8192; size++)
        assert_true(memory_rounded(&f->memory, size) - size < size / 7);
    for (size_t size = 1024; size <= MEMORY_OBJECT_MAX; size++)
        assert_true(MEMORY_PAGE_BYTES % memory_rounded(&f->memory, size) < 512);
    assert_int_equal(memory_rounded(&f->memory, MEMORY_OBJECT_MAX), MEMORY_OBJECT_MAX);
}

static void the_limit_is_kept_and_what_is_freed_can_be_had_again(void **state)
{
    struct fixture *f = *state;
    static void *objects[8192];
    size_t count = 0;

    for (int round = 0; round < 3; round++) {
        count = 0;
        while ((objects[count] = memory_alloc(&f->memory, &f->cache, 1000)))
            count++;
        assert_true(memory_used(&f->memory) <= LIMIT);
        assert_true(count * 1000 > LIMIT * 9 / 10);
        for (size_t i = 0; i < count; i++)
            memory_free(&f->memory, &f->cache, objects[i]);
    }
    memory_cache_flush(&f->memory, &f->cache);
    assert_int_equal(memory_used(&f->memory), 0);
    assert_int_equal(bytes_in_use(f), 0);
    assert_non_null(memory_alloc(&f->memory, &f->cache, 16000));
}

/* All of the page that does not count. */
static void take_first_page(struct fixture *f, size_t size)
{
    for (size_t n = MEMORY_PAGE_BYTES / memory_rounded(&f->memory, size); n > 0; n--)
        assert_non_null(memory_alloc(&f->memory, &f->cache, size));
}

static void the_first_page_of_a_size_does_not_count(void **state)
{
    static const size_t sizes[] = {30, 700, MEMORY_OBJECT_MAX};
    struct fixture *f = *state;
    void *objects[3];

    memory_note_extra(&f->memory, LIMIT);
    for (size_t i = 0; i < 3; i++) {
        assert_true(memory_may_grow(&f->memory, sizes[i]));
        assert_non_null(objects[i] = memory_alloc(&f->memory, &f->cache, sizes[i]));
        assert_false(memory_may_grow(&f->memory, sizes[i]));
    }
    assert_int_equal(memory_used(&f->memory), LIMIT);
    memory_note_extra(&f->memory, -MEMORY_PAGE_BYTES);
    void *second = memory_alloc(&f->memory, &f->cache, MEMORY_OBJECT_MAX);
    assert_non_null(second);
    assert_int_equal(memory_used(&f->memory), LIMIT);
    memory_free(&f->memory, &f->cache, second);
    for (size_t i = 0; i < 3; i++)
        memory_free(&f->memory, &f->cache, objects[i]);
    memory_cache_flush(&f->memory, &f->cache);
    assert_int_equal(memory_used(&f->memory), LIMIT - MEMORY_PAGE_BYTES);
    assert_int_equal(bytes_in_use(f), 0);
}

static void the_table_counts_against_the_limit(void **state)
{
    struct fixture *f = *state;

    memory_note_extra(&f->memory, LIMIT);
    take_first_page(f, 64);
    assert_null(memory_alloc(&f->memory, &f->cache, 64));
    void *object = memory_alloc_beyond_limit(&f->memory, &f->cache, 64);
    assert_non_null(object);
    assert_int_equal((uintptr_t)object % 64, 0);
}

static void what_is_at_hand_takes_no_page(void **state)
{
    struct fixture *f = *state;

    assert_null(memory_alloc_at_hand(&f->memory, &f->cache, 1000));
    assert_int_equal(bytes_in_use(f), 0);
    void *object = memory_alloc(&f->memory, &f->cache, 1000);
    assert_non_null(memory_alloc_at_hand(&f->memory, &f->cache, 1000));
    memory_free(&f->memory, &f->cache, object);
    assert_ptr_equal(memory_alloc_at_hand(&f->memory, &f->cache, 1000), object);
    assert_int_equal(bytes_in_use(f), MEMORY_PAGE_BYTES);
    memory_note_extra(&f->memory, LIMIT - MEMORY_PAGE_BYTES);
    assert_true(memory_may_grow(&f->memory, 1000));
    memory_note_extra(&f->memory, 1);
    assert_false(memory_may_grow(&f->memory, 1000));
}

static void objects_taken_and_free_pages_are_counted(void **state)
{
    struct fixture *f = *state;
    unsigned id = f->memory.class_of[1000 / 8];
    void *objects[100];
    size_t free;

    for (size_t i = 0; i < 100; i++)
        objects[i] = memory_alloc(&f->memory, &f->cache, 1000);
    assert_int_equal(f->memory.classes[id].taken - memory_cached(&f->cache, id), 100);
    for (size_t i = 0; i < 100; i++)
        memory_free(&f->memory, &f->cache, objects[i]);
    assert_int_equal(f->memory.classes[id].taken, memory_cached(&f->cache, id));
    assert_true(memory_cached(&f->cache, id) > 0);
    memory_cache_flush(&f->memory, &f->cache);
    assert_int_equal(f->memory.classes[id].taken, 0);
    assert_int_equal(memory_in_pages(&f->memory, &free), 2 * MEMORY_PAGE_BYTES);
    assert_int_equal(free, 2);
}

static void drain(struct fixture *f, bool sized)
{
    static char *objects[65536];
    size_t count = 0;

    take_first_page(f, 5000);
    while ((objects[count] = memory_alloc(&f->memory, &f->cache, 100)))
        count++;
    assert_null(memory_alloc(&f->memory, &f->cache, 5000));
    struct memory_page *page = memory_drain_begin(&f->memory, 5000, false, 12345);
    assert_non_null(page);
    char *base = memory_page_base(page);
    assert_int_equal(memory_page_object_bytes(&f->memory, page), 104);
    for (size_t i = 0; i < count; i++)
        if (objects[i] >= base && objects[i] < base + MEMORY_PAGE_BYTES)
            sized ? memory_free_sized(&f->memory, &f->cache, objects[i], 100)
                  : memory_free(&f->memory, &f->cache, objects[i]);
    memory_drain_end(&f->memory, page);
    assert_non_null(memory_alloc(&f->memory, &f->cache, 5000));
}

static void a_drained_page_serves_another_size(void **state)
{
    drain(*state, false);
}

static void a_page_is_drained_by_what_is_freed_by_its_size(void **state)
{
    drain(*state, true);
}

struct job {
    struct memory *memory;
    unsigned seed;
};

static void *allocate_and_free(void *argument)
{
    struct job *job = argument;
    static const size_t sizes[] = {30, 144, 700, 5000, 16000};
    struct memory_cache cache = {0};
    char *held[64] = {0};

    for (unsigned i = 0; i < 20000; i++) {
        unsigned slot = (job->seed = job->seed * 1103515245 + 12345) >> 16 & 63;
        size_t size = sizes[slot % 5];
        if (held[slot]) {
            assert_int_equal(held[slot][0], (char)slot);
            assert_int_equal(held[slot][size - 1], (char)slot);
            memory_free_sized(job->memory, &cache, held[slot], size);
        }
        held[slot] = memory_alloc(job->memory, &cache, size);
        if (held[slot])
            memset(held[slot], (int)slot, size);
    }
    for (unsigned slot = 0; slot < 64; slot++)
        if (held[slot])
            memory_free(job->memory, &cache, held[slot]);
    memory_cache_flush(job->memory, &cache);
    return NULL;
}

static void threads_do_not_get_each_others_objects(void **state)
{
    struct fixture *f = *state;
    pthread_t threads[4];
    struct job jobs[4];

    for (unsigned i = 0; i < 4; i++) {
        jobs[i] = (struct job){&f->memory, i + 1};
        assert_int_equal(pthread_create(&threads[i], NULL, allocate_and_free, &jobs[i]), 0);
    }
    for (unsigned i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(memory_used(&f->memory), 0);
    assert_int_equal(bytes_in_use(f), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(objects_of_every_size_hold_their_bytes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_object_freed_by_its_size_serves_that_size_again, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(most_of_what_is_freed_goes_back_to_the_system, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(pages_have_memory_before_they_are_taken, set_up, tear_down),
        cmocka_unit_test_setup_teardown(sizes_that_a_thread_uses_no_more_keep_no_page, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(rounding_wastes_little, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_limit_is_kept_and_what_is_freed_can_be_had_again,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_first_page_of_a_size_does_not_count, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_table_counts_against_the_limit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_at_hand_takes_no_page, set_up, tear_down),
        cmocka_unit_test_setup_teardown(objects_taken_and_free_pages_are_counted, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_drained_page_serves_another_size, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_page_is_drained_by_what_is_freed_by_its_size, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(threads_do_not_get_each_others_objects, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
