#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cacheserver/store/store.h"

/*
 * One thread that does what would keep a request waiting: it frees big collections, looks through
 * the whole table after flush_prefix, scrubs, dumps, and forgets prefixes that nobody uses. It
 * works in slices and holds no lock for longer than one bucket takes.
 */
struct maintenance;

/* Starts the store's thread; -1: no memory, thread or descriptor. At most one a store. */
int maintenance_start(struct store *store);
/* Ends what runs and the thread; frees what was handed over. Nothing if it was not started. */
void maintenance_stop(struct store *store);

/* There may be something to do. Any thread. */
void maintenance_wake(struct store *store);

/* Takes over an item that is no longer in the table and whose freeing takes long:
 * store_free_item_slice is called with it until that says that it is done. false: there is no such
 * thread, free it yourself. Any thread, with a bucket locked or not. */
bool maintenance_drop(struct store *store, struct item *item);

/* Looks through the whole table: dead items (expired, flushed) go, and in mode SCRUB_STALE those
 * whose key is_stale says so of; never those with the prefix of internal keys. is_stale is called
 * by the maintenance thread with a bucket locked: it must be quick and must not call the store;
 * `arg` must live until the scrub has ended or maintenance_stop has returned. */
enum scrub_mode { SCRUB_DEAD, SCRUB_STALE };
typedef bool scrub_is_stale(void *arg, const char *key, size_t key_len);

/* false: one is running (or there is no thread). Any thread. */
bool scrub_start(struct store *store, enum scrub_mode mode, scrub_is_stale *is_stale, void *arg);
/* The running one, if any, ends soon; its predicate is not called any more when this returns. */
void scrub_stop(struct store *store);

struct scrub_status {
    bool running, ever_ran;
    enum scrub_mode mode;
    uint64_t started_s, ended_s; /* clock_now */
    uint64_t visited, cleaned;
};
void scrub_look(struct store *store, struct scrub_status *status);

/* Writes the keys of the items of one prefix, or of all, to a file. */
#define DUMP_PATH_MAX 255
struct dump_status {
    bool running, ever_ran, succeeded;
    uint64_t started_s, ended_s;
    uint64_t dumped;
    char prefix[256]; /* <all>, <null> or the name */
    char path[DUMP_PATH_MAX + 1];
};
enum dump_outcome { DUMP_STARTED, DUMP_BUSY, DUMP_FAILED };
/* prefix NULL: all; prefix_len 0: the keys without one. The file is made here and written by the
 * maintenance thread. What fails is logged. */
enum dump_outcome dump_start(struct store *store, const char *prefix, size_t prefix_len,
                             const char *path, size_t path_len);
void dump_stop(struct store *store);
void dump_look(struct store *store, struct dump_status *status);
