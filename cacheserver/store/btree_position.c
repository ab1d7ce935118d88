/* Elements by their position: a position is a rank, or counted from the other end. */
#include "cacheserver/store/btree.h"
#include "cacheserver/store/btree_element.h"
#include "cacheserver/store/collection.h"

struct position_call {
    const struct bkey *bkey;
    bool descending;
    uint32_t from, to; /* positions */
    uint32_t around;
    btree_visit *visit; /* NULL: none */
    void *argument;
    struct btree_answer *answer;

    /* how far it is */
    struct tree_cursor cursor;
    uint32_t left;
};

static uint32_t rank_of(const struct tree *tree, bool descending, uint32_t position)
{
    return descending ? tree->count - 1 - position : position;
}

static void start_visiting(struct collection_access *access, struct position_call *call,
                           uint32_t from, uint32_t to)
{
    struct tree *tree = &access->collection->tree;

    if (call->answer->count > 0)
        call->visit(call->argument, NULL);
    call->left = from < to ? to - from + 1 : from - to + 1;
    call->answer->flags = item_flags(access->item);
    call->answer->count = call->left;
    access->thread->elements = call->left;
    tree_seek_rank(tree, rank_of(tree, call->descending, from), &call->cursor);
}

static enum store_result visit_positions(struct collection_access *access,
                                         struct position_call *call, uint32_t from, uint32_t to)
{
    struct btree_element element;
    bool backwards = (from > to) != call->descending;

    if (!access->resumed)
        start_visiting(access, call, from, to);
    for (; call->left > 0; call->left--) {
        if (access->left == 0)
            return STORE_PAUSED;
        btree_current(&call->cursor, btree_of(access->collection)->kind, &element);
        if (!call->visit(call->argument, &element))
            break;
        access_spend(access, 1, element.value_len);
        if (backwards)
            tree_prev(&call->cursor);
        else
            tree_next(&call->cursor);
    }
    return STORE_OK;
}

static enum store_result find(struct collection_access *access, const struct position_call *call)
{
    struct tree *tree = &access->collection->tree;
    struct tree_cursor cursor;

    if (tree->count == 0)
        return STORE_NO_ELEMENT;
    if (!btree_admits(access->collection, call->bkey->kind))
        return STORE_BKEY_MISMATCH;
    if (!btree_seek(access->collection, call->bkey, &cursor))
        return STORE_NO_ELEMENT;
    call->answer->position = rank_of(tree, call->descending, tree_rank(&cursor));
    return STORE_OK;
}

static enum store_result act_position(struct collection_access *access, void *argument)
{
    return find(access, argument);
}

static enum store_result act_around(struct collection_access *access, void *argument)
{
    struct position_call *call = argument;
    enum store_result result = find(access, call);

    if (result != STORE_OK)
        return result;
    uint32_t position = call->answer->position;
    uint32_t behind = access->collection->tree.count - 1 - position;
    call->answer->index = position < call->around ? position : call->around;
    return visit_positions(access, call, position - call->answer->index,
                           position + (behind < call->around ? behind : call->around));
}

static enum store_result act_positions(struct collection_access *access, void *argument)
{
    struct position_call *call = argument;
    uint32_t count = access->collection->tree.count;

    if (call->from >= count && call->to >= count)
        return STORE_NO_ELEMENT;
    return visit_positions(access, call, call->from < count ? call->from : count - 1,
                           call->to < count ? call->to : count - 1);
}

enum store_result btree_position(struct store_thread *thread, const char *key, size_t key_len,
                                 const struct bkey *bkey, bool descending,
                                 struct btree_answer *answer)
{
    struct position_call call = {.bkey = bkey, .descending = descending, .answer = answer};

    return btree_read(thread, key, key_len, act_position, &call);
}

enum store_result btree_get_positions(struct store_thread *thread, const char *key, size_t key_len,
                                      bool descending, uint32_t from, uint32_t to,
                                      btree_visit *visit, void *argument,
                                      struct btree_answer *answer)
{
    struct position_call call = {.descending = descending,
                                 .from = from,
                                 .to = to,
                                 .visit = visit,
                                 .argument = argument,
                                 .answer = answer};

    answer->count = 0;
    return btree_read(thread, key, key_len, act_positions, &call);
}

enum store_result btree_get_around(struct store_thread *thread, const char *key, size_t key_len,
                                   const struct bkey *bkey, bool descending, uint32_t count,
                                   btree_visit *visit, void *argument, struct btree_answer *answer)
{
    struct position_call call = {.bkey = bkey,
                                 .descending = descending,
                                 .around = count,
                                 .visit = visit,
                                 .argument = argument,
                                 .answer = answer};

    answer->count = 0;
    return btree_read(thread, key, key_len, act_around, &call);
}
