#pragma once

#include "executors/steps/steps.h"

/* The steps that are done on hosts. Each fills outcome as step_execute says. */
typedef void step_function(const struct step_context *context, struct outcome *outcome);

step_function step_deploy, step_undeploy;
step_function step_start, step_stop, step_restart, step_tune;
step_function step_zk_config, step_zk_start, step_zk_restart, step_zk_stop;
