#include "planner/model/restype.h"

static const struct attr_rule rules[] = {
    {"version", VERB_UPDATE},
    {"build", VERB_UPDATE},
    {"*", VERB_KEEP},
    {NULL},
};

static void package_declare(const struct declare_input *input, struct resource_set *set);

const struct restype restype_package = {
    .name = "package",
    .rules = rules,
    .on_create = OP_BUILD,
    .on_update = OP_BUILD,
    .declare = package_declare,
};

static void package_declare(const struct declare_input *input, struct resource_set *set)
{
    for (size_t i = 0; i < input->spec->package_count; i++) {
        const struct spec_package *package = &input->spec->packages[i];
        struct resource *resource =
            resource_declare(set, &restype_package, package->at, "package/%s", package->name);

        resource->package = package;
        attrs_add(set->arena, &resource->attrs, "version", package->version, package->at);
        attrs_add(set->arena, &resource->attrs, "build", "up to date", package->at);
    }
}
