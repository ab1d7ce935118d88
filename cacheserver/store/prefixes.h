#pragma once
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cacheserver/runtime/clock.h"
#include "cacheserver/runtime/lock.h"
#include "cacheserver/store/hash.h"
#include "cacheserver/store/item.h"

/*
 * All prefixes that keys have or had, with what is counted of each. Looking one up takes no lock,
 * counting is a plain add into a block of the thread's own (of the first PREFIX_LOCAL_MAX prefixes;
 * of later ones an atomic add). Numbers lead to prefixes too, so that listings can go on later.
 */
#define PREFIX_LOCAL_MAX 1024
#define PREFIX_SEGMENTS  20
#define PREFIX_SHARDS    256
/* Operations are counted of so many prefixes, after which detailed statistics turn themselves off.
 */
#define PREFIX_COUNTED_MAX 10000

enum prefix_op {
#define PREFIX_OP(name, label) PREFIX_OP_##name,
#include "cacheserver/store/prefix_ops.def"
#undef PREFIX_OP
    PREFIX_OPS,
};

struct prefix_ops {
    _Atomic uint64_t n[PREFIX_OPS];
};

struct prefix_tally {
    _Atomic int64_t items[ITEM_TYPES], bytes[ITEM_TYPES];
    _Atomic(struct prefix_ops *) ops; /* NULL: none counted yet */
};

/* What one thread counts; allocated when there is something to count. */
struct prefix_tallies {
    _Atomic(struct prefix_tally *) of[PREFIX_LOCAL_MAX];
};

enum prefix_state {
    PREFIX_LIVE,
    PREFIX_RETIRING, /* was seen without items; linking one makes it live again */
    PREFIX_DEAD,     /* is found by nobody any more */
};

struct prefix {
    uint32_t id;
    uint32_t len;
    uint64_t hash;
    int64_t created_s; /* Unix time */
    _Atomic uint8_t state;
    _Atomic bool counted;            /* operations since the last reset */
    _Atomic clock_seconds flush_due; /* guarded by the lock of the table */
    _Atomic uint64_t floor;          /* items with a smaller cas unique are gone */
    struct prefix_tally shared;      /* for ids from PREFIX_LOCAL_MAX on */
    struct prefix_ops *reset;        /* the sums at the last reset, NULL: zeros; under the lock */
    struct prefix *next_retired;
    char name[];
};

struct prefix_index; /* one shard; open addressing, replaced as a whole when it grows */

struct prefixes {
    struct hash_seed seed;
    struct memory *memory;
    struct lock lock; /* guards changes: new prefixes, flushes, resets */
    _Atomic(struct prefix_index *) shards[PREFIX_SHARDS];
    struct prefix_index *old_indexes; /* a thread may still be reading them */
    struct prefix *retired;           /* dead, but a thread may still be looking at them */
    struct prefix *null;              /* of keys without a prefix; id 0 */
    _Atomic uint32_t id_count;        /* all ids are below */
    _Atomic uint32_t counted;         /* how many have operations counted */
    uint32_t *free_ids, free_count, free_capacity;
    _Atomic(_Atomic(struct prefix *) *) segments[PREFIX_SEGMENTS];

    /* flush_prefix: while `flushing`, dead items may be found under their prefix's floor */
    _Atomic bool flushing;
    uint64_t flushes;               /* asked for so far; guarded by the lock */
    _Atomic clock_seconds next_due; /* CLOCK_NEVER: none */
};

struct store;
struct store_thread;

/* -1: no memory. */
int prefixes_init(struct prefixes *prefixes, struct memory *memory, const struct hash_seed *seed);
void prefixes_deinit(struct prefixes *prefixes);

/* Of a thread that ended. */
void prefix_tallies_free(struct prefix_tallies *tallies);

/* The result may be used until the thread ticks or rests. NULL: there is none. */
struct prefix *prefix_find(struct store_thread *thread, const char *name, size_t len);
/* Makes it if need be, and keeps it from being retired while the thread links an item. NULL: no
 * memory. A bucket may be locked. */
struct prefix *prefix_get(struct store_thread *thread, const char *name, size_t len);
/* The prefix of an item that is linked. */
struct prefix *prefix_of(struct store_thread *thread, const char *key, size_t key_len);

void prefix_add(struct store_thread *thread, struct prefix *prefix, enum item_type type,
                int64_t items, int64_t bytes);
/* Counts an operation on a key; false: too many prefixes, nothing was counted. */
bool prefix_count_op(struct store_thread *thread, const char *key, size_t key_len,
                     enum prefix_op op, bool hit);

/* --- for whoever reads or empties them --- */

struct prefix_usage {
    int64_t items[ITEM_TYPES], bytes[ITEM_TYPES];
    int64_t all_items, all_bytes;
};
void prefix_sum(struct store *store, struct prefix *prefix, struct prefix_usage *usage);
void prefix_sum_ops(struct store *store, struct prefix *prefix, uint64_t ops[PREFIX_OPS]);
/* By number; NULL: none has it now. Ids are given out again, so say only what was seen. */
struct prefix *prefix_at(struct prefixes *prefixes, uint32_t id);
bool prefix_is_internal(const char *name, size_t len);
/* How many have items. */
uint32_t prefix_count(struct store *store);
/* Forgets the operations counted so far; false: there were none. */
bool prefix_reset_ops(struct store *store, struct prefix *prefix);

/* Starts to flush; false: no item has this prefix. due CLOCK_NEVER: now. */
bool prefix_flush(struct store_thread *thread, struct prefix *prefix, clock_seconds due);
/* Flushes, as it happened once: items with a smaller cas unique are gone. */
void prefix_flush_below(struct store *store, struct prefix *prefix, uint64_t floor);
/* Flushes what is due. */
void prefix_flush_due(struct store_thread *thread);

/* Forgets prefixes without items, in steps of the maintenance thread that wait for all threads in
 * between. true: call it again soon. */
struct prefix_sweep {
    enum { SWEEP_IDLE, SWEEP_RETIRING, SWEEP_DEAD } stage;
    uint64_t epoch; /* that all threads must have seen before the next step */
};
bool prefix_sweep_step(struct store_thread *thread, struct prefix_sweep *sweep);
/* For the sweep. A retiring prefix is not found from here on; false: it has come back to life. */
bool prefix_bury(struct store *store, struct prefix *prefix);
/* Frees those, when no thread can be looking at them any more. */
void prefixes_free_retired(struct store *store);
void prefixes_free_old_indexes(struct store *store);
