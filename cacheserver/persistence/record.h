#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cacheserver/store/store.h"

/*
 * A record says one effect: u32 bytes that follow, u8 type, and what the type needs. Numbers are
 * little-endian. Times are Unix times, 0 never, -1 sticky.
 */
enum record_type {
    RECORD_LINK = 1,         /* u64 cas, i64 expiry, u32 flags, u16 key length, key, value */
    RECORD_UNLINK = 2,       /* key */
    RECORD_TOUCH = 3,        /* i64 expiry, key */
    RECORD_FLUSH = 4,        /* u64 floor: everything with a smaller cas is gone */
    RECORD_FLUSH_DUE = 5,    /* i64 when; 0: no flush is due */
    RECORD_CAS = 6,          /* u64: smaller cas uniques may have been given out */
    RECORD_FLUSH_PREFIX = 7, /* u64 floor, name: the same for keys with this prefix */
};

struct record {
    enum record_type type;
    uint64_t cas; /* or floor */
    int64_t when; /* expiry, or due */
    uint32_t flags;
    const char *key; /* or name of a prefix */
    size_t key_len;
    const char *value;
    size_t value_len;
};

/* What record_put will write, everything included. The value is not copied: value_len bytes of
 * room are left for it at the end. */
size_t record_bytes(const struct record *record);
/* Returns where the value goes, or the end. */
char *record_put(const struct record *record, char *at);

/* A link of this item, without its value. */
struct record record_of_item(struct item *item, clock_seconds exptime);
/* Copies the item's value. */
void record_put_value(struct item *item, char *at);

/* The next record of a frame; false: there is none, or (*bad set) bytes that are no record. */
struct record_reader {
    const char *at, *end;
    bool bad;
};
bool record_next(struct record_reader *reader, struct record *record);

int64_t record_time(clock_seconds time);
clock_seconds record_clock(int64_t when);
