/* Starting, stopping, restarting and tuning a cache node. */
#include "executors/steps/cache_node.h"
#include "executors/steps/step_attrs.h"
#include "executors/steps/step_kinds.h"
#include "planner/base/clock.h"

#include <string.h>

enum { COMMAND_MS = 30000 };

void step_start(const struct step_context *context, struct outcome *outcome)
{
    struct cache_node node;
    bool was_there;

    outcome->kind = OUTCOME_FAILED;
    if (cache_node_init(&node, context, &outcome->fault) == 0 &&
        cache_node_start(&node, &was_there, &outcome->fault) == 0)
        step_succeed(context, outcome, was_there ? OUTCOME_UNCHANGED : OUTCOME_DONE);
}

void step_stop(const struct step_context *context, struct outcome *outcome)
{
    struct cache_node node;
    bool was_there;

    outcome->kind = OUTCOME_FAILED;
    if (cache_node_init(&node, context, &outcome->fault) < 0)
        return;
    step_phase(context, "stopping");
    if (server_stop(&node.process, cache_node_signal(&node), &was_there, &outcome->fault) < 0)
        return;
    outcome->kind = was_there ? OUTCOME_DONE : OUTCOME_UNCHANGED;
    /* Without ZooKeeper the znode goes with the session; who needs it gone will say so. */
    cache_node_leave(&node, clock_deadline_ms(COMMAND_MS / 3), &outcome->fault);
    outcome->fault = (struct fault){0};
}

void step_restart(const struct step_context *context, struct outcome *outcome)
{
    const struct spec_cloud *cloud = context->step->change->resource->cloud;
    struct cache_node node;
    bool was_there = false;

    outcome->kind = OUTCOME_FAILED;
    if (cache_node_init(&node, context, &outcome->fault) < 0 ||
        cache_node_start(&node, &was_there, &outcome->fault) < 0)
        return;
    if (!was_there) {
        step_phase(context, "watching");
        if (server_watch(&node.process, cloud->update.watch_time_ms, &outcome->fault) < 0)
            return;
    }
    step_succeed(context, outcome, was_there ? OUTCOME_UNCHANGED : OUTCOME_DONE);
}

/* Sets one value in the running server unless it has it already. -1 with fault. */
static int set_value(struct cache_node *node, const char *name, const char *value, bool *is_changed,
                     struct fault *fault)
{
    struct arena *arena = node->process.context->arena;
    const char *asked = arena_printf(arena, "config %s\r\n", name);
    const char *order = arena_printf(arena, "config %s %s\r\n", name, value);
    const char *wanted = arena_printf(arena, "%s %s\r\n", name, value);
    const char *answer;

    if (cache_node_ask(node, asked, "END\r\n", &answer, fault) < 0)
        return -1;
    if (strstr(answer, wanted))
        return 0;
    if (cache_node_ask(node, order, "\r\n", &answer, fault) < 0)
        return -1;
    if (strncmp(answer, "END", 3) != 0) {
        fault_set(fault, DIAG_STEP_FAILED, "%s refuses \"config %s %s\": %.*s", node->process.name,
                  name, value, (int)strcspn(answer, "\r\n"), answer);
        return fault_hint(fault, "restart it instead: arcusplan apply --replace %s",
                          node->process.context->step->change->address);
    }
    *is_changed = true;
    return 0;
}

static int write_record(struct cache_node *node, struct fault *fault)
{
    const struct step_context *context = node->process.context;
    struct attrs wanted = {0};
    struct host_script script;
    int result;

    if (step_attrs_wanted(context, &wanted, fault) < 0)
        return -1;
    host_script_init(&script, context);
    host_script_set(&script, "run", node->process.run);
    host_script_set(&script, "attributes", step_attrs_record(context, &wanted));
    result = host_script_run(&script, script_node_tune, clock_deadline_ms(COMMAND_MS), fault);
    host_script_deinit(&script);
    return result;
}

void step_tune(const struct step_context *context, struct outcome *outcome)
{
    static const struct {
        const char *attr, *name;
    } settings[] = {{"set.memlimit", "memlimit"}, {"set.connections", "maxconns"}};
    struct cache_node node;
    bool is_changed = false;

    outcome->kind = OUTCOME_FAILED;
    if (cache_node_init(&node, context, &outcome->fault) < 0)
        return;
    for (size_t i = 0; i < sizeof(settings) / sizeof(*settings); i++) {
        const char *value = step_attr(context, settings[i].attr);

        if (value && set_value(&node, settings[i].name, value, &is_changed, &outcome->fault) < 0)
            return;
    }
    if (write_record(&node, &outcome->fault) == 0)
        step_succeed(context, outcome, OUTCOME_DONE);
}
