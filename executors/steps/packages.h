#pragma once

#include "executors/steps/steps.h"
#include "planner/model/fact.h"
#include "statedb/statedb.h"

/* Packages on this machine: build rules, content digests, reproducible archives. */

/* Adds the fact package/NAME for each package of the spec: version, build ("up to date", or why
 * not), digest and bytes when they can be known without building. Changes nothing. */
int packages_observe(const struct spec *spec, struct statedb *db, const char *cache_dir,
                     struct arena *arena, struct diags *diags, struct world *world);

/* Puts packages that are up to date into artifacts, so that deploy finds them. */
int packages_collect(const struct spec *spec, const struct world *world, const char *cache_dir,
                     struct diags *diags, struct artifacts *artifacts);
