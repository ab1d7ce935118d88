/*
 * Growth is held back by keeping the lock that it needs: whoever wants to split a bucket only
 * tries that lock, so nobody waits for the walk.
 */
#include "cacheserver/store/walk.h"

#include "cacheserver/store/collection.h"

uint64_t walk_begin(struct store_thread *thread)
{
    struct table *table = &thread->store->table;

    lock_take(&table->split_lock);
    return atomic_load_explicit(&table->bucket_count, memory_order_acquire);
}

void walk_end(struct store_thread *thread)
{
    struct table *table = &thread->store->table;

    lock_drop(&table->split_lock);
    table_add_items(table, &thread->cache, 0);
}

void walk_bucket(struct store_thread *thread, uint64_t index, store_visit *visit,
                 void (*passed)(void *argument), void *argument)
{
    struct bucket *first = table_lock_index(&thread->store->table, index);

    for (struct bucket *bucket = first; bucket; bucket = bucket_next(bucket)) {
        for (unsigned i = 0; i < TABLE_SLOTS; i++) {
            struct item *item = slot_item(bucket->slots[i]);
            if (item && !item_is_dead(thread, item))
                visit(item, argument);
        }
    }
    passed(argument);
    bucket_unlock(first);
}

bool walk_collection(struct store_thread *thread, const char *key, size_t key_len, store_visit *act,
                     void *argument)
{
    struct place place = place_lock(thread, key, key_len);
    struct item *item = place_item(&place);
    bool found = item && item_type(item) != ITEM_KV;

    if (found)
        act(item, argument);
    bucket_unlock(place.bucket);
    return found;
}

uint32_t walk_elements(struct item *collection, uint32_t rank, size_t bytes_most,
                       walk_element *visit, void *argument)
{
    struct tree *tree = &item_collection(collection)->tree;
    struct tree_cursor cursor;
    const char *bytes;
    size_t len, seen = 0;

    if (rank >= tree->count)
        return tree->count;
    tree_seek_rank(tree, rank, &cursor);
    while (seen < bytes_most && tree_get(&cursor, &bytes, &len)) {
        visit(bytes, len, argument);
        seen += len;
        rank++;
        tree_next(&cursor);
    }
    return rank;
}

uint32_t walk_element_count(struct item *collection, size_t *bytes)
{
    const struct tree *tree = &item_collection(collection)->tree;

    *bytes = tree->bytes;
    return tree->count;
}

uint64_t walk_index(const struct store *store, const char *key, size_t key_len)
{
    const struct table *table = &store->table;
    uint64_t count = atomic_load_explicit(&table->bucket_count, memory_order_relaxed);
    return table_index(hash_key(&table->seed, key, key_len), count);
}
