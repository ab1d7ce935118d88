#pragma once

#include "planner/base/diag.h"
#include "planner/base/str.h"

#include <stdatomic.h>
#include <stdint.h>

/* "HOST:PORT,…" with every name replaced by all its IPv4 addresses, looked up within the deadline,
 * because the ZooKeeper library would look them up for as long as the system likes. A name that is
 * not known is left out. Anything that is not HOST:PORT stays as it is, for the library to refuse.
 * -1 with fault when nothing is left. cancel may be NULL. */
int zk_literals(const char *connect, int64_t deadline_ms, const atomic_bool *cancel,
                struct str *literals, struct fault *fault);
