/* Permissions that are not given in the spec come from the file, without those of group and others
 * to write: they depend on the umask of whoever checked the file out, and a package must not. */
#include "executors/steps/package_source.h"

#include "executors/steps/package_archive.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PERMISSIONS = 0755, DEPTH_MAX = 128 };

struct source {
    const atomic_bool *cancel;
    bool with_bytes;
    struct package_tree *tree;
    struct fault *fault;
    int mode; /* of files; -1: their own */
};

const char *package_path(struct arena *arena, const struct spec_package *package, const char *path)
{
    return *path == '/' ? path : arena_printf(arena, "%s/%s", package->base_dir, path);
}

static int fail_errno(struct fault *fault, const char *path)
{
    return fault_set(fault, DIAG_PACKAGE_INPUT, "%s: %s", path, strerror(errno));
}

int file_digest(const char *path, char hex[DIGEST_HEX_SIZE], struct fault *fault)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    int status;

    if (fd < 0)
        return fail_errno(fault, path);
    status = digest_of_fd(fd, hex);
    if (status)
        fail_errno(fault, path);
    close(fd);
    return status;
}

static int add_file(struct source *source, const char *path, const char *to,
                    const struct stat *stat)
{
    struct package_entry entry = {.path = to,
                                  .kind = PACKAGE_ENTRY_FILE,
                                  .mode = source->mode >= 0 ? source->mode
                                                            : (int)(stat->st_mode & PERMISSIONS),
                                  .size = stat->st_size,
                                  .source = path};

    if (source->cancel && atomic_load(source->cancel))
        return fault_set(source->fault, DIAG_INTERRUPTED, "interrupted");
    /* Packing computes the digest again, from the bytes that it packs. */
    if (!source->with_bytes && file_digest(path, entry.digest, source->fault))
        return -1;
    return package_tree_add(source->tree, &entry, DIAG_PACKAGE_INPUT, source->fault);
}

static int add_link(struct source *source, const char *path, const char *to)
{
    struct package_entry entry = {.path = to, .kind = PACKAGE_ENTRY_LINK};
    char target[4096];
    ssize_t length = readlink(path, target, sizeof(target) - 1);

    if (length < 0)
        return fail_errno(source->fault, path);
    target[length] = '\0';
    entry.link = target;
    return package_tree_add(source->tree, &entry, DIAG_PACKAGE_INPUT, source->fault);
}

static int add_directory(struct source *source, const char *path, const char *to, int depth);

static int add_path(struct source *source, const char *path, const char *to, int depth)
{
    struct stat found;

    if (lstat(path, &found))
        return fail_errno(source->fault, path);
    if (S_ISDIR(found.st_mode))
        return add_directory(source, path, to, depth + 1);
    if (S_ISLNK(found.st_mode))
        return add_link(source, path, to);
    if (S_ISREG(found.st_mode))
        return add_file(source, path, to, &found);
    return fault_set(source->fault, DIAG_PACKAGE_INPUT, "%s: neither file, directory nor link",
                     path);
}

static int add_directory(struct source *source, const char *path, const char *to, int depth)
{
    struct package_entry entry = {.path = to, .kind = PACKAGE_ENTRY_DIRECTORY, .mode = 0755};
    struct arena *arena = source->tree->arena;
    struct dirent *item;
    DIR *stream;
    int status = 0;

    if (depth > DEPTH_MAX)
        return fault_set(source->fault, DIAG_PACKAGE_INPUT, "%s: too deep", path);
    if (package_tree_add(source->tree, &entry, DIAG_PACKAGE_INPUT, source->fault))
        return -1;
    stream = opendir(path);
    if (!stream)
        return fail_errno(source->fault, path);
    while (!status && (item = readdir(stream)))
        if (strcmp(item->d_name, ".") != 0 && strcmp(item->d_name, "..") != 0)
            status =
                add_path(source, arena_printf(arena, "%s/%s", path, item->d_name),
                         arena_printf(arena, "%s%s%s", to, *to ? "/" : "", item->d_name), depth);
    closedir(stream);
    return status;
}

/* What a `files` entry names may be a link: then it is the file that counts. A directory is taken
 * with all that is in it. */
static int read_file(struct source *source, const struct spec_package *package,
                     const struct spec_file *file)
{
    const char *path = package_path(source->tree->arena, package, file->from);
    struct stat found;

    source->mode = file->mode;
    if (stat(path, &found)) {
        fail_errno(source->fault, path);
        return fault_hint(source->fault, package->rule_count
                                             ? "does a build rule name it among its outputs?"
                                             : "build it first, or add a build rule that does");
    }
    if (S_ISDIR(found.st_mode))
        return add_directory(source, path, file->to, 0);
    if (S_ISREG(found.st_mode))
        return add_file(source, path, file->to, &found);
    return fault_set(source->fault, DIAG_PACKAGE_INPUT, "%s: neither file nor directory", path);
}

static int read_files(struct source *source, const struct spec_package *package, struct srcloc *at)
{
    for (size_t i = 0; i < package->file_count; i++) {
        *at = package->files[i].at;
        if (read_file(source, package, &package->files[i]))
            return -1;
    }
    return 0;
}

static int read_directory(struct source *source, const struct spec_package *package)
{
    const char *path = package_path(source->tree->arena, package, package->path);

    if (add_directory(source, path, "", 0))
        return -1;
    return source->tree->entries.count
               ? 0
               : fault_set(source->fault, DIAG_PACKAGE_INPUT, "%s: the directory is empty", path);
}

int package_source_read(const struct spec_package *package, bool with_bytes, const char *directory,
                        const atomic_bool *cancel, struct package_tree *tree, struct srcloc *at,
                        struct fault *fault)
{
    struct source source = {
        .cancel = cancel, .with_bytes = with_bytes, .tree = tree, .fault = fault, .mode = -1};
    enum diag_code code =
        package->source == PACKAGE_ARCHIVE ? DIAG_PACKAGE_ARCHIVE : DIAG_PACKAGE_INPUT;
    int status;

    *at = package->at;
    if (package->source == PACKAGE_FILES)
        status = read_files(&source, package, at);
    else if (package->source == PACKAGE_DIRECTORY)
        status = read_directory(&source, package);
    else
        status = archive_read_tree(package_path(tree->arena, package, package->path), with_bytes,
                                   directory, cancel, tree, fault);
    return status ? -1 : package_tree_finish(tree, code, fault);
}
