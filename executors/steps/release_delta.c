/* Files are told apart by their digests, so that a file that moved is not sent either. The list of
 * what the host keeps travels inside the script, which limits its length; beyond that, or when the
 * host has next to nothing, the whole archive is simpler. */
#include "executors/steps/release_delta.h"

#include "executors/steps/package_archive.h"
#include "planner/base/map.h"
#include "planner/base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEPT_LIMIT = 48 * 1024, WORTH_BYTES = 4096 };

/* The host's files by digest; both texts are in the arena. */
static void read_files(char *have, struct map *files)
{
    static const char word[] = "file ";
    char *rest = NULL;

    for (char *line = strtok_r(have, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        char *digest = line + strlen(word), *mode, *path;

        if (strncmp(line, word, strlen(word)) != 0 || !(mode = strchr(digest, ' ')) ||
            mode - digest != DIGEST_HEX_SIZE - 1 || !(path = strchr(mode + 1, ' ')) || !path[1])
            continue;
        *mode = '\0';
        if (!map_get(files, digest))
            map_put(files, digest, path + 1);
    }
}

/* Splits the tree: what the host has goes into kept, the rest into part. The bytes saved. */
static int64_t split(const struct package_tree *tree, const struct map *files,
                     struct package_tree *part, struct str *kept)
{
    int64_t saved = 0;

    vec_each(entry, &tree->entries) {
        const char *old = entry->kind == PACKAGE_ENTRY_FILE ? map_get(files, entry->digest) : NULL;

        if (old && kept->length < KEPT_LIMIT) {
            str_printf(kept, "%s %04o %s\n%s\n", entry->digest, (unsigned)entry->mode, entry->path,
                       old);
            saved += entry->size;
        } else {
            *vec_push(part->arena, &part->entries) = *entry;
            part->bytes += entry->size;
        }
    }
    return saved;
}

static int write_part(const char *archive, struct package_tree *part, const atomic_bool *cancel,
                      struct release_delta *delta, struct fault *fault)
{
    char *copy = arena_strdup(part->arena, archive);
    struct stat status;

    delta->fd = open(dirname(copy), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (delta->fd < 0)
        return RELEASE_DELTA_NONE;
    if (archive_write_tree(part, delta->fd, cancel, fault) < 0 || fstat(delta->fd, &status) < 0 ||
        lseek(delta->fd, 0, SEEK_SET) < 0) {
        close(delta->fd);
        return -1;
    }
    delta->size = status.st_size;
    return 0;
}

int release_delta_make(const char *archive, const char *have, const atomic_bool *cancel,
                       struct arena *arena, struct release_delta *delta, struct fault *fault)
{
    char *directory = arena_strdup(arena, archive);
    struct package_tree tree, part;
    struct str kept = {0};
    struct map files;
    int result = RELEASE_DELTA_NONE;

    map_init(&files, arena);
    read_files(arena_strdup(arena, have), &files);
    package_tree_init(&tree, arena);
    package_tree_init(&part, arena);
    if (!files.entries)
        goto out;
    result = archive_read_tree(archive, true, dirname(directory), cancel, &tree, fault);
    if (result == 0 && split(&tree, &files, &part, &kept) < WORTH_BYTES)
        result = RELEASE_DELTA_NONE;
    part.spool = tree.spool;
    if (result == 0)
        result = write_part(archive, &part, cancel, delta, fault);
    if (result == 0)
        delta->kept = arena_strdup(arena, kept.data);
    part.spool = -1;
out:
    package_tree_deinit(&part);
    package_tree_deinit(&tree);
    map_deinit(&files);
    str_deinit(&kept);
    return result;
}
