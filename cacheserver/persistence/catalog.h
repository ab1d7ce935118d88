#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "cacheserver/persistence/disk.h"
#include "cacheserver/persistence/frame.h"

/*
 * The names of the files. A pair is data_path/snapshot_STAMP and logs_path/cmdlog_STAMP, the stamp
 * being the local time as yyyymmddhhmmss. While a checkpoint is taken its files end in
 * ".incomplete". The snapshot's final name is what makes a pair count, and the newest pair counts.
 */
#define CATALOG_PATH_MAX 1024

struct catalog {
    const struct disk *disk;
    const char *data_path, *logs_path;
    int lock_fds[2]; /* -1: not locked */

    /* what catalog_look found; 0: none */
    uint64_t newest_snapshot, newest_log;
    unsigned log_count;
};

/* Finds and locks the directories; -1: said on `errors`. The paths must outlive the catalog. */
int catalog_open(struct catalog *catalog, const struct disk *disk, const char *data_path,
                 const char *logs_path, FILE *errors);
void catalog_close(struct catalog *catalog);

/* -1: said on `errors`. */
int catalog_look(struct catalog *catalog, FILE *errors);

/* `path` has CATALOG_PATH_MAX bytes. */
void catalog_path(const struct catalog *catalog, enum file_kind kind, uint64_t stamp,
                  bool incomplete, char *path);

/* A stamp for now, later than all that were seen. */
uint64_t catalog_new_stamp(struct catalog *catalog);

/* Gives both incomplete files of the stamp their final names, so that it counts from now on, even
 * after a loss of power. -1 with errno: *undecided says whether it may count nevertheless. */
int catalog_commit(struct catalog *catalog, uint64_t stamp, bool *undecided);

/* Removes incomplete files, which crashes left. */
void catalog_clean_incomplete(struct catalog *catalog);
/* Removes incomplete files and pairs older than the stamp, and logs later than it, which crashes
 * left: this server's own only. What cannot be removed stays. */
void catalog_clean(struct catalog *catalog, uint64_t stamp);
