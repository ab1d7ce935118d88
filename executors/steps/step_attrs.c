/* A reference says "the digest of package/NAME": it is known once the package was built, which the
 * run's artifacts tell. */
#include "executors/steps/step_attrs.h"

#include "planner/base/digest.h"

#include <string.h>

static const char *resolve(const struct step_context *context, const struct attr *attr)
{
    struct artifact artifact;
    const char *slash = attr->ref ? strchr(attr->ref, '/') : NULL;

    if (attr->value || !slash)
        return attr->value;
    if (strcmp(attr->ref_attr, "digest") != 0 ||
        !artifacts_get(context->artifacts, slash + 1, &artifact))
        return NULL;
    return arena_strdup(context->arena, artifact.digest);
}

const char *step_attr_seen(const struct step_context *context, const char *name)
{
    const struct change *change = context->step->change;
    const char *value = NULL;

    if (change->seen)
        value = attrs_value(change->seen, name);
    if (!value && change->fact)
        value = attrs_value(&change->fact->attrs, name);
    if (!value && change->recorded)
        value = attrs_value(&change->recorded->attrs, name);
    return value;
}

const char *step_attr(const struct step_context *context, const char *name)
{
    const struct resource *resource = context->step->change->resource;
    const struct attr *attr;

    if (!resource)
        return step_attr_seen(context, name);
    attr = attrs_find(&resource->attrs, name);
    return attr ? resolve(context, attr) : NULL;
}

int step_attrs_wanted(const struct step_context *context, struct attrs *attrs, struct fault *fault)
{
    const struct resource *resource = context->step->change->resource;

    vec_each(attr, &resource->attrs) {
        const char *value = resolve(context, attr);

        if (!value)
            return fault_set(fault, DIAG_STEP_FAILED, "%s of %s is not known: %s was not built",
                             attr->name, resource->address, attr->ref ? attr->ref : "it");
        attrs_add(context->arena, attrs, attr->name, value, attr->at);
    }
    attrs_sort(attrs);
    return 0;
}

char *step_attrs_record(const struct step_context *context, const struct attrs *attrs)
{
    struct str text = {0};
    char *copy;

    vec_each(attr, attrs)
        if (strcmp(attr->name, "running") != 0 && strcmp(attr->name, "online") != 0)
            str_printf(&text, "attr.%s=%s\n", attr->name, attr->value);
    copy = arena_strdup(context->arena, str_text(&text));
    str_deinit(&text);
    return copy;
}

int step_succeed(const struct step_context *context, struct outcome *outcome,
                 enum outcome_kind kind)
{
    outcome->kind = OUTCOME_FAILED;
    if (step_attrs_wanted(context, &outcome->attrs, &outcome->fault) < 0)
        return -1;
    outcome->kind = kind;
    return 0;
}

const char *step_address_part(const struct step_context *context, int slashes)
{
    const char *part = context->step->change->address;

    for (; slashes > 0 && part; slashes--) {
        part = strchr(part, '/');
        part = part ? part + 1 : NULL;
    }
    return part ? part : "";
}

char *step_release_directory(struct arena *arena, const char *name, const char *version,
                             const char *digest)
{
    return arena_printf(arena, "%s-%s-%.*s", name, version, DIGEST_SHORT, digest);
}

void step_phase(const struct step_context *context, const char *text)
{
    if (context->phase)
        context->phase(context->data, text);
}
