#include "tests/faults/toy_world.h"

#include "planner/base/digest.h"
#include "planner/plan/world_of_spec.h"
#include "tests/faults/kill_point.h"
#include "tests/faults/toy_file.h"

#include <stdlib.h>
#include <string.h>

struct toy_world toy_world;

static struct toy_file read_file(struct arena *arena, const char *address)
{
    return toy_file_read(toy_world.directory, address, arena);
}

static bool has_prefix(const char *text, const char *prefix)
{
    return !strncmp(text, prefix, strlen(prefix));
}

static struct fact *fact_of(struct world *world, const struct toy_file *file,
                            const struct spec *spec, const struct recorded *recorded)
{
    struct fact *fact = world_fact(world, file->address);

    fact->said_by = has_prefix(file->address, "package/") ? WITNESS_LOCAL
                    : has_prefix(file->address, "cloud/") || has_prefix(file->address, "znode/")
                        ? WITNESS_ZOOKEEPER
                        : WITNESS_HOST;
    fact->presence = file->is_there ? PRESENCE_PRESENT : PRESENCE_ABSENT;
    if (file->is_there)
        fact->attrs = file->attrs;
    if (file->host) {
        fact->host = spec_find_host(spec, file->host);
        if (!fact->host)
            fact->host = recorded_find_host(recorded, file->host);
    }
    return fact;
}

/* A package of another version has to be built again, and only then its digest is known. */
static void observe_package(const struct spec *spec, const struct toy_file *file,
                            struct arena *arena, struct fact *fact)
{
    const struct spec_package *package =
        spec_find_package(spec, file->address + strlen("package/"));
    const char *version = attrs_value(&file->attrs, "version");

    if (!package || !file->is_there || !strcmp(package->version, version))
        return;
    fact->attrs = (struct attrs){0};
    attrs_add(arena, &fact->attrs, "version", package->version, SRCLOC_NONE);
    attrs_add(arena, &fact->attrs, "build", "inputs changed", SRCLOC_NONE);
}

static bool is_ensemble_up(const struct spec *spec, const struct toy_files *files)
{
    if (!spec->zookeeper || !spec->zookeeper->is_managed)
        return spec->zookeeper != NULL;
    vec_each(file, files)
        if (has_prefix(file->address, "zk_server/") && file->is_there)
            return true;
    return false;
}

static void observe_hosts(const struct spec *spec, struct arena *arena, struct world *world)
{
    for (size_t i = 0; i < spec->host_count; i++) {
        struct host_fact *host = arena_new_of(arena, struct host_fact);

        *host = (struct host_fact){.host = &spec->hosts[i], .is_reachable = true, .digest = "h"};
        *vec_push(arena, &world->hosts) = host;
    }
}

static void observe_absent(const struct spec *spec, struct arena *arena, struct diags *diags,
                           bool without_hosts, struct world *world)
{
    struct world wanted;

    world_init(&wanted, arena);
    if (world_of_spec(spec, diags, &wanted))
        abort();
    vec_each(each, &wanted.facts) {
        const char *address = (*each)->address;
        struct fact *fact;

        if (world_find(world, address) || (without_hosts && !has_prefix(address, "package/")))
            continue;
        if (!world->zookeeper.is_connected &&
            (has_prefix(address, "cloud/") || has_prefix(address, "znode/")))
            continue;
        fact = world_fact(world, address);
        fact->presence = PRESENCE_ABSENT;
        fact->said_by = WITNESS_HOST;
        fact->host = (*each)->host;
    }
    world_deinit(&wanted);
}

void toy_observe(const struct spec *spec, const struct recorded *recorded, bool without_hosts,
                 struct arena *arena, struct diags *diags, struct world *world)
{
    struct toy_files files = toy_files_read(toy_world.directory, arena);

    world_init(world, arena);
    world->is_offline = without_hosts;
    world->zookeeper.is_connected = !without_hosts && is_ensemble_up(spec, &files);
    observe_hosts(spec, arena, world);
    vec_each(file, &files) {
        bool is_package = has_prefix(file->address, "package/");
        struct fact *fact;

        if ((without_hosts && !is_package) ||
            (!world->zookeeper.is_connected &&
             (has_prefix(file->address, "cloud/") || has_prefix(file->address, "znode/"))))
            continue;
        fact = fact_of(world, file, spec, recorded);
        if (is_package)
            observe_package(spec, file, arena, fact);
    }
    observe_absent(spec, arena, diags, without_hosts, world);
    world_finish(world);
}

static const char *last_part(const char *address)
{
    return strrchr(address, '/') + 1;
}

static const char *check_start(const struct resource *node, struct arena *arena)
{
    const char *place = last_part(node->address);
    struct toy_file release = read_file(
        arena, arena_printf(arena, "release/%s/%s", node->host->name, node->package->name));
    struct toy_file cloud = read_file(arena, arena_printf(arena, "cloud/%s", node->cloud->code));
    struct toy_files files = toy_files_read(toy_world.directory, arena);

    if (!release.is_there)
        return "order: the release is not there";
    if (!cloud.is_there || !attrs_find(&cloud.attrs, arena_printf(arena, "mapping.%s", place)))
        return "order: the node is not registered";
    vec_each(file, &files)
        if (has_prefix(file->address, "node/") && file->is_there &&
            strcmp(file->address, node->address) != 0 && !strcmp(last_part(file->address), place))
            return "order: another node has the port";
    return NULL;
}

static const char *check_remove(const char *address, const struct toy_file *removed,
                                struct arena *arena)
{
    struct toy_files files = toy_files_read(toy_world.directory, arena);
    const char *nodes =
        has_prefix(address, "cloud/") ? arena_printf(arena, "node/%s/", last_part(address)) : NULL;

    if (has_prefix(address, "zk_config/") &&
        read_file(arena, arena_printf(arena, "zk_server/%s", last_part(address))).is_there)
        return "order: the server still runs";
    vec_each(file, &files) {
        if (!file->is_there || !has_prefix(file->address, "node/"))
            continue;
        if (nodes && has_prefix(file->address, nodes))
            return "order: a node of the cloud still runs";
        if (has_prefix(address, "release/") && file->host && removed->host &&
            !strcmp(file->host, removed->host) &&
            !strcmp(attrs_value(&file->attrs, "release"), attrs_value(&removed->attrs, "digest")))
            return "order: a node still runs from the release";
    }
    return NULL;
}

static bool has_any_server(struct arena *arena)
{
    struct toy_files files = toy_files_read(toy_world.directory, arena);

    vec_each(file, &files)
        if (file->is_there && has_prefix(file->address, "zk_server/"))
            return true;
    return false;
}

/* What would hurt in a real cloud, as a fault's text; NULL when all is well. */
static const char *check_order(const struct step_context *context, const struct toy_file *before)
{
    const struct change *change = context->step->change;
    const struct resource *resource = change->resource;
    struct arena *arena = context->arena;

    if (change->verb == VERB_DELETE)
        return check_remove(change->address, before, arena);
    switch (context->step->op) {
    case OP_DEPLOY:
        return read_file(arena, arena_printf(arena, "package/%s", resource->package->name)).is_there
                   ? NULL
                   : "order: the package is not built";
    case OP_START:
    case OP_RESTART:
        return check_start(resource, arena);
    case OP_REGISTER:
    case OP_UNREGISTER:
        return read_file(arena, "znode/arcus").is_there ? NULL : "order: no znodes";
    case OP_ZK_START:
    case OP_ZK_RESTART:
        return read_file(arena, arena_printf(arena, "zk_config/%s", resource->host->name)).is_there
                   ? NULL
                   : "order: no configuration";
    case OP_ZK_INIT:
        return !context->spec->zookeeper->is_managed || has_any_server(arena)
                   ? NULL
                   : "bad luck: no server of the ensemble answers";
    default:
        return NULL;
    }
}

/* The attributes that the step has to bring about. */
static struct attrs wanted_attrs(const struct step_context *context)
{
    const struct resource *resource = context->step->change->resource;
    struct arena *arena = context->arena;
    struct attrs wanted = {0};

    vec_each(attr, &resource->attrs) {
        const char *value = attr->value;

        if (attr->ref) {
            struct toy_file target = read_file(arena, attr->ref);

            value = attrs_value(&target.attrs, attr->ref_attr);
        }
        attrs_add(arena, &wanted, attr->name, value ? value : "?", SRCLOC_NONE);
    }
    if (context->step->op == OP_BUILD) {
        char hex[DIGEST_HEX_SIZE];

        digest_of(resource->package->version, strlen(resource->package->version), hex);
        attrs_add(arena, &wanted, "digest", arena_strdup(arena, hex), SRCLOC_NONE);
        attrs_add(arena, &wanted, "bytes", "1000", SRCLOC_NONE);
    }
    attrs_sort(&wanted);
    return wanted;
}

static bool is_equal(const struct attrs *a, const struct attrs *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (strcmp(a->items[i].name, b->items[i].name) != 0 ||
            strcmp(a->items[i].value, b->items[i].value) != 0)
            return false;
    return true;
}

/* Whether this step is to fail at this moment. */
static bool is_unlucky(const struct step_context *context, unsigned moment)
{
    unsigned hash = toy_world.seed * 2654435761u + moment;

    for (const char *c = context->step->change->address; *c; c++)
        hash = (hash ^ (unsigned char)*c) * 16777619u;
    return (int)(hash / 7 % 1000) < toy_world.fail_permille;
}

static void fail(struct outcome *outcome, const char *why)
{
    outcome->kind = OUTCOME_FAILED;
    fault_set(&outcome->fault, DIAG_STEP_FAILED, "%s", why);
}

void toy_execute(const struct step_context *context, struct outcome *outcome)
{
    const struct change *change = context->step->change;
    struct toy_file file = read_file(context->arena, change->address);
    bool is_removal = change->verb == VERB_DELETE;
    struct attrs wanted = is_removal ? (struct attrs){0} : wanted_attrs(context);
    const char *trouble = check_order(context, &file);

    kill_point();
    if (trouble || is_unlucky(context, 1)) {
        fail(outcome, trouble ? trouble : "bad luck before it acted");
        return;
    }
    outcome->attrs = wanted;
    outcome->kind = OUTCOME_UNCHANGED;
    if (is_removal ? !file.is_there : file.is_there && is_equal(&file.attrs, &wanted))
        return;
    file.acts++;
    file.is_there = !is_removal;
    file.attrs = wanted;
    file.host = context->step->host ? context->step->host->name : NULL;
    toy_file_write(toy_world.directory, &file, context->arena);
    outcome->kind = OUTCOME_DONE;
    if (is_unlucky(context, 2))
        fail(outcome, "bad luck after it acted");
}

const char *toy_acts(struct arena *arena)
{
    struct toy_files files = toy_files_read(toy_world.directory, arena);
    const char *text = "";

    vec_each(file, &files)
        text = arena_printf(arena, "%s%s %d\n", text, file->address, file->acts);
    return text;
}

const char *toy_text(struct arena *arena)
{
    struct toy_files files = toy_files_read(toy_world.directory, arena);
    const char *text = "";

    vec_each(file, &files) {
        if (!file->is_there)
            continue;
        text = arena_printf(arena, "%s%s\n", text, file->address);
        vec_each(attr, &file->attrs)
            text = arena_printf(arena, "%s  %s=%s\n", text, attr->name, attr->value);
    }
    return text;
}
