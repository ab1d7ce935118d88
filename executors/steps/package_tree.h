#pragma once

#include "planner/base/arena.h"
#include "planner/base/diag.h"
#include "planner/base/digest.h"
#include "planner/base/vec.h"

#include <stdbool.h>
#include <stdint.h>

/* What a package holds: directories, files and symbolic links, each once, sorted. The digest over
 * it names the package; where the bytes come from does not matter. */

enum package_entry_kind { PACKAGE_ENTRY_DIRECTORY, PACKAGE_ENTRY_FILE, PACKAGE_ENTRY_LINK };

struct package_entry {
    const char *path; /* inside the release: relative, without . and .. */
    enum package_entry_kind kind;
    int mode;                     /* permission bits; links: 0777 */
    int64_t size;                 /* of a file */
    const char *link;             /* target of a link */
    char digest[DIGEST_HEX_SIZE]; /* of a file's bytes; "" until they were read */
    const char *source;           /* where a file's bytes are; NULL: in the tree's spool … */
    int64_t offset;               /* … from here on */
};

struct package_tree {
    struct arena *arena;
    vec_of(struct package_entry) entries;
    int64_t bytes; /* of all files */
    int spool;     /* descriptor of an unnamed file with bytes that came out of an archive; -1 */
};

enum { PACKAGE_ENTRIES_MAX = 200000 };
#define PACKAGE_BYTES_MAX ((int64_t)4 << 30)

void package_tree_init(struct package_tree *tree, struct arena *arena);
void package_tree_deinit(struct package_tree *tree);

/* Adds an entry; its path and link are checked, brought into normal form and copied. "." and ""
 * are passed over. code is that of the fault. -1 with fault. */
int package_tree_add(struct package_tree *tree, const struct package_entry *entry,
                     enum diag_code code, struct fault *fault);

/* Sorts, adds missing parents, keeps the last one of entries with the same path. -1 with fault
 * when something lies below what is no directory. */
int package_tree_finish(struct package_tree *tree, enum diag_code code, struct fault *fault);

/* Of a finished tree whose files all have their digests. */
void package_tree_digest(const struct package_tree *tree, char hex[DIGEST_HEX_SIZE]);
