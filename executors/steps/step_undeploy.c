/* Of a release everything goes; of a ZooKeeper configuration the data stay. */
#include "executors/steps/host_script.h"
#include "executors/steps/step_attrs.h"
#include "executors/steps/step_kinds.h"
#include "planner/base/clock.h"

#include <string.h>

enum { COMMAND_MS = 120000 };

static int remove_release(const struct step_context *context, struct host_script *script,
                          struct fault *fault)
{
    const struct spec_zookeeper *zookeeper = context->spec ? context->spec->zookeeper : NULL;
    const char *install_dir = step_attr(context, "install_dir");
    const char *name = step_address_part(context, 2);

    if (!install_dir || install_dir[0] != '/' || !name[0])
        return fault_set(fault, DIAG_STEP_FAILED, "it is not known where %s is installed",
                         context->step->change->address);
    host_script_set(script, "install_dir", install_dir);
    host_script_set(script, "name", name);
    host_script_set(script, "zk_started",
                    zookeeper ? arena_printf(context->arena, "%s/run/started", zookeeper->data_dir)
                              : "");
    return host_script_run(script, script_undeploy, clock_deadline_ms(COMMAND_MS), fault);
}

static int remove_configuration(const struct step_context *context, struct host_script *script,
                                struct fault *fault)
{
    const char *data_dir = step_attr(context, "cfg.dataDir");

    if (!data_dir || data_dir[0] != '/')
        return fault_set(fault, DIAG_STEP_FAILED, "the data directory of %s is not known",
                         context->step->change->address);
    host_script_set(script, "data_dir", data_dir);
    return host_script_run(script, script_zk_config_remove, clock_deadline_ms(COMMAND_MS), fault);
}

void step_undeploy(const struct step_context *context, struct outcome *outcome)
{
    struct host_script script;
    int result;

    outcome->kind = OUTCOME_FAILED;
    host_script_init(&script, context);
    if (strncmp(context->step->change->address, "zk_config/", 10) == 0)
        result = remove_configuration(context, &script, &outcome->fault);
    else
        result = remove_release(context, &script, &outcome->fault);
    if (result == 0)
        outcome->kind = host_script_says(&script, "unchanged") ? OUTCOME_UNCHANGED : OUTCOME_DONE;
    host_script_deinit(&script);
}
