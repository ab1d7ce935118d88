#pragma once

#include "executors/steps/steps.h"

/* The wanted value of the step's resource, a reference resolved to what was built in this run; for
 * a resource that is no longer wanted what was seen of it. NULL when not known. */
const char *step_attr(const struct step_context *context, const char *name);

/* What was seen of the resource; NULL when not known. */
const char *step_attr_seen(const struct step_context *context, const char *name);

/* All wanted attributes with their values, sorted. -1 with STEP_FAILED when a reference leads
 * nowhere. */
int step_attrs_wanted(const struct step_context *context, struct attrs *attrs, struct fault *fault);

/* Those that a `started` record carries, "attr.NAME=VALUE" a line: not whether it runs and is
 * online, which it cannot know. */
char *step_attrs_record(const struct step_context *context, const struct attrs *attrs);

/* The wanted ones into the outcome, and its kind. -1 when that fails: then the outcome says so. */
int step_succeed(const struct step_context *context, struct outcome *outcome,
                 enum outcome_kind kind);

/* The part of the resource's address after so many slashes: of "release/HOST/NAME" 2 gives NAME. */
const char *step_address_part(const struct step_context *context, int slashes);

/* NAME-VERSION-HASH12, the directory of a release. */
char *step_release_directory(struct arena *arena, const char *name, const char *version,
                             const char *digest);

void step_phase(const struct step_context *context, const char *text);
