/* Calls that work are the real ones, in a directory of the test's own. */
#include "tests/unit/cacheserver/persistence/frail_disk.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct frail_disk *of(const struct disk *disk)
{
    return (struct frail_disk *)disk;
}

static bool goes_wrong(struct frail_disk *frail)
{
    frail->calls++;
    if (frail->before)
        frail->before(frail->argument);
    if (frail->countdown > 1) {
        frail->countdown--;
        return false;
    }
    if (frail->countdown == 0 || frail->frailty == FRAIL_NOT)
        return false;
    if (frail->frailty == FRAIL_FAILS) {
        frail->countdown = 0;
        frail->frailty = FRAIL_NOT;
    }
    errno = ENOSPC;
    return true;
}

bool frail_disk_fired(const struct frail_disk *frail)
{
    return frail->countdown == 1 ? frail->frailty == FRAIL_ENDS : frail->frailty == FRAIL_NOT;
}

static struct frail_file *file_of(struct frail_disk *frail, int fd)
{
    struct stat status;

    if (fstat(fd, &status))
        return NULL;
    for (unsigned i = 0; i < frail->file_count; i++)
        if (frail->files[i].inode == status.st_ino)
            return &frail->files[i];
    if (frail->file_count == FRAIL_FILES_MAX)
        return NULL;
    struct frail_file *file = &frail->files[frail->file_count++];
    *file = (struct frail_file){.fd = fd,
                                .inode = status.st_ino,
                                .synced = (unsigned long long)status.st_size,
                                .dirty = ULLONG_MAX};
    return file;
}

static int frail_open(const struct disk *disk, const char *path, int flags)
{
    if (goes_wrong(of(disk)))
        return -1;
    int fd = disk_system.open(disk, path, flags);
    if (fd >= 0)
        file_of(of(disk), fd);
    return fd;
}

static int frail_write(const struct disk *disk, int fd, uint64_t offset, const void *bytes,
                       size_t n)
{
    struct frail_file *file = file_of(of(disk), fd);

    if (file && offset < file->dirty)
        file->dirty = offset;
    if (!goes_wrong(of(disk)))
        return disk_system.write(disk, fd, offset, bytes, n);
    disk_system.write(disk, fd, offset, bytes, n / 2);
    errno = ENOSPC;
    return -1;
}

static int frail_sync(const struct disk *disk, int fd)
{
    struct stat status;
    struct frail_file *file = file_of(of(disk), fd);

    if (goes_wrong(of(disk)))
        return -1;
    if (file && !fstat(fd, &status)) {
        file->synced = (unsigned long long)status.st_size;
        file->dirty = ULLONG_MAX;
    }
    return 0;
}

static int frail_cut(const struct disk *disk, int fd, uint64_t size)
{
    return goes_wrong(of(disk)) ? -1 : disk_system.cut(disk, fd, size);
}

static int frail_rename(const struct disk *disk, const char *from, const char *to)
{
    struct frail_disk *frail = of(disk);

    if (goes_wrong(frail))
        return -1;
    if (frail->rename_count < FRAIL_NAMES_MAX) {
        struct frail_name *name = &frail->renames[frail->rename_count++];
        snprintf(name->from, sizeof(name->from), "%s", from);
        snprintf(name->to, sizeof(name->to), "%s", to);
    }
    return disk_system.rename(disk, from, to);
}

static int frail_remove(const struct disk *disk, const char *path)
{
    return goes_wrong(of(disk)) ? -1 : disk_system.remove(disk, path);
}

static int frail_sync_directory(const struct disk *disk, const char *path)
{
    (void)path;
    if (goes_wrong(of(disk)))
        return -1;
    of(disk)->rename_count = 0;
    return 0;
}

void frail_disk_init(struct frail_disk *frail, enum frailty frailty, unsigned countdown)
{
    memset(frail, 0, sizeof(*frail));
    frail->disk = (struct disk){.open = frail_open,
                                .write = frail_write,
                                .sync = frail_sync,
                                .cut = frail_cut,
                                .rename = frail_rename,
                                .remove = frail_remove,
                                .sync_directory = frail_sync_directory};
    frail->frailty = frailty;
    frail->countdown = countdown;
}

static void take_unsynced(struct frail_disk *frail, const char *path)
{
    struct stat status;

    if (stat(path, &status))
        return;
    for (unsigned i = 0; i < frail->file_count; i++) {
        const struct frail_file *file = &frail->files[i];
        if (file->inode != status.st_ino)
            continue;
        unsigned long long kept = file->dirty < file->synced ? file->dirty : file->synced;
        if (truncate(path, (off_t)kept) || truncate(path, (off_t)file->synced))
            perror(path);
    }
}

void frail_disk_lose_power(struct frail_disk *frail, const char *directory)
{
    DIR *stream = opendir(directory);
    const struct dirent *entry;
    char path[1024];

    while (stream && (entry = readdir(stream))) {
        snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
        take_unsynced(frail, path);
    }
    closedir(stream);
    while (frail->rename_count > 0) {
        const struct frail_name *name = &frail->renames[--frail->rename_count];
        rename(name->to, name->from);
    }
}
