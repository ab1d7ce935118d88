#pragma once

#include "planner/base/arena.h"
#include "planner/base/diag.h"

#include <stdatomic.h>
#include <stdint.h>

/* What of a release has to be sent to a host that has another release of the same package. */
struct release_delta {
    /* Two lines for each file that the host has: "SHA256 MODE PATH" as it is to be, then its path
     * in the current release. In the arena. */
    const char *kept;
    int fd; /* the archive of all the rest; the caller closes it */
    int64_t size;
};

enum { RELEASE_DELTA_NONE = 1 };

/* have: the "file SHA256 MODE PATH" lines of the host's manifest, other lines among them. 0;
 * RELEASE_DELTA_NONE when the whole archive may as well be sent; -1 with fault. */
int release_delta_make(const char *archive, const char *have, const atomic_bool *cancel,
                       struct arena *arena, struct release_delta *delta, struct fault *fault);
