/* Any bytes as a plan file: the reader must answer. What it accepts is used as apply uses it: the
 * embedded spec is loaded, compared with a world, and planned and written again. */
#include "planner/plan/plan_file.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct run {
    struct arena *arena;
    struct diags *diags;
    struct recorded recorded;
    struct world world;
};

/* The world that the bindings name, with nothing else known of it. */
static void fill_world(struct run *run, const struct plan_file *file)
{
    vec_each(binding, &file->facts)
        world_fact(&run->world, binding->name)->presence =
            binding->digest[0] & 1 ? PRESENCE_PRESENT : PRESENCE_UNKNOWN;
    vec_each(binding, &file->facts)
        if (binding->digest[0] & 2)
            recorded_add(&run->recorded, binding->name);
    recorded_finish(&run->recorded);
    world_finish(&run->world);
}

static void use_plan(struct run *run, const struct plan_file *file, const struct spec *spec)
{
    const struct plan *plan;
    json_t *object;

    if (plan_make(spec, &run->recorded, &run->world, &file->options, run->arena, run->diags,
                  &plan)) {
        assert(diags_has_errors(run->diags) && !plan);
        return;
    }
    vec_each(step, &plan->steps)
        vec_each(id, &(*step)->needs)
            assert(*id > 0 && *id < (*step)->id);
    object = plan_to_json(plan);
    assert(json_is_object(object));
    json_decref(object);
}

static void use(struct run *run, const struct plan_file *file)
{
    struct spec_input input = {.sources = file->sources,
                               .source_count = file->source_count,
                               .variables = file->variables,
                               .variable_count = file->variable_count,
                               .home = "/home/op"};
    const struct spec *spec;

    fill_world(run, file);
    if (spec_load(&input, run->arena, run->diags, &spec))
        return;
    plan_file_compare_world(file, spec, &run->recorded, &run->world, run->diags);
    use_plan(run, file, spec);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct run run = {.arena = arena_new()};
    const struct plan_file *file;
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);

    run.diags = diags_new(run.arena);
    recorded_init(&run.recorded, run.arena);
    world_init(&run.world, run.arena);
    plan_file_is_one((const char *)data, size);
    if (plan_file_parse("plan.json", (const char *)data, size, run.arena, run.diags, &file) == 0)
        use(&run, file);
    else
        assert(diags_has_errors(run.diags) && !file);
    diags_print(run.diags, out, false);
    fclose(out);
    assert(!memchr(text, '\x1b', length));
    free(text);
    recorded_deinit(&run.recorded);
    world_deinit(&run.world);
    arena_free(run.arena);
    return 0;
}
