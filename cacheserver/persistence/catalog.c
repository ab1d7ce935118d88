/*
 * The log of a new pair gets its final name first: without its snapshot it means nothing. Files
 * with names like ours but contents of somebody else's are never touched.
 */
#include "cacheserver/persistence/catalog.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cacheserver/persistence/reader.h"
#include "cacheserver/runtime/log.h"
#include "cacheserver/runtime/number.h"

#define STAMP_DIGITS 14
#define SUFFIX       ".incomplete"
#define LOCK_NAME    "cacheserver.lock"

static const char *const prefixes[] = {
    [FILE_SNAPSHOT] = "snapshot_",
    [FILE_COMMAND_LOG] = "cmdlog_",
};

static const char *directory(const struct catalog *catalog, enum file_kind kind)
{
    return kind == FILE_SNAPSHOT ? catalog->data_path : catalog->logs_path;
}

void catalog_path(const struct catalog *catalog, enum file_kind kind, uint64_t stamp,
                  bool incomplete, char *path)
{
    snprintf(path, CATALOG_PATH_MAX, "%s/%s%014llu%s", directory(catalog, kind), prefixes[kind],
             (unsigned long long)stamp, incomplete ? SUFFIX : "");
}

/* --- locking --- */

static int lock_directory(const char *path, const char *what, FILE *errors)
{
    char name[CATALOG_PATH_MAX];
    struct stat status;

    if (stat(path, &status) || !S_ISDIR(status.st_mode)) {
        fprintf(errors, "cacheserver: the %s %s is not a directory: make it first\n", what, path);
        return -1;
    }
    if (snprintf(name, sizeof(name), "%s/" LOCK_NAME, path) >= CATALOG_PATH_MAX - 64) {
        fprintf(errors, "cacheserver: the %s is too long\n", what);
        return -1;
    }
    int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (fd < 0) {
        fprintf(errors, "cacheserver: cannot write in the %s %s: %s\n", what, path,
                strerror(errno));
        return -1;
    }
    if (flock(fd, LOCK_EX | LOCK_NB)) {
        fprintf(errors, "cacheserver: another process uses the %s %s\n", what, path);
        close(fd);
        return -1;
    }
    return fd;
}

static bool is_same_directory(const char *a, const char *b)
{
    struct stat first, second;

    return !stat(a, &first) && !stat(b, &second) && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

int catalog_open(struct catalog *catalog, const struct disk *disk, const char *data_path,
                 const char *logs_path, FILE *errors)
{
    *catalog = (struct catalog){
        .disk = disk, .data_path = data_path, .logs_path = logs_path, .lock_fds = {-1, -1}};
    catalog->lock_fds[0] = lock_directory(data_path, "data_path", errors);
    if (catalog->lock_fds[0] < 0)
        return -1;
    if (is_same_directory(data_path, logs_path))
        return 0;
    catalog->lock_fds[1] = lock_directory(logs_path, "logs_path", errors);
    if (catalog->lock_fds[1] >= 0)
        return 0;
    catalog_close(catalog);
    return -1;
}

void catalog_close(struct catalog *catalog)
{
    for (unsigned i = 0; i < 2; i++) {
        if (catalog->lock_fds[i] >= 0)
            close(catalog->lock_fds[i]);
        catalog->lock_fds[i] = -1;
    }
}

/* --- looking --- */

/* 0: not the name of such a file. */
static uint64_t stamp_of(const char *name, enum file_kind kind, bool *incomplete)
{
    size_t len = strlen(prefixes[kind]);
    uint64_t stamp;

    if (strncmp(name, prefixes[kind], len) != 0 || strlen(name) < len + STAMP_DIGITS ||
        !number_parse_u64(name + len, STAMP_DIGITS, &stamp))
        return 0;
    name += len + STAMP_DIGITS;
    *incomplete = !strcmp(name, SUFFIX);
    return *name == '\0' || *incomplete ? stamp : 0;
}

static int for_each(struct catalog *catalog, enum file_kind kind,
                    void (*see)(struct catalog *catalog, enum file_kind kind, uint64_t stamp,
                                bool incomplete, void *argument),
                    void *argument)
{
    DIR *stream = opendir(directory(catalog, kind));
    const struct dirent *entry;
    bool incomplete;

    if (!stream)
        return -1;
    while ((entry = readdir(stream))) {
        uint64_t stamp = stamp_of(entry->d_name, kind, &incomplete);
        if (stamp)
            see(catalog, kind, stamp, incomplete, argument);
    }
    closedir(stream);
    return 0;
}

static void note(struct catalog *catalog, enum file_kind kind, uint64_t stamp, bool incomplete,
                 void *argument)
{
    uint64_t *newest = kind == FILE_SNAPSHOT ? &catalog->newest_snapshot : &catalog->newest_log;

    (void)argument;
    if (incomplete)
        return;
    if (stamp > *newest)
        *newest = stamp;
    catalog->log_count += kind == FILE_COMMAND_LOG;
}

int catalog_look(struct catalog *catalog, FILE *errors)
{
    catalog->newest_snapshot = catalog->newest_log = 0;
    catalog->log_count = 0;
    for (enum file_kind kind = FILE_SNAPSHOT; kind <= FILE_COMMAND_LOG; kind++) {
        if (for_each(catalog, kind, note, NULL)) {
            fprintf(errors, "cacheserver: cannot read the directory %s: %s\n",
                    directory(catalog, kind), strerror(errno));
            return -1;
        }
    }
    return 0;
}

uint64_t catalog_new_stamp(struct catalog *catalog)
{
    time_t now = time(NULL);
    struct tm tm;

    localtime_r(&now, &tm);
    uint64_t stamp = (uint64_t)(tm.tm_year + 1900) * 10000000000u +
                     (uint64_t)(tm.tm_mon + 1) * 100000000u + (uint64_t)tm.tm_mday * 1000000u +
                     (uint64_t)(tm.tm_hour * 10000 + tm.tm_min * 100 + tm.tm_sec);
    uint64_t last = catalog->newest_snapshot > catalog->newest_log ? catalog->newest_snapshot
                                                                   : catalog->newest_log;
    if (stamp <= last)
        stamp = last + 1;
    catalog->newest_log = stamp;
    return stamp;
}

/* --- changing --- */

static int finish(struct catalog *catalog, enum file_kind kind, uint64_t stamp)
{
    char from[CATALOG_PATH_MAX], to[CATALOG_PATH_MAX];

    catalog_path(catalog, kind, stamp, true, from);
    catalog_path(catalog, kind, stamp, false, to);
    return catalog->disk->rename(catalog->disk, from, to);
}

int catalog_commit(struct catalog *catalog, uint64_t stamp, bool *undecided)
{
    const struct disk *disk = catalog->disk;

    *undecided = false;
    if (finish(catalog, FILE_COMMAND_LOG, stamp) || disk->sync_directory(disk, catalog->logs_path))
        return -1;
    *undecided = true;
    if (finish(catalog, FILE_SNAPSHOT, stamp) || disk->sync_directory(disk, catalog->data_path))
        return -1;
    *undecided = false;
    catalog->newest_snapshot = stamp;
    return 0;
}

static bool is_ours(const char *path)
{
    struct reader reader;
    enum reader_outcome outcome = reader_open(&reader, path);

    reader_close(&reader);
    return outcome == READER_OK;
}

static void remove_old(struct catalog *catalog, enum file_kind kind, uint64_t stamp,
                       bool incomplete, void *argument)
{
    uint64_t kept = *(const uint64_t *)argument;
    char path[CATALOG_PATH_MAX];

    if (!incomplete && (stamp == kept || (kind == FILE_SNAPSHOT && stamp > kept)))
        return;
    catalog_path(catalog, kind, stamp, incomplete, path);
    if (!incomplete && !is_ours(path))
        log_write(LOG_LEVEL_WARNING, "%s was not written by this server, it stays", path);
    else if (catalog->disk->remove(catalog->disk, path))
        log_write(LOG_LEVEL_WARNING, "cannot remove %s: %s", path, strerror(errno));
}

static void remove_incomplete(struct catalog *catalog, enum file_kind kind, uint64_t stamp,
                              bool incomplete, void *argument)
{
    if (incomplete)
        remove_old(catalog, kind, stamp, incomplete, argument);
}

void catalog_clean_incomplete(struct catalog *catalog)
{
    uint64_t none = 0;

    for_each(catalog, FILE_SNAPSHOT, remove_incomplete, &none);
    for_each(catalog, FILE_COMMAND_LOG, remove_incomplete, &none);
}

void catalog_clean(struct catalog *catalog, uint64_t stamp)
{
    for_each(catalog, FILE_SNAPSHOT, remove_old, &stamp);
    for_each(catalog, FILE_COMMAND_LOG, remove_old, &stamp);
}
