/* myid is written once and never replaced: swapped identities would let two servers vote as one. */
#include "executors/steps/host_script.h"
#include "executors/steps/step_attrs.h"
#include "executors/steps/step_kinds.h"
#include "planner/base/clock.h"
#include "planner/types/zoo_cfg.h"

enum { COMMAND_MS = 30000 };

void step_zk_config(const struct step_context *context, struct outcome *outcome)
{
    const struct resource *resource = context->step->change->resource;
    const char *log_dir = step_attr(context, "cfg.dataLogDir");
    struct host_script script;

    outcome->kind = OUTCOME_FAILED;
    host_script_init(&script, context);
    host_script_set(&script, "data_dir", step_attr(context, "cfg.dataDir"));
    host_script_set(&script, "log_dir", log_dir ? log_dir : "");
    host_script_set(&script, "myid", step_attr(context, "myid"));
    host_script_set(&script, "zoo_cfg", zoo_cfg_text(context->arena, &resource->attrs));
    if (host_script_run(&script, script_zk_config, clock_deadline_ms(COMMAND_MS),
                        &outcome->fault) == 0)
        step_succeed(context, outcome,
                     host_script_says(&script, "unchanged") ? OUTCOME_UNCHANGED : OUTCOME_DONE);
    else if (outcome->fault.code == DIAG_ZK_MYID)
        fault_hint(&outcome->fault,
                   "put the hosts into the order of their numbers, or remove %s on "
                   "the host if its data may be lost",
                   step_attr(context, "cfg.dataDir"));
    host_script_deinit(&script);
}
