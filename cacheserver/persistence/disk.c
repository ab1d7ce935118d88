/* The system's own calls, without their interruptions and half measures. */
#include "cacheserver/persistence/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define FILE_MODE 0640

static int open_file(const struct disk *disk, const char *path, int flags)
{
    (void)disk;
    return open(path, flags | O_WRONLY | O_CLOEXEC, FILE_MODE);
}

static int write_all(const struct disk *disk, int fd, uint64_t offset, const void *bytes, size_t n)
{
    const char *at = bytes;

    (void)disk;
    while (n > 0) {
        ssize_t written = pwrite(fd, at, n, (off_t)offset);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return -1;
        at += written;
        offset += (uint64_t)written;
        n -= (size_t)written;
    }
    return 0;
}

static int sync_file(const struct disk *disk, int fd)
{
    (void)disk;
    return fdatasync(fd);
}

static int cut_file(const struct disk *disk, int fd, uint64_t size)
{
    (void)disk;
    return ftruncate(fd, (off_t)size);
}

static int rename_file(const struct disk *disk, const char *from, const char *to)
{
    (void)disk;
    return rename(from, to);
}

static int remove_file(const struct disk *disk, const char *path)
{
    (void)disk;
    return unlink(path);
}

static int sync_directory(const struct disk *disk, const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    (void)disk;
    if (fd < 0)
        return -1;
    int failed = fsync(fd);
    int saved = errno;
    close(fd);
    errno = saved;
    return failed;
}

const struct disk disk_system = {
    .open = open_file,
    .write = write_all,
    .sync = sync_file,
    .cut = cut_file,
    .rename = rename_file,
    .remove = remove_file,
    .sync_directory = sync_directory,
};
