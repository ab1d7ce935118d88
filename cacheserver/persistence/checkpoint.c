/*
 * A checkpoint while requests are served. A new pair of files is begun; the snapshot is written
 * bucket by bucket, and a change to a bucket that it has already goes to the new log, too. When
 * all buckets are written every change goes to both logs and counts as durable when it is on disk
 * in both. So the new pair has everything when its final names make it the one that counts, and
 * the old one has everything until then: a crash at any moment finds one of them complete.
 */
#include "cacheserver/persistence/checkpoint.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "cacheserver/runtime/log.h"

struct new_pair {
    uint64_t stamp;
    struct frame_writer snapshot, log;
    bool log_given; /* the log belongs to struct log now */
};

static int create(struct persistence *persistence, struct new_pair *pair)
{
    struct catalog *catalog = &persistence->catalog;
    char path[CATALOG_PATH_MAX];

    pair->stamp = catalog_new_stamp(catalog);
    catalog_path(catalog, FILE_SNAPSHOT, pair->stamp, true, path);
    if (frame_create(&pair->snapshot, catalog->disk, path, FILE_SNAPSHOT, pair->stamp))
        return -1;
    catalog_path(catalog, FILE_COMMAND_LOG, pair->stamp, true, path);
    return frame_create(&pair->log, catalog->disk, path, FILE_COMMAND_LOG, pair->stamp);
}

static int fill(struct persistence *persistence, struct new_pair *pair)
{
    struct log *log = &persistence->log;

    atomic_store(&persistence->progress.walked, 0);
    log_start_next(log, &pair->log);
    pair->log_given = true;
    store_thread_tick(persistence->thread);
    return snapshot_write(&pair->snapshot, persistence->thread, log, &persistence->progress) ||
                   snapshot_end(&pair->snapshot)
               ? -1
               : 0;
}

/* After a failure: the old pair counts on, and what there is of the new one goes. */
static void give_up(struct persistence *persistence, struct new_pair *pair)
{
    if (pair->log_given)
        log_drop_next(&persistence->log);
    else
        frame_close(&pair->log);
    frame_close(&pair->snapshot);
    catalog_clean(&persistence->catalog, persistence->stamp);
}

/* -1: *undecided says whether the new pair may count nevertheless. */
static int commit(struct persistence *persistence, const struct new_pair *pair, bool *undecided)
{
    *undecided = false;
    if (log_start_commit(&persistence->log))
        return -1;
    return catalog_commit(&persistence->catalog, pair->stamp, undecided);
}

static void finish(struct persistence *persistence, struct new_pair *pair)
{
    log_switch(&persistence->log);
    atomic_store(&persistence->snapshot_bytes, pair->snapshot.size);
    persistence->stamp = pair->stamp;
    frame_close(&pair->snapshot);
    catalog_clean(&persistence->catalog, pair->stamp);
}

static int take(struct persistence *persistence, struct new_pair *pair)
{
    bool undecided = false;

    if (!create(persistence, pair) && !fill(persistence, pair) &&
        !commit(persistence, pair, &undecided)) {
        finish(persistence, pair);
        return 0;
    }
    int error = errno;
    log_write(undecided ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING, "the checkpoint failed: %s",
              strerror(error));
    if (undecided) {
        frame_close(&pair->snapshot);
        log_fail(&persistence->log, error);
    } else {
        give_up(persistence, pair);
    }
    return -1;
}

int persistence_checkpoint(struct persistence *persistence)
{
    struct new_pair pair = {.snapshot.fd = -1, .log.fd = -1};
    time_t start = time(NULL);

    /* Which pair counts may be undecided: the files are left to the next start. */
    if (persistence_has_failed(persistence))
        return -1;
    atomic_store(&persistence->in_progress, true);
    int failed = take(persistence, &pair);
    atomic_store(&persistence->last_start, pair.stamp);
    atomic_store(&persistence->last_elapsed_s, (unsigned)(time(NULL) - start));
    if (failed)
        atomic_fetch_add(&persistence->failure_count, 1);
    else
        atomic_store(&persistence->failure_count, 0);
    atomic_store(&persistence->in_progress, false);
    store_thread_rest(persistence->thread);
    return failed;
}

bool checkpoint_is_due(struct persistence *persistence)
{
    uint64_t log_bytes = atomic_load(&persistence->log.current_bytes);
    uint64_t snapshot_bytes = atomic_load(&persistence->snapshot_bytes);
    unsigned pct = atomic_load(&persistence->interval_pct);

    return log_bytes >= atomic_load(&persistence->min_log_bytes) &&
           log_bytes / 100 >= snapshot_bytes / 100 + snapshot_bytes / 10000 * pct;
}

/* false: stopping. */
static bool wait_for_check(struct persistence *persistence)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += persistence->check_interval_ms / 1000;
    until.tv_nsec += (long)(persistence->check_interval_ms % 1000) * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    lock_take(&persistence->checkpoint_lock);
    int timed_out = 0;
    while (!persistence->stopping && !timed_out)
        timed_out =
            pthread_cond_timedwait(&persistence->wake, &persistence->checkpoint_lock.mutex, &until);
    bool go_on = !persistence->stopping;
    lock_drop(&persistence->checkpoint_lock);
    return go_on;
}

static void *run(void *argument)
{
    struct persistence *persistence = argument;

    while (wait_for_check(persistence))
        if (!persistence_has_failed(persistence) && checkpoint_is_due(persistence))
            persistence_checkpoint(persistence);
    return NULL;
}

void checkpoint_init(struct persistence *persistence)
{
    pthread_condattr_t attributes;

    lock_init(&persistence->checkpoint_lock, LOCK_RANK_CHECKPOINT);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&persistence->wake, &attributes);
    pthread_condattr_destroy(&attributes);
}

void checkpoint_deinit(struct persistence *persistence)
{
    pthread_cond_destroy(&persistence->wake);
    lock_deinit(&persistence->checkpoint_lock);
}

int checkpoint_start(struct persistence *persistence)
{
    return pthread_create(&persistence->checkpointer, NULL, run, persistence) ? -1 : 0;
}

void checkpoint_stop(struct persistence *persistence)
{
    atomic_store(&persistence->progress.stop, true);
    lock_take(&persistence->checkpoint_lock);
    persistence->stopping = true;
    pthread_cond_signal(&persistence->wake);
    lock_drop(&persistence->checkpoint_lock);
    pthread_join(persistence->checkpointer, NULL);
}
