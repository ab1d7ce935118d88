#pragma once

#include "planner/model/fact.h"
#include "planner/model/recorded.h"

/* One myid for each of spec->zookeeper->hosts, by position, in the arena; NULL without a managed
 * ensemble. A myid that a host has already is adopted; the others get the lowest free numbers in
 * list order, where a number still held by a host that leaves the ensemble is not free. recorded
 * counts for hosts that the world does not know. -1: two hosts hold the same one, reported as
 * ZK_MYID. */
int zk_assign_myids(const struct spec *spec, const struct recorded *recorded,
                    const struct world *world, struct arena *arena, struct diags *diags,
                    int **myids);
