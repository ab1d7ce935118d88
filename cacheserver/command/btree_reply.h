#pragma once
#include "cacheserver/protocol/put.h"
#include "cacheserver/protocol/reply.h"
#include "cacheserver/store/btree.h"

/*
 * Writes elements as they are visited, behind a head that can only be known after the last one: a
 * gap is left for it, and what was written moves if the head turns out shorter or longer.
 */
struct btree_reply {
    struct reply *reply;
    const char *prefix; /* of each element's line */
    size_t prefix_len;
    size_t start, gap; /* in the reply's buffer */
    bool too_large;    /* not all elements were written: they are more than one reply may have */
};

/* gap: the likely length of the head. */
void btree_reply_begin(struct btree_reply *out, struct reply *reply, const char *prefix,
                       size_t gap);
/* A btree_visit; the argument is a struct btree_reply. */
bool btree_reply_element(void *argument, const struct btree_element *element);
/* Where the head of this length is to be written; NULL: no memory. */
char *btree_reply_head(struct btree_reply *out, size_t len);
/* Takes back all that was written. */
void btree_reply_undo(struct btree_reply *out);

/* "bkey [eflag] bytes data" CRLF; BTREE_LINE_MAX bytes more than the value are enough. */
char *put_element(char *at, const struct btree_element *element);
#define BTREE_LINE_MAX (2 * (BKEY_MAX_TEXT + 1) + 24)
