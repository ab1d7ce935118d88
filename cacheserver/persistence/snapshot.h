#pragma once
#include <stdatomic.h>
#include <stdbool.h>

#include "cacheserver/persistence/frame.h"
#include "cacheserver/persistence/log.h"
#include "cacheserver/store/store.h"

/* A large collection whose elements are written in slices: those below the rank are. */
struct snapshot_partial {
    char *key;
    size_t key_len;
    uint32_t rank;
    bool over; /* nothing more is written: all is, or the key has something else now */
};

/* How far a snapshot has come. */
struct snapshot_progress {
    _Atomic uint64_t walked; /* buckets below this number are in it; raised under the bucket's lock,
                              * so whoever holds that lock knows about its own bucket */
    _Atomic bool stop;       /* asks snapshot_write to give up */
    struct snapshot_partial *partials; /* guarded by the log's lock */
    size_t partial_count, partial_capacity;
};

/* The collection of this key, if it is partly written. The log is locked. */
struct snapshot_partial *snapshot_partial_find(struct snapshot_progress *progress, const char *key,
                                               size_t key_len);

/* Whether the key is internal: such items are not kept. */
bool snapshot_leaves_out(const struct store *store, const char *key, size_t key_len);

/* Writes everything that the store has into the file, and ends with telling the log that all
 * records go to both files from now on. The log is LOG_COPYING and progress->walked 0 already. No
 * bucket is locked longer than its small items take to copy. -1 with errno. */
int snapshot_write(struct frame_writer *file, struct store_thread *thread, struct log *log,
                   struct snapshot_progress *progress);
/* For a snapshot of nothing. -1 with errno. */
int snapshot_write_seed(struct frame_writer *file, const struct store *store);
/* Writes the end and syncs the file. -1 with errno. */
int snapshot_end(struct frame_writer *file);
