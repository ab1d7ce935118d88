#pragma once

#include "planner/base/arena.h"

/* A spec drawn from a seed: up to four hosts, one or two packages, an ensemble of one or three of
 * the hosts, up to three clouds with random nodes, settings and update rules. The same seed gives
 * the same text. */
const char *random_spec(unsigned seed, struct arena *arena);

/* The next number below limit. */
unsigned random_below(unsigned *seed, unsigned limit);
