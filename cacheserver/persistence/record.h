#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cacheserver/store/restore_collection.h"
#include "cacheserver/store/store.h"

/*
 * A record says one effect: u32 bytes that follow, u8 type, and the fields of its type, in the
 * order in which record.c has them. Numbers are little-endian. Times are Unix times, 0 never, -1
 * sticky.
 */
enum record_type {
    RECORD_LINK = 1,              /* a key-value item instead of what the key had */
    RECORD_UNLINK = 2,            /* the key has nothing any more */
    RECORD_TOUCH = 3,             /* another expiry time */
    RECORD_FLUSH = 4,             /* everything with a smaller cas is gone */
    RECORD_FLUSH_DUE = 5,         /* that will happen then; 0: it will not */
    RECORD_CAS = 6,               /* smaller cas uniques may have been given out */
    RECORD_FLUSH_PREFIX = 7,      /* everything with this prefix and a smaller cas is gone */
    RECORD_SEED = 8,              /* what keys, values of sets and fields of maps are hashed with */
    RECORD_COLLECTION = 9,        /* an empty collection instead of what the key had */
    RECORD_STATE = 10,            /* a collection's attributes */
    RECORD_ELEMENT = 11,          /* a new element, or another one instead of one */
    RECORD_REMOVAL = 12,          /* elements are gone */
    RECORD_FLUSH_PREFIX_DUE = 13, /* everything with this prefix will be gone then */
    RECORD_TYPES,
};

/* Of a link: the value is out of date; the client chose the cas unique that clients see. */
#define RECORD_STALE      1u
#define RECORD_HAS_UNIQUE 2u

struct record {
    enum record_type type;
    enum item_type item_type; /* u8 */
    uint64_t cas;             /* u64; or a floor, or half of the seed */
    uint64_t unique;          /* u64; or the other half */
    int64_t when;             /* i64; expiry, or due */
    uint32_t flags;           /* u32 */
    uint32_t rank, count;     /* u32 each */
    uint8_t marks;            /* u8 */
    uint8_t kind;             /* u8; of an element's bkey */
    bool replaces;            /* u8 */
    struct collection_state state;
    const char *key; /* u16 length; or name of a prefix */
    size_t key_len;
    const char *value; /* the rest; or an element */
    size_t value_len;
};

/* What record_put will write, everything included. The value is not copied: value_len bytes of
 * room are left for it at the end. */
size_t record_bytes(const struct record *record);
/* Returns where the value goes, or the end. */
char *record_put(const struct record *record, char *at);

/* What restores the item, without its value or elements; its bucket is locked. */
struct record record_of_item(struct item *item);
/* Copies a key-value item's value. */
void record_put_value(struct item *item, char *at);

/* The next record of a frame; false: there is none, or (*bad set) bytes that are no record. */
struct record_reader {
    const char *at, *end;
    bool bad;
};
bool record_next(struct record_reader *reader, struct record *record);

int64_t record_time(clock_seconds time);
clock_seconds record_clock(int64_t when);
