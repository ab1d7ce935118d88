/* Nothing in a tree may lead out of it once it is unpacked. Paths hold no "..", and no entry lies
 * below a link. A link's target may climb with leading ".." only as far as the top, and not climb
 * again after it went down: going down may pass through other links, so that a later ".." would not
 * be where it seems to be. */
#include "executors/steps/package_tree.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_LIMIT = 1024 };

void package_tree_init(struct package_tree *tree, struct arena *arena)
{
    *tree = (struct package_tree){.arena = arena, .spool = -1};
}

void package_tree_deinit(struct package_tree *tree)
{
    if (tree->spool >= 0)
        close(tree->spool);
    tree->spool = -1;
}

static bool has_control_character(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return true;
    return false;
}

static bool is_dots(const char *part, size_t length)
{
    return length == 2 && part[0] == '.' && part[1] == '.';
}

/* Without empty parts and "."; NULL with fault when it is no path inside the release. */
static const char *path_normalize(struct arena *arena, const char *path, enum diag_code code,
                                  struct fault *fault)
{
    char *normal = arena_alloc(arena, strlen(path) + 1);
    size_t used = 0;

    if (has_control_character(path)) {
        fault_set(fault, code, "a path in the package holds control characters");
        return NULL;
    }
    if (*path == '/' || strlen(path) > PATH_LIMIT) {
        fault_set(fault, code, "'%.200s' is %s", path,
                  *path == '/' ? "an absolute path" : "too long a path");
        return NULL;
    }
    for (const char *part = path; *part;) {
        size_t length = strcspn(part, "/");

        if (is_dots(part, length)) {
            fault_set(fault, code, "'%s' leads out of the package", path);
            return NULL;
        }
        if (length && !(length == 1 && *part == '.')) {
            if (used)
                normal[used++] = '/';
            memcpy(normal + used, part, length);
            used += length;
        }
        part += length;
        part += *part == '/';
    }
    return normal;
}

static int link_check(const char *path, const char *target, enum diag_code code,
                      struct fault *fault)
{
    size_t depth = 0;
    bool went_down = false;

    for (const char *c = path; *c; c++)
        depth += *c == '/';
    if (!*target || *target == '/' || strlen(target) > PATH_LIMIT || has_control_character(target))
        return fault_set(fault, code, "the link %s points to '%.200s', not to a place inside", path,
                         has_control_character(target) ? "?" : target);
    for (const char *part = target; *part;) {
        size_t length = strcspn(part, "/");

        if (is_dots(part, length)) {
            if (went_down || !depth)
                return fault_set(fault, code, "the link %s to '%s' leads out of the package", path,
                                 target);
            depth--;
        } else if (length && !(length == 1 && *part == '.')) {
            went_down = true;
        }
        part += length;
        part += *part == '/';
    }
    return 0;
}

int package_tree_add(struct package_tree *tree, const struct package_entry *entry,
                     enum diag_code code, struct fault *fault)
{
    const char *path = path_normalize(tree->arena, entry->path, code, fault);
    struct package_entry *added;

    if (!path)
        return -1;
    if (!*path)
        return 0;
    if (entry->kind == PACKAGE_ENTRY_LINK && link_check(path, entry->link, code, fault))
        return -1;
    if (tree->entries.count >= PACKAGE_ENTRIES_MAX)
        return fault_set(fault, code, "more than %d entries", PACKAGE_ENTRIES_MAX);
    if (entry->kind == PACKAGE_ENTRY_FILE) {
        if (entry->size < 0 || entry->size > PACKAGE_BYTES_MAX - tree->bytes)
            return fault_set(fault, code, "more than %lld bytes of files",
                             (long long)PACKAGE_BYTES_MAX);
        tree->bytes += entry->size;
    }
    added = vec_push(tree->arena, &tree->entries);
    *added = *entry;
    added->path = path;
    added->mode = entry->kind == PACKAGE_ENTRY_LINK ? 0777 : entry->mode & 0777;
    added->link = entry->link ? arena_strdup(tree->arena, entry->link) : NULL;
    added->source = entry->source ? arena_strdup(tree->arena, entry->source) : NULL;
    return 0;
}

/* '/' before all other characters, so that what lies below a path follows it at once. */
static int path_compare(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    if (*a == *b)
        return 0;
    if (!*a || !*b)
        return *a ? 1 : -1;
    if (*a == '/' || *b == '/')
        return *a == '/' ? -1 : 1;
    return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
}

/* Of equal paths the one that was added later comes later, and counts. */
struct sorted_entry {
    struct package_entry entry;
    size_t arrival;
};

static int entry_compare(const void *a, const void *b)
{
    const struct sorted_entry *x = a, *y = b;
    int order = path_compare(x->entry.path, y->entry.path);

    return order ? order : x->arrival < y->arrival ? -1 : 1;
}

static size_t common_length(const char *path, const char *last)
{
    size_t common = 0, end = 0;

    for (; path[common] && path[common] == last[common]; common++)
        if (path[common] == '/')
            end = common;
    if (path[common] == '/' && !last[common])
        end = common;
    return end;
}

/* Directories on the way to path that do not come from the entry before it. */
static void add_parents(struct package_tree *tree, const char *path, const char *last)
{
    for (size_t i = common_length(path, last) + 1; path[i]; i++)
        if (path[i] == '/')
            *vec_push(tree->arena, &tree->entries) =
                (struct package_entry){.path = arena_strndup(tree->arena, path, i),
                                       .kind = PACKAGE_ENTRY_DIRECTORY,
                                       .mode = 0755};
}

static bool is_below(const char *path, const char *parent)
{
    size_t length = strlen(parent);

    return !strncmp(path, parent, length) && path[length] == '/';
}

int package_tree_finish(struct package_tree *tree, enum diag_code code, struct fault *fault)
{
    size_t count = tree->entries.count;
    struct sorted_entry *sorted = arena_array_of(tree->arena, struct sorted_entry, count);
    const struct package_entry *last_other = NULL; /* the last one that is no directory */
    const char *last = "";

    for (size_t i = 0; i < count; i++)
        sorted[i] = (struct sorted_entry){tree->entries.items[i], i};
    if (count > 1)
        qsort(sorted, count, sizeof(*sorted), entry_compare);
    tree->entries.count = 0;
    tree->bytes = 0;
    for (size_t i = 0; i < count; i++) {
        const struct package_entry *entry = &sorted[i].entry;

        if (i + 1 < count && !strcmp(entry->path, sorted[i + 1].entry.path))
            continue;
        if (last_other && is_below(entry->path, last_other->path))
            return fault_set(fault, code, "%s lies below %s, which is no directory", entry->path,
                             last_other->path);
        add_parents(tree, entry->path, last);
        *vec_push(tree->arena, &tree->entries) = *entry;
        tree->bytes += entry->kind == PACKAGE_ENTRY_FILE ? entry->size : 0;
        last = entry->path;
        if (entry->kind != PACKAGE_ENTRY_DIRECTORY)
            last_other = entry;
    }
    return 0;
}

void package_tree_digest(const struct package_tree *tree, char hex[DIGEST_HEX_SIZE])
{
    static const char *const kinds[] = {[PACKAGE_ENTRY_DIRECTORY] = "directory",
                                        [PACKAGE_ENTRY_FILE] = "file",
                                        [PACKAGE_ENTRY_LINK] = "link"};
    struct digest *digest = digest_new();

    digest_add_string(digest, "arcusplan-package 1");
    vec_each(entry, &tree->entries) {
        char mode[8];

        snprintf(mode, sizeof(mode), "%04o", (unsigned)entry->mode & 07777);
        digest_add_string(digest, entry->path);
        digest_add_string(digest, kinds[entry->kind]);
        digest_add_string(digest, mode);
        digest_add_string(digest, entry->kind == PACKAGE_ENTRY_LINK ? entry->link : entry->digest);
    }
    digest_finish(digest, hex);
}
