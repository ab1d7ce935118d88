/*
 * The optional words stand before the key, so their presence bits alone give the key's place. The
 * chunk pointer of a large item stands where its value would and is therefore not aligned.
 */
#include "cacheserver/store/item.h"

#include <assert.h>
#include <string.h>

#include "cacheserver/store/collection.h"

uint32_t item_flags(const struct item *item)
{
    uint32_t flags = 0;

    if (item->word & ITEM_HAS_FLAGS)
        memcpy(&flags, item->rest + (item_has_pins(item) ? 4 : 0), sizeof(flags));
    return flags;
}

static size_t unique_offset(const struct item *item)
{
    return (item_has_pins(item) ? 4 : 0) + (item->word & ITEM_HAS_FLAGS ? 4 : 0);
}

uint64_t item_unique(const struct item *item)
{
    uint64_t unique = item_cas(item);

    if (item->info & ITEM_HAS_UNIQUE)
        memcpy(&unique, item->rest + unique_offset(item), sizeof(unique));
    return unique;
}

void item_set_unique(struct item *item, uint64_t unique)
{
    assert(item->info & ITEM_HAS_UNIQUE);
    memcpy(item->rest + unique_offset(item), &unique, sizeof(unique));
}

size_t item_head_bytes(size_t key_len, size_t value_len, bool has_flags, bool *in_chunks)
{
    size_t head =
        ITEM_HEADER_BYTES + (has_flags ? 4 : 0) + (value_len >= ITEM_PIN_MIN ? 4 : 0) + key_len;

    *in_chunks = head + value_len > ITEM_OBJECT_MAX;
    return head + (*in_chunks ? sizeof(struct item_chunk *) : value_len);
}

size_t item_object_bytes(const struct item *item)
{
    bool in_chunks;
    size_t key = item_key_len(item) + (item->info & ITEM_HAS_UNIQUE ? sizeof(uint64_t) : 0);
    return item_head_bytes(key, item_value_len(item), item->word & ITEM_HAS_FLAGS, &in_chunks);
}

size_t item_total_bytes(const struct item *item)
{
    size_t value = item_value_len(item);
    size_t head = item_object_bytes(item);

    if (item_type(item) != ITEM_KV)
        return head + item_collection((struct item *)item)->tree.bytes;
    if (!item_in_chunks(item))
        return head;
    size_t chunks = (value + ITEM_CHUNK_DATA - 1) / ITEM_CHUNK_DATA;
    return head + value + chunks * sizeof(struct item_chunk);
}

struct item_chunk *item_first_chunk(struct item *item)
{
    struct item_chunk *chunk;
    memcpy(&chunk, item_value(item), sizeof(chunk));
    return chunk;
}

void item_set_first_chunk(struct item *item, struct item_chunk *chunk)
{
    memcpy(item_value(item), &chunk, sizeof(chunk));
}

static void enter_chunk(struct item_cursor *cursor, struct item_chunk *chunk)
{
    cursor->chunk = chunk;
    cursor->at = chunk->data;
    cursor->here = cursor->left < ITEM_CHUNK_DATA ? cursor->left : ITEM_CHUNK_DATA;
}

void item_cursor_start(struct item_cursor *cursor, struct item *item)
{
    cursor->left = item_value_len(item);
    if (item_in_chunks(item)) {
        enter_chunk(cursor, item_first_chunk(item));
        return;
    }
    cursor->chunk = NULL;
    cursor->at = item_value(item);
    cursor->here = cursor->left;
}

void item_cursor_advance(struct item_cursor *cursor, size_t n)
{
    assert(n <= cursor->here);
    cursor->at += n;
    cursor->here -= n;
    cursor->left -= n;
    if (cursor->here == 0 && cursor->left > 0)
        enter_chunk(cursor, cursor->chunk->next);
}

void item_cursor_write(struct item_cursor *cursor, const char *from, size_t n)
{
    while (n > 0) {
        size_t piece = n < cursor->here ? n : cursor->here;
        memcpy(cursor->at, from, piece);
        item_cursor_advance(cursor, piece);
        from += piece;
        n -= piece;
    }
}
