#pragma once
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cacheserver/runtime/clock.h"
#include "cacheserver/store/item.h"
#include "cacheserver/store/memory.h"
#include "cacheserver/store/prefix.h"
#include "cacheserver/store/prefixes.h"
#include "cacheserver/store/size_class.h"
#include "cacheserver/store/table.h"

/*
 * The store as commands see it. All functions may be called by any thread that has a struct
 * store_thread of its own; none blocks for longer than a bucket is locked.
 */
#define STORE_ELEMENT_BYTES_DEFAULT 16384
#define STORE_ELEMENTS_MAX_DEFAULT  50000               /* of a collection */
#define STORE_ELEMENTS_DEFAULT      4000                /* of one that does not say */
#define STORE_REPLY_MAX             ((size_t)128 << 20) /* bytes of elements that one read gives */

/* What happens when an element is added to a full collection. */
enum collection_overflow {
    OVERFLOW_DEFAULT, /* list: tail trim; set, map: error; b+tree: smallest trim */
    OVERFLOW_ERROR,
    OVERFLOW_HEAD_TRIM,
    OVERFLOW_TAIL_TRIM,
    OVERFLOW_SMALLEST_TRIM,
    OVERFLOW_LARGEST_TRIM,
    OVERFLOW_SMALLEST_SILENT_TRIM,
    OVERFLOW_LARGEST_SILENT_TRIM,
    COLLECTION_OVERFLOWS,
};

struct store_config {
    size_t memory_limit_bytes;
    size_t sticky_limit_bytes;
    size_t item_size_max_bytes;
    bool evict;
    char prefix_delimiter;
    uint32_t max_counts[ITEM_TYPES]; /* elements of a collection, by type; 0: the default */
    /* B+trees whose keys begin so, and go on, overflow so, whatever they ask for; NULL none. The
     * string is the caller's. */
    const char *forced_prefix;
    size_t forced_prefix_len;
    enum collection_overflow forced_overflow;
    uint32_t element_bytes_max; /* of an element's value with its CRLF; 0: the default */
    unsigned scrub_count;       /* items that a scrub looks at before it pauses; 0: the default */
    size_t chunk_bytes;         /* see size_class.h; 0: the default */
    double growth_factor;
    size_t feigned_bytes; /* counted as in use, though nothing lies there: to try a full store */
};

enum store_result {
    STORE_OK = 0,
    STORE_NOT_FOUND,
    STORE_NOT_STORED,
    STORE_EXISTS,
    STORE_TYPE_MISMATCH,
    STORE_TOO_LARGE,
    STORE_NO_MEMORY,
    STORE_BAD_PREFIX,
    STORE_NOT_A_NUMBER,
    /* of collections */
    STORE_CREATED_OK, /* done, and the collection was made for it */
    STORE_REPLACED,
    STORE_DROPPED, /* done, and the collection, then empty, was dropped */
    STORE_OVERFLOWED,
    STORE_OUT_OF_RANGE,
    STORE_TRIMMED, /* done, and the trimmed end of a b+tree was touched */
    STORE_ELEMENT_EXISTS,
    STORE_NO_ELEMENT,
    STORE_UNREADABLE,
    STORE_BKEY_MISMATCH,
    STORE_EFLAG_MISMATCH,
    STORE_NO_ATTRIBUTE,
    STORE_BAD_VALUE,
    STORE_PAUSED, /* within the store only, see collection.h */
};

/* What a collection is made with. */
struct collection_attributes {
    uint32_t flags;
    clock_seconds exptime;
    int32_t max_count; /* 0: the default; negative or too large: the most allowed */
    enum collection_overflow overflow;
    bool unreadable;
};

enum store_mode {
    STORE_SET,
    STORE_ADD,
    STORE_REPLACE,
    STORE_CAS,
    STORE_APPEND,
    STORE_PREPEND,
    STORE_SAME, /* only instead of the item whose item_cas this is, whatever clients see as its */
};

/* What one thread adds to the totals; written by it alone, summed by store_stats. */
enum store_count {
    STORE_ITEMS,
    STORE_BYTES,
    STORE_TOTAL_ITEMS,
    STORE_EVICTIONS,
    STORE_RECLAIMED,
    STORE_OUT_OF_MEMORY,
    STORE_STICKY_ITEMS,
    STORE_EVICTED_NONZERO, /* of the evictions, those with an expiry time */
    STORE_COUNTS,
};

struct store;
struct journal;
struct maintenance;

struct store_thread {
    struct store *store;
    struct store_thread *next;
    struct memory_cache cache;
    _Atomic uint32_t evicted_idle_s[SIZE_CLASSES_MAX]; /* how long its last victim was not used */
    uint64_t cas_next, cas_end; /* the cas uniques that this thread may give out */
    int64_t items_unreported;   /* to the table */
    unsigned changes;
    uint64_t random;
    struct item *dropped;    /* large collections to free when no bucket is locked */
    uint64_t reclaimed_to;   /* bucket at which the next evict_reclaim goes on */
    unsigned drains_skipped; /* so many allocations to come will not empty pages, see evict.c */
    clock_seconds now;       /* set by store_thread_tick */
    uint32_t now_ms;
    uint32_t elements;              /* that the last operation on a collection passed, or removed */
    struct prefix *last_prefix;     /* that was looked up in this batch */
    struct prefix_tallies *tallies; /* written by this thread, read by all */
    _Atomic uint64_t epoch;         /* of the store, when the batch began */
    /* For the journal: the last record that this thread's next reply has to wait for, and the bytes
     * that it recorded; whoever limits them sets them back. */
    uint64_t journal_seq;
    size_t journal_bytes;
    _Alignas(64) _Atomic int64_t counts[SIZE_CLASSES_MAX][STORE_COUNTS]; /* by size class */
};

struct store {
    struct memory memory;
    struct table table;
    _Atomic size_t sticky_limit_bytes;
    _Atomic int64_t sticky_bytes;
    size_t item_size_max_bytes;
    bool evict;
    char prefix_delimiter;
    _Atomic uint32_t max_counts[ITEM_TYPES];   /* elements that a collection may have, by type */
    _Atomic uint32_t element_bytes_max;        /* of an element's value, with its CRLF */
    struct journal *journal;                   /* NULL: none. Set before requests are served */
    _Alignas(64) _Atomic uint64_t flush_floor; /* items with a smaller cas unique are gone */
    _Atomic clock_seconds flush_due;           /* flush then; CLOCK_NEVER */
    _Atomic uint64_t prefix_floor;             /* the highest of a prefix: give out no less */
    struct prefixes prefixes;
    _Atomic unsigned scrub_count;              /* items that a scrub looks at before it pauses */
    _Atomic(struct maintenance *) maintenance; /* NULL: there is no such thread */
    _Atomic uint64_t epoch;                    /* see store_epoch_advance */
    const char *forced_prefix;                 /* see struct store_config */
    size_t forced_prefix_len;
    enum collection_overflow forced_overflow;
    _Alignas(64) _Atomic uint64_t cas_taken; /* ranges up to here belong to threads */
    struct lock threads_lock;                /* guards the list of threads */
    _Atomic(struct store_thread *) threads;  /* once in the list, they stay until store_free */
    size_t feigned_bytes;                    /* see struct store_config */
    struct size_classes sizes;
    _Atomic int64_t baseline[SIZE_CLASSES_MAX][STORE_COUNTS]; /* the sums at the last reset */
};

#define STORE_SCRUB_COUNT_DEFAULT 96

/* NULL: the system gives no memory. */
struct store *store_new(const struct store_config *config);
/* Threads detach first. */
void store_free(struct store *store);

/* NULL: no memory. A detached thread's counts stay in the totals. */
struct store_thread *store_attach(struct store *store);
void store_detach(struct store_thread *thread);
/* Reads the clock for the calls that follow; does what is due. Once per batch of requests. */
void store_thread_tick(struct store_thread *thread);
/* The thread is going to wait, and uses nothing of the store until its next tick. A thread that
 * does not say so keeps memory from being freed while it waits. */
void store_thread_rest(struct store_thread *thread);

/* Calls visit with the item, if the key has one, under its lock: visit may read it and pin it,
 * must be quick and must not call the store. `item` is of any type. STORE_OK or STORE_NOT_FOUND. */
typedef void store_visit(struct item *item, void *argument);
enum store_result store_visit_key(struct store_thread *thread, const char *key, size_t key_len,
                                  store_visit *visit, void *argument);

/* Keep an item that has pins (item_has_pins) beyond its lock; every pin is released once. */
void store_pin(struct item *item);
void store_unpin(struct store_thread *thread, struct item *item);

/* An item of this size that nobody sees yet; fill its value with an item_cursor, then pass it to
 * store_put or store_discard. */
struct store_request {
    const char *key;
    size_t key_len;
    size_t value_len;
    uint32_t flags;
    clock_seconds exptime;
    bool has_unique; /* the client chose the cas unique that clients will see */
    uint64_t unique;
};
enum store_result store_prepare(struct store_thread *thread, const struct store_request *request,
                                struct item **item);
void store_discard(struct store_thread *thread, struct item *item);

/* What has to be so for the item to be stored. */
struct store_condition {
    enum store_mode mode;
    bool has_cas; /* clients see this cas unique in the old item; implied by STORE_CAS */
    uint64_t cas;
    /* with STORE_CAS: a cas unique that is smaller will do, but marks the new item stale */
    bool allow_stale;
    bool create; /* append and prepend: a missing key is made */
};
struct store_written {
    uint64_t unique;
    size_t value_len;
};
/* Takes the item over in every case. *written is set when it returns STORE_OK. */
enum store_result store_put(struct store_thread *thread, struct item *item,
                            const struct store_condition *condition, struct store_written *written);

/* STORE_OK, STORE_EXISTS or a failure. `type` is not ITEM_KV. */
enum store_result store_create(struct store_thread *thread, const char *key, size_t key_len,
                               enum item_type type, const struct collection_attributes *attributes);

/* What reading several elements tells: first their number and the flags of the item, then one
 * element after the other. Called with the collection locked: must be quick and must not call the
 * store; what it is shown lasts only as long as it runs. It may begin again: what was told before
 * is then void, as it is when the result is a failure. */
struct store_reader {
    void (*begin)(void *argument, uint32_t flags, uint32_t count);
    void (*element)(void *argument, const char *element, size_t len);
    void *argument;
};
/* What is done with elements beside reading them. */
enum store_removal_mode {
    STORE_KEEP,
    STORE_DELETE,
    STORE_DELETE_DROP, /* and the collection goes when it is empty then: STORE_DROPPED */
};

enum store_result store_delete(struct store_thread *thread, const char *key, size_t key_len);
enum store_result store_touch(struct store_thread *thread, const char *key, size_t key_len,
                              clock_seconds exptime);

/* Adds (or subtracts, not below 0) and returns the result in *value. `create` NULL: a missing key
 * is STORE_NOT_FOUND; else it is made with *value as it was passed in. */
enum store_result store_add_number(struct store_thread *thread, const char *key, size_t key_len,
                                   bool increment, uint64_t delta,
                                   const struct store_request *create, uint64_t *value);

struct store_number {
    const char *key;
    size_t key_len;
    bool increment;
    uint64_t delta;
    const struct store_request *create; /* NULL: a missing key is STORE_NOT_FOUND */
    uint64_t value;                     /* of a key that is made; afterwards what the key has */
    bool has_cas;                       /* else STORE_EXISTS */
    uint64_t cas;
    bool has_exptime; /* the expiry is changed, too */
    clock_seconds exptime;
    bool has_unique;
    uint64_t unique;
    struct store_written written; /* when it returns STORE_OK */
};
enum store_result store_change_number(struct store_thread *thread, struct store_number *number);

/* All items present when the delay is over disappear then; O(1). */
void store_flush(struct store_thread *thread, clock_seconds delay);
/* The same for one prefix; length 0: the keys without one, which can always be flushed.
 * STORE_NOT_FOUND: it has no items. */
enum store_result store_flush_prefix(struct store_thread *thread, const char *prefix, size_t len,
                                     clock_seconds delay);

/* false: less than is in use by sticky items. Eviction makes the room. */
bool store_set_memory_limit(struct store *store, size_t bytes);

struct store_totals {
    int64_t counts[STORE_COUNTS];
    size_t memory_used_bytes, memory_limit_bytes;
    int64_t sticky_bytes;
    size_t sticky_limit_bytes;
    uint64_t buckets;
};
void store_stats(struct store *store, struct store_totals *totals);

/* The same of the items of one size class. */
struct store_class_totals {
    int64_t counts[STORE_COUNTS];
    uint32_t evicted_idle_s; /* how long what was evicted lately was not used */
};
void store_class_stats(struct store *store, unsigned class, struct store_class_totals *totals);

/* Objects of one size of the memory that are in use. */
uint64_t store_objects_in_use(struct store *store, unsigned memory_class);
/* What only ever grows is counted from here on, and the operations of prefixes are forgotten. */
void store_stats_reset(struct store *store);
/* false: less than sticky items use, or more than there is memory. */
bool store_set_sticky_limit(struct store *store, size_t bytes);
