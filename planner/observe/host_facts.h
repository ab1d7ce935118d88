#pragma once

#include "planner/model/fact.h"
#include "planner/observe/host_probe.h"
#include "planner/observe/targets.h"

/* What a probe means for the resources of its host. */

/* Adds the host's own fact and fills those of its resources: each that was declared for the host
 * becomes PRESENT or ABSENT, and running nodes of the given clouds are added that nobody declared.
 * skew_ms: how far the host's clock is ahead of ours. */
void host_facts_add(const struct spec_host *host, const struct probe *probe, int64_t skew_ms,
                    const struct target_codes *codes, struct arena *arena, struct world *world);

/* The fact of a host that could not be probed. */
void host_facts_add_unreachable(const struct spec_host *host, const struct fault *fault,
                                struct arena *arena, struct world *world);
