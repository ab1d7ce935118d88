#include "planner/plan/protect.h"

#include "planner/plan/patterns.h"

/* Whether the step removes a cloud or is part of its removal. */
static bool is_destroying(const struct builder *builder, const struct step *step, const char *code)
{
    const char *type = step->change->type->name;

    if (step->change->verb != VERB_DELETE || (strcmp(type, "cloud") && strcmp(type, "node")))
        return false;
    return builder->options->intent == PLAN_DESTROY || !spec_find_cloud(builder->plan->spec, code);
}

static bool is_protected(const struct builder *builder, const char *code, const char *address)
{
    const struct spec_cloud *cloud = spec_find_cloud(builder->plan->spec, code);
    const struct recorded_resource *recorded = recorded_find(builder->plan->recorded, address);

    if (patterns_match(&builder->options->allow_destroy, address))
        return false;
    return (cloud && cloud->prevent_destroy) || (recorded && recorded->prevent_destroy);
}

static void report(struct builder *builder, const char *address, const char *code,
                   struct diags *diags)
{
    const struct spec_cloud *cloud = spec_find_cloud(builder->plan->spec, code);
    struct diag *diag = diag_error(diags, DIAG_PLAN_PREVENTED, cloud ? cloud->at : SRCLOC_NONE,
                                   "%s would be destroyed, which its prevent_destroy forbids%s",
                                   address, cloud ? "" : " (remembered in the state)");

    diag_hint(diags, diag, "if that is meant, say --allow-destroy %s", address);
}

int protect_check(struct builder *builder, struct diags *diags)
{
    struct map reported;
    int result = 0;

    if (builder->options->intent > PLAN_DESTROY)
        return 0;
    map_init(&reported, builder->arena);
    vec_each(slot, &builder->plan->steps) {
        const char *code = address_part(builder->arena, (*slot)->change->address, 1);
        const char *address = arena_printf(builder->arena, "cloud/%s", code ? code : "");

        if (!code || !is_destroying(builder, *slot, code) ||
            !is_protected(builder, code, address) || map_put(&reported, address, builder))
            continue;
        report(builder, address, code, diags);
        result = -1;
    }
    map_deinit(&reported);
    return result;
}
