/* An archive is data from elsewhere: it may be damaged, lie about sizes or expand without end. It
 * is never unpacked to the file system; its bytes go to one unnamed file, from which the canonical
 * archive is written. Sizes are counted as the bytes come, not as the headers promise them. */
#include "executors/steps/package_archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct reading {
    const char *path;
    const char *directory;
    bool want_bytes;
    const atomic_bool *cancel;
    struct archive *archive;
    struct package_tree *tree;
    struct fault *fault;
    int64_t spooled;
};

static int fail(struct reading *reading, const char *what)
{
    return fault_set(reading->fault, DIAG_PACKAGE_ARCHIVE, "%s: %s", reading->path, what);
}

static int fail_archive(struct reading *reading)
{
    const char *text = archive_error_string(reading->archive);

    return fail(reading, text ? text : "not a readable archive");
}

/* An unnamed file: gone with the descriptor, whatever happens to the program. */
static int spool_open(const char *directory)
{
    char path[4096];
    int fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR))
        return fd;
    if (snprintf(path, sizeof(path), "%s/spool-XXXXXX", directory) >= (int)sizeof(path))
        return -1;
    fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0)
        unlink(path);
    return fd;
}

static int spool_add(struct reading *reading, const char *bytes, size_t size)
{
    if (reading->tree->spool < 0)
        reading->tree->spool = spool_open(reading->directory);
    while (size) {
        ssize_t written = pwrite(reading->tree->spool, bytes, size, reading->spooled);

        if (written <= 0)
            return fault_set(reading->fault, DIAG_FILE_WRITE, "%s: %s", reading->directory,
                             strerror(errno));
        reading->spooled += written;
        bytes += written;
        size -= (size_t)written;
    }
    return 0;
}

/* promised: what the header says. Less comes of a file that ends with a hole. */
static int read_bytes(struct reading *reading, int64_t promised, struct package_entry *entry)
{
    struct digest *digest;
    char buffer[65536];
    la_ssize_t got;

    entry->offset = reading->spooled;
    entry->size = promised;
    if (promised > PACKAGE_BYTES_MAX)
        return 0;
    digest = digest_new();
    entry->size = 0;
    while ((got = archive_read_data(reading->archive, buffer, sizeof(buffer))) > 0) {
        entry->size += got;
        digest_add(digest, buffer, (size_t)got);
        if (reading->cancel && atomic_load(reading->cancel)) {
            digest_finish(digest, entry->digest);
            return fault_set(reading->fault, DIAG_INTERRUPTED, "interrupted");
        }
        if (entry->size > PACKAGE_BYTES_MAX - reading->tree->bytes)
            break;
        if (reading->want_bytes && spool_add(reading, buffer, (size_t)got)) {
            digest_finish(digest, entry->digest);
            return -1;
        }
    }
    digest_finish(digest, entry->digest);
    if (got == 0 && entry->size != promised)
        return fail(reading, "a file is shorter than it says");
    return got < 0 ? fail_archive(reading) : 0;
}

/* A hard link becomes a second file of the same bytes. */
static int copy_linked(struct reading *reading, const char *target, struct package_entry *entry)
{
    while (!strncmp(target, "./", 2))
        target += 2;
    for (size_t i = reading->tree->entries.count; i > 0; i--) {
        const struct package_entry *old = &reading->tree->entries.items[i - 1];

        if (old->kind != PACKAGE_ENTRY_FILE || strcmp(old->path, target) != 0)
            continue;
        entry->size = old->size;
        entry->offset = old->offset;
        memcpy(entry->digest, old->digest, sizeof(entry->digest));
        return 0;
    }
    return fault_set(reading->fault, DIAG_PACKAGE_ARCHIVE,
                     "%s: '%.200s' is a hard link to a file that does not come before it",
                     reading->path, entry->path);
}

static int fill_entry(struct reading *reading, struct archive_entry *header,
                      struct package_entry *entry)
{
    const char *hard_link = archive_entry_hardlink(header);

    switch (archive_entry_filetype(header)) {
    case AE_IFDIR:
        entry->kind = PACKAGE_ENTRY_DIRECTORY;
        return 0;
    case AE_IFLNK:
        entry->kind = PACKAGE_ENTRY_LINK;
        entry->link = archive_entry_symlink(header);
        return entry->link ? 0 : fail(reading, "a link without a target");
    case AE_IFREG:
        entry->kind = PACKAGE_ENTRY_FILE;
        return hard_link ? copy_linked(reading, hard_link, entry)
                         : read_bytes(reading, archive_entry_size(header), entry);
    default:
        if (hard_link) {
            entry->kind = PACKAGE_ENTRY_FILE;
            return copy_linked(reading, hard_link, entry);
        }
        return fault_set(reading->fault, DIAG_PACKAGE_ARCHIVE,
                         "%s: '%.200s' is a device or another special file", reading->path,
                         entry->path);
    }
}

static int read_entry(struct reading *reading, struct archive_entry *header)
{
    const char *path = archive_entry_pathname(header);
    struct package_entry entry = {.mode = (int)archive_entry_perm(header)};
    struct fault inner;

    if (!path)
        path = archive_entry_pathname_utf8(header);
    if (!path)
        return fail(reading, "a name that cannot be read");
    entry.path = path;
    if (fill_entry(reading, header, &entry))
        return -1;
    if (package_tree_add(reading->tree, &entry, DIAG_PACKAGE_ARCHIVE, &inner))
        return fail(reading, inner.text);
    return 0;
}

static int read_all(struct reading *reading)
{
    struct archive_entry *header;
    int status;

    while ((status = archive_read_next_header(reading->archive, &header)) != ARCHIVE_EOF) {
        if (status < ARCHIVE_WARN)
            return fail_archive(reading);
        if (read_entry(reading, header))
            return -1;
    }
    return reading->tree->entries.count ? 0 : fail(reading, "the archive is empty");
}

static void allow_formats(struct archive *archive)
{
    archive_read_support_format_tar(archive);
    archive_read_support_filter_gzip(archive);
    archive_read_support_filter_bzip2(archive);
    archive_read_support_filter_xz(archive);
    archive_read_support_filter_zstd(archive);
}

int archive_read_tree(const char *path, bool want_bytes, const char *directory,
                      const atomic_bool *cancel, struct package_tree *tree, struct fault *fault)
{
    struct reading reading = {.path = path,
                              .directory = directory,
                              .want_bytes = want_bytes,
                              .cancel = cancel,
                              .tree = tree,
                              .fault = fault};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    int status = -1;

    if (fd < 0)
        return fault_set(fault, DIAG_PACKAGE_INPUT, "%s: %s", path, strerror(errno));
    reading.archive = archive_read_new();
    allow_formats(reading.archive);
    if (archive_read_open_fd(reading.archive, fd, 65536) == ARCHIVE_OK)
        status = read_all(&reading);
    else
        fail_archive(&reading);
    archive_read_free(reading.archive);
    close(fd);
    return status;
}
