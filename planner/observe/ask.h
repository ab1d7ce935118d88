#pragma once

#include "planner/base/str.h"

#include <stddef.h>
#include <stdint.h>

/* A question sent to a TCP server, whose answer is text up to a known end. */
struct ask {
    const char *host; /* IP address or name */
    int port;
    const char *question;
    const char *end; /* the answer's last bytes; NULL: the server closes the connection */
    int error; /* 0, or an errno: ETIMEDOUT, ECONNREFUSED, EPROTO for an answer cut short … */
    struct str answer; /* heap: asks_deinit. At most ASK_LIMIT bytes, else EMSGSIZE */
};

enum { ASK_LIMIT = 1024 * 1024 };

/* Asks all, many at once, until all have answered or failed, or the deadline passed. Names are
 * resolved one after the other before. */
void ask_all(struct ask *asks, size_t count, int64_t deadline_ms);
void asks_deinit(struct ask *asks, size_t count);
