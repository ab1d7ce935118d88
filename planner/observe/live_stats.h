#pragma once

#include "planner/model/fact.h"

#include <stdint.h>

/* Asks every running cache node for its `stats`, all at once, and adds to its fact: live.items,
 * live.uptime, live.bytes, live.limit_bytes, live.gets, live.hits, live.connections, live.version.
 * A node that does not answer gets a note. */
void live_stats_add(struct world *world, int64_t deadline_ms, struct arena *arena);
