#pragma once

#include "executors/steps/package_tree.h"

#include <stdatomic.h>

/* Archives: the only place that knows libarchive. Faults are PACKAGE_ARCHIVE for what is read,
 * FILE_WRITE for what cannot be written. cancel may be NULL. */

/* Adds what a tar archive (plain, gzip, bzip2, xz or zstd) holds to the tree, with digests. Nothing
 * is unpacked; with want_bytes the files' bytes go to the tree's spool, an unnamed file made in
 * directory. */
int archive_read_tree(const char *path, bool want_bytes, const char *directory,
                      const atomic_bool *cancel, struct package_tree *tree, struct fault *fault);

/* Writes the finished tree to fd as tar.gz: the same bytes for the same tree. The digests of the
 * files are computed from what is written. */
int archive_write_tree(struct package_tree *tree, int fd, const atomic_bool *cancel,
                       struct fault *fault);
