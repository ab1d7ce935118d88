#pragma once

#include "planner/base/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a running cache server says of itself: its answer to "stats". */
struct node_stats {
    const char *node; /* "ADDRESS:PORT", filled by the caller */
    bool answered;
    int64_t items, bytes, limit_bytes, hits, misses, uptime_s, connections; /* -1: not told */
    const char *version;                                                    /* NULL: not told */
};

/* Asks all of them at once. Who does not answer until the deadline is left unanswered. */
void node_stats_read(struct node_stats *nodes, size_t count, int64_t deadline_ms,
                     struct arena *arena);
/* Fills the figures from the text of an answer, whatever it is. */
void node_stats_parse(struct node_stats *stats, const char *text, struct arena *arena);
