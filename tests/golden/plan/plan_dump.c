/* Makes the plan of one golden case and prints it: plan_dump CASE text|json|markdown. A case is a
 * directory with spec.yaml and, all optional: before.yaml, a spec that world and state agree with
 * at first; world.json and recorded.json, what is different from that; options.json. Exit status 1
 * with the errors on the standard output when there is no plan. */
#include "tests/unit/planner/plan/scene.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static void die(const char *what, const char *name)
{
    fprintf(stderr, "plan_dump: %s: %s\n", what, name);
    exit(2);
}

/* NULL when the case has no such file. */
static char *read_file(const char *directory, const char *name, struct arena *arena)
{
    char *path = arena_printf(arena, "%s/%s", directory, name);
    FILE *in = fopen(path, "r");
    char *text = NULL;
    size_t room = 0;
    ssize_t length;

    if (!in)
        return NULL;
    length = getdelim(&text, &room, '\0', in);
    fclose(in);
    path = arena_strndup(arena, text ? text : "", length > 0 ? (size_t)length : 0);
    free(text);
    return path;
}

static json_t *read_json(const char *directory, const char *name, struct arena *arena)
{
    char *text = read_file(directory, name, arena);
    json_error_t error;
    json_t *object = text ? json_loads(text, JSON_REJECT_DUPLICATES, &error) : json_object();

    if (!object)
        die(name, error.text);
    return object;
}

static void set_attrs(struct scene *scene, struct attrs *attrs, json_t *object)
{
    const char *name;
    json_t *value;

    json_object_foreach(object, name, value) scene_set(
        scene, attrs, name,
        json_is_string(value) ? arena_strdup(scene->arena, json_string_value(value)) : NULL);
}

static enum presence presence_of(const char *word)
{
    if (!strcmp(word, "present"))
        return PRESENCE_PRESENT;
    if (!strcmp(word, "absent"))
        return PRESENCE_ABSENT;
    if (strcmp(word, "unknown"))
        die("no presence", word);
    return PRESENCE_UNKNOWN;
}

static void set_fact(struct scene *scene, const char *address, json_t *object)
{
    struct fact *fact = scene_fact(scene, address);
    const char *word = json_string_value(json_object_get(object, "presence"));
    const char *note = json_string_value(json_object_get(object, "note"));
    const char *host = json_string_value(json_object_get(object, "host"));

    fact->presence = word ? presence_of(word) : PRESENCE_PRESENT;
    if (fact->presence != PRESENCE_PRESENT)
        fact->attrs.count = 0;
    fact->note = note ? arena_strdup(scene->arena, note) : NULL;
    if (host)
        fact->host = spec_find_host(scene->spec, host);
    set_attrs(scene, &fact->attrs, json_object_get(object, "attrs"));
}

static void set_world(struct scene *scene, json_t *world)
{
    json_t *zookeeper = json_object_get(world, "zookeeper");
    const char *name;
    json_t *value;
    size_t i;

    json_object_foreach(json_object_get(world, "facts"), name, value) set_fact(scene, name, value);
    json_array_foreach(json_object_get(world, "unreachable"), i, value)
        scene_unreachable(scene, json_string_value(value));
    if (json_is_false(zookeeper))
        scene_zookeeper_down(scene);
    scene->world.is_offline = json_is_true(json_object_get(world, "offline"));
    if (scene->world.is_offline)
        vec_each(fact, &scene->world.facts)
            (*fact)->said_by = WITNESS_STATE;
}

static void set_recorded(struct scene *scene, json_t *recorded)
{
    const char *address;
    json_t *object;

    if (json_is_true(json_object_get(recorded, "lost")))
        scene_forget_all(scene);
    json_object_foreach(json_object_get(recorded, "resources"), address, object)
    {
        struct recorded_resource *resource = scene_recorded(scene, address);
        const char *host = json_string_value(json_object_get(object, "host"));
        const char *op = json_string_value(json_object_get(object, "uncertain"));
        json_t *prevent = json_object_get(object, "prevent_destroy");

        if (host)
            resource->host = arena_strdup(scene->arena, host);
        if (prevent)
            resource->prevent_destroy = json_is_true(prevent);
        resource->is_uncertain = op != NULL;
        resource->uncertain_op = op ? arena_strdup(scene->arena, op) : NULL;
        set_attrs(scene, &resource->attrs, json_object_get(object, "attrs"));
    }
}

static void set_patterns(struct scene *scene, struct plan_patterns *patterns, json_t *array)
{
    size_t count = json_array_size(array);
    const char **items = arena_array_of(scene->arena, const char *, count);

    for (size_t i = 0; i < count; i++)
        items[i] = arena_strdup(scene->arena, json_string_value(json_array_get(array, i)));
    patterns->items = items;
    patterns->count = count;
}

static void set_options(struct scene *scene, json_t *options)
{
    static const char *const intents[] = {"converge", "destroy", "stop", "start", "restart"};
    const char *intent = json_string_value(json_object_get(options, "intent"));

    for (int i = 0; intent && i < 5; i++)
        if (!strcmp(intents[i], intent))
            scene->options.intent = (enum plan_intent)i;
    set_patterns(scene, &scene->options.targets, json_object_get(options, "targets"));
    set_patterns(scene, &scene->options.excludes, json_object_get(options, "excludes"));
    set_patterns(scene, &scene->options.replaces, json_object_get(options, "replaces"));
    set_patterns(scene, &scene->options.allow_destroy, json_object_get(options, "allow_destroy"));
}

static void scene_of_case(struct scene *scene, const char *directory)
{
    char *spec = read_file(directory, "spec.yaml", scene->arena);
    char *before = read_file(directory, "before.yaml", scene->arena);
    json_t *world = read_json(directory, "world.json", scene->arena);
    json_t *recorded = read_json(directory, "recorded.json", scene->arena);
    json_t *options = read_json(directory, "options.json", scene->arena);

    if (!spec)
        die("no spec.yaml in", directory);
    if (before)
        scene_stand(scene, "before.yaml", before);
    scene_spec(scene, "cluster.yaml", spec);
    set_world(scene, world);
    set_recorded(scene, recorded);
    set_options(scene, options);
    json_decref(world);
    json_decref(recorded);
    json_decref(options);
}

static void print(const struct plan *plan, const char *format)
{
    if (!strcmp(format, "json"))
        plan_print_json(plan, stdout);
    else if (!strcmp(format, "markdown"))
        plan_print_markdown(plan, stdout);
    else
        plan_print_text(plan, stdout, false);
}

int main(int argc, char **argv)
{
    struct scene scene;
    int failed;

    if (argc != 3)
        die("usage", "plan_dump CASE text|json|markdown");
    scene_init(&scene);
    scene_of_case(&scene, argv[1]);
    failed = scene_plan(&scene);
    if (failed)
        diags_print(scene.diags, stdout, false);
    else
        print(scene.plan, argv[2]);
    scene_deinit(&scene);
    return failed ? 1 : 0;
}
