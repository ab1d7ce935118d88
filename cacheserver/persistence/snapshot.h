#pragma once
#include <stdatomic.h>
#include <stdbool.h>

#include "cacheserver/persistence/frame.h"
#include "cacheserver/persistence/log.h"
#include "cacheserver/store/store.h"

/* How far a snapshot has come. */
struct snapshot_progress {
    _Atomic uint64_t walked; /* buckets below this number are in it; raised under the bucket's lock,
                              * so whoever holds that lock knows about its own bucket */
    _Atomic bool stop;       /* asks snapshot_write to give up */
};

/* Whether the key is internal: such items are not kept. */
bool snapshot_leaves_out(const struct store *store, const char *key, size_t key_len);

/* Writes everything that the store has into the file, and ends with telling the log that all
 * records go to both files from now on. The log is LOG_COPYING and progress->walked 0 already. No
 * bucket is locked longer than its small items take to copy. -1 with errno. */
int snapshot_write(struct frame_writer *file, struct store_thread *thread, struct log *log,
                   struct snapshot_progress *progress);
/* Writes the end and syncs the file. -1 with errno. */
int snapshot_end(struct frame_writer *file);
