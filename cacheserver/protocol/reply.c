/*
 * Pieces are in sending order. Runs of the buffer are pieces without an address, because the
 * buffer moves when it grows; since they are sent in order, their place follows from what was
 * sent. A batch of short replies is one run and has no pieces at all until it is sent.
 */
#include "cacheserver/protocol/reply.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "cacheserver/protocol/limits.h"

#define FIRST_CAPACITY 16384
/* A buffer that one batch made larger than this is given back after it. */
#define KEPT_CAPACITY (4 * LIMIT_REPLY_BUFFERED)

struct reply *reply_new(void)
{
    return calloc(1, sizeof(struct reply));
}

void reply_free(struct reply *reply, struct store_thread *store)
{
    if (!reply)
        return;
    reply_reset(reply, store);
    free(reply->buffer);
    free(reply->pieces);
    free(reply->pinned);
    free(reply);
}

void reply_reset(struct reply *reply, struct store_thread *store)
{
    for (size_t i = 0; i < reply->pinned_count; i++)
        store_unpin(store, reply->pinned[i]);
    if (reply_large_bytes(reply)) {
        free(reply->buffer);
        reply->buffer = NULL;
        reply->capacity = 0;
    }
    reply->len = reply->run_start = 0;
    reply->piece_count = reply->pinned_count = reply->pinned_bytes = 0;
    reply->sent_pieces = reply->sent_of_piece = reply->sent_of_buffer = 0;
    reply->failed = false;
}

size_t reply_large_bytes(const struct reply *reply)
{
    return reply->capacity > KEPT_CAPACITY ? reply->capacity : 0;
}

char *reply_reserve(struct reply *reply, size_t n)
{
    if (n > reply->capacity - reply->len) {
        size_t capacity = reply->capacity ? reply->capacity : FIRST_CAPACITY;
        while (capacity - reply->len < n)
            capacity *= 2;
        char *grown = realloc(reply->buffer, capacity);
        if (!grown) {
            reply->failed = true;
            return NULL;
        }
        reply->buffer = grown;
        reply->capacity = capacity;
    }
    return reply->buffer + reply->len;
}

void reply_bytes(struct reply *reply, const char *bytes, size_t n)
{
    char *room = reply_reserve(reply, n);

    if (!room)
        return;
    memcpy(room, bytes, n);
    reply_commit(reply, n);
}

void reply_text(struct reply *reply, const char *text)
{
    reply_bytes(reply, text, strlen(text));
}

void reply_format(struct reply *reply, const char *format, ...)
{
    char line[1024];
    va_list args;

    va_start(args, format);
    int n = vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    if (n > 0)
        reply_bytes(reply, line, (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1);
}

/* One more element in a growing array; NULL: no memory. */
static void *grow(struct reply *reply, void *array, size_t *capacity, size_t count, size_t size)
{
    if (count < *capacity)
        return array;
    size_t wanted = *capacity ? 2 * *capacity : 16;
    void *grown = realloc(array, wanted * size);
    if (!grown) {
        reply->failed = true;
        return NULL;
    }
    *capacity = wanted;
    return grown;
}

static bool add_piece(struct reply *reply, const char *at, size_t len)
{
    void *pieces = grow(reply, reply->pieces, &reply->piece_capacity, reply->piece_count,
                        sizeof(*reply->pieces));
    if (!pieces)
        return false;
    reply->pieces = pieces;
    reply->pieces[reply->piece_count++] = (struct reply_piece){.at = at, .len = len};
    return true;
}

static bool end_run(struct reply *reply)
{
    if (reply->run_start == reply->len)
        return true;
    if (!add_piece(reply, NULL, reply->len - reply->run_start))
        return false;
    reply->run_start = reply->len;
    return true;
}

void reply_value(struct reply *reply, struct item *item)
{
    struct item_cursor cursor;
    void *pinned = grow(reply, reply->pinned, &reply->pinned_capacity, reply->pinned_count,
                        sizeof(*reply->pinned));

    /* Without room to remember the pin it stays for ever: rather that than a dangling pointer. */
    if (!pinned)
        return;
    reply->pinned = pinned;
    reply->pinned[reply->pinned_count++] = item;
    reply->pinned_bytes += item_value_len(item);
    if (!end_run(reply))
        return;
    item_cursor_start(&cursor, item);
    while (cursor.left > 0 && add_piece(reply, cursor.at, cursor.here))
        item_cursor_advance(&cursor, cursor.here);
}

bool reply_is_full(const struct reply *reply)
{
    return reply->len >= LIMIT_REPLY_BUFFERED || reply->piece_count >= LIMIT_REPLY_PIECES ||
           reply->pinned_bytes >= LIMIT_REPLY_PINNED;
}

bool reply_is_empty(const struct reply *reply)
{
    return reply->len == 0;
}

int reply_vectors(struct reply *reply, struct iovec *vectors, int most)
{
    int count = 0;
    size_t in_buffer = reply->sent_of_buffer;
    size_t skip = reply->sent_of_piece;

    if (!end_run(reply))
        return 0;
    for (size_t i = reply->sent_pieces; i < reply->piece_count && count < most; i++) {
        const struct reply_piece *piece = &reply->pieces[i];
        const char *at = piece->at ? piece->at + skip : reply->buffer + in_buffer;
        vectors[count++] = (struct iovec){.iov_base = (char *)at, .iov_len = piece->len - skip};
        if (!piece->at)
            in_buffer += piece->len - skip;
        skip = 0;
    }
    return count;
}

void reply_sent(struct reply *reply, size_t n)
{
    while (n > 0) {
        assert(reply->sent_pieces < reply->piece_count);
        const struct reply_piece *piece = &reply->pieces[reply->sent_pieces];
        size_t left = piece->len - reply->sent_of_piece;
        size_t step = n < left ? n : left;
        if (!piece->at)
            reply->sent_of_buffer += step;
        reply->sent_of_piece += step;
        n -= step;
        if (reply->sent_of_piece == piece->len) {
            reply->sent_pieces++;
            reply->sent_of_piece = 0;
        }
    }
}
