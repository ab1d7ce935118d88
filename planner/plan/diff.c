/* Resources are compared type by type, packages first, because what a release or a node refers to
 * is known only once its package was compared. Both sides' attributes are sorted, so each pair is
 * compared by walking the two lists side by side. */
#include "planner/plan/diff.h"

#include "planner/plan/patterns.h"

#include <stdlib.h>

struct differ {
    const struct diff_input *input;
    struct arena *arena;
    struct diff *diff;
    struct map by_address; /* -> struct change */
};

static const struct attr_rule *rule_find(const struct restype *type, const char *name)
{
    static const struct attr_rule update = {"*", VERB_UPDATE};

    for (const struct attr_rule *rule = type->rules; rule && rule->name; rule++) {
        size_t length = strlen(rule->name);

        if (!strcmp(rule->name, name) ||
            (rule->name[length - 1] == '*' && !strncmp(rule->name, name, length - 1)))
            return rule;
    }
    return &update;
}

static struct change *change_add(struct differ *differ, const struct restype *type,
                                 const char *address)
{
    struct change *change = arena_new_of(differ->arena, struct change);

    change->address = address;
    change->type = type;
    change->fact = world_find(differ->input->world, address);
    change->recorded = recorded_find(differ->input->recorded, address);
    change->seen = diff_see(differ->input, type, address, differ->arena, &change->note);
    if (!change->note && change->fact)
        change->note = change->fact->note;
    *vec_push(differ->arena, &differ->diff->changes) = change;
    map_put(&differ->by_address, address, change);
    return change;
}

static void change_note_attr(struct differ *differ, struct change *change, enum verb verb,
                             const struct attr_change *attr)
{
    *vec_push(differ->arena, &change->attrs) = *attr;
    if (verb > change->verb) {
        change->verb = verb;
        if (attr->at.line)
            change->at = attr->at;
    }
}

bool diff_is_foreseen(const struct change *package)
{
    const struct fact *fact = package->fact;

    if (package->is_forced && package->resource && package->resource->package->rule_count)
        return false;
    return fact && fact->presence != PRESENCE_UNKNOWN && fact->said_by != WITNESS_STATE &&
           attrs_find(&fact->attrs, "digest");
}

/* What the attribute refers to. NULL when only a build can tell. A world that looked knows the
 * digest that the build will give; a state knows only that of an unchanged package. */
static const char *ref_value(const struct differ *differ, const struct attr *attr)
{
    const struct change *target = map_get(&differ->by_address, attr->ref);

    if (!target)
        return NULL;
    if (target->verb != VERB_KEEP)
        return diff_is_foreseen(target) ? attrs_value(&target->fact->attrs, attr->ref_attr) : NULL;
    if (!target->seen)
        return NULL;
    if (!attrs_find(target->seen, attr->ref_attr) && target->recorded)
        return attrs_value(&target->recorded->attrs, attr->ref_attr);
    return attrs_value(target->seen, attr->ref_attr);
}

static void compare_wanted(struct differ *differ, struct change *change, const struct attr *wanted,
                           const char *old)
{
    const struct attr_rule *rule = rule_find(change->type, wanted->name);
    struct attr_change difference = {wanted->name, old, wanted->value, false, wanted->at};

    if (rule->verb == VERB_KEEP || (rule->is_soft && !old && change->seen))
        return;
    if (wanted->ref) {
        difference.new = ref_value(differ, wanted);
        difference.is_computed = !difference.new;
    }
    if (difference.new &&old && !strcmp(difference.new, old))
        return;
    change_note_attr(differ, change, rule->verb, &difference);
}

static void compare_unwanted(struct differ *differ, struct change *change, const struct attr *seen)
{
    const struct attr_rule *rule = rule_find(change->type, seen->name);
    struct attr_change difference = {seen->name, seen->value, NULL, false, change->resource->at};

    if (rule->verb != VERB_KEEP && rule->is_whole_set)
        change_note_attr(differ, change, rule->verb, &difference);
}

static void compare_attrs(struct differ *differ, struct change *change)
{
    static const struct attrs nothing;
    const struct attrs *wanted = &change->resource->attrs;
    const struct attrs *seen = change->seen ? change->seen : &nothing;
    size_t i = 0;
    size_t j = 0;

    while (i < wanted->count || j < seen->count) {
        int order = i == wanted->count ? 1
                    : j == seen->count ? -1
                                       : name_compare(wanted->items[i].name, seen->items[j].name);

        if (order > 0)
            compare_unwanted(differ, change, &seen->items[j++]);
        else if (order < 0)
            compare_wanted(differ, change, &wanted->items[i++], NULL);
        else
            compare_wanted(differ, change, &wanted->items[i++], seen->items[j++].value);
    }
}

static void change_force(struct change *change)
{
    enum verb verb = change->type->on_restart  ? VERB_RESTART
                     : change->type->on_update ? VERB_UPDATE
                                               : VERB_KEEP;

    if (change->verb >= VERB_CREATE || verb == VERB_KEEP)
        return;
    change->is_forced = true;
    if (verb > change->verb)
        change->verb = verb;
}

static void diff_wanted(struct differ *differ, const struct resource *resource)
{
    struct change *change = change_add(differ, resource->type, resource->address);

    change->resource = resource;
    change->host = resource->host;
    change->at = resource->at;
    compare_attrs(differ, change);
    if (!change->seen)
        change->verb = VERB_CREATE;
    if (patterns_match(&differ->input->options->replaces, change->address))
        change_force(change);
}

static const struct spec_host *host_of(const struct diff_input *input, const struct change *change)
{
    const char *name = change->recorded ? change->recorded->host : NULL;
    const struct spec_host *host = NULL;

    if (change->resource)
        return change->resource->host;
    if (name)
        host = spec_find_host(input->spec, name);
    if (name && !host)
        host = recorded_find_host(input->recorded, name);
    return host || !change->fact ? host : change->fact->host;
}

/* Only the record of a thing is left to remove when nothing of it is there, when no step removes
 * its kind, or when nobody knows the machine that it was on. */
static void diff_unwanted(struct differ *differ, const char *address)
{
    const struct restype *type = restype_of_address(address);
    struct change *change;

    if (!type || map_get(&differ->by_address, address))
        return;
    change = change_add(differ, type, address);
    change->resource = graph_find(differ->input->graph, address);
    change->host = host_of(differ->input, change);
    if (change->resource)
        change->at = change->resource->at;
    change->verb = change->seen && type->on_delete ? VERB_DELETE : VERB_FORGET;
    if (change->verb == VERB_DELETE && !change->host && !type->is_in_zookeeper) {
        change->verb = VERB_FORGET;
        change->note = "it is not known on which host it was";
    }
}

/* An unrecorded thing is ours when the spec has it, and a node also when the spec has its cloud:
 * other specs may share hosts and ensemble. */
static bool is_ours(const struct diff_input *input, const char *address)
{
    const char *code = address + strlen("node/");
    const char *end;

    if (graph_find(input->graph, address))
        return true;
    if (strncmp(address, "node/", strlen("node/")) || !(end = strchr(code, '/')))
        return false;
    for (size_t i = 0; i < input->spec->cloud_count; i++) {
        const char *known = input->spec->clouds[i].code;

        if (strlen(known) == (size_t)(end - code) && !strncmp(known, code, (size_t)(end - code)))
            return true;
    }
    return false;
}

static int change_compare(const void *a, const void *b)
{
    const struct change *const *x = a;
    const struct change *const *y = b;

    return name_compare((*x)->address, (*y)->address);
}

const struct change *diff_find(const struct diff *diff, const char *address)
{
    size_t low = 0;
    size_t high = diff->changes.count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct change *change = diff->changes.items[middle];
        int order = name_compare(change->address, address);

        if (!order)
            return change;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

struct diff *diff_build(const struct diff_input *input, struct arena *arena)
{
    struct differ differ = {
        .input = input, .arena = arena, .diff = arena_new_of(arena, struct diff)};
    struct diff *diff = differ.diff;

    map_init(&differ.by_address, arena);
    if (input->options->intent != PLAN_DESTROY)
        for (const struct restype *const *type = restypes; *type; type++)
            vec_each(resource, &input->graph->resources)
                if ((*resource)->type == *type)
                    diff_wanted(&differ, *resource);
    vec_each(recorded, &input->recorded->resources)
        diff_unwanted(&differ, (*recorded)->address);
    vec_each(fact, &input->world->facts)
        if ((*fact)->presence == PRESENCE_PRESENT && is_ours(input, (*fact)->address))
            diff_unwanted(&differ, (*fact)->address);
    map_deinit(&differ.by_address);
    if (diff->changes.count > 1)
        qsort(diff->changes.items, diff->changes.count, sizeof(*diff->changes.items),
              change_compare);
    return diff;
}
