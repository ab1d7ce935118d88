#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/uio.h>

#include "cacheserver/store/store.h"

/*
 * The replies of one read batch, to leave in one system call. Short things are copied into a
 * buffer; long values are pinned in the store and pointed to. One thread uses it at a time.
 */
struct reply_piece {
    const char *at; /* NULL: the next `len` bytes of the buffer */
    size_t len;
};

struct reply {
    char *buffer;
    size_t len, capacity;
    size_t run_start; /* bytes of the buffer from here on are not in a piece yet */
    struct reply_piece *pieces;
    size_t piece_count, piece_capacity;
    struct item **pinned;
    size_t pinned_count, pinned_capacity;
    size_t pinned_bytes;
    bool failed; /* no memory: what was built is incomplete */

    /* how far it was sent */
    size_t sent_pieces, sent_of_piece, sent_of_buffer;
};

/* NULL: no memory. */
struct reply *reply_new(void);
/* Unpins. */
void reply_free(struct reply *reply, struct store_thread *store);
/* Ready for the next batch. */
void reply_reset(struct reply *reply, struct store_thread *store);

/* Room for n more bytes at the returned address; NULL: no memory, reply->failed is set. Say with
 * reply_commit how many were used. */
char *reply_reserve(struct reply *reply, size_t n);
static inline void reply_commit(struct reply *reply, size_t n)
{
    reply->len += n;
}

void reply_bytes(struct reply *reply, const char *bytes, size_t n);
void reply_text(struct reply *reply, const char *text);
void reply_format(struct reply *reply, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The item's whole value, without copying; the caller has pinned the item and the reply takes the
 * pin over. */
void reply_value(struct reply *reply, struct item *item);

/* So much is waiting that it should be sent before more is added. */
bool reply_is_full(const struct reply *reply);
bool reply_is_empty(const struct reply *reply);
/* The memory of a buffer that has become larger than a batch of short replies needs; else 0. */
size_t reply_large_bytes(const struct reply *reply);

/* The unsent rest as up to `most` vectors; returns how many, 0 when all is sent. */
int reply_vectors(struct reply *reply, struct iovec *vectors, int most);
void reply_sent(struct reply *reply, size_t n);
