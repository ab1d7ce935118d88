#pragma once

#include "planner/model/fact.h"
#include "planner/observe/zk_ensemble.h"
#include "planner/observe/zk_view.h"

/* Fills the facts znode/arcus and cloud/CODE of the world, and "online" of the running nodes. */
void zk_facts_add(const struct zk_view *view, struct arena *arena, struct world *world);

/* Adds to the facts of ZooKeeper servers what they said themselves: live.mode, live.zxid,
 * live.connections. */
void zk_facts_add_servers(const struct zk_ensemble *ensemble, int client_port, struct arena *arena,
                          struct world *world);
