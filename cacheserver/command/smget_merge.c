/*
 * Elements are collected until there are half as many again as wanted; then they are sorted and
 * the better ones stay. From then on the last of those is the one to beat, so that most b+trees
 * are done with after one comparison. An entry holds what nearly always decides a comparison, so
 * that sorting rarely looks at the elements. They come in runs, for those of one b+tree are in
 * order already: sorting merges neighbouring runs of the new ones until they are one, then that
 * with the ones that were sorted before.
 */
#include "cacheserver/command/smget_merge.h"

#include <stdlib.h>
#include <string.h>

#include "cacheserver/protocol/limits.h"

/* What may be added between two calls of merge_prepare: what is copied under one lock. */
#define SLICE_ELEMENTS 64
#define SLICE_BYTES    (64 * 1024)
/* Room for more than one slice, so that not each of them copies everything. */
#define SPARE_BYTES (4 * SLICE_BYTES)
/* The bytes before an element's: its lengths. */
struct record {
    uint32_t value_len;
    uint8_t bkey_len, eflag_len;
    char bytes[];
};
#define RECORD_HEAD offsetof(struct record, bytes)

static const struct record *record_of(const struct smget_merge *merge,
                                      const struct merge_entry *entry)
{
    return (const struct record *)(const void *)(merge->bytes + (size_t)entry->at * 8);
}

static size_t record_bytes(size_t bkey_len, size_t eflag_len, size_t value_len)
{
    return (RECORD_HEAD + bkey_len + eflag_len + value_len + 7) & ~(size_t)7;
}

static size_t entry_bytes(const struct smget_merge *merge, const struct merge_entry *entry)
{
    const struct record *record = record_of(merge, entry);
    return record_bytes(record->bkey_len, record->eflag_len, record->value_len);
}

void merge_deinit(struct smget_merge *merge)
{
    free(merge->entries);
    free(merge->spare);
    free(merge->bytes);
}

static int compare_strings(const void *a, size_t a_len, const void *b, size_t b_len)
{
    int result = memcmp(a, b, a_len < b_len ? a_len : b_len);

    return result ? result : (a_len > b_len) - (a_len < b_len);
}

static int compare_keys(const struct smget_merge *merge, uint32_t a, uint32_t b)
{
    const struct merge_key *first = &merge->keys[a], *second = &merge->keys[b];
    return compare_strings(first->at, first->len, second->at, second->len);
}

static int compare_bkeys(const struct smget_merge *merge, const struct merge_entry *a,
                         const struct merge_entry *b)
{
    if (a->order != b->order)
        return a->order < b->order ? -1 : 1;
    if (merge->kind == BKEY_NUMBER)
        return 0;
    const struct record *first = record_of(merge, a), *second = record_of(merge, b);
    return compare_strings(first->bytes, first->bkey_len, second->bytes, second->bkey_len);
}

/* Whether a comes before b; no two entries are equal. */
static bool is_before(const struct smget_merge *merge, const struct merge_entry *a,
                      const struct merge_entry *b)
{
    if (__builtin_expect(a->order != b->order, 1))
        return (a->order < b->order) != merge->descending;
    int result = compare_bkeys(merge, a, b);
    if (result == 0)
        result = compare_keys(merge, a->key, b->key);
    return (result < 0) != merge->descending;
}

bool merge_same_bkey(const struct smget_merge *merge, const struct merge_entry *a,
                     const struct merge_entry *b)
{
    return compare_bkeys(merge, a, b) == 0;
}

int merge_compare_bkey(const struct smget_merge *merge, const struct bkey *bkey,
                       const struct merge_entry *entry)
{
    const struct record *record = record_of(merge, entry);
    int result = bkey_compare_bytes(bkey, (const unsigned char *)record->bytes, record->bkey_len);

    return merge->descending ? -result : result;
}

static void drop_same_bkeys(struct smget_merge *merge)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < merge->count; i++)
        if (kept == 0 || !merge_same_bkey(merge, &merge->entries[kept - 1], &merge->entries[i]))
            merge->entries[kept++] = merge->entries[i];
    merge->count = kept;
}

/* Where the run that begins at `at` ends. */
static uint32_t run_end(const struct smget_merge *merge, uint32_t at)
{
    const struct merge_entry *entries = merge->entries;

    for (at++; at < merge->count && is_before(merge, &entries[at - 1], &entries[at]); at++)
        continue;
    return at < merge->count ? at : merge->count;
}

/* Merges the entries [at, middle) and [middle, end) into the spare ones. */
static void merge_runs(struct smget_merge *merge, uint32_t at, uint32_t middle, uint32_t end)
{
    const struct merge_entry *a = merge->entries + at, *b = merge->entries + middle;
    const struct merge_entry *a_end = b, *b_end = merge->entries + end;
    struct merge_entry *to = merge->spare + at;

    while (a < a_end && b < b_end)
        *to++ = is_before(merge, b, a) ? *b++ : *a++;
    to = mempcpy(to, a, (size_t)((const char *)a_end - (const char *)a));
    memcpy(to, b, (size_t)((const char *)b_end - (const char *)b));
}

/* Merges each two neighbouring runs from `start` on; returns how many are left. */
static uint32_t merge_neighbours(struct smget_merge *merge, uint32_t start)
{
    uint32_t runs = 0;

    for (uint32_t at = start, end; at < merge->count; at = end, runs++) {
        uint32_t middle = run_end(merge, at);
        end = middle < merge->count ? run_end(merge, middle) : middle;
        merge_runs(merge, at, middle, end);
    }
    memcpy(&merge->entries[start], &merge->spare[start],
           (merge->count - start) * sizeof(*merge->entries));
    return runs;
}

static void sort(struct smget_merge *merge)
{
    while (merge_neighbours(merge, merge->sorted) > 1)
        continue;
    if (merge->sorted > 0)
        merge_neighbours(merge, 0);
    if (merge->unique)
        drop_same_bkeys(merge);
    if (merge->count > merge->wanted)
        merge->count = merge->wanted;
    merge->sorted = merge->count;
}

/* Copies the elements that are left into a buffer with room for more. */
static bool rebuild(struct smget_merge *merge)
{
    size_t needed = 0, len = 0;

    for (uint32_t i = 0; i < merge->count; i++)
        needed += entry_bytes(merge, &merge->entries[i]);
    if (needed > STORE_REPLY_MAX)
        return false;
    char *bytes = malloc(2 * needed + SPARE_BYTES);
    if (!bytes)
        return false;
    for (uint32_t i = 0; i < merge->count; i++) {
        struct merge_entry *entry = &merge->entries[i];
        size_t n = entry_bytes(merge, entry);
        memcpy(bytes + len, record_of(merge, entry), n);
        entry->at = (uint32_t)(len / 8);
        len += n;
    }
    free(merge->bytes);
    merge->bytes = bytes;
    merge->len = len;
    merge->size = 2 * needed + SPARE_BYTES;
    return true;
}

static bool make_room(struct smget_merge *merge)
{
    if (!merge->entries) {
        merge->capacity = merge->wanted + merge->wanted / 2 + 2 * SLICE_ELEMENTS;
        merge->entries = calloc(merge->capacity, sizeof(*merge->entries));
        merge->spare = calloc(merge->capacity, sizeof(*merge->spare));
        return merge->entries && merge->spare && rebuild(merge);
    }
    if (merge->capacity - merge->count < SLICE_ELEMENTS)
        sort(merge);
    if (merge->size - merge->len >= SLICE_BYTES)
        return true;
    if (merge->count > merge->wanted)
        sort(merge);
    return rebuild(merge);
}

bool merge_prepare(struct smget_merge *merge)
{
    if (!make_room(merge))
        return false;
    merge->count_end = merge->count + SLICE_ELEMENTS;
    merge->len_end = merge->len + SLICE_BYTES;
    return true;
}

static void copy_bkey(struct record *record, const struct btree_element *element)
{
    record->bkey_len = element->bkey_len;
    memcpy(record->bytes, element->bkey, element->bkey_len);
}

static void copy_rest(struct record *record, const struct btree_element *element)
{
    record->value_len = (uint32_t)element->value_len;
    record->eflag_len = element->eflag_len;
    char *at = record->bytes + element->bkey_len;
    if (element->eflag_len)
        memcpy(at, element->eflag, element->eflag_len);
    memcpy(at + element->eflag_len, element->value, element->value_len);
}

enum merge_outcome merge_add(struct smget_merge *merge, uint32_t key,
                             const struct btree_element *element)
{
    size_t bytes = record_bytes(element->bkey_len, element->eflag_len, element->value_len);
    struct merge_entry *entry = &merge->entries[merge->count];

    if (merge->count == merge->count_end || merge->len + bytes > merge->len_end)
        return MERGE_FULL;
    struct record *record = (struct record *)(void *)(merge->bytes + merge->len);
    *entry =
        (struct merge_entry){.order = bkey_order(element->kind, element->bkey, element->bkey_len),
                             .key = key,
                             .at = (uint32_t)(merge->len / 8)};
    copy_bkey(record, element);
    if (merge->sorted == merge->wanted &&
        !is_before(merge, entry, &merge->entries[merge->wanted - 1]))
        return MERGE_BEYOND;
    copy_rest(record, element);
    merge->len += bytes;
    merge->count++;
    return MERGE_TAKEN;
}

bool merge_finish(struct smget_merge *merge)
{
    if (!merge->entries)
        return merge_prepare(merge);
    sort(merge);
    return true;
}

void merge_element(const struct smget_merge *merge, const struct merge_entry *entry,
                   struct btree_element *element)
{
    const struct record *record = record_of(merge, entry);

    element->kind = merge->kind;
    element->bkey_len = record->bkey_len;
    element->eflag_len = record->eflag_len;
    element->bkey = (const unsigned char *)record->bytes;
    element->eflag = element->bkey + record->bkey_len;
    element->value = (const char *)element->eflag + record->eflag_len;
    element->value_len = record->value_len;
}
