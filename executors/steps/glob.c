/* A pattern is walked part by part: directories are read only where the next part has something to
 * choose from. All reads together are limited, because patterns with several `**` may visit a
 * directory more than once. */
#include "executors/steps/glob.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

enum { VISITS_MAX = 1000000, DEPTH_MAX = 128 };

struct walk {
    const char *directory;
    struct glob_files *files;
    size_t pattern;
    struct fault *fault;
    int visits;
};

struct names {
    vec_of(const char *) items;
};

static const char *join(struct walk *walk, const char *below, const char *name)
{
    return *below ? arena_printf(walk->files->arena, "%s/%s", below, name) : name;
}

static const char *full_path(struct walk *walk, const char *below)
{
    return arena_printf(walk->files->arena, "%s/%s", walk->directory, *below ? below : ".");
}

static int fail(struct walk *walk, const char *below, const char *why)
{
    return fault_set(walk->fault, DIAG_PACKAGE_INPUT, "%s/%s: %s", walk->directory, below, why);
}

/* What is gone by now is as if it never was there. */
static int read_names(struct walk *walk, const char *below, struct names *names)
{
    DIR *stream = opendir(full_path(walk, below));
    struct dirent *entry;

    if (!stream)
        return errno == ENOENT || errno == ENOTDIR ? 0 : fail(walk, below, strerror(errno));
    while ((entry = readdir(stream))) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
            continue;
        if (++walk->visits > VISITS_MAX) {
            closedir(stream);
            return fail(walk, below, "too many files below this directory");
        }
        *vec_push(walk->files->arena, &names->items) =
            arena_strdup(walk->files->arena, entry->d_name);
    }
    closedir(stream);
    return 0;
}

static void add_file(struct walk *walk, const char *below, const struct stat *stat)
{
    *vec_push(walk->files->arena, &walk->files->items) =
        (struct glob_file){below, *stat, walk->pattern};
}

static bool look(struct walk *walk, const char *below, struct stat *found, bool *is_link)
{
    const char *path = full_path(walk, below);
    struct stat target;

    if (lstat(path, found))
        return false;
    *is_link = S_ISLNK(found->st_mode);
    if (*is_link && !stat(path, &target) && !S_ISDIR(target.st_mode))
        *found = target;
    return true;
}

static int walk_part(struct walk *walk, const char *below, const char *pattern, int depth);

/* `**`: rest matches here, or anywhere below. */
static int walk_deep(struct walk *walk, const char *below, const char *rest, int depth)
{
    struct names names = {0};

    if (depth > DEPTH_MAX)
        return fail(walk, below, "too deep");
    while (!strncmp(rest, "**/", 3))
        rest += 3;
    if (!strcmp(rest, "**"))
        rest = "";
    if (*rest && walk_part(walk, below, rest, depth + 1))
        return -1;
    if (read_names(walk, below, &names))
        return -1;
    vec_each(name, &names.items) {
        const char *path = join(walk, below, *name);
        struct stat stat;
        bool is_link;

        if (**name == '.' || !look(walk, path, &stat, &is_link))
            continue;
        if (S_ISDIR(stat.st_mode)) {
            if (walk_deep(walk, path, rest, depth + 1))
                return -1;
        } else if (!*rest && (S_ISREG(stat.st_mode) || is_link)) {
            add_file(walk, path, &stat);
        }
    }
    return 0;
}

/* A name that the pattern's part chose; rest is what follows the part. */
static int walk_name(struct walk *walk, const char *path, const char *rest, int depth)
{
    struct stat found;
    bool is_link;

    if (!look(walk, path, &found, &is_link))
        return errno == EACCES ? fail(walk, path, strerror(errno)) : 0;
    if (*rest)
        return S_ISDIR(found.st_mode) || is_link ? walk_part(walk, path, rest, depth + 1) : 0;
    if (S_ISDIR(found.st_mode))
        return walk_deep(walk, path, "", depth + 1);
    if (S_ISREG(found.st_mode) || is_link)
        add_file(walk, path, &found);
    return 0;
}

static int walk_part(struct walk *walk, const char *below, const char *pattern, int depth)
{
    size_t length = strcspn(pattern, "/");
    const char *rest = pattern + length + (pattern[length] == '/');
    const char *part = arena_strndup(walk->files->arena, pattern, length);
    struct names names = {0};

    if (depth > DEPTH_MAX)
        return fail(walk, below, "too deep");
    if (!*part || !strcmp(part, "."))
        return *rest ? walk_part(walk, below, rest, depth + 1) : 0;
    if (!strcmp(part, "**"))
        return walk_deep(walk, below, rest, depth);
    if (!strpbrk(part, "*?[\\"))
        return walk_name(walk, join(walk, below, part), rest, depth);
    if (read_names(walk, below, &names))
        return -1;
    vec_each(name, &names.items)
        if (!fnmatch(part, *name, FNM_PERIOD) &&
            walk_name(walk, join(walk, below, *name), rest, depth))
            return -1;
    return 0;
}

static int file_compare(const void *a, const void *b)
{
    return strcmp(((const struct glob_file *)a)->path, ((const struct glob_file *)b)->path);
}

static void sort_unique(struct glob_files *files)
{
    size_t kept = 0;

    if (files->items.count < 2)
        return;
    qsort(files->items.items, files->items.count, sizeof(*files->items.items), file_compare);
    for (size_t i = 1; i < files->items.count; i++)
        if (strcmp(files->items.items[kept].path, files->items.items[i].path) != 0)
            files->items.items[++kept] = files->items.items[i];
    files->items.count = kept + 1;
}

int glob_find(const char *directory, const char *const *patterns, size_t count,
              struct glob_files *files, size_t *unmatched, struct fault *fault)
{
    struct walk walk = {.directory = directory, .files = files, .fault = fault};

    *unmatched = count;
    for (size_t i = 0; i < count; i++) {
        size_t before = files->items.count;

        walk.pattern = i;
        if (walk_part(&walk, "", patterns[i], 0))
            return -1;
        if (files->items.count == before && *unmatched == count)
            *unmatched = i;
    }
    sort_unique(files);
    return 0;
}

const struct glob_file *glob_files_find(const struct glob_files *files, const char *path)
{
    struct glob_file wanted = {.path = path};

    if (!files->items.count)
        return NULL;
    return bsearch(&wanted, files->items.items, files->items.count, sizeof(wanted), file_compare);
}
