/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include "tests/unit/cacheserver/store/tree_fixture.h"

int allocations_until_failure;
void *__real_memory_alloc(struct memory *memory, struct memory_cache *cache, size_t size);
void *__wrap_memory_alloc(struct memory *memory, struct memory_cache *cache, size_t size);

void *__wrap_memory_alloc(struct memory *memory, struct memory_cache *cache, size_t size)
{
    if (allocations_until_failure > 0 && --allocations_until_failure == 0)
        return NULL;
    return __real_memory_alloc(memory, cache, size);
}

static const struct tree_order by_position = {0};
static const struct tree_order by_hash = {.tagged = true};

static uint64_t first_eight(const char *element, size_t len)
{
    uint64_t key = 0;

    for (size_t i = 0; i < 8; i++)
        key = key << 8 | (i < len ? (unsigned char)element[i] : 0);
    return key;
}
static const struct tree_order by_bytes = {.key = first_eight};

static int compare_bytes(const void *argument, const char *element, size_t len)
{
    const struct model *sought = argument;
    int order = memcmp(element, sought->bytes, len < sought->len ? len : sought->len);
    return order ? order : (len > sought->len) - (len < sought->len);
}

/* Sizes like those that clients use: mostly alike, now and then one that fills leaves alone. */
static size_t draw_len(struct tree_fixture *f)
{
    switch (draw(f, 16)) {
    case 0:
        return 0;
    case 1:
        return draw(f, 4000);
    case 2:
        return draw(f, 8) ? draw(f, 300) : draw(f, TREE_ELEMENT_MAX + 1);
    default:
        return 20 + draw(f, 100);
    }
}

static void insert_at(struct tree_fixture *f, struct tree_cursor *cursor, uint64_t key,
                      const char *bytes, size_t len)
{
    uint32_t rank = tree_rank(cursor);
    char *place = tree_insert(cursor, &f->room, key, len);

    assert_non_null(place);
    memcpy(place, bytes, len);
    assert_int_equal(tree_rank(cursor), rank);
    model_insert(f, rank, bytes, len, key);
}

static void insert_random_at_rank(struct tree_fixture *f, uint32_t rank, size_t len)
{
    static char bytes[TREE_ELEMENT_MAX];
    struct tree_cursor cursor;

    fill_random(f, bytes, len);
    tree_seek_rank(&f->tree, rank, &cursor);
    assert_int_equal(tree_rank(&cursor), rank);
    insert_at(f, &cursor, 0, bytes, len);
}

static void remove_at_rank(struct tree_fixture *f, uint32_t rank, uint32_t n)
{
    struct tree_cursor cursor;

    tree_seek_rank(&f->tree, rank, &cursor);
    tree_remove(&cursor, &f->room, n);
    assert_int_equal(tree_rank(&cursor), rank);
    model_remove(f, rank, n);
}

static void replace_at_rank(struct tree_fixture *f, uint32_t rank, size_t len)
{
    struct tree_cursor cursor;
    struct model *model = &f->model[rank];
    const char *element;
    size_t old_len;

    tree_seek_rank(&f->tree, rank, &cursor);
    assert_true(tree_get(&cursor, &element, &old_len));
    char *place = tree_replace(&cursor, &f->room, model->key, len);
    assert_non_null(place);
    assert_int_equal(tree_rank(&cursor), rank);
    model->bytes = realloc(model->bytes, len + 1);
    model->len = len;
    fill_random(f, model->bytes, len);
    memcpy(place, model->bytes, len);
}

static void a_tree_by_position_does_what_an_array_does(void **state)
{
    struct tree_fixture *f = tree_fixture_new(&by_position);

    (void)state;
    for (int i = 0; i < 30000; i++) {
        unsigned what = (unsigned)draw(f, 100);
        unsigned inserts = i / 5000 % 2 ? 30 : 70; /* it grows, then shrinks, then grows */
        if (what < inserts || f->count == 0) {
            insert_random_at_rank(f, (uint32_t)draw(f, f->count + 1), draw_len(f));
        } else if (what < inserts + 10) {
            replace_at_rank(f, (uint32_t)draw(f, f->count), draw_len(f));
        } else {
            uint32_t rank = (uint32_t)draw(f, f->count);
            uint32_t most = f->count - rank;
            uint32_t run = draw(f, 200) ? 1 : (uint32_t)draw(f, most) + 1;
            remove_at_rank(f, rank, run);
        }
        if (i % 100 == 0)
            assert_same(f);
    }
    assert_same(f);
    while (tree_free_some(&f->tree, &f->room, 1000))
        continue;
    assert_int_equal(f->tree.bytes, 0);
    tree_fixture_free(f);
}

/* Looks the model's element up; only those of equal keys are compared. */
static bool seek_model(struct tree_fixture *f, struct model *model, struct tree_cursor *cursor)
{
    struct tree_sought sought = {.key = model->key, .compare = compare_bytes, .argument = model};
    return tree_seek(&f->tree, &sought, cursor);
}

static void put_ordered(struct tree_fixture *f, char *bytes, size_t len, uint64_t key)
{
    struct model model = {.bytes = bytes, .len = len, .key = key};
    struct tree_cursor cursor;

    if (!seek_model(f, &model, &cursor)) {
        insert_at(f, &cursor, key, bytes, len);
        return;
    }
    uint32_t rank = tree_rank(&cursor);
    assert_int_equal(f->model[rank].len, len);
    assert_memory_equal(f->model[rank].bytes, bytes, len);
}

static void check_order(struct tree_fixture *f)
{
    assert_same(f);
    for (uint32_t i = 0; i + 1 < f->count; i++) {
        struct model *a = &f->model[i], *b = &f->model[i + 1];
        assert_true(a->key < b->key ||
                    (a->key == b->key && compare_bytes(b, a->bytes, a->len) < 0));
    }
    for (uint32_t i = 0; i < f->count; i++) {
        struct tree_cursor cursor;
        assert_true(seek_model(f, &f->model[i], &cursor));
        assert_int_equal(tree_rank(&cursor), i);
    }
}

static void elements_whose_first_eight_bytes_are_equal_are_told_apart(void **state)
{
    struct tree_fixture *f = tree_fixture_new(&by_bytes);

    (void)state;
    for (int i = 0; i < 20000; i++) {
        char bytes[200];
        size_t len = 8 + draw(f, 150);
        fill_random(f, bytes, len);
        memcpy(bytes, "abcdefgh", 8);
        if (draw(f, 3) == 0)
            bytes[7] = (char)('a' + draw(f, 4));
        if (draw(f, 100) < (i < 10000 ? 70 : 40) || f->count == 0)
            put_ordered(f, bytes, len, first_eight(bytes, len));
        else
            remove_at_rank(f, (uint32_t)draw(f, f->count), 1);
        if (i % 1000 == 0)
            check_order(f);
    }
    check_order(f);
    tree_fixture_free(f);
}

static void tags_find_their_elements_even_when_many_are_equal(void **state)
{
    (void)state;
    for (uint32_t tags = 3; tags < 1u << TREE_TAG_BITS; tags *= 97) {
        struct tree_fixture *f = tree_fixture_new(&by_hash);
        for (int i = 0; i < 5000; i++) {
            char bytes[200];
            size_t len = draw(f, 200);
            fill_random(f, bytes, len);
            if (draw(f, 100) < 65 || f->count == 0)
                put_ordered(f, bytes, len, tree_key_of_tag((uint32_t)draw(f, tags)));
            else
                remove_at_rank(f, (uint32_t)draw(f, f->count), 1);
            if (i % 1000 == 0)
                check_order(f);
        }
        check_order(f);
        tree_fixture_free(f);
    }
}

static void a_tag_is_found_without_comparing(void **state)
{
    struct tree_fixture *f = tree_fixture_new(&by_hash);

    (void)state;
    for (uint32_t tag = 0; tag < 4000; tag += 2) {
        char byte = (char)tag;
        for (int twice = 0; twice < 2; twice++) {
            struct tree_sought sought = {.key = tree_key_of_tag(tag)};
            struct tree_cursor cursor;
            assert_int_equal(tree_seek(&f->tree, &sought, &cursor), twice);
            insert_at(f, &cursor, sought.key, &byte, 1);
        }
    }
    for (uint32_t tag = 0; tag < 4000; tag++) {
        struct tree_sought sought = {.key = tree_key_of_tag(tag)};
        struct tree_cursor cursor;
        assert_int_equal(tree_seek(&f->tree, &sought, &cursor), tag % 2 == 0);
        assert_int_equal(tree_rank(&cursor), (tag + 1) / 2 * 2);
        if (tag % 2 == 0)
            assert_int_equal(tree_tag(&cursor), tag);
    }
    tree_fixture_free(f);
}

/* Every insertion is first tried with its first, second, ... allocation failing. */
static void what_cannot_be_allocated_changes_nothing(void **state)
{
    struct tree_fixture *f = tree_fixture_new(&by_position);

    (void)state;
    for (int i = 0; i < 3000; i++) {
        uint32_t rank = i % 3 ? (uint32_t)draw(f, f->count + 1) : f->count;
        size_t len = draw_len(f), bytes = f->tree.bytes;
        char *place = NULL;
        struct tree_cursor cursor;
        tree_seek_rank(&f->tree, rank, &cursor);
        for (int k = 1; !place; k++) {
            allocations_until_failure = k;
            f->room.wanted = 0;
            place = tree_insert(&cursor, &f->room, 0, len);
            if (!place) {
                assert_true(f->room.wanted > 0);
                assert_int_equal(f->tree.bytes, bytes);
                assert_int_equal(tree_rank(&cursor), rank);
                tree_check(&f->tree, &f->room);
            }
        }
        allocations_until_failure = 0;
        char *filled = calloc(1, len + 1);
        memcpy(place, filled, len);
        model_insert(f, rank, filled, len, 0);
        free(filled);
        if (i % 50 == 0)
            assert_same(f);
    }
    tree_fixture_free(f);
}

static void removal_works_without_any_memory(void **state)
{
    struct tree_fixture *f = tree_fixture_new(&by_position);

    (void)state;
    for (int i = 0; i < 20000; i++)
        insert_random_at_rank(f, (uint32_t)draw(f, f->count + 1), 20 + draw(f, 100));
    while (f->count > 0) {
        allocations_until_failure = 1;
        remove_at_rank(f, (uint32_t)draw(f, f->count), 1);
        if (f->count % 1000 == 0)
            assert_same(f);
    }
    assert_int_equal(f->tree.bytes, 0);
    tree_fixture_free(f);
}

static unsigned free_branches(struct tree_fixture *f)
{
    struct tree_inner *branch;
    unsigned count = 0;

    for (; (branch = tree_take_branch(&f->room)); count++)
        while (tree_free_branch(branch, &f->room, 10))
            continue;
    return count;
}

static void many_elements_are_cut_off_in_a_few_branches(void **state)
{
    struct tree_fixture *f = tree_fixture_new(&by_position);
    size_t free_pages;

    (void)state;
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 100000; i++)
            insert_random_at_rank(f, f->count, 100);
        while (f->count > 0) {
            uint32_t rank = round == 0 ? 0 : (uint32_t)draw(f, f->count / 2 + 1);
            uint32_t n = round == 0 ? f->count : 1 + (uint32_t)draw(f, f->count - rank);
            remove_at_rank(f, rank, n);
            assert_same(f);
            assert_in_range(free_branches(f), 0, 200);
        }
        assert_int_equal(f->tree.bytes, 0);
        memory_cache_flush(&f->memory, &f->cache);
        size_t in_pages = memory_in_pages(&f->memory, &free_pages);
        assert_int_equal(in_pages, free_pages * MEMORY_PAGE_BYTES);
    }
    tree_fixture_free(f);
}

static void a_replacement_that_finds_no_memory_keeps_the_old_bytes(void **state)
{
    struct tree_fixture *f = tree_fixture_new(&by_position);
    struct tree_cursor cursor;

    (void)state;
    for (int i = 0; i < 500; i++)
        insert_random_at_rank(f, f->count, 100);
    for (uint32_t rank = 0; rank < f->count; rank += 7) {
        tree_seek_rank(&f->tree, rank, &cursor);
        allocations_until_failure = 1;
        assert_null(tree_replace(&cursor, &f->room, 0, 10000));
        assert_same(f);
        replace_at_rank(f, rank, 10000);
        assert_same(f);
    }
    tree_fixture_free(f);
}

static double bytes_per_element(const struct tree_fixture *f)
{
    return (double)f->tree.bytes / f->tree.count;
}

static void insert_by_hash(struct tree_fixture *f, const char *bytes, size_t len)
{
    struct tree_sought sought = {.key = tree_key_of_tag((uint32_t)draw(f, 1u << TREE_TAG_BITS))};
    struct tree_cursor cursor;

    tree_seek(&f->tree, &sought, &cursor);
    char *place = tree_insert(&cursor, &f->room, sought.key, len);
    assert_non_null(place);
    memcpy(place, bytes, len);
}

static void an_insertion_among_hashes_often_finds_room(void **state)
{
    struct tree_fixture *f = tree_fixture_new(&by_hash);
    const int most = 1000000, insertions = 100000;
    char bytes[100] = {0};

    (void)state;
    allocations_until_failure = most;
    for (int i = 0; i < insertions; i++)
        insert_by_hash(f, bytes, sizeof(bytes));
    int allocations = most - allocations_until_failure;
    allocations_until_failure = 0;
    print_message("%d insertions, %d allocations\n", insertions, allocations);
    assert_true(allocations < insertions / 4 * 3);
    tree_fixture_free(f);
}

static void a_million_elements_are_packed_tightly(void **state)
{
    const struct tree_order *orders[] = {&by_position, &by_hash};
    char bytes[100] = {0};

    (void)state;
    for (size_t o = 0; o < 2; o++) {
        struct tree_fixture *f = tree_fixture_new(orders[o]);
        for (uint32_t i = 0; i < 1000000; i++) {
            struct tree_cursor cursor;
            if (o == 1) {
                insert_by_hash(f, bytes, sizeof(bytes));
                continue;
            }
            tree_seek_rank(&f->tree, f->tree.count, &cursor);
            char *place = tree_insert(&cursor, &f->room, 0, sizeof(bytes));
            assert_non_null(place);
            memcpy(place, bytes, sizeof(bytes));
        }
        tree_check(&f->tree, &f->room);
        double used = (double)memory_used(&f->memory) / f->tree.count;
        print_message("bytes per element of 100: %.1f in nodes, %.1f in pages\n",
                      bytes_per_element(f), used);
        assert_true(used < 115);
        unsigned steps = 0;
        while (tree_free_some(&f->tree, &f->room, 1000))
            steps++;
        assert_in_range(steps, 20, 60);
        assert_int_equal(f->tree.bytes, 0);
        tree_fixture_free(f);
    }
}

static void a_queue_does_not_spread_out(void **state)
{
    struct tree_fixture *f = tree_fixture_new(&by_position);

    (void)state;
    for (int i = 0; i < 20000; i++) {
        insert_random_at_rank(f, 0, 100);
        if (f->count > 1000)
            remove_at_rank(f, f->count - 1, 1);
    }
    assert_same(f);
    assert_true(bytes_per_element(f) < 115);
    tree_fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tree_by_position_does_what_an_array_does),
        cmocka_unit_test(elements_whose_first_eight_bytes_are_equal_are_told_apart),
        cmocka_unit_test(tags_find_their_elements_even_when_many_are_equal),
        cmocka_unit_test(a_tag_is_found_without_comparing),
        cmocka_unit_test(what_cannot_be_allocated_changes_nothing),
        cmocka_unit_test(removal_works_without_any_memory),
        cmocka_unit_test(many_elements_are_cut_off_in_a_few_branches),
        cmocka_unit_test(a_replacement_that_finds_no_memory_keeps_the_old_bytes),
        cmocka_unit_test(an_insertion_among_hashes_often_finds_room),
        cmocka_unit_test(a_million_elements_are_packed_tightly),
        cmocka_unit_test(a_queue_does_not_spread_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
