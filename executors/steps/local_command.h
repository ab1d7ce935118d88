#pragma once

#include "planner/base/arena.h"
#include "planner/base/diag.h"

#include <stdatomic.h>
#include <stdint.h>

/* A shell command on this machine that may take long: a build. */
struct local_command {
    const char *script;    /* for sh -c */
    const char *directory; /* where it runs */
    const char *log;       /* file that gets its output */
    int64_t deadline_ms;
    const atomic_bool *cancel; /* NULL: never */
};

/* Runs it in a process group of its own and waits. Whatever is left of the group when the command
 * ends, is cancelled or runs out of time is killed. -1 with fault: PACKAGE_BUILD with the last
 * lines of the output, or INTERRUPTED. */
int local_command_run(const struct local_command *command, struct arena *arena,
                      struct fault *fault);
