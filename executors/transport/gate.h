#pragma once

#include "planner/base/diag.h"

#include <stdatomic.h>
#include <stdint.h>

/* How many logins may be in flight at once through the same door (a bastion, or an address): an SSH
 * server drops those beyond its MaxStartups. */
enum { GATE_LIMIT = 8 };

/* Waits for a place. 0; -1 with INTERRUPTED or HOST_TIMEOUT. */
int gate_enter(const char *door, int64_t deadline_ms, const atomic_bool *cancel,
               struct fault *fault);
void gate_leave(const char *door);
