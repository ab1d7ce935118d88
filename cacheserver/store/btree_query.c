/*
 * Reading ranges of b+trees, and removing them. A walk goes from one end of the range towards the
 * other, looks at every element once, and removes what it found in runs of neighbours, so that a
 * removal costs the same whether it takes one element or a thousand that stand together.
 *
 * What was trimmed lies beyond the smallest key, or the largest. A range reaches into it when one
 * of its ends lies there; only the end that the walk really got to counts.
 */
#include <string.h>

#include "cacheserver/store/btree.h"
#include "cacheserver/store/btree_element.h"
#include "cacheserver/store/collection.h"

struct walk {
    struct collection_access *access;
    struct tree_cursor cursor;
    struct btree_element element; /* at the cursor */
    const struct bkey_range *range;
    const struct eflag_filter *filter;
    bool descending;
    bool at_end; /* nothing is left in the range */
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

/* Neighbours that are to be removed, the walk being behind them. */
struct run {
    struct tree_cursor lowest;
    uint32_t count;
};

static void add_to_run(struct run *run, const struct walk *walk)
{
    if (run->count++ == 0 || walk->descending)
        run->lowest = walk->cursor;
}

static void remove_run(struct run *run, struct walk *walk)
{
    if (run->count > 0)
        collection_remove(walk->access, &run->lowest, run->count);
    run->count = 0;
}

/* Removes what is behind the walk, which stays at its element. */
static void remove_run_behind(struct run *run, struct walk *walk)
{
    if (run->count == 0)
        return;
    remove_run(run, walk);
    walk->cursor = run->lowest;
    if (walk->descending)
        tree_prev(&walk->cursor);
    btree_current(&walk->cursor, walk->element.kind, &walk->element);
}

struct get_call {
    const struct btree_query *query;
    btree_visit *visit; /* NULL: none */
    void *argument;
    struct btree_answer *answer;
};

static void take_elements(struct walk *walk, const struct get_call *call)
{
    const struct btree_query *query = call->query;
    struct run run = {.count = 0};
    uint32_t skip = query->offset;

    for (; !walk->at_end; walk_next(walk)) {
        bool matches = walk_matches(walk);
        if (!matches || skip > 0) {
            skip -= matches;
            remove_run_behind(&run, walk);
            continue;
        }
        if (call->visit && !call->visit(call->argument, &walk->element))
            break;
        if (query->remove)
            add_to_run(&run, walk);
        if (++call->answer->count == query->count)
            break;
    }
    remove_run(&run, walk);
}

/* Runs the query; *trimmed tells whether the range reaches into what was trimmed. */
static enum store_result take(struct collection_access *access, const struct get_call *call,
                              bool *trimmed)
{
    const struct btree_query *query = call->query;
    struct collection *collection = access->collection;
    struct walk walk;

    call->answer->flags = item_flags(access->item);
    call->answer->count = 0;
    *trimmed = false;
    if (query->offset >= collection->tree.count)
        return STORE_NO_ELEMENT;
    if (!btree_admits(collection, query->range->from.kind))
        return STORE_BKEY_MISMATCH;
    bool from_trimmed = is_trimmed_away(collection, &query->range->from);
    bool to_trimmed = is_trimmed_away(collection, &query->range->to);
    walk_start(&walk, access, query->range, query->filter);
    take_elements(&walk, call);
    *trimmed = from_trimmed || (to_trimmed && walk.at_end);
    if (call->answer->count == 0)
        return STORE_NO_ELEMENT;
    access->drop = query->drop && collection->tree.count == 0;
    return access->drop ? STORE_DROPPED : STORE_OK;
}

static enum store_result act_get(struct collection_access *access, void *argument)
{
    const struct get_call *call = argument;
    bool trimmed;

    enum store_result result = take(access, call, &trimmed);
    if (trimmed && result == STORE_NO_ELEMENT)
        return STORE_OUT_OF_RANGE;
    return trimmed && result == STORE_OK && !call->query->remove ? STORE_TRIMMED : result;
}

static enum store_result act_delete(struct collection_access *access, void *argument)
{
    bool trimmed;

    return take(access, argument, &trimmed);
}

enum store_result btree_get(struct store_thread *thread, const char *key, size_t key_len,
                            const struct btree_query *query, btree_visit *visit, void *argument,
                            struct btree_answer *answer)
{
    struct get_call call = {.query = query, .visit = visit, .argument = argument, .answer = answer};

    return btree_read(thread, key, key_len, act_get, &call);
}

enum store_result btree_delete(struct store_thread *thread, const char *key, size_t key_len,
                               const struct btree_query *query, struct btree_answer *answer)
{
    struct get_call call = {.query = query, .answer = answer};

    return btree_change(thread, key, key_len, act_delete, &call);
}

/* How many elements come before the key, or with it. */
static uint32_t rank_of(struct collection *collection, const struct bkey *bkey, bool with_it)
{
    struct tree_cursor cursor;
    bool exact = btree_seek(collection, bkey, &cursor);

    return tree_rank(&cursor) + (exact && with_it);
}

static uint32_t count_range(struct collection *collection, const struct bkey_range *range)
{
    bool descending = bkey_compare(&range->from, &range->to) > 0;
    const struct bkey *low = descending ? &range->to : &range->from;
    const struct bkey *high = descending ? &range->from : &range->to;

    return rank_of(collection, high, true) - rank_of(collection, low, false);
}

static enum store_result act_count(struct collection_access *access, void *argument)
{
    const struct get_call *call = argument;
    const struct btree_query *query = call->query;
    enum bkey_kind kind = btree_of(access->collection)->kind;
    struct walk walk;

    call->answer->count = 0;
    if (kind != BKEY_NONE && kind != query->range->from.kind)
        return STORE_BKEY_MISMATCH;
    if (access->collection->tree.count == 0)
        return STORE_OK;
    if (!query->filter) {
        call->answer->count = count_range(access->collection, query->range);
        return STORE_OK;
    }
    walk_start(&walk, access, query->range, query->filter);
    for (; !walk.at_end; walk_next(&walk))
        call->answer->count += walk_matches(&walk);
    return STORE_OK;
}

enum store_result btree_count(struct store_thread *thread, const char *key, size_t key_len,
                              const struct btree_query *query, struct btree_answer *answer)
{
    struct get_call call = {.query = query, .answer = answer};

    return btree_read(thread, key, key_len, act_count, &call);
}

static enum store_result act_part(struct collection_access *access, void *argument)
{
    struct btree_part *part = argument;
    struct collection *collection = access->collection;
    struct bkey_range range = *part->range;
    struct walk walk;

    part->flags = item_flags(access->item);
    part->trimmed = false;
    if (collection->tree.count == 0)
        return STORE_OK;
    if (!btree_admits(collection, range.from.kind))
        return STORE_BKEY_MISMATCH;
    if (!part->after && is_trimmed_away(collection, &range.from))
        return STORE_OUT_OF_RANGE;
    walk_start(&walk, access, &range, part->filter);
    if (part->after)
        walk_to(&walk, part->after, true);
    for (; !walk.at_end; walk_next(&walk))
        if (walk_matches(&walk) && !part->visit(part->argument, &walk.element))
            return STORE_OK;
    part->trimmed = is_trimmed_away(collection, &range.to);
    if (part->trimmed)
        part->last = walk.descending ? btree_smallest(collection) : btree_largest(collection);
    return STORE_OK;
}

enum store_result btree_visit_part(struct store_thread *thread, const char *key, size_t key_len,
                                   struct btree_part *part)
{
    return btree_read(thread, key, key_len, act_part, part);
}
