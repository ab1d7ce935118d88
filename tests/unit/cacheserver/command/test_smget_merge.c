#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cacheserver/command/smget_merge.h"

#define KEYS_MAX     300
#define ELEMENTS_MAX 400

/* B+trees as sorted arrays of numbers, and all their elements in the order of a merge. */
struct model {
    unsigned keys;
    struct merge_key key[KEYS_MAX];
    char names[KEYS_MAX][16];
    unsigned counts[KEYS_MAX];
    uint64_t bkeys[KEYS_MAX][ELEMENTS_MAX];
    bool hex, descending;
    size_t value_len;
};

struct pair {
    uint64_t bkey;
    unsigned key;
};

static int compare_numbers(const void *a, const void *b)
{
    const uint64_t *first = a, *second = b;
    return (*first > *second) - (*first < *second);
}

static int compare_pairs(const void *a, const void *b, void *argument)
{
    const struct model *model = argument;
    const struct pair *first = a, *second = b;
    int result = compare_numbers(&first->bkey, &second->bkey);

    if (result == 0)
        result = strcmp(model->names[first->key], model->names[second->key]);
    return model->descending ? -result : result;
}

static struct model *model_new(unsigned keys, unsigned elements, uint64_t span)
{
    struct model *model = calloc(1, sizeof(*model));

    model->keys = keys;
    model->value_len = 10;
    for (unsigned k = 0; k < keys; k++) {
        (void)snprintf(model->names[k], sizeof(model->names[k]), "key%u", (k * 7919) % keys);
        model->key[k].at = model->names[k];
        model->key[k].len = (uint32_t)strlen(model->names[k]);
        for (unsigned i = 0; i < elements; i++)
            model->bkeys[k][model->counts[k]++] = (uint64_t)rand() % span;
        qsort(model->bkeys[k], elements, sizeof(uint64_t), compare_numbers);
        unsigned kept = 0;
        for (unsigned i = 0; i < elements; i++)
            if (i == 0 || model->bkeys[k][i] != model->bkeys[k][i - 1])
                model->bkeys[k][kept++] = model->bkeys[k][i];
        model->counts[k] = kept;
    }
    return model;
}

/* Keys of 12 bytes whose first eight are the same. */
static void hex_of(struct bkey *bkey, uint64_t number)
{
    unsigned char bytes[12] = "samesame";

    for (unsigned i = 0; i < 4; i++)
        bytes[11 - i] = (unsigned char)(number >> (8 * i));
    bkey_set_bytes(bkey, BKEY_HEX, bytes, 12);
}

static void bkey_of(const struct model *model, struct bkey *bkey, uint64_t number)
{
    if (model->hex)
        hex_of(bkey, number);
    else
        bkey_set_number(bkey, number);
}

static void add_all(const struct model *model, struct smget_merge *merge, unsigned k)
{
    static char value[20000];
    unsigned i = 0;

    (void)snprintf(value, sizeof(value), "%s", model->names[k]);
    while (i < model->counts[k]) {
        struct bkey bkey;
        bkey_of(model, &bkey, model->bkeys[k][model->descending ? model->counts[k] - 1 - i : i]);
        struct btree_element element = {.kind = bkey.kind,
                                        .bkey = bkey.bytes,
                                        .bkey_len = bkey.len,
                                        .value = value,
                                        .value_len = model->value_len};
        enum merge_outcome outcome = merge_add(merge, k, &element);
        if (outcome == MERGE_BEYOND)
            return;
        if (outcome == MERGE_FULL)
            assert_true(merge_prepare(merge));
        else
            i++;
    }
}

static unsigned expect(const struct model *model, struct pair *pairs, bool unique)
{
    unsigned n = 0, kept = 0;

    for (unsigned k = 0; k < model->keys; k++)
        for (unsigned i = 0; i < model->counts[k]; i++)
            pairs[n++] = (struct pair){.bkey = model->bkeys[k][i], .key = k};
    qsort_r(pairs, n, sizeof(*pairs), compare_pairs, (void *)model);
    for (unsigned i = 0; i < n; i++)
        if (!unique || kept == 0 || pairs[kept - 1].bkey != pairs[i].bkey)
            pairs[kept++] = pairs[i];
    return kept;
}

static void check(const struct model *model, uint32_t wanted, bool unique)
{
    struct smget_merge merge = {.wanted = wanted,
                                .unique = unique,
                                .descending = model->descending,
                                .kind = model->hex ? BKEY_HEX : BKEY_NUMBER,
                                .keys = model->key};
    struct pair *pairs = malloc(sizeof(*pairs) * KEYS_MAX * ELEMENTS_MAX);
    unsigned expected = expect(model, pairs, unique);

    for (unsigned k = 0; k < model->keys; k++) {
        assert_true(merge_prepare(&merge));
        add_all(model, &merge, k);
    }
    assert_true(merge_finish(&merge));
    assert_int_equal(merge.count, expected < wanted ? expected : wanted);
    for (uint32_t i = 0; i < merge.count; i++) {
        struct btree_element element;
        struct bkey bkey;
        const char *name = model->names[pairs[i].key];
        merge_element(&merge, &merge.entries[i], &element);
        bkey_of(model, &bkey, pairs[i].bkey);
        assert_int_equal(merge.entries[i].key, pairs[i].key);
        assert_int_equal(bkey_compare_bytes(&bkey, element.bkey, element.bkey_len), 0);
        assert_int_equal(merge_compare_bkey(&merge, &bkey, &merge.entries[i]), 0);
        assert_int_equal(element.value_len, model->value_len);
        assert_memory_equal(element.value, name, strlen(name));
    }
    merge_deinit(&merge);
    free(pairs);
}

static void check_all(struct model *model)
{
    static const uint32_t wanted[] = {1, 2, 10, 300, 2000};

    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
        for (unsigned form = 0; form < 8; form++) {
            model->descending = form & 1;
            model->hex = form & 2;
            check(model, wanted[i], form & 4);
        }
    free(model);
}

static void no_element_is_an_empty_merge(void **state)
{
    (void)state;
    check_all(model_new(3, 0, 1));
}

static void a_merge_is_sorted_like_all_elements_together(void **state)
{
    (void)state;
    check_all(model_new(20, 50, 1000000));
}

static void the_same_bkeys_come_in_the_order_of_keys(void **state)
{
    (void)state;
    check_all(model_new(30, 100, 120));
}

static void many_btrees_are_merged_in_little_room(void **state)
{
    struct model *model = model_new(KEYS_MAX, ELEMENTS_MAX, 1u << 30);

    (void)state;
    check_all(model);
}

static void large_elements_are_merged_in_slices(void **state)
{
    struct model *model = model_new(10, 40, 1000);

    (void)state;
    model->value_len = 16000;
    check(model, 30, false);
    check(model, 300, true);
    free(model);
}

static void an_element_that_is_too_far_ends_its_btree(void **state)
{
    struct merge_key keys[2] = {{.at = "a", .len = 1}, {.at = "b", .len = 1}};
    struct smget_merge merge = {.wanted = 1, .kind = BKEY_NUMBER, .keys = keys};
    struct bkey bkey;
    unsigned taken = 0;

    (void)state;
    assert_true(merge_prepare(&merge));
    for (uint64_t i = 0; taken < 2000; i++) {
        bkey_set_number(&bkey, 2000 - i % 1000);
        struct btree_element element = {
            .kind = BKEY_NUMBER, .bkey = bkey.bytes, .bkey_len = bkey.len, .value = ""};
        enum merge_outcome outcome = merge_add(&merge, 0, &element);
        if (outcome == MERGE_BEYOND)
            break;
        if (outcome == MERGE_FULL)
            assert_true(merge_prepare(&merge));
        else
            taken++;
    }
    assert_in_range(taken, 1, 1999);
    merge_deinit(&merge);
}

static void what_is_too_much_for_a_reply_is_refused(void **state)
{
    struct model *model = model_new(30, ELEMENTS_MAX, 1u << 30);
    struct smget_merge merge = {.wanted = 100000, .kind = BKEY_NUMBER, .keys = model->key};
    static char value[32000];
    bool refused = false;

    (void)state;
    for (uint64_t i = 0; i < 10000 && !refused; i++) {
        struct bkey bkey;
        bkey_set_number(&bkey, i);
        struct btree_element element = {.kind = BKEY_NUMBER,
                                        .bkey = bkey.bytes,
                                        .bkey_len = bkey.len,
                                        .value = value,
                                        .value_len = sizeof(value)};
        refused = !merge_prepare(&merge);
        if (!refused)
            assert_int_equal(merge_add(&merge, 0, &element), MERGE_TAKEN);
    }
    assert_true(refused);
    merge_deinit(&merge);
    free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_element_is_an_empty_merge),
        cmocka_unit_test(a_merge_is_sorted_like_all_elements_together),
        cmocka_unit_test(the_same_bkeys_come_in_the_order_of_keys),
        cmocka_unit_test(many_btrees_are_merged_in_little_room),
        cmocka_unit_test(large_elements_are_merged_in_slices),
        cmocka_unit_test(an_element_that_is_too_far_ends_its_btree),
        cmocka_unit_test(what_is_too_much_for_a_reply_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
