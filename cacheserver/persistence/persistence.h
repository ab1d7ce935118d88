#pragma once
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>

#include "cacheserver/persistence/catalog.h"
#include "cacheserver/persistence/log.h"
#include "cacheserver/persistence/snapshot.h"
#include "cacheserver/store/journal.h"
#include "cacheserver/store/store.h"

/*
 * Keeps a store's contents on disk: a snapshot of everything at one moment and a log of what
 * changed since. persistence_open brings the contents back; from then on the store's journal leads
 * here. Requests know two things of it: what number their last change has, and whether that
 * number is durable.
 */
struct persistence_config {
    const char *data_path, *logs_path; /* must outlive the persistence */
    bool async_logging;
    unsigned interval_pct;      /* checkpoint when the log has so much more than the snapshot */
    size_t min_log_bytes;       /* but not before it has this */
    unsigned check_interval_ms; /* how often that is looked at */
    const struct disk *disk;    /* NULL: disk_system */
    void (*recovering)(void);   /* called again and again meanwhile; NULL: nobody waits */
};

struct persistence {
    struct journal journal; /* first: the store passes its address */
    struct store *store;
    struct store_thread *thread; /* of recovery and of checkpoints */
    void (*recovering)(void);
    struct catalog catalog;
    struct log log;
    struct snapshot_progress progress;

    /* settings that may change at any time */
    _Atomic size_t min_log_bytes;
    _Atomic unsigned interval_pct;
    unsigned check_interval_ms;
    _Atomic bool async_logging;

    /* of the checkpoint thread */
    struct lock checkpoint_lock; /* guards stopping and goes with wake */
    pthread_cond_t wake;
    pthread_t checkpointer, flusher;
    uint64_t stamp; /* of the pair that counts */
    bool stopping;
    bool started;

    /* for statistics */
    _Atomic bool in_progress;
    unsigned recovery_s;
    _Atomic unsigned failure_count;
    _Atomic unsigned last_elapsed_s;
    _Atomic uint64_t last_start; /* yyyymmddhhmmss */
    _Atomic uint64_t snapshot_bytes;
};

/* Recovers into the store, which must be empty and serve nobody yet, and becomes its journal.
 * NULL: said on `errors`; nothing on disk was removed. */
struct persistence *persistence_open(const struct persistence_config *config, struct store *store,
                                     FILE *errors);
/* Starts writing. -1: no thread could be started. */
int persistence_start(struct persistence *persistence);
/* Everything is on disk afterwards, unless that failed; nobody may change the store any more. */
void persistence_close(struct persistence *persistence);

/* Takes a checkpoint now. -1: it failed, which was said in the log; the old pair still counts. By
 * one thread at a time. */
int persistence_checkpoint(struct persistence *persistence);

/* Becomes readable when changes cannot be kept any more: the server should end. */
static inline int persistence_failed_fd(const struct persistence *persistence)
{
    return persistence->log.failed_fd;
}

static inline bool persistence_has_failed(struct persistence *persistence)
{
    return atomic_load_explicit(&persistence->log.failed, memory_order_acquire) != 0;
}

static inline bool persistence_is_durable(struct persistence *persistence, uint64_t seq)
{
    return atomic_load(&persistence->log.durable) >= seq;
}

/* More is waiting for the disk than should be: take no more requests until the last change made
 * so far is durable. */
#define PERSISTENCE_BACKLOG_MAX ((size_t)64 << 20)
static inline bool persistence_is_behind(struct persistence *persistence)
{
    return atomic_load_explicit(&persistence->log.backlog, memory_order_relaxed) >
           PERSISTENCE_BACKLOG_MAX;
}

/* Whether the reply to what made this change has to wait. */
static inline bool persistence_holds(struct persistence *persistence, uint64_t seq)
{
    bool async = atomic_load_explicit(&persistence->async_logging, memory_order_relaxed);
    return (!async || persistence_is_behind(persistence) || persistence_has_failed(persistence)) &&
           !persistence_is_durable(persistence, seq);
}
