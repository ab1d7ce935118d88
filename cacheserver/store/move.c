/*
 * Whoever looks at an item has its bucket's lock or a pin on it, so with the lock and without pins
 * an item is copied, its slot and its chunks are led to the copy, and nobody has noticed. A part of
 * an item hangs on one pointer. A collection itself is not moved: all its nodes lead to it.
 * Requests that pause on a collection keep cursors into its nodes; the version tells them to start
 * over.
 */
#include "cacheserver/store/move.h"

#include <string.h>

#include "cacheserver/store/collection.h"
#include "cacheserver/store/internal.h"

static bool is_same_page(const void *a, const void *b)
{
    return (uintptr_t)a / MEMORY_PAGE_BYTES == (uintptr_t)b / MEMORY_PAGE_BYTES;
}

/* NULL: there is no object at hand in another page. */
static void *copy_elsewhere(struct store_thread *thread, const void *object, size_t bytes)
{
    struct memory *memory = &thread->store->memory;
    void *copy = memory_alloc_at_hand(memory, &thread->cache, bytes);

    if (copy && is_same_page(copy, object)) {
        memory_free(memory, &thread->cache, copy);
        return NULL;
    }
    return copy ? memcpy(copy, object, bytes) : NULL;
}

bool move_item(struct store_thread *thread, uint64_t *slot)
{
    struct item *item = slot_item(*slot);

    if (item_type(item) != ITEM_KV || item_is_pinned(item))
        return false;
    struct item *copy = copy_elsewhere(thread, item, item_object_bytes(item));
    if (!copy)
        return false;
    if (item_in_chunks(copy))
        for (struct item_chunk *chunk = item_first_chunk(copy); chunk; chunk = chunk->next)
            chunk->owner = copy;
    slot_replace(slot, copy);
    memory_free(&thread->store->memory, &thread->cache, item);
    return true;
}

static bool move_chunk(struct store_thread *thread, struct item *item, const void *part)
{
    struct item_chunk *previous = NULL, *chunk = item_first_chunk(item);
    size_t left = item_value_len(item);

    for (; chunk && chunk != part; chunk = chunk->next) {
        previous = chunk;
        left -= ITEM_CHUNK_DATA;
    }
    if (!chunk)
        return true;
    if (item_is_pinned(item))
        return false;
    struct item_chunk *copy = copy_elsewhere(
        thread, chunk, sizeof(*chunk) + (left < ITEM_CHUNK_DATA ? left : ITEM_CHUNK_DATA));
    if (!copy)
        return false;
    if (previous)
        previous->next = copy;
    else
        item_set_first_chunk(item, copy);
    memory_free(&thread->store->memory, &thread->cache, chunk);
    return true;
}

static bool move_node(struct store_thread *thread, struct item *item, void *part)
{
    struct collection *collection = item_collection(item);
    size_t bytes;
    void **link = tree_link_of(&collection->tree, part, &bytes);

    if (!link)
        return true;
    void *copy = copy_elsewhere(thread, part, bytes);
    if (!copy)
        return false;
    *link = copy;
    collection->version++;
    memory_free(&thread->store->memory, &thread->cache, part);
    return true;
}

bool move_part(struct store_thread *thread, struct item *item, void *part)
{
    if (item_type(item) != ITEM_KV)
        return move_node(thread, item, part);
    return !item_in_chunks(item) || move_chunk(thread, item, part);
}
