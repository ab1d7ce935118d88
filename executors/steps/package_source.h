#pragma once

#include "executors/steps/package_tree.h"
#include "planner/spec/spec.h"

#include <stdatomic.h>

/* Reads what a package is made of: its files, directory or archive, with the digest of each file.
 * with_bytes: the tree is going to be packed, so an archive's bytes are kept in the tree's spool,
 * made in directory. -1 with fault; *at is then the place in the spec to blame. */
int package_source_read(const struct spec_package *package, bool with_bytes, const char *directory,
                        const atomic_bool *cancel, struct package_tree *tree, struct srcloc *at,
                        struct fault *fault);

/* PATH as it is, or below base_dir when it is relative. */
const char *package_path(struct arena *arena, const struct spec_package *package, const char *path);

/* The digest of a file's bytes. -1 with fault PACKAGE_INPUT. */
int file_digest(const char *path, char hex[DIGEST_HEX_SIZE], struct fault *fault);
