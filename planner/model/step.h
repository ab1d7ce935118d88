#pragma once

#include "planner/model/change.h"

#include <stdint.h>

/* One action on one resource. A plan has at most one step per resource. */
struct step {
    int id; /* from 1, in the order of the plan */
    enum op op;
    const struct change *change;
    const struct spec_host *host; /* NULL: done here or in ZooKeeper */
    vec_of(int) needs;            /* ids that must have succeeded */
    vec_of(int) after;            /* ids that must have ended */
    const char *reason;           /* one line: old -> new with the spec place */
    int64_t bytes_to_send;        /* 0 for none, -1 unknown until built */
    int64_t items_dropped;        /* -1: unknown */
};

struct plan_summary {
    int create, update, restart, delete, unchanged, steps;
};

/* Per cloud. Fractions are of the ring's 2^32 points. */
struct plan_impact {
    const char *cloud;
    double keys_moved;
    int64_t items_dropped;
    int64_t bytes_to_send;
};

struct plan {
    const struct spec *spec;
    const struct recorded *recorded;
    const struct world *world;
    const struct diff *diff;
    vec_of(struct step *) steps; /* in natural order: every need has a smaller id */
    vec_of(struct plan_impact) impacts;
    struct plan_summary summary;
    int left_out; /* steps that --target and --exclude keep out of this plan */
};

/* How a step ended. */
enum outcome_kind {
    OUTCOME_DONE,      /* acted and verified */
    OUTCOME_UNCHANGED, /* the check found that nothing had to be done */
    OUTCOME_FAILED,
    OUTCOME_SKIPPED, /* something that it needs failed, or the run was interrupted */
};
const char *outcome_word(enum outcome_kind kind);

struct outcome {
    enum outcome_kind kind;
    struct fault fault; /* when failed, or why skipped */
    struct srcloc at;   /* the place in the spec to blame; none: the change's */
    int64_t bytes_sent;
    int64_t elapsed_ms;
    struct attrs attrs; /* what is there now, to be recorded; owned by the step's arena */
};
