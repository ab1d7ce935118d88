/* What would make two archives of the same files differ is fixed: order, owner, times, the gzip
 * header, the compression level. The GNU form keeps names as bytes whatever the locale. */
#include "executors/steps/package_archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* 1980-01-01: old, but not so old that tar warns of it. */
enum { FIXED_TIME = 315532800 };

struct writing {
    struct archive *archive;
    struct package_tree *tree;
    const atomic_bool *cancel;
    struct fault *fault;
};

static int fail_archive(struct writing *writing)
{
    const char *text = archive_error_string(writing->archive);

    return fault_set(writing->fault, DIAG_FILE_WRITE, "the archive cannot be written: %s",
                     text ? text : "unknown error");
}

static int fail_read(struct writing *writing, const struct package_entry *entry, const char *why)
{
    return fault_set(writing->fault, DIAG_PACKAGE_INPUT, "%s: %s",
                     entry->source ? entry->source : entry->path, why);
}

static int write_header(struct writing *writing, const struct package_entry *entry)
{
    struct archive_entry *header = archive_entry_new();
    int status;

    archive_entry_set_pathname(header, entry->path);
    archive_entry_set_perm(header, (mode_t)entry->mode);
    archive_entry_set_mtime(header, FIXED_TIME, 0);
    archive_entry_set_uid(header, 0);
    archive_entry_set_gid(header, 0);
    archive_entry_set_uname(header, "root");
    archive_entry_set_gname(header, "root");
    if (entry->kind == PACKAGE_ENTRY_DIRECTORY) {
        archive_entry_set_filetype(header, AE_IFDIR);
    } else if (entry->kind == PACKAGE_ENTRY_LINK) {
        archive_entry_set_filetype(header, AE_IFLNK);
        archive_entry_set_symlink(header, entry->link);
    } else {
        archive_entry_set_filetype(header, AE_IFREG);
        archive_entry_set_size(header, entry->size);
    }
    status = archive_write_header(writing->archive, header);
    archive_entry_free(header);
    return status == ARCHIVE_OK ? 0 : fail_archive(writing);
}

/* Exactly as many bytes as the header says. */
static int write_bytes(struct writing *writing, struct package_entry *entry, int fd, off_t offset,
                       struct digest *digest)
{
    char buffer[65536];
    int64_t left = entry->size;

    while (left > 0) {
        size_t want = left < (int64_t)sizeof(buffer) ? (size_t)left : sizeof(buffer);
        ssize_t got = pread(fd, buffer, want, offset);

        if (writing->cancel && atomic_load(writing->cancel))
            return fault_set(writing->fault, DIAG_INTERRUPTED, "interrupted");
        if (got <= 0)
            return fail_read(writing, entry, got ? strerror(errno) : "changed while it was packed");
        digest_add(digest, buffer, (size_t)got);
        if (archive_write_data(writing->archive, buffer, (size_t)got) != got)
            return fail_archive(writing);
        offset += got;
        left -= got;
    }
    return 0;
}

static int write_file(struct writing *writing, struct package_entry *entry)
{
    struct digest *digest;
    int fd = writing->tree->spool;
    int status;

    if (entry->source)
        fd = open(entry->source, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && (entry->source || entry->size))
        return fail_read(writing, entry, strerror(errno));
    digest = digest_new();
    status = write_bytes(writing, entry, fd, entry->source ? 0 : entry->offset, digest);
    digest_finish(digest, entry->digest);
    if (entry->source)
        close(fd);
    return status;
}

static int write_entries(struct writing *writing)
{
    vec_each(entry, &writing->tree->entries)
        if (write_header(writing, entry) ||
            (entry->kind == PACKAGE_ENTRY_FILE && write_file(writing, entry)))
            return -1;
    return archive_write_close(writing->archive) == ARCHIVE_OK ? 0 : fail_archive(writing);
}

int archive_write_tree(struct package_tree *tree, int fd, const atomic_bool *cancel,
                       struct fault *fault)
{
    struct writing writing = {
        .archive = archive_write_new(), .tree = tree, .cancel = cancel, .fault = fault};
    int status = -1;

    archive_write_add_filter_gzip(writing.archive);
    archive_write_set_filter_option(writing.archive, "gzip", "timestamp", NULL);
    archive_write_set_filter_option(writing.archive, "gzip", "compression-level", "6");
    archive_write_set_format_gnutar(writing.archive);
    archive_write_set_bytes_in_last_block(writing.archive, 1);
    if (archive_write_open_fd(writing.archive, fd) == ARCHIVE_OK)
        status = write_entries(&writing);
    else
        fail_archive(&writing);
    archive_write_free(writing.archive);
    return status;
}
