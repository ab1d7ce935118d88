#pragma once
#include <stddef.h>
#include <stdint.h>

#include "cacheserver/protocol/reply.h"
#include "cacheserver/runtime/clock.h"
#include "cacheserver/runtime/counters.h"

/*
 * Counts for each of the keys used last, for `stats topkeys`. For finding hot keys by hand: all
 * threads share one lock.
 */
struct topkeys;

/* NULL: no memory. */
struct topkeys *topkeys_new(unsigned key_count);
void topkeys_free(struct topkeys *topkeys);
/* How many keys; 0 for NULL. */
unsigned topkeys_capacity(const struct topkeys *topkeys);
/* One more of what this counter counts. Keys of more than 250 bytes are left out. */
void topkeys_count(struct topkeys *topkeys, const char *key, size_t key_len, enum counter which,
                   clock_seconds now);
/* A line for each key, the one used last first. */
void topkeys_stats(struct topkeys *topkeys, struct reply *reply, clock_seconds now);
