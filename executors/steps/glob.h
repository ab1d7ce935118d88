#pragma once

#include "planner/base/arena.h"
#include "planner/base/diag.h"
#include "planner/base/vec.h"

#include <stdbool.h>
#include <sys/stat.h>

/* The files below a directory that match patterns. In a pattern, `**` stands for any number of
 * directories, and at the end for every file below; the rest is fnmatch(3). Names that begin with a
 * dot are matched only by a pattern part that does so too. A pattern that names a directory means
 * every file below it. Links to directories are not followed by `**`; they count as files. */
struct glob_file {
    const char *path; /* below the directory */
    struct stat stat; /* of what a link points to, except for links to directories or nowhere */
    size_t pattern;   /* one of those that match it */
};

struct glob_files { /* sorted by path, each once */
    struct arena *arena;
    vec_of(struct glob_file) items;
};

/* -1 with fault (PACKAGE_INPUT) when a directory cannot be read or there are too many files.
 * *unmatched: the first pattern without any file; count when there is none. */
int glob_find(const char *directory, const char *const *patterns, size_t count,
              struct glob_files *files, size_t *unmatched, struct fault *fault);

const struct glob_file *glob_files_find(const struct glob_files *files, const char *path);
