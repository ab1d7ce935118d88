#pragma once

#include "executors/steps/steps.h"
#include "executors/transport/fleet.h"
#include "planner/model/step.h"
#include "statedb/statedb.h"

#include <stdbool.h>
#include <stdio.h>

/* Running a plan: ready steps at once, intent before and outcome after each in the journal. */

struct apply_options {
    const char *command; /* for the history: "apply", "destroy", … */
    const char *user;
    const char *cache_dir;
    FILE *out;        /* progress, or JSON events */
    bool is_terminal; /* a live line per running host */
    bool color;
    bool json; /* one event object a line */
    bool quiet;
    int max_failures; /* of the update settings; further restarts are not started */
    /* Called when a step has opened the session that was NULL before, on that step's worker: takes
     * the ensemble's lock. -1 with fault: the session is closed again and the step fails. NULL:
     * nothing is called. */
    int (*on_session)(void *data, struct zk_session *session, struct fault *fault);
    void *on_session_data;
};

struct apply_result {
    int done, unchanged, failed, skipped;
    bool interrupted;
};

/* SIGINT and SIGTERM: the first one lets running steps end, the second one cuts them. session may
 * be NULL (not reachable yet): it is then opened when a step needs it, stored back for the caller
 * to close. 0: ran (look at the result); -1: reported, e.g. the journal cannot be written. */
int apply_run(const struct plan *plan, struct statedb *db, struct fleet *fleet,
              struct zk_session **session, const struct apply_options *options, struct arena *arena,
              struct diags *diags, struct apply_result *result);
