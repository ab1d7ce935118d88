/*
 * Anything that is not as it should be stops the start: to serve part of what was there as if it
 * were all would bring back what clients have deleted. Only the end of the newest log may be
 * missing, where the last writes before a crash were; no client has been told of those.
 */
#include "cacheserver/persistence/recovery.h"

#include <errno.h>
#include <string.h>

#include "cacheserver/persistence/replay.h"
#include "cacheserver/runtime/log.h"

static int complain(FILE *errors, const char *path, const char *what)
{
    fprintf(errors, "cacheserver: %s %s\n", path, what);
    return -1;
}

static int read_snapshot(struct replay *replay, const char *path, uint64_t stamp, uint64_t *bytes,
                         FILE *errors)
{
    struct reader reader;
    enum reader_outcome outcome = reader_open(&reader, path);

    if (outcome == READER_OK && (reader.kind != FILE_SNAPSHOT || reader.stamp != stamp))
        outcome = READER_NOT_OURS;
    if (outcome == READER_OK)
        outcome = replay_file(replay, &reader);
    *bytes = reader.size;
    reader_close(&reader);
    return outcome == READER_END ? 0 : complain(errors, path, reader_complaint(outcome));
}

/* Cuts off what a crash left behind the last good frame. */
static int cut(const struct disk *disk, const char *path, uint64_t size, uint64_t good,
               FILE *errors)
{
    struct frame_writer file;

    log_write(LOG_LEVEL_WARNING, "%s: the last %llu bytes were never complete, cut off", path,
              (unsigned long long)(size - good));
    int failed = frame_continue(&file, disk, path, 0, good) || disk->cut(disk, file.fd, good) ||
                 disk->sync(disk, file.fd);
    if (failed)
        complain(errors, path, strerror(errno));
    frame_close(&file);
    return failed ? -1 : 0;
}

static int read_log(struct replay *replay, const struct disk *disk, const char *path,
                    uint64_t stamp, struct frame_writer *current, FILE *errors)
{
    struct reader reader;
    enum reader_outcome outcome = reader_open(&reader, path);

    if (outcome == READER_OK && (reader.kind != FILE_COMMAND_LOG || reader.stamp != stamp))
        outcome = READER_NOT_OURS;
    if (outcome == READER_OK)
        outcome = replay_file(replay, &reader);
    int failed = 0;
    if (outcome == READER_CUT_SHORT)
        failed = cut(disk, path, reader.size, reader.at, errors);
    else if (outcome != READER_END)
        failed = complain(errors, path, reader_complaint(outcome));
    if (!failed && frame_continue(current, disk, path, reader.salt, reader.at))
        failed = complain(errors, path, strerror(errno));
    reader_close(&reader);
    return failed;
}

static int read_pair(struct persistence *persistence, const struct disk *disk,
                     struct replay *replay, FILE *errors)
{
    struct catalog *catalog = &persistence->catalog;
    char path[CATALOG_PATH_MAX];
    struct frame_writer current;
    uint64_t stamp = catalog->newest_snapshot, bytes;

    catalog_path(catalog, FILE_SNAPSHOT, stamp, false, path);
    if (read_snapshot(replay, path, stamp, &bytes, errors))
        return -1;
    atomic_init(&persistence->snapshot_bytes, bytes);
    catalog_path(catalog, FILE_COMMAND_LOG, stamp, false, path);
    if (read_log(replay, disk, path, stamp, &current, errors))
        return -1;
    /* What an earlier start, or a write that nobody synced, left is read as good: make it so. */
    if (disk->sync(disk, current.fd) || log_init(&persistence->log, &current)) {
        frame_close(&current);
        return complain(errors, path, strerror(errno));
    }
    persistence->stamp = stamp;
    replay_end(replay);
    return 0;
}

/* One log without a snapshot is fine if it is empty: the first start came no further. It goes. */
static int check_nothing_lost(struct catalog *catalog, const struct disk *disk, FILE *errors)
{
    char path[CATALOG_PATH_MAX];
    struct reader reader;

    if (!catalog->newest_log)
        return 0;
    catalog_path(catalog, FILE_COMMAND_LOG, catalog->newest_log, false, path);
    enum reader_outcome outcome = reader_open(&reader, path);
    bool empty = outcome == READER_OK && reader.size == reader.at && catalog->log_count == 1;
    reader_close(&reader);
    if (empty && !disk->remove(disk, path))
        return 0;
    return complain(errors, path,
                    empty                  ? strerror(errno)
                    : outcome == READER_OK ? "has changes, but its snapshot is missing"
                                           : reader_complaint(outcome));
}

static int make_first_pair(struct persistence *persistence, const struct disk *disk, FILE *errors)
{
    struct catalog *catalog = &persistence->catalog;
    struct frame_writer snapshot = {.fd = -1}, current = {.fd = -1};
    char path[CATALOG_PATH_MAX];
    bool undecided;

    if (check_nothing_lost(catalog, disk, errors))
        return -1;
    catalog_clean_incomplete(catalog);
    uint64_t stamp = catalog_new_stamp(catalog);
    catalog_path(catalog, FILE_SNAPSHOT, stamp, true, path);
    int failed = frame_create(&snapshot, disk, path, FILE_SNAPSHOT, stamp) ||
                 snapshot_write_seed(&snapshot, persistence->store) || snapshot_end(&snapshot);
    if (!failed) {
        catalog_path(catalog, FILE_COMMAND_LOG, stamp, true, path);
        failed = frame_create(&current, disk, path, FILE_COMMAND_LOG, stamp) ||
                 frame_sync(&current) || catalog_commit(catalog, stamp, &undecided) ||
                 log_init(&persistence->log, &current);
    }
    if (failed)
        complain(errors, path, strerror(errno));
    atomic_init(&persistence->snapshot_bytes, snapshot.size);
    persistence->stamp = stamp;
    frame_close(&snapshot);
    if (failed)
        frame_close(&current);
    return failed ? -1 : 0;
}

static int64_t evictions(struct store *store)
{
    struct store_totals totals;

    store_stats(store, &totals);
    return totals.counts[STORE_EVICTIONS];
}

int recovery_run(struct persistence *persistence, const struct disk *disk, bool *checkpoint,
                 FILE *errors)
{
    struct catalog *catalog = &persistence->catalog;
    struct replay replay;

    *checkpoint = false;
    if (catalog_look(catalog, errors))
        return -1;
    if (!catalog->newest_snapshot)
        return make_first_pair(persistence, disk, errors);
    replay_begin(&replay, persistence->thread);
    replay.each_frame = persistence->recovering;
    if (read_pair(persistence, disk, &replay, errors))
        return -1;
    int64_t evicted = evictions(persistence->store);
    log_write(LOG_LEVEL_INFO, "recovered %llu records of pair %llu",
              (unsigned long long)replay.records, (unsigned long long)persistence->stamp);
    if (replay.refused || evicted)
        log_write(LOG_LEVEL_WARNING,
                  "recovery had no room for %llu items, and evicted %lld: the memory limit is "
                  "lower than it was",
                  (unsigned long long)replay.refused, (long long)evicted);
    *checkpoint = replay.refused || evicted;
    return 0;
}
