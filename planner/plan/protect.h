#pragma once

#include "planner/plan/builder.h"

/* Reports a plan that removes a protected cloud, or stops nodes of one that leaves the spec, as
 * PLAN_PREVENTED. prevent_destroy counts from the spec and from the state, so that removing the
 * line together with the cloud does not disarm it. */
int protect_check(struct builder *builder, struct diags *diags);
