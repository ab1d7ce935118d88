#pragma once

#include "planner/base/diag.h"

#include <stdatomic.h>
#include <stdint.h>

/* Connects to a host name or an IP literal. The name is looked up within the deadline too. The
 * socket is non-blocking, close-on-exec, without delay, and notices a dead peer within about half a
 * minute. 0; -1 with HOST_CONNECT, HOST_TIMEOUT or INTERRUPTED. cancel may be NULL. */
int tcp_connect(const char *host, int port, int64_t deadline_ms, const atomic_bool *cancel, int *fd,
                struct fault *fault);
