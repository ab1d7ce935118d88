/*
 * Reading ranges of b+trees, and removing them. A walk goes from one end of the range towards the
 * other and looks at every element once. What is to be removed is removed at the end (removal.h),
 * so the walk may pause (collection.h).
 *
 * What was trimmed lies beyond the smallest key, or the largest. A range reaches into it when one
 * of its ends lies there; only the end that the walk really got to counts.
 */
#include <string.h>

#include "cacheserver/store/btree.h"
#include "cacheserver/store/btree_element.h"
#include "cacheserver/store/collection.h"
#include "cacheserver/store/removal.h"

struct walk {
    struct collection_access *access;
    struct tree_cursor cursor;
    struct btree_element element; /* at the cursor */
    const struct bkey_range *range;
    const struct eflag_filter *filter;
    bool descending;
    bool at_end;   /* nothing is left in the range */
    uint32_t rank; /* of the cursor, if something is to be removed */
};

static void check_end(struct walk *walk)
{
    if (!btree_current(&walk->cursor, walk->range->to.kind, &walk->element)) {
        walk->at_end = true;
        return;
    }
    int to_element =
        bkey_compare_bytes(&walk->range->to, walk->element.bkey, walk->element.bkey_len);
    walk->at_end = walk->descending ? to_element > 0 : to_element < 0;
}

static void walk_next(struct walk *walk)
{
    access_spend(walk->access, 1, 0);
    walk->rank += walk->descending ? -1u : 1;
    if (walk->descending ? tree_prev(&walk->cursor) : tree_next(&walk->cursor))
        check_end(walk);
    else
        walk->at_end = true;
}

/* Ranges often begin outside of all keys, which in a small b+tree is found out sooner by looking at
 * its end: the element there is needed anyway. */
static bool begins_outside(struct walk *walk, const struct bkey *bkey)
{
    struct tree *tree = &walk->access->collection->tree;

    if (tree->height > 0 || tree->count == 0)
        return false;
    tree_seek_rank(tree, walk->descending ? tree->count - 1 : 0, &walk->cursor);
    btree_current(&walk->cursor, bkey->kind, &walk->element);
    int order = bkey_compare_bytes(bkey, walk->element.bkey, walk->element.bkey_len);
    return walk->descending ? order > 0 : order < 0;
}

/* To the first element in the walk's direction that has this key or comes after it. */
static void walk_to(struct walk *walk, const struct bkey *bkey, bool not_to_itself)
{
    if (begins_outside(walk, bkey)) {
        check_end(walk);
        return;
    }
    bool exact = btree_seek(walk->access->collection, bkey, &walk->cursor);

    walk->at_end = false;
    if (exact ? not_to_itself : walk->descending)
        walk_next(walk);
    else
        check_end(walk);
}

static void walk_start(struct walk *walk, struct collection_access *access,
                       const struct bkey_range *range, const struct eflag_filter *filter)
{
    walk->access = access;
    walk->range = range;
    walk->rank = 0;
    walk->filter = filter;
    walk->descending = bkey_compare(&range->from, &range->to) > 0;
    walk_to(walk, &range->from, false);
}

/* Looks at the element: whether the filter admits it. Once for each. */
static bool walk_matches(const struct walk *walk)
{
    walk->access->thread->elements++;
    return !walk->filter ||
           eflag_filter_matches(walk->filter, walk->element.eflag, walk->element.eflag_len);
}

/* Whether the key lies where elements were trimmed. */
static bool is_trimmed_away(struct collection *collection, const struct bkey *bkey)
{
    struct bkey edge;

    if (!collection->trimmed || collection->tree.count == 0)
        return false;
    if (collection->overflow == OVERFLOW_SMALLEST_TRIM) {
        edge = btree_smallest(collection);
        return bkey_compare(bkey, &edge) < 0;
    }
    edge = btree_largest(collection);
    return collection->overflow == OVERFLOW_LARGEST_TRIM && bkey_compare(bkey, &edge) > 0;
}

struct get_call {
    const struct btree_query *query;
    btree_visit *visit; /* NULL: none */
    void *argument;
    struct btree_answer *answer;

    /* how far it is */
    struct walk *walk;
    struct removal removal;
    uint32_t skip;     /* so many that match are not meant */
    bool from_trimmed; /* the range begins in what was trimmed */
};

/* Without a filter all elements in the range match, and need not be looked at. */
static void skip_all(struct walk *walk, uint32_t offset)
{
    struct tree *tree = &walk->access->collection->tree;
    uint32_t rank = tree_rank(&walk->cursor);

    walk->access->thread->elements += offset;
    if (offset > (walk->descending ? rank : tree->count - 1 - rank)) {
        walk->at_end = true;
        return;
    }
    tree_seek_rank(tree, walk->descending ? rank - offset : rank + offset, &walk->cursor);
    check_end(walk);
}

static void start_taking(struct collection_access *access, struct get_call *call)
{
    const struct btree_query *query = call->query;
    struct walk *walk = call->walk;

    if (call->visit && call->answer->count > 0)
        call->visit(call->argument, NULL);
    call->answer->count = 0;
    call->skip = query->offset;
    call->from_trimmed = is_trimmed_away(access->collection, &query->range->from);
    walk_start(walk, access, query->range, query->filter);
    if (!query->filter && query->offset > 0 && !walk->at_end) {
        skip_all(walk, query->offset);
        call->skip = 0;
    }
    if (query->remove) {
        removal_clear(&call->removal);
        walk->rank = tree_rank(&walk->cursor);
    }
}

/* STORE_OK, STORE_PAUSED or STORE_NO_MEMORY. */
static enum store_result take_elements(struct walk *walk, struct get_call *call)
{
    const struct btree_query *query = call->query;

    for (; !walk->at_end; walk_next(walk)) {
        if (walk->access->left == 0)
            return STORE_PAUSED;
        if (!walk_matches(walk))
            continue;
        if (call->skip > 0) {
            call->skip--;
            continue;
        }
        if (call->visit && !call->visit(call->argument, &walk->element))
            break;
        access_spend(walk->access, 0, walk->element.value_len);
        if (query->remove && !removal_add(&call->removal, walk->rank))
            return STORE_NO_MEMORY;
        if (++call->answer->count == query->count)
            break;
    }
    removal_apply(&call->removal, walk->access);
    return STORE_OK;
}

/* Runs the query; *trimmed tells whether the range reaches into what was trimmed. */
static enum store_result take(struct collection_access *access, struct get_call *call,
                              bool *trimmed)
{
    const struct btree_query *query = call->query;
    struct collection *collection = access->collection;

    *trimmed = false;
    call->answer->flags = item_flags(access->item);
    if (query->offset >= collection->tree.count)
        return STORE_NO_ELEMENT;
    if (!btree_admits(collection, query->range->from.kind))
        return STORE_BKEY_MISMATCH;
    if (!access->resumed)
        start_taking(access, call);
    call->walk->access = access;
    bool to_trimmed = is_trimmed_away(collection, &query->range->to);
    enum store_result result = take_elements(call->walk, call);
    if (result != STORE_OK)
        return result;
    *trimmed = call->from_trimmed || (to_trimmed && call->walk->at_end);
    if (call->answer->count == 0)
        return STORE_NO_ELEMENT;
    access->drop = query->drop && collection->tree.count == 0;
    return access->drop ? STORE_DROPPED : STORE_OK;
}

static enum store_result act_get(struct collection_access *access, void *argument)
{
    struct get_call *call = argument;
    bool trimmed;

    enum store_result result = take(access, call, &trimmed);
    if (trimmed && result == STORE_NO_ELEMENT)
        return STORE_OUT_OF_RANGE;
    return trimmed && result == STORE_OK && !call->query->remove ? STORE_TRIMMED : result;
}

/* How many elements come before the key, or with it. */
static uint32_t rank_of(struct collection *collection, const struct bkey *bkey, bool with_it)
{
    struct tree_cursor cursor;
    bool exact = btree_seek(collection, bkey, &cursor);

    return tree_rank(&cursor) + (exact && with_it);
}

/* Ranks of neighbours. */
struct run {
    uint32_t lowest, count;
};

/* The elements in the range. */
static struct run run_of(struct collection *collection, const struct bkey_range *range)
{
    bool descending = bkey_compare(&range->from, &range->to) > 0;
    const struct bkey *low = descending ? &range->to : &range->from;
    const struct bkey *high = descending ? &range->from : &range->to;
    uint32_t lowest = rank_of(collection, low, false);

    return (struct run){.lowest = lowest, .count = rank_of(collection, high, true) - lowest};
}

/* Without a filter nothing needs to be looked at. */
static uint32_t remove_range(struct collection_access *access, const struct btree_query *query)
{
    struct tree *tree = &access->collection->tree;
    struct run run = run_of(access->collection, query->range);
    bool descending = bkey_compare(&query->range->from, &query->range->to) > 0;
    struct tree_cursor cursor;

    if (run.count <= query->offset)
        return 0;
    uint32_t behind = run.count - query->offset;
    uint32_t n = query->count > 0 && query->count < behind ? query->count : behind;
    tree_seek_rank(tree, run.lowest + (descending ? behind - n : query->offset), &cursor);
    collection_remove(access, &cursor, n);
    access->thread->elements = query->offset + n;
    return n;
}

static enum store_result act_delete(struct collection_access *access, void *argument)
{
    struct get_call *call = argument;
    const struct btree_query *query = call->query;
    struct tree *tree = &access->collection->tree;
    bool trimmed;

    if (query->filter)
        return take(access, call, &trimmed);
    if (tree->count == 0)
        return STORE_NO_ELEMENT;
    if (!btree_admits(access->collection, query->range->from.kind))
        return STORE_BKEY_MISMATCH;
    call->answer->count = remove_range(access, query);
    if (call->answer->count == 0)
        return STORE_NO_ELEMENT;
    return collection_removed(access, query->drop ? STORE_DELETE_DROP : STORE_DELETE);
}

enum store_result btree_get(struct store_thread *thread, const char *key, size_t key_len,
                            const struct btree_query *query, btree_visit *visit, void *argument,
                            struct btree_answer *answer)
{
    struct walk walk;
    struct get_call call = {
        .query = query, .visit = visit, .argument = argument, .answer = answer, .walk = &walk};

    answer->count = 0;
    enum store_result result = btree_read(thread, key, key_len, act_get, &call);
    removal_free(&call.removal);
    return result;
}

enum store_result btree_delete(struct store_thread *thread, const char *key, size_t key_len,
                               const struct btree_query *query, struct btree_answer *answer)
{
    struct walk walk;
    struct get_call call = {.query = query, .answer = answer, .walk = &walk};

    answer->count = 0;
    enum store_result result = btree_change(thread, key, key_len, act_delete, &call);
    removal_free(&call.removal);
    return result;
}

static enum store_result act_count(struct collection_access *access, void *argument)
{
    struct get_call *call = argument;
    const struct btree_query *query = call->query;
    enum bkey_kind kind = btree_of(access->collection)->kind;
    struct walk *walk = call->walk;

    if (kind != BKEY_NONE && kind != query->range->from.kind)
        return STORE_BKEY_MISMATCH;
    if (!access->resumed)
        call->answer->count = 0;
    if (access->collection->tree.count == 0)
        return STORE_OK;
    if (!query->filter) {
        call->answer->count = run_of(access->collection, query->range).count;
        return STORE_OK;
    }
    if (!access->resumed)
        walk_start(walk, access, query->range, query->filter);
    walk->access = access;
    for (; !walk->at_end; walk_next(walk)) {
        if (access->left == 0)
            return STORE_PAUSED;
        call->answer->count += walk_matches(walk);
    }
    return STORE_OK;
}

enum store_result btree_count(struct store_thread *thread, const char *key, size_t key_len,
                              const struct btree_query *query, struct btree_answer *answer)
{
    struct walk walk;
    struct get_call call = {.query = query, .answer = answer, .walk = &walk};

    return btree_read(thread, key, key_len, act_count, &call);
}

static enum store_result act_part(struct collection_access *access, void *argument)
{
    struct btree_part *part = argument;
    struct collection *collection = access->collection;
    const struct bkey_range *range = part->range;
    struct walk walk;

    part->flags = item_flags(access->item);
    part->trimmed = part->paused = false;
    if (collection->tree.count == 0)
        return STORE_OK;
    if (!btree_admits(collection, range->from.kind))
        return STORE_BKEY_MISMATCH;
    if (!part->after && is_trimmed_away(collection, &range->from))
        return STORE_OUT_OF_RANGE;
    walk_start(&walk, access, range, part->filter);
    if (part->after)
        walk_to(&walk, part->after, true);
    for (; !walk.at_end; walk_next(&walk)) {
        if (walk_matches(&walk) && !part->visit(part->argument, &walk.element))
            return STORE_OK;
        part->paused = access->left == 1;
        if (part->paused) {
            bkey_set_bytes(&part->last, range->from.kind, walk.element.bkey, walk.element.bkey_len);
            return STORE_OK;
        }
    }
    part->trimmed = is_trimmed_away(collection, &range->to);
    if (part->trimmed)
        part->last = walk.descending ? btree_smallest(collection) : btree_largest(collection);
    return STORE_OK;
}

enum store_result btree_visit_part(struct store_thread *thread, const char *key, size_t key_len,
                                   struct btree_part *part)
{
    return btree_read(thread, key, key_len, act_part, part);
}
