#pragma once

#include "executors/steps/steps.h"
#include "executors/transport/fleet.h"
#include "planner/model/step.h"
#include "statedb/statedb.h"

#include <stdbool.h>
#include <stdio.h>

/* Running a plan: ready steps at once, intent before and outcome after each in the journal.
 *
 * With json, each line of out is one object, written when it happens:
 *   {"event":"run_start","run":ID,"command":TEXT,"steps":NUMBER}
 *   {"event":"step_start","id":NUMBER,"op":WORD,"resource":ADDRESS,"host":NAME or null}
 *   {"event":"step_end", the same four, "outcome":"done"|"unchanged"|"failed"|"skipped",
 *    "elapsed_ms":NUMBER,"bytes_sent":NUMBER, and when failed or skipped "error":
 *    {"code":"E0410" or null,"text":TEXT,"hint":TEXT,"file":TEXT,"line":NUMBER,"column":NUMBER}}
 *   {"event":"run_end","run":ID,"result":"done"|"failed"|"interrupted","done":NUMBER,
 *    "unchanged":NUMBER,"failed":NUMBER,"skipped":NUMBER,"elapsed_ms":NUMBER}
 * A step_start comes after the step's intent was written, a step_end after its outcome was. */

struct apply_options {
    const char *command; /* for the history: "apply", "destroy", … */
    const char *user;
    const char *cache_dir;
    FILE *out;        /* progress, or JSON events */
    bool is_terminal; /* a live line per running step */
    bool color;
    bool json; /* one event object a line */
    bool quiet;
    int parallel; /* how many steps at once; 0: as many as there are hosts to work on */
    /* Called when a step has opened the session that was NULL before, or a new one because the old
     * one had expired, on that step's worker: takes the ensemble's lock. -1 with fault: the session
     * is closed again and the step fails. NULL: nothing is called. */
    int (*on_session)(void *data, struct zk_session *session, struct fault *fault);
    void *on_session_data;
    /* Does a step instead of step_execute; NULL: step_execute. For tests. */
    void (*execute)(const struct step_context *context, struct outcome *outcome);
};

struct apply_result {
    int done, unchanged, failed, skipped;
    bool interrupted; /* by a signal, or because the journal could not be written */
};

/* SIGINT, SIGTERM and SIGHUP: the first one lets running steps end, the second one cuts them, the
 * third one ends the program. Until apply_run returns, no other thread may change their handlers.
 *
 * *session may be NULL (not reachable yet): it is then opened when a step needs it. The caller
 * closes what *session is afterwards. Steps that fail are reported to diags, and skipped steps
 * counted. 0: ran, look at the result; -1: reported, and no step was begun. */
int apply_run(const struct plan *plan, struct statedb *db, struct fleet *fleet,
              struct zk_session **session, const struct apply_options *options, struct arena *arena,
              struct diags *diags, struct apply_result *result);
