#pragma once

#include "planner/model/fact.h"

/* Fills the world with what a spec wants, as if all of it were there: every host reachable, the
 * ensemble connected, every process running. What only a build can tell, a package's digest, is
 * made up from the package's name and version. For comparing one spec with another. The world is
 * initialised before and not finished after. -1: reported. */
int world_of_spec(const struct spec *spec, struct diags *diags, struct world *world);
