#pragma once

#include "executors/steps/build_rule.h"
#include "planner/base/diag.h"
#include "statedb/statedb.h"

#include <pthread.h>

/* The state database as a run uses it: the main thread writes intents and outcomes, a worker that
 * builds a package reads and writes what was built. Once a write has failed nothing new is begun;
 * what is under way is still recorded if that is possible. */
struct journal {
    pthread_mutex_t mutex; /* guards db, arena and has_failed */
    struct statedb *db;
    struct arena *arena; /* of its own, because workers use it */
    struct diags *diags; /* the main thread's */
    int64_t run_id;
    bool has_failed;
};

void journal_init(struct journal *journal, struct statedb *db, struct diags *diags);
void journal_deinit(struct journal *journal);

/* On the main thread. 0, or -1: the first time reported to diags. */
int journal_begin(struct journal *journal, const char *command, const char *user,
                  const struct spec *spec);
int journal_intent(struct journal *journal, const struct step *step);
int journal_outcome(struct journal *journal, const struct step *step,
                    const struct outcome *outcome);
int journal_end(struct journal *journal, const char *result);
bool journal_has_failed(struct journal *journal);

/* What was built, for the steps; lives as long as the journal. What fails there is not reported
 * otherwise than by the step. */
struct build_record journal_builds(struct journal *journal);
