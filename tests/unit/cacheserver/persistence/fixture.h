#pragma once
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cacheserver/persistence/persistence.h"
#include "tests/unit/cacheserver/store/fixture.h"

/* A directory for one test, and a store that is kept in it. */
struct kept {
    char directory[64];
    struct fixture *base;
    struct persistence *persistence;
    char errors[512]; /* what the last start said */
};

static inline void kept_init(struct kept *kept)
{
    memset(kept, 0, sizeof(*kept));
    snprintf(kept->directory, sizeof(kept->directory), "/tmp/test-persistence-XXXXXX");
    if (!mkdtemp(kept->directory))
        abort();
}

/* false: kept->errors says why not. */
static inline bool kept_start_with(struct kept *kept, const struct disk *disk, size_t memory_bytes)
{
    const struct persistence_config config = {.data_path = kept->directory,
                                              .logs_path = kept->directory,
                                              .interval_pct = 100,
                                              .min_log_bytes = 1 << 20,
                                              .check_interval_ms = 10,
                                              .disk = disk};
    FILE *errors = fmemopen(kept->errors, sizeof(kept->errors), "w");

    kept->base = fixture_new(memory_bytes, true);
    kept->persistence = persistence_open(&config, kept->base->store, errors);
    fclose(errors);
    if (kept->persistence)
        return true;
    fixture_free(kept->base);
    kept->base = NULL;
    return false;
}

static inline bool kept_start(struct kept *kept)
{
    return kept_start_with(kept, &disk_system, (size_t)64 << 20);
}

static inline void kept_stop(struct kept *kept)
{
    if (!kept->persistence)
        return;
    persistence_close(kept->persistence);
    kept->persistence = NULL;
    fixture_free(kept->base);
    kept->base = NULL;
}

/* Writes what was changed; whether the caller's changes are durable. */
static inline bool kept_flush(struct kept *kept)
{
    log_flush(&kept->persistence->log);
    return persistence_is_durable(kept->persistence, kept->base->thread->journal_seq);
}

static inline void kept_deinit(struct kept *kept)
{
    char path[512];
    const struct dirent *entry;

    kept_stop(kept);
    DIR *stream = opendir(kept->directory);
    while (stream && (entry = readdir(stream))) {
        snprintf(path, sizeof(path), "%s/%s", kept->directory, entry->d_name);
        unlink(path);
    }
    closedir(stream);
    rmdir(kept->directory);
}

/* Copies the only name in the directory that starts so; false: there is none, or several. */
static inline bool kept_find(const struct kept *kept, const char *start, char *path, size_t size)
{
    unsigned found = 0;
    const struct dirent *entry;
    DIR *stream = opendir(kept->directory);

    while (stream && (entry = readdir(stream))) {
        if (strncmp(entry->d_name, start, strlen(start)) != 0)
            continue;
        found++;
        snprintf(path, size, "%s/%s", kept->directory, entry->d_name);
    }
    closedir(stream);
    return found == 1;
}
