/* One row per kind of step. */
#include "executors/steps/steps.h"

#include "executors/steps/step_build.h"
#include "executors/steps/step_kinds.h"
#include "executors/steps/step_znodes.h"
#include "planner/base/clock.h"

static step_function *const kinds[OP_COUNT] = {
    [OP_BUILD] = step_build,
    [OP_DEPLOY] = step_deploy,
    [OP_UNDEPLOY] = step_undeploy,
    [OP_START] = step_start,
    [OP_STOP] = step_stop,
    [OP_RESTART] = step_restart,
    [OP_TUNE] = step_tune,
    [OP_ZK_CONFIG] = step_zk_config,
    [OP_ZK_START] = step_zk_start,
    [OP_ZK_STOP] = step_zk_stop,
    [OP_ZK_RESTART] = step_zk_restart,
    [OP_ZK_INIT] = step_zk_init,
    [OP_REGISTER] = step_register,
    [OP_UNREGISTER] = step_unregister,
};

void step_execute(const struct step_context *context, struct outcome *outcome)
{
    int64_t start_ms = clock_now_ms();
    step_function *execute = kinds[context->step->op];

    *outcome = (struct outcome){.kind = OUTCOME_FAILED};
    if (execute)
        execute(context, outcome);
    else
        fault_set(&outcome->fault, DIAG_STEP_FAILED, "no step is called %s",
                  op_word(context->step->op));
    outcome->elapsed_ms = clock_now_ms() - start_ms;
}
