#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "cacheserver/store/btree_element.h"
#include "tests/unit/cacheserver/store/btree_model.h"
#include "tests/unit/cacheserver/store/fixture.h"
#include "tests/unit/cacheserver/store/tree_check.h"

/* A b+tree, and a plain model of it to which the same is done. */
struct pair {
    struct fixture *base;
    struct model model;
};

static struct bkey bkey_of(const struct pair *p, unsigned number)
{
    unsigned char bytes[13] = "same be";
    struct bkey bkey;

    if (p->model.hex) {
        bytes[7] = (unsigned char)(number >> 8);
        bytes[8] = (unsigned char)number;
        bkey_set_bytes(&bkey, BKEY_HEX, bytes, 9);
    } else {
        bkey_set_number(&bkey, number);
    }
    return bkey;
}

static unsigned number_of(const struct btree_element *element)
{
    if (element->kind == BKEY_HEX)
        return (unsigned)element->bkey[7] << 8 | element->bkey[8];
    return (unsigned)bkey_order(BKEY_NUMBER, element->bkey, element->bkey_len);
}

static struct bkey_range range_of(const struct pair *p, unsigned from, unsigned to)
{
    return (struct bkey_range){
        .from = bkey_of(p, from), .to = bkey_of(p, to), .single = from == to};
}

static struct pair *pair_new(enum collection_overflow overflow, unsigned max_count, bool hex)
{
    struct pair *p = calloc(1, sizeof(*p));
    const struct collection_attributes attributes = {
        .flags = 5, .max_count = (int32_t)max_count, .overflow = overflow};

    p->base = fixture_new((size_t)64 << 20, true);
    p->model = (struct model){.overflow = overflow, .max_count = max_count, .hex = hex};
    assert_int_equal(store_create(p->base->thread, "k", 1, ITEM_BTREE, &attributes), STORE_OK);
    return p;
}

static void pair_free(struct pair *p)
{
    model_clear(&p->model);
    fixture_free(p->base);
    free(p);
}

/* What was visited. */
struct seen {
    unsigned count;
    unsigned numbers[MODEL_MAX];
    const struct pair *pair;
};

static bool see(void *argument, const struct btree_element *element)
{
    struct seen *seen = argument;

    assert_true(seen->count < MODEL_MAX);
    seen->numbers[seen->count++] = number_of(element);
    return true;
}

static bool see_and_compare(void *argument, const struct btree_element *element)
{
    struct seen *seen = argument;
    const struct model_element *expected = model_find(&seen->pair->model, number_of(element));

    assert_non_null(expected);
    assert_int_equal(element->eflag_len, expected->eflag.len);
    assert_memory_equal(element->eflag, expected->eflag.bytes, expected->eflag.len);
    assert_int_equal(element->value_len, expected->value_len);
    for (size_t i = 0; i < element->value_len; i++)
        assert_int_equal(element->value[i], expected->fill);
    return see(argument, element);
}

static void check_inside(struct item *item, void *argument)
{
    struct pair *p = argument;
    struct collection *collection = item_collection(item);
    struct tree_room room = {
        .memory = &p->base->store->memory, .cache = &p->base->thread->cache, .owner = item};

    tree_check(&collection->tree, &room);
    assert_int_equal(collection->tree.count, p->model.count);
    assert_int_equal(collection->trimmed, p->model.trimmed);
}

static void check_all(struct pair *p)
{
    struct seen seen = {.pair = p};
    struct bkey_range range = range_of(p, 0, 65535);
    struct btree_query query = {.range = &range};
    struct btree_answer answer;

    btree_get(p->base->thread, "k", 1, &query, see_and_compare, &seen, &answer);
    assert_int_equal(seen.count, p->model.count);
    for (unsigned i = 0; i < seen.count; i++)
        assert_int_equal(seen.numbers[i], p->model.elements[i].bkey);
    store_visit_key(p->base->thread, "k", 1, check_inside, p);
}

static void random_element(struct model_element *element, unsigned bkey)
{
    *element = (struct model_element){.bkey = bkey, .fill = (char)('a' + rand() % 26)};
    element->value_len = (size_t)(rand() % 20 ? rand() % 100 : rand() % 5000);
    if (rand() % 3) {
        element->eflag.len = (uint8_t)(1 + rand() % 3);
        for (unsigned i = 0; i < element->eflag.len; i++)
            element->eflag.bytes[i] = (unsigned char)(rand() % 4);
    }
}

static char *value_of(const struct model_element *element)
{
    char *value = malloc(element->value_len + 1);

    memset(value, element->fill, element->value_len);
    return value;
}

static void do_put(struct pair *p, unsigned number)
{
    struct model_element element;
    struct bkey bkey = bkey_of(p, number);
    struct seen seen = {.pair = p};
    struct btree_answer answer;
    bool replace = rand() % 2;
    int expected_trim;

    random_element(&element, number);
    char *value = value_of(&element);
    struct btree_put put = {.bkey = &bkey,
                            .eflag = element.eflag.len ? &element.eflag : NULL,
                            .value = value,
                            .value_len = element.value_len,
                            .replace = replace,
                            .trimmed = see,
                            .argument = &seen};
    enum store_result result = btree_put(p->base->thread, "k", 1, &put, &answer);
    assert_int_equal(result, model_put(&p->model, &element, replace, &expected_trim));
    assert_int_equal(seen.count, expected_trim >= 0);
    if (seen.count)
        assert_int_equal(seen.numbers[0], expected_trim);
    free(value);
}

static void do_update(struct pair *p, unsigned number)
{
    struct model_element element;
    struct bkey bkey = bkey_of(p, number);
    struct eflag_update eflag = {.bit_op = (uint8_t)(rand() % 4), .offset = (uint8_t)(rand() % 3)};

    random_element(&element, number);
    char *value = value_of(&element);
    eflag.value = element.eflag;
    struct btree_update update = {.bkey = &bkey,
                                  .eflag = rand() % 2 ? &eflag : NULL,
                                  .value = rand() % 2 ? value : NULL,
                                  .value_len = element.value_len};
    enum store_result result = btree_update(p->base->thread, "k", 1, &update);
    assert_int_equal(result, model_update(&p->model, &element, update.eflag, update.value));
    free(value);
}

static struct eflag_filter random_filter(void)
{
    struct eflag_filter filter = {.offset = (uint8_t)(rand() % 3),
                                  .len = (uint8_t)(1 + rand() % 2),
                                  .bit_op = (uint8_t)(rand() % 4),
                                  .compare = (uint8_t)(rand() % 6),
                                  .count = 1};

    if (filter.compare <= EFLAG_NE)
        filter.count = (uint8_t)(1 + rand() % 3);
    for (unsigned i = 0; i < filter.len; i++)
        filter.bits[i] = (unsigned char)(rand() % 4);
    for (unsigned i = 0; i < filter.len * filter.count; i++)
        filter.values[i] = (unsigned char)(rand() % 4);
    return filter;
}

static void do_query(struct pair *p, unsigned from, unsigned to)
{
    struct eflag_filter filter = random_filter();
    struct bkey_range range = range_of(p, from, to);
    struct btree_query query = {.range = &range,
                                .filter = rand() % 2 ? &filter : NULL,
                                .offset = (uint32_t)(rand() % 3 ? 0 : rand() % 10),
                                .count = (uint32_t)(rand() % 2 ? 0 : rand() % 20),
                                .remove = rand() % 4 == 0};
    struct seen seen = {.pair = p};
    struct btree_answer answer = {.count = 0};
    struct model_found expected;

    enum store_result wanted = model_query(&p->model, from, to, &query, &expected);
    enum store_result result =
        btree_get(p->base->thread, "k", 1, &query, see_and_compare, &seen, &answer);
    assert_int_equal(result, wanted);
    assert_int_equal(seen.count, expected.count);
    assert_int_equal(answer.count, expected.count);
    assert_memory_equal(seen.numbers, expected.numbers, expected.count * sizeof(unsigned));
    if (query.remove)
        model_remove(&p->model, &expected);
}

static void do_delete(struct pair *p, unsigned from, unsigned to)
{
    struct eflag_filter filter = random_filter();
    struct bkey_range range = range_of(p, from, to);
    struct btree_query query = {.range = &range,
                                .filter = rand() % 2 ? &filter : NULL,
                                .count = (uint32_t)(rand() % 2 ? 0 : rand() % 20),
                                .remove = true};
    struct btree_answer answer = {.count = 0};
    struct model_found expected;

    model_query(&p->model, from, to, &query, &expected);
    enum store_result result = btree_delete(p->base->thread, "k", 1, &query, &answer);
    assert_int_equal(result, expected.count ? STORE_OK : STORE_NO_ELEMENT);
    assert_int_equal(answer.count, expected.count);
    model_remove(&p->model, &expected);
}

static void do_count(struct pair *p, unsigned from, unsigned to)
{
    struct eflag_filter filter = random_filter();
    struct bkey_range range = range_of(p, from, to);
    struct btree_query query = {.range = &range, .filter = rand() % 2 ? &filter : NULL};
    struct btree_answer answer;
    struct model_found expected;

    model_query(&p->model, from, to, &query, &expected);
    assert_int_equal(btree_count(p->base->thread, "k", 1, &query, &answer), STORE_OK);
    assert_int_equal(answer.count, expected.count);
}

static void do_position(struct pair *p, unsigned number)
{
    struct bkey bkey = bkey_of(p, number);
    bool descending = rand() % 2;
    unsigned around = (unsigned)(rand() % 10), count = p->model.count;
    struct seen seen = {.pair = p};
    struct btree_answer answer;
    const struct model_element *found = model_find(&p->model, number);

    enum store_result result = btree_position(p->base->thread, "k", 1, &bkey, descending, &answer);
    assert_int_equal(result, found ? STORE_OK : STORE_NO_ELEMENT);
    if (!found)
        return;
    unsigned rank = (unsigned)(found - p->model.elements);
    unsigned position = descending ? count - 1 - rank : rank;
    assert_int_equal(answer.position, position);
    result = btree_get_around(p->base->thread, "k", 1, &bkey, descending, around, see_and_compare,
                              &seen, &answer);
    assert_int_equal(result, STORE_OK);
    unsigned first = position < around ? 0 : position - around;
    unsigned last = position + around < count ? position + around : count - 1;
    assert_int_equal(answer.index, position - first);
    assert_int_equal(seen.count, last - first + 1);
    assert_int_equal(answer.count, seen.count);
    for (unsigned i = first; i <= last; i++)
        assert_int_equal(seen.numbers[i - first],
                         p->model.elements[descending ? count - 1 - i : i].bkey);
}

static void do_positions(struct pair *p)
{
    unsigned from = (unsigned)(rand() % 100), to = (unsigned)(rand() % 100);
    unsigned count = p->model.count;
    bool descending = rand() % 2;
    struct seen seen = {.pair = p};
    struct btree_answer answer;

    enum store_result result = btree_get_positions(p->base->thread, "k", 1, descending, from, to,
                                                   see_and_compare, &seen, &answer);
    assert_int_equal(result, from < count || to < count ? STORE_OK : STORE_NO_ELEMENT);
    if (result != STORE_OK)
        return;
    from = from < count ? from : count - 1;
    to = to < count ? to : count - 1;
    assert_int_equal(seen.count, (from < to ? to - from : from - to) + 1);
    for (unsigned i = 0; i < seen.count; i++) {
        unsigned position = from < to ? from + i : from - i;
        assert_int_equal(seen.numbers[i],
                         p->model.elements[descending ? count - 1 - position : position].bkey);
    }
}

static void do_something(struct pair *p, unsigned span)
{
    unsigned a = (unsigned)rand() % span, b = (unsigned)rand() % span;

    switch (rand() % 20) {
    case 0:
        do_delete(p, a, rand() % 2 ? b : a + 3);
        break;
    case 1:
    case 2:
        do_update(p, a);
        break;
    case 3:
        do_query(p, a, b);
        break;
    case 4:
        do_query(p, a, rand() % 2 ? a : a + 5);
        break;
    case 5:
        do_count(p, a, b);
        break;
    case 6:
        do_position(p, a);
        break;
    case 7:
        do_positions(p);
        break;
    default:
        do_put(p, a);
    }
}

static void run(enum collection_overflow overflow, unsigned max_count, bool hex, unsigned span)
{
    struct pair *p = pair_new(overflow, max_count, hex);

    for (unsigned i = 0; i < 3000; i++) {
        do_something(p, span);
        if (i % 50 == 0)
            check_all(p);
    }
    check_all(p);
    pair_free(p);
}

static void a_small_btree_is_like_the_model(void **state)
{
    (void)state;
    for (unsigned overflow = OVERFLOW_SMALLEST_TRIM; overflow <= OVERFLOW_LARGEST_SILENT_TRIM;
         overflow++)
        run(overflow, 20, overflow % 2, 60);
    run(OVERFLOW_ERROR, 20, true, 60);
}

static void a_large_btree_is_like_the_model(void **state)
{
    (void)state;
    run(OVERFLOW_SMALLEST_TRIM, 1500, false, 3000);
    run(OVERFLOW_LARGEST_TRIM, 1500, true, 3000);
}

static void set_maximum(struct item *item, void *argument)
{
    struct bkey maximum;

    bkey_set_number(&maximum, *(unsigned *)argument);
    assert_int_equal(btree_set_maximum(item_collection(item), &maximum), STORE_OK);
}

static void a_maximum_distance_is_kept(void **state)
{
    (void)state;
    for (unsigned overflow = OVERFLOW_SMALLEST_TRIM; overflow <= OVERFLOW_LARGEST_SILENT_TRIM;
         overflow++) {
        struct pair *p = pair_new(overflow, 20, false);
        p->model.distance = 40;
        store_visit_key(p->base->thread, "k", 1, set_maximum, &p->model.distance);
        for (unsigned i = 0; i < 2000; i++) {
            do_put(p, 100 + (unsigned)rand() % 100);
            if (i % 20 == 0)
                check_all(p);
        }
        pair_free(p);
    }
}

static void check_bad_maximum(struct item *item, void *argument)
{
    struct collection *collection = item_collection(item);
    struct bkey maximum;

    (void)argument;
    bkey_set_number(&maximum, 9);
    assert_int_equal(btree_set_maximum(collection, &maximum), STORE_BAD_VALUE);
    assert_false(btree_maximum(collection, &maximum));
    assert_true(bkey_parse(&maximum, "0x10", 4));
    assert_int_equal(btree_set_maximum(collection, &maximum), STORE_BAD_VALUE);
    bkey_set_number(&maximum, 10);
    assert_int_equal(btree_set_maximum(collection, &maximum), STORE_OK);
    bkey_set_number(&maximum, 0);
    assert_true(btree_maximum(collection, &maximum));
    assert_int_equal(maximum.order, 10);
    assert_int_equal(btree_set_maximum(collection, NULL), STORE_OK);
    assert_false(btree_maximum(collection, &maximum));
}

static void a_maximum_distance_must_fit_the_elements(void **state)
{
    struct pair *p = pair_new(OVERFLOW_ERROR, 10, false);

    (void)state;
    do_put(p, 10);
    do_put(p, 20);
    store_visit_key(p->base->thread, "k", 1, check_bad_maximum, NULL);
    pair_free(p);
}

static void numbers_are_added_and_subtracted(void **state)
{
    struct pair *p = pair_new(OVERFLOW_ERROR, 2, false);
    struct bkey bkey = bkey_of(p, 7);
    const uint64_t initial = 5;
    struct btree_number number = {.bkey = &bkey, .increment = true, .delta = 3};
    uint64_t value;

    (void)state;
    assert_int_equal(btree_add_number(p->base->thread, "k", 1, &number, &value), STORE_NO_ELEMENT);
    number.initial = &initial;
    assert_int_equal(btree_add_number(p->base->thread, "k", 1, &number, &value), STORE_OK);
    assert_int_equal(value, 5);
    assert_int_equal(btree_add_number(p->base->thread, "k", 1, &number, &value), STORE_OK);
    assert_int_equal(value, 8);
    number.increment = false;
    number.delta = 9;
    assert_int_equal(btree_add_number(p->base->thread, "k", 1, &number, &value), STORE_OK);
    assert_int_equal(value, 0);
    pair_free(p);
}

/* Stops in the middle, then goes on. */
struct part_seen {
    struct seen seen;
    unsigned stop_at;
    struct bkey last;
};

static bool see_part(void *argument, const struct btree_element *element)
{
    struct part_seen *part = argument;

    if (part->seen.count == part->stop_at)
        return false;
    bkey_set_bytes(&part->last, element->kind, element->bkey, element->bkey_len);
    return see(&part->seen, element);
}

static void check_parts(struct pair *p, unsigned from, unsigned to)
{
    struct part_seen *all = calloc(1, sizeof(*all));
    struct bkey_range range = range_of(p, from, to);
    struct btree_part part = {.range = &range, .visit = see_part, .argument = all};
    struct btree_query query = {.range = &range};
    struct model_found expected;

    model_query(&p->model, from, to, &query, &expected);
    do {
        all->stop_at += 7;
        assert_int_equal(btree_visit_part(p->base->thread, "k", 1, &part), STORE_OK);
        part.after = &all->last;
    } while (all->seen.count == all->stop_at);
    assert_int_equal(all->seen.count, expected.count);
    assert_memory_equal(all->seen.numbers, expected.numbers, expected.count * sizeof(unsigned));
    assert_false(part.trimmed);
    free(all);
}

static void a_btree_is_visited_in_parts(void **state)
{
    (void)state;
    for (unsigned hex = 0; hex < 2; hex++) {
        struct pair *p = pair_new(OVERFLOW_ERROR, 1000, hex);
        for (unsigned i = 0; i < 500; i++)
            do_put(p, (unsigned)rand() % 1000);
        check_parts(p, 0, 1000);
        check_parts(p, 1000, 0);
        check_parts(p, 333, 777);
        check_parts(p, 777, 333);
        pair_free(p);
    }
}

static void a_part_tells_where_elements_were_trimmed(void **state)
{
    struct pair *p = pair_new(OVERFLOW_LARGEST_TRIM, 2, false);
    struct part_seen seen = {.stop_at = 100};
    struct bkey_range range = range_of(p, 0, 9);
    struct btree_part part = {.range = &range, .visit = see_part, .argument = &seen};

    (void)state;
    do_put(p, 5);
    do_put(p, 3);
    do_put(p, 1);
    assert_int_equal(btree_visit_part(p->base->thread, "k", 1, &part), STORE_OK);
    assert_true(part.trimmed);
    assert_int_equal(part.last.order, 3);
    range = range_of(p, 0, 3);
    assert_int_equal(btree_visit_part(p->base->thread, "k", 1, &part), STORE_OK);
    assert_false(part.trimmed);
    range = range_of(p, 9, 0);
    assert_int_equal(btree_visit_part(p->base->thread, "k", 1, &part), STORE_OUT_OF_RANGE);
    pair_free(p);
}

#define MANY 20000

struct numbers {
    unsigned count, first, last;
    bool falling;
};

static bool see_number(void *argument, const struct btree_element *element)
{
    struct numbers *numbers = argument;
    unsigned number = number_of(element);

    if (numbers->count++ == 0)
        numbers->first = number;
    else
        assert_true(numbers->falling ? number < numbers->last : number > numbers->last);
    numbers->last = number;
    return true;
}

/* Elements 0, 1, ... with eflags 0, 1, 2, 0, ... */
static struct fixture *fill_many(void)
{
    struct fixture *f = fixture_new((size_t)64 << 20, true);
    const struct collection_attributes attributes = {.max_count = -1};
    struct btree_answer answer;

    for (unsigned i = 0; i < MANY; i++) {
        struct eflag eflag = {.len = 1, .bytes = {(unsigned char)(i % 3)}};
        struct bkey bkey;
        bkey_set_number(&bkey, i);
        struct btree_put put = {
            .bkey = &bkey, .eflag = &eflag, .value = "v", .value_len = 1, .create = &attributes};
        btree_put(f->thread, "k", 1, &put, &answer);
    }
    return f;
}

static struct btree_query query_many(struct bkey_range *range, bool descending)
{
    bkey_set_number(&range->from, descending ? MANY : 0);
    bkey_set_number(&range->to, descending ? 0 : MANY);
    range->single = false;
    return (struct btree_query){.range = range};
}

static void many_elements_are_read_counted_and_removed_in_both_directions(void **state)
{
    const struct eflag_filter ones = {.len = 1, .count = 1, .compare = EFLAG_EQ, .values = {1}};

    (void)state;
    for (unsigned descending = 0; descending < 2; descending++) {
        struct fixture *f = fill_many();
        struct bkey_range range;
        struct btree_query query = query_many(&range, descending);
        struct numbers numbers = {.falling = descending};
        struct btree_answer answer;

        query.offset = MANY / 2;
        btree_get(f->thread, "k", 1, &query, see_number, &numbers, &answer);
        assert_int_equal(answer.count, MANY / 2);
        assert_int_equal(numbers.count, MANY / 2);
        assert_int_equal(numbers.first, descending ? MANY / 2 - 1 : MANY / 2);
        query.offset = 0;
        query.filter = &ones;
        btree_count(f->thread, "k", 1, &query, &answer);
        assert_int_equal(answer.count, (MANY + 1) / 3);
        query.remove = true;
        query.offset = 10;
        assert_int_equal(btree_delete(f->thread, "k", 1, &query, &answer), STORE_OK);
        assert_int_equal(answer.count, (MANY + 1) / 3 - 10);
        query.offset = 0;
        numbers = (struct numbers){.falling = descending};
        assert_int_equal(btree_get(f->thread, "k", 1, &query, see_number, &numbers, &answer),
                         STORE_OK);
        assert_int_equal(numbers.count, 10);
        query.filter = NULL;
        numbers = (struct numbers){.falling = descending};
        query.drop = true;
        assert_int_equal(btree_get(f->thread, "k", 1, &query, see_number, &numbers, &answer),
                         STORE_DROPPED);
        assert_int_equal(numbers.count, MANY - (MANY + 1) / 3);
        fixture_free(f);
    }
}

static bool refuse(void *argument, const struct btree_element *element)
{
    (void)argument;
    (void)element;
    return false;
}

static void a_part_ends_when_many_were_passed_in_vain(void **state)
{
    struct fixture *f = fill_many();
    const struct eflag_filter none = {.len = 1, .count = 1, .compare = EFLAG_EQ, .values = {9}};
    struct bkey_range range;
    struct btree_query query = query_many(&range, false);
    struct bkey last;
    struct btree_part part = {.range = query.range, .filter = &none, .visit = refuse};
    unsigned parts = 0;

    (void)state;
    do {
        assert_int_equal(btree_visit_part(f->thread, "k", 1, &part), STORE_OK);
        last = part.last;
        part.after = &last;
        parts++;
    } while (part.paused);
    assert_in_range(parts, 5, MANY / 1000);
    fixture_free(f);
}

static void a_put_without_memory_changes_nothing(void **state)
{
    struct fixture *f = fixture_new((size_t)1 << 20, false);
    static char value[8000];
    struct bkey bkey;
    const struct collection_attributes attributes = {.max_count = -1};
    struct btree_put put = {
        .bkey = &bkey, .value = value, .value_len = sizeof(value), .create = &attributes};
    struct btree_answer answer;
    enum store_result result = STORE_OK;
    unsigned n = 0;

    (void)state;
    for (; result != STORE_NO_MEMORY && n < 1000; n++) {
        bkey_set_number(&bkey, n * 7919u % 1000);
        result = btree_put(f->thread, "k", 1, &put, &answer);
    }
    assert_int_equal(result, STORE_NO_MEMORY);
    struct bkey_range range = {0};
    bkey_set_number(&range.from, 0);
    bkey_set_number(&range.to, 1000);
    struct btree_query query = {.range = &range};
    assert_int_equal(btree_count(f->thread, "k", 1, &query, &answer), STORE_OK);
    assert_int_equal(answer.count, n - 1);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_small_btree_is_like_the_model),
        cmocka_unit_test(a_large_btree_is_like_the_model),
        cmocka_unit_test(a_maximum_distance_is_kept),
        cmocka_unit_test(a_maximum_distance_must_fit_the_elements),
        cmocka_unit_test(numbers_are_added_and_subtracted),
        cmocka_unit_test(a_btree_is_visited_in_parts),
        cmocka_unit_test(a_part_tells_where_elements_were_trimmed),
        cmocka_unit_test(many_elements_are_read_counted_and_removed_in_both_directions),
        cmocka_unit_test(a_part_ends_when_many_were_passed_in_vain),
        cmocka_unit_test(a_put_without_memory_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
