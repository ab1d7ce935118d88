#pragma once

#include "planner/model/change.h"
#include "planner/plan/plan.h"

/* Turns the diff into that of a stop, start or restart by hand: the targets' processes change as
 * asked, everything else stays as it is. Does nothing for the other intents. */
void intent_apply(const struct plan_options *options, struct diff *diff);
