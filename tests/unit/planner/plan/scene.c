#include "tests/unit/planner/plan/scene.h"

#include "planner/plan/world_of_spec.h"

#include <stdlib.h>
#include <string.h>

static void give_up(struct scene *scene, const char *what)
{
    fprintf(stderr, "scene: %s\n", what);
    diags_print(scene->diags, stderr, false);
    abort();
}

void scene_init(struct scene *scene)
{
    *scene = (struct scene){.arena = arena_new()};
    scene->diags = diags_new(scene->arena);
    recorded_init(&scene->recorded, scene->arena);
    world_init(&scene->world, scene->arena);
}

void scene_deinit(struct scene *scene)
{
    recorded_deinit(&scene->recorded);
    world_deinit(&scene->world);
    arena_free(scene->arena);
}

static const struct spec *load(struct scene *scene, const char *file, const char *text)
{
    struct spec_source *source = arena_new_of(scene->arena, struct spec_source);
    struct spec_input input = {.sources = source, .source_count = 1, .home = "/home/op"};
    const struct spec *spec = NULL;

    *source = (struct spec_source){file, text, strlen(text)};
    diags_add_source(scene->diags, file, text, source->length);
    if (spec_load(&input, scene->arena, scene->diags, &spec))
        give_up(scene, "the spec does not load");
    return spec;
}

void scene_spec(struct scene *scene, const char *file, const char *text)
{
    scene->spec = load(scene, file, arena_strdup(scene->arena, text));
}

static void record(struct scene *scene, const struct fact *fact)
{
    struct recorded_resource *resource = recorded_add(&scene->recorded, fact->address);

    resource->host = fact->host ? fact->host->name : NULL;
    vec_each(attr, &fact->attrs)
        attrs_add(scene->arena, &resource->attrs, attr->name, attr->value, SRCLOC_NONE);
}

void scene_stand(struct scene *scene, const char *file, const char *text)
{
    const struct spec *spec = load(scene, file, arena_strdup(scene->arena, text));

    if (world_of_spec(spec, scene->diags, &scene->world))
        give_up(scene, "the spec makes no world");
    scene->recorded.serial = 7;
    vec_each(fact, &scene->world.facts)
        record(scene, *fact);
    for (size_t i = 0; i < spec->host_count; i++)
        *vec_push(scene->arena, &scene->recorded.hosts) = (struct spec_host *)&spec->hosts[i];
    for (size_t i = 0; i < spec->cloud_count; i++)
        scene_recorded(scene, arena_printf(scene->arena, "cloud/%s", spec->clouds[i].code))
            ->prevent_destroy = spec->clouds[i].prevent_destroy;
}

struct fact *scene_fact(struct scene *scene, const char *address)
{
    return world_fact(&scene->world, address);
}

struct recorded_resource *scene_recorded(struct scene *scene, const char *address)
{
    return recorded_add(&scene->recorded, address);
}

void scene_set(struct scene *scene, struct attrs *attrs, const char *name, const char *value)
{
    size_t kept = 0;

    for (size_t i = 0; i < attrs->count; i++)
        if (strcmp(attrs->items[i].name, name))
            attrs->items[kept++] = attrs->items[i];
    attrs->count = kept;
    if (value)
        attrs_add(scene->arena, attrs, name, value, SRCLOC_NONE);
}

void scene_set_fact(struct scene *scene, const char *address, const char *name, const char *value)
{
    struct fact *fact = scene_fact(scene, address);

    fact->presence = PRESENCE_PRESENT;
    scene_set(scene, &fact->attrs, name, value);
}

void scene_gone(struct scene *scene, const char *address)
{
    struct fact *fact = scene_fact(scene, address);

    fact->presence = PRESENCE_ABSENT;
    fact->attrs.count = 0;
}

void scene_unknown(struct scene *scene, const char *address)
{
    struct fact *fact = scene_fact(scene, address);

    fact->presence = PRESENCE_UNKNOWN;
    fact->attrs.count = 0;
}

void scene_unreachable(struct scene *scene, const char *name)
{
    vec_each(host, &scene->world.hosts) {
        if (strcmp((*host)->host->name, name))
            continue;
        (*host)->is_reachable = false;
        fault_set(&(*host)->fault, DIAG_HOST_CONNECT, "connection refused");
    }
    vec_each(fact, &scene->world.facts)
        if ((*fact)->host && !strcmp((*fact)->host->name, name))
            scene_unknown(scene, (*fact)->address);
}

void scene_zookeeper_down(struct scene *scene)
{
    scene->world.zookeeper.is_connected = false;
    fault_set(&scene->world.zookeeper.fault, DIAG_ZK_CONNECT, "no server answers");
    vec_each(fact, &scene->world.facts)
        if (!strncmp((*fact)->address, "znode/", 6) || !strncmp((*fact)->address, "cloud/", 6))
            scene_unknown(scene, (*fact)->address);
}

void scene_forget_all(struct scene *scene)
{
    recorded_deinit(&scene->recorded);
    recorded_init(&scene->recorded, scene->arena);
}

void scene_pattern(struct plan_patterns *patterns, const char *const *pattern)
{
    patterns->items = pattern;
    patterns->count = 1;
}

int scene_plan(struct scene *scene)
{
    recorded_finish(&scene->recorded);
    world_finish(&scene->world);
    return plan_make(scene->spec, &scene->recorded, &scene->world, &scene->options, scene->arena,
                     scene->diags, &scene->plan);
}

const struct step *scene_step(const struct scene *scene, const char *address)
{
    vec_each(step, &scene->plan->steps)
        if (!strcmp((*step)->change->address, address))
            return *step;
    return NULL;
}

static bool has_id(const int *ids, size_t count, int id)
{
    for (size_t i = 0; i < count; i++)
        if (ids[i] == id)
            return true;
    return false;
}

bool scene_needs(const struct scene *scene, const char *address, const char *needed)
{
    const struct step *step = scene_step(scene, address);
    const struct step *other = scene_step(scene, needed);

    return step && other && has_id(step->needs.items, step->needs.count, other->id);
}

bool scene_comes_after(const struct scene *scene, const char *address, const char *earlier)
{
    const struct step *step = scene_step(scene, address);
    const struct step *other = scene_step(scene, earlier);

    return step && other && has_id(step->after.items, step->after.count, other->id);
}

const char *scene_text(struct scene *scene)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    const char *copy;

    if (!out)
        give_up(scene, "out of memory");
    plan_print_text(scene->plan, out, false);
    fclose(out);
    copy = arena_strndup(scene->arena, text, length);
    free(text);
    return copy;
}

const char *scene_errors(struct scene *scene)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    const char *copy;

    if (!out)
        give_up(scene, "out of memory");
    diags_print(scene->diags, out, false);
    fclose(out);
    copy = arena_strndup(scene->arena, text, length);
    free(text);
    return copy;
}

const char scene_site[] = "arcusplan: 1\n"
                          "hosts:\n"
                          "  h1: { address: 10.0.0.1 }\n"
                          "  h2: { address: 10.0.0.2 }\n"
                          "  h3: { address: 10.0.0.3 }\n"
                          "packages:\n"
                          "  arcus:\n"
                          "    version: \"1.0\"\n"
                          "    directory: dist\n"
                          "    install_dir: /opt/arcus\n"
                          "zookeeper:\n"
                          "  hosts: [h1, h2, h3]\n"
                          "  home: /usr/share/zookeeper\n"
                          "  data_dir: /var/lib/zk\n"
                          "clouds:\n"
                          "  alpha:\n"
                          "    package: arcus\n"
                          "    config: { threads: 6, memlimit: 100MB, connections: 1000 }\n"
                          "    nodes:\n"
                          "      - { hosts: [h1, h2, h3], ports: [11211] }\n";

const char scene_external[] = "arcusplan: 1\n"
                              "hosts:\n"
                              "  h1: { address: 10.0.0.1 }\n"
                              "  h2: { address: 10.0.0.2 }\n"
                              "packages:\n"
                              "  arcus:\n"
                              "    version: \"1.0\"\n"
                              "    directory: dist\n"
                              "    install_dir: /opt/arcus\n"
                              "zookeeper: { external: \"10.9.0.1:2181\" }\n"
                              "clouds:\n"
                              "  alpha:\n"
                              "    package: arcus\n"
                              "    nodes: [{ hosts: [h1, h2], ports: [11211] }]\n"
                              "  beta:\n"
                              "    package: arcus\n"
                              "    nodes: [{ hosts: [h2], ports: [11212] }]\n";

const char *scene_edit(struct scene *scene, const char *text, const char *part, const char *instead)
{
    const char *at = strstr(text, part);

    if (!at)
        give_up(scene, part);
    return arena_printf(scene->arena, "%.*s%s%s", (int)(at - text), text, instead,
                        at + strlen(part));
}
