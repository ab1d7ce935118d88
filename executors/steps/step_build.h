#pragma once

#include "executors/steps/steps.h"

/* Brings the package of the step up to date, packs it and puts it into the run's artifacts. */
void step_build(const struct step_context *context, struct outcome *outcome);
