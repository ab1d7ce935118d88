#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cacheserver/store/removal.h"
#include "cacheserver/store/walk.h"
#include "tests/unit/cacheserver/store/collection_fixture.h"
#include "tests/unit/cacheserver/store/tree_check.h"

#define ELEMENTS 20000

struct trial {
    struct fixture *f;
    bool falling;
    unsigned one_in;
    bool gone[ELEMENTS];
    uint32_t removed;
};

static void remove_some(struct item *item, void *argument)
{
    struct trial *trial = argument;
    struct store_thread *thread = trial->f->thread;
    struct removal removal = {.count = 0};
    struct collection_access access = {
        .thread = thread,
        .item = item,
        .collection = item_collection(item),
        .room = {.memory = &thread->store->memory, .cache = &thread->cache, .owner = item}};

    assert_true(removal_add(&removal, 7));
    removal_clear(&removal);
    for (uint32_t i = 0; i < ELEMENTS; i++) {
        uint32_t rank = trial->falling ? ELEMENTS - 1 - i : i;
        if (store_random(thread) % trial->one_in)
            continue;
        trial->gone[rank] = true;
        assert_true(removal_add(&removal, rank));
        assert_true(removal_add(&removal, rank));
    }
    trial->removed = removal_apply(&removal, &access);
    assert_int_equal(removal_apply(&removal, &access), 0);
    tree_check(&access.collection->tree, &access.room);
    store_put_aside(thread, &access.room);
    removal_free(&removal);
}

/* The elements are their ranks of before. */
struct left {
    const struct trial *trial;
    uint32_t next;
};

static void check_element(const char *bytes, size_t len, void *argument)
{
    struct left *left = argument;
    uint32_t rank;

    assert_int_equal(len, 100);
    memcpy(&rank, bytes, sizeof(rank));
    while (left->trial->gone[left->next])
        left->next++;
    assert_int_equal(rank, left->next++);
}

static void check_left(struct item *item, void *argument)
{
    struct trial *trial = argument;
    struct left left = {.trial = trial};
    size_t bytes;

    assert_int_equal(walk_element_count(item, &bytes), ELEMENTS - trial->removed);
    walk_elements(item, 0, SIZE_MAX, check_element, &left);
    while (left.next < ELEMENTS && trial->gone[left.next])
        left.next++;
    assert_int_equal(left.next, ELEMENTS);
}

static void try_removal(struct fixture *f, bool falling, unsigned one_in)
{
    static struct trial trial;
    char element[100] = {0};
    const struct collection_attributes attributes = {.max_count = -1};
    struct list_insert insert = {
        .index = -1, .value = element, .value_len = sizeof(element), .create = &attributes};

    for (uint32_t rank = 0; rank < ELEMENTS; rank++) {
        memcpy(element, &rank, sizeof(rank));
        assert_true(list_insert(f->thread, "l", 1, &insert) <= STORE_CREATED_OK);
    }
    trial = (struct trial){.f = f, .falling = falling, .one_in = one_in};
    assert_true(walk_collection(f->thread, "l", 1, remove_some, &trial));
    store_free_dropped(f->thread);
    assert_true(walk_collection(f->thread, "l", 1, check_left, &trial));
    assert_int_equal(store_delete(f->thread, "l", 1), STORE_OK);
}

static void what_was_found_goes_and_the_rest_stays(void **state)
{
    struct fixture *f = fixture_new(64 << 20, false);

    (void)state;
    atomic_store(&f->store->max_counts[ITEM_LIST], 1000000);
    for (int falling = 0; falling < 2; falling++)
        for (unsigned one_in = 1; one_in <= ELEMENTS; one_in *= 3)
            try_removal(f, falling, one_in);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_found_goes_and_the_rest_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
