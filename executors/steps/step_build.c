#include "executors/steps/step_build.h"

#include "executors/steps/packages.h"

#include <string.h>

static void finish(const struct step_context *context, const struct spec_package *package,
                   const struct package_look *look, struct outcome *outcome)
{
    struct artifact artifact = {
        .package = package->name, .archive = look->archive, .bytes = look->bytes};
    struct arena *arena = context->arena;

    memcpy(artifact.digest, look->digest, sizeof(artifact.digest));
    artifacts_put(context->artifacts, &artifact);
    attrs_add(arena, &outcome->attrs, "version", package->version, SRCLOC_NONE);
    attrs_add(arena, &outcome->attrs, "build", "up to date", SRCLOC_NONE);
    attrs_add(arena, &outcome->attrs, "digest", arena_strdup(arena, look->digest), SRCLOC_NONE);
    attrs_add(arena, &outcome->attrs, "bytes", arena_printf(arena, "%lld", (long long)look->bytes),
              SRCLOC_NONE);
    attrs_sort(&outcome->attrs);
}

void step_build(const struct step_context *context, struct outcome *outcome)
{
    const struct spec_package *package = context->step->change->resource->package;
    const struct package_place place = {.cache_dir = context->cache_dir,
                                        .record = context->builds,
                                        .cancel = context->cancel,
                                        .phase = context->phase,
                                        .data = context->data};
    bool is_forced = context->step->change->is_forced;
    struct package_look look;

    outcome->kind = OUTCOME_FAILED;
    if (package_look(&place, package, context->arena, &look, &outcome->at, &outcome->fault))
        return;
    if (look.is_packed && !is_forced) {
        outcome->kind = OUTCOME_UNCHANGED;
    } else {
        if (package_build(&place, package, is_forced, context->arena, &look, &outcome->at,
                          &outcome->fault))
            return;
        outcome->kind = OUTCOME_DONE;
    }
    finish(context, package, &look, outcome);
}
