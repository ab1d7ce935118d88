#pragma once

#include "executors/steps/steps.h"

/* A world of hosts and ZooKeeper in a directory: one file for each resource, with its attributes
 * and with how often a step acted on it. What a step does is one rename(2), so that a kill leaves
 * it done or not done. Steps in an order that would hurt real clouds fail with a fault that begins
 * with "order:". */
struct toy_world {
    const char *directory;
    unsigned seed;     /* of the faults */
    int fail_permille; /* how many steps fail, before or after they acted */
};

/* What toy_execute works on; one for the program. */
extern struct toy_world toy_world;

/* Does a step: check, act. Ends the program at its kill points. */
void toy_execute(const struct step_context *context, struct outcome *outcome);

/* What an observation of the world gives. without_hosts: package facts only, as offline. */
void toy_observe(const struct spec *spec, const struct recorded *recorded, bool without_hosts,
                 struct arena *arena, struct diags *diags, struct world *world);

/* How often steps acted, "ADDRESS COUNT" lines sorted by address. */
const char *toy_acts(struct arena *arena);
/* What is there, as text. */
const char *toy_text(struct arena *arena);
