#include "executors/steps/package_cache.h"

#include "planner/base/digest.h"
#include "planner/base/vec.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char new_start[] = "new-";
static const char archive_end[] = ".tar.gz";

const char *package_cache_path(const char *cache_dir, const struct spec_package *package,
                               struct arena *arena)
{
    return arena_printf(arena, "%s/%s", cache_dir, package->name);
}

const char *package_cache_archive(const char *cache_dir, const struct spec_package *package,
                                  const char *digest, struct arena *arena)
{
    return arena_printf(arena, "%s/%s/%s-%s-%.*s%s", cache_dir, package->name, package->name,
                        package->version, DIGEST_SHORT, digest, archive_end);
}

int package_cache_make(const char *cache_dir, const struct spec_package *package,
                       struct arena *arena, struct fault *fault)
{
    const char *path = package_cache_path(cache_dir, package, arena);

    for (const char *slash = strchr(path + 1, '/');; slash = strchr(slash + 1, '/')) {
        const char *part = slash ? arena_strndup(arena, path, (size_t)(slash - path)) : path;

        if (mkdir(part, 0777) && errno != EEXIST)
            return fault_set(fault, DIAG_FILE_WRITE, "%s: %s", part, strerror(errno));
        if (!slash)
            return 0;
    }
}

int package_cache_new_file(const char *cache_dir, const struct spec_package *package,
                           struct arena *arena, const char **path, struct fault *fault)
{
    char *template = arena_printf(arena, "%s/%s/%sXXXXXX", cache_dir, package->name, new_start);
    int fd = mkstemp(template);

    *path = template;
    if (fd < 0)
        fault_set(fault, DIAG_FILE_WRITE, "%s: %s", template, strerror(errno));
    return fd;
}

struct cached {
    const char *path;
    struct timespec time;
};

struct cached_list {
    vec_of(struct cached) items;
};

/* Newest first. */
static int cached_compare(const void *a, const void *b)
{
    const struct cached *x = a, *y = b;

    if (x->time.tv_sec != y->time.tv_sec)
        return x->time.tv_sec < y->time.tv_sec ? 1 : -1;
    if (x->time.tv_nsec != y->time.tv_nsec)
        return x->time.tv_nsec < y->time.tv_nsec ? 1 : -1;
    return strcmp(x->path, y->path);
}

static bool is_archive(const char *name)
{
    size_t length = strlen(name), end = strlen(archive_end);

    return length > end && !strcmp(name + length - end, archive_end);
}

static void look_at(const char *directory, const char *name, struct arena *arena,
                    struct cached_list *archives)
{
    const char *path = arena_printf(arena, "%s/%s", directory, name);
    struct stat found;

    if (!strncmp(name, new_start, strlen(new_start)))
        unlink(path);
    else if (is_archive(name) && !stat(path, &found))
        *vec_push(arena, &archives->items) = (struct cached){path, found.st_mtim};
}

void package_cache_tidy(const char *cache_dir, const struct spec_package *package,
                        struct arena *arena)
{
    const char *directory = package_cache_path(cache_dir, package, arena);
    size_t kept = package->keep_releases > 0 ? (size_t)package->keep_releases : 1;
    struct cached_list archives = {0};
    DIR *stream = opendir(directory);
    struct dirent *entry;

    if (!stream)
        return;
    while ((entry = readdir(stream)))
        look_at(directory, entry->d_name, arena, &archives);
    closedir(stream);
    if (archives.items.count <= kept)
        return;
    qsort(archives.items.items, archives.items.count, sizeof(*archives.items.items),
          cached_compare);
    for (size_t i = kept; i < archives.items.count; i++)
        unlink(archives.items.items[i].path);
}
