#pragma once

#include "planner/base/arena.h"
#include "planner/base/diag.h"
#include "planner/spec/spec.h"

/* Each package has a directory of its own in the cache, for its archives and for what its build
 * rules leave: logs, and lists of inputs. */
const char *package_cache_path(const char *cache_dir, const struct spec_package *package,
                               struct arena *arena);
/* The archive of that content, as it is or will be named: NAME-VERSION-HASH12.tar.gz. */
const char *package_cache_archive(const char *cache_dir, const struct spec_package *package,
                                  const char *digest, struct arena *arena);

/* Makes the directory. -1 with fault. */
int package_cache_make(const char *cache_dir, const struct spec_package *package,
                       struct arena *arena, struct fault *fault);

/* A new file beside the archives, to be renamed when it is whole; its name is put into *path. -1
 * with fault. */
int package_cache_new_file(const char *cache_dir, const struct spec_package *package,
                           struct arena *arena, const char **path, struct fault *fault);

/* Removes new files that killed runs left, and all archives but the newest ones: as many as a host
 * keeps releases of the package. Nobody may be packing it meanwhile. */
void package_cache_tidy(const char *cache_dir, const struct spec_package *package,
                        struct arena *arena);
