/* Writing plan files and comparing them with the world. A plan file holds the spec's text, which
 * says how machines are reached: hence mode 0600. */
#include "planner/plan/plan_file.h"

#include "planner/base/str.h"
#include "planner/plan/plan_file_keys.h"
#include "planner/plan/print_json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static json_t *sources_to_json(const struct spec *spec)
{
    json_t *array = json_array();

    for (size_t i = 0; i < spec->source_count; i++) {
        const struct spec_source *source = &spec->sources[i];
        json_t *text = json_stringn(source->text, source->length);
        json_t *object = json_object();

        json_object_set_new(object, KEY_FILE, json_text(source->file));
        json_object_set_new(object, KEY_TEXT, text ? text : json_null());
        json_array_append_new(array, object);
    }
    return array;
}

static json_t *variables_to_json(const struct plan_file_extras *extras)
{
    json_t *object = json_object();

    for (size_t i = 0; i < extras->variable_count; i++)
        json_object_set_new(object, extras->variables[i].name,
                            json_text(extras->variables[i].value));
    return object;
}

static json_t *patterns_to_json(const struct plan_patterns *patterns)
{
    json_t *array = json_array();

    for (size_t i = 0; i < patterns->count; i++)
        json_array_append_new(array, json_text(patterns->items[i]));
    return array;
}

static json_t *options_to_json(const struct plan_options *options)
{
    json_t *object = json_object();

    json_object_set_new(object, KEY_INTENT, json_text(plan_intent_words[options->intent]));
    json_object_set_new(object, KEY_TARGETS, patterns_to_json(&options->targets));
    json_object_set_new(object, KEY_EXCLUDES, patterns_to_json(&options->excludes));
    json_object_set_new(object, KEY_REPLACES, patterns_to_json(&options->replaces));
    json_object_set_new(object, KEY_ALLOW_DESTROY, patterns_to_json(&options->allow_destroy));
    return object;
}

static json_t *world_to_json(const struct world *world)
{
    json_t *object = json_object();
    json_t *facts = json_object();
    json_t *hosts = json_object();

    vec_each(fact, &world->facts)
        if ((*fact)->digest)
            json_object_set_new(facts, (*fact)->address, json_text((*fact)->digest));
    vec_each(host, &world->hosts)
        if ((*host)->digest)
            json_object_set_new(hosts, (*host)->host->name, json_text((*host)->digest));
    json_object_set_new(object, KEY_FACTS, facts);
    json_object_set_new(object, KEY_HOSTS, hosts);
    return object;
}

static json_t *plan_file_to_json(const struct plan *plan, const struct plan_file_extras *extras)
{
    json_t *object = plan_to_json(plan);

    json_object_set_new(object, KEY_SPEC_DIGEST, json_text(plan->spec->digest));
    json_object_set_new(object, KEY_SOURCES, sources_to_json(plan->spec));
    json_object_set_new(object, KEY_VARIABLES, variables_to_json(extras));
    json_object_set_new(object, KEY_OPTIONS, options_to_json(extras->options));
    json_object_set_new(object, KEY_REFRESH, json_text(extras->refresh));
    json_object_set_new(object, KEY_WORLD, world_to_json(plan->world));
    return object;
}

static int write_out(json_t *object, int fd)
{
    FILE *out = fdopen(fd, "w");
    int failed;

    if (!out) {
        close(fd);
        return -1;
    }
    failed = plan_json_dump(object, out);
    failed |= fflush(out) || fsync(fd);
    return fclose(out) || failed ? -1 : 0;
}

static int write_and_rename(json_t *object, const char *temporary, const char *path)
{
    int fd = mkstemp((char *)temporary);

    if (fd < 0)
        return -1;
    if (!write_out(object, fd) && !rename(temporary, path))
        return 0;
    unlink(temporary);
    return -1;
}

int plan_file_write(const struct plan *plan, const struct plan_file_extras *extras,
                    const char *path, struct diags *diags)
{
    json_t *object = plan_file_to_json(plan, extras);
    struct str temporary = {0};
    int failed;

    errno = 0;
    str_printf(&temporary, "%s.XXXXXX", path);
    failed = write_and_rename(object, temporary.data, path);
    if (failed)
        diag_error(diags, DIAG_FILE_WRITE, SRCLOC_NONE, "plan file %s cannot be written: %s", path,
                   strerror(errno));
    str_deinit(&temporary);
    json_decref(object);
    return failed;
}

static const char *binding_find(const struct plan_bindings *bindings, const char *name)
{
    size_t low = 0;
    size_t high = bindings->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(bindings->items[middle].name, name);

        if (!order)
            return bindings->items[middle].digest;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static int report_moved(const struct plan_file *file, struct diags *diags, const char *what,
                        const char *name, const char *how)
{
    diag_error(diags, DIAG_PLAN_STALE, (struct srcloc){file->path, 0, 0}, "%s%s%s %s", what,
               *name ? " " : "", name, how);
    return -1;
}

/* One side at a time: what the file knew, then what is new since. */
static int compare_facts(const struct plan_file *file, const struct world *world,
                         struct diags *diags)
{
    int result = 0;

    vec_each(binding, &file->facts) {
        const struct fact *fact = world_find(world, binding->name);

        if (!fact || !fact->digest)
            result = report_moved(file, diags, "resource", binding->name, "is not looked at now");
        else if (strcmp(fact->digest, binding->digest))
            result = report_moved(file, diags, "resource", binding->name, "has changed");
    }
    vec_each(fact, &world->facts)
        if ((*fact)->digest && !binding_find(&file->facts, (*fact)->address))
            result = report_moved(file, diags, "resource", (*fact)->address, "has appeared");
    return result;
}

static int compare_hosts(const struct plan_file *file, const struct world *world,
                         struct diags *diags)
{
    int result = 0;

    vec_each(binding, &file->hosts) {
        const struct host_fact *host = world_find_host(world, binding->name);

        if (!host || !host->digest)
            result = report_moved(file, diags, "host", binding->name, "cannot be looked at now");
        else if (strcmp(host->digest, binding->digest))
            result = report_moved(file, diags, "host", binding->name, "has changed");
    }
    vec_each(host, &world->hosts)
        if ((*host)->digest && !binding_find(&file->hosts, (*host)->host->name))
            result = report_moved(file, diags, "host", (*host)->host->name, "has appeared");
    return result;
}

int plan_file_compare_world(const struct plan_file *file, const struct spec *spec,
                            const struct recorded *recorded, const struct world *world,
                            struct diags *diags)
{
    int result = 0;

    if (strcmp(file->spec_digest, spec->digest))
        result = report_moved(file, diags, "the spec", "",
                              "gives another result now: a ${env:} variable may have changed");
    if (file->state_serial != recorded->serial)
        result = report_moved(file, diags, "the state", "",
                              "has changed: another run has been made since");
    result |= compare_facts(file, world, diags);
    result |= compare_hosts(file, world, diags);
    return result;
}
