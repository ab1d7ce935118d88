#pragma once

#include "executors/transport/transport.h"
#include "planner/model/step.h"
#include "planner/observe/zk_session.h"

/* Doing a step: check, act, verify. One step kind is one file and one row of the table. */

/* A package as it is after its build step, shared by the deploy and start steps of a run. */
struct artifact {
    const char *package;
    char digest[65];
    const char *archive; /* path of the tar.gz */
    int64_t bytes;
};

struct artifacts; /* guarded by a mutex of its own */
struct artifacts *artifacts_new(void);
void artifacts_free(struct artifacts *artifacts);
void artifacts_put(struct artifacts *artifacts, const struct artifact *artifact);
/* A copy; false when the package has none yet. */
bool artifacts_get(struct artifacts *artifacts, const char *package, struct artifact *artifact);

struct build_record;

struct step_context {
    const struct spec *spec;
    const struct step *step;
    struct arena *arena;         /* the step's own */
    struct transport *transport; /* NULL for steps without a host */
    /* The run's session, opened by the first step that needs it; any thread. -1 with fault. */
    int (*zookeeper)(void *data, int64_t deadline_ms, struct zk_session **session,
                     struct fault *fault);
    void *data;
    struct artifacts *artifacts;
    const struct build_record *builds; /* build_rule.h */
    const char *cache_dir;             /* where archives are kept: beside the state database */
    const char *workdir;
    const atomic_bool *cancel;
    atomic_int_least64_t *sent;                  /* bytes, for progress */
    void (*phase)(void *data, const char *text); /* "uploading", "waiting for port"; any thread */
};

/* Does it. Never fails otherwise than by outcome->kind and outcome->fault; outcome->attrs holds
 * what is there now (for a removal: nothing). Runs on a worker. */
void step_execute(const struct step_context *context, struct outcome *outcome);
