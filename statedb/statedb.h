#pragma once

#include "planner/base/arena.h"
#include "planner/base/diag.h"
#include "planner/model/recorded.h"
#include "planner/model/step.h"

#include <stdbool.h>
#include <stdint.h>

/* The state database: what was done, by whom, with which outcome. One thread uses a handle.
 * Every function that returns int: 0 done, -1 reported to diags unless it says otherwise. */
struct statedb;

/* Opens, creates (with its directory) and migrates. read_only: neither creates nor migrates; a
 * missing file gives an empty state. A damaged file is DIAG_STATE_DAMAGED with a hint (`state
 * verify`, or move it away: apply rebuilds it). */
int statedb_open(const char *path, bool read_only, struct diags *diags, struct statedb **db);
void statedb_close(struct statedb *db); /* takes NULL */

/* Reads everything recorded, in one read transaction. recorded need not be initialised; the caller
 * ends it with recorded_deinit, after a failure too. */
int statedb_snapshot(struct statedb *db, struct arena *arena, struct diags *diags,
                     struct recorded *recorded);

/* A run: one apply, destroy, start, stop or restart. */
struct run_info {
    int64_t id;
    const char *command; /* "apply" */
    const char *user;    /* who, USER@HOST */
    const char *started; /* UTC text */
    const char *ended;   /* NULL: still running or killed */
    const char *result;  /* "done", "failed", "interrupted"; NULL as above */
    const char *spec_digest;
    int steps, done, failed, skipped;
};

int statedb_run_begin(struct statedb *db, const char *command, const char *user,
                      const struct spec *spec, struct diags *diags, int64_t *run_id);
int statedb_run_end(struct statedb *db, int64_t run_id, const char *result, struct diags *diags);

/* Before a step acts: durable when it returns. */
int statedb_intent(struct statedb *db, int64_t run_id, const struct step *step,
                   struct diags *diags);
/* After it: the outcome and the resource's new state in one transaction. DONE and UNCHANGED record
 * outcome->attrs (a removing step forgets the resource); FAILED leaves the resource uncertain. */
int statedb_outcome(struct statedb *db, int64_t run_id, const struct step *step,
                    const struct outcome *outcome, struct diags *diags);
/* Takes over what the world has and the plan keeps, so that a lost state is rebuilt: records the
 * attributes of every kept resource that is not recorded so; forgets what is gone. One
 * transaction. Also records how the spec's hosts are reached and what prevent_destroy protects. */
int statedb_adopt(struct statedb *db, const struct plan *plan, struct diags *diags);

struct run_step {
    int id;
    const char *op, *address, *host, *reason;
    const char *started, *ended; /* ended NULL: uncertain */
    const char *outcome;         /* outcome_word, NULL: uncertain */
    const char *error;           /* NULL for none */
};

struct run_list {
    struct run_info *items;
    size_t count;
};
struct run_step_list {
    struct run_step *items;
    size_t count;
};

/* Newest first. */
int statedb_runs(struct statedb *db, struct arena *arena, struct diags *diags,
                 struct run_list *runs);
int statedb_run_steps(struct statedb *db, int64_t run_id, struct arena *arena, struct diags *diags,
                      struct run_step_list *steps);
/* The spec texts of a run; DIAG_STATE_NOT_FOUND. */
int statedb_run_sources(struct statedb *db, int64_t run_id, struct arena *arena,
                        struct diags *diags, struct spec_source **sources, size_t *count);

int statedb_forget(struct statedb *db, const char *address, struct diags *diags);
int statedb_backup(struct statedb *db, const char *path, struct diags *diags);
/* Integrity of the file and of what it says; findings go to diags. */
int statedb_verify(struct statedb *db, struct diags *diags);

/* Digest of a build rule's inputs when it last succeeded. NULL in *digest: never. */
int statedb_build_get(struct statedb *db, const char *package, int rule, struct arena *arena,
                      struct diags *diags, const char **digest);
int statedb_build_put(struct statedb *db, const char *package, int rule, const char *digest,
                      struct diags *diags);
