#pragma once

#include "executors/steps/steps.h"

/* The steps that change ZooKeeper's tree; any worker runs them.
 *
 * zk-init waits for the ensemble to serve and makes what is missing of the znodes that all clouds
 * need. register writes a cloud's JSON, mappings and client list; unregister takes nodes away from
 * a cloud, or the whole cloud when the change is its deletion. Both write only differences, and
 * nothing when somebody else changed the cloud since the plan looked (ZK_CHANGED). */
void step_zk_init(const struct step_context *context, struct outcome *outcome);
void step_register(const struct step_context *context, struct outcome *outcome);
void step_unregister(const struct step_context *context, struct outcome *outcome);
