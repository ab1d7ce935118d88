/*
 * With a million keys an operation misses the cache twice, in the bucket and in the item, and takes
 * longer for that than for everything else. Two passes over the keys let all buckets come at the
 * same time, and then all items. The second pass reads buckets without their lock; what it takes
 * for an address is only ever given to the prefetch instruction, which ignores bad ones.
 */
#include "cacheserver/store/hint.h"

#define LINE_BYTES 64
/* Lines of an item that are asked for: header and key, and a small value. */
#define ITEM_LINES 3

void store_hint(struct store_thread *thread, const struct store_hint *hints, unsigned count)
{
    struct table *table = &thread->store->table;
    uint64_t hashes[STORE_HINT_KEYS];

    for (unsigned i = 0; i < count; i++) {
        hashes[i] = hash_key(&table->seed, hints[i].key, hints[i].key_len);
        table_hint_bucket(table, hashes[i]);
    }
    for (unsigned i = 0; i < count; i++) {
        const char *item = table_hint_item(table, hashes[i]);
        if (!item)
            continue;
        for (unsigned line = 0; line < ITEM_LINES; line++)
            __builtin_prefetch(item + (size_t)line * LINE_BYTES, 1);
    }
}
