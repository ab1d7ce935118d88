#pragma once

#include "planner/apply/apply.h"
#include "planner/cli/site.h"
#include "planner/observe/observe.h"
#include "planner/plan/plan.h"
#include "statedb/run_lock.h"

/* spec -> recorded -> world -> plan, and then either printing it or doing it: what plan, apply,
 * build, destroy, start, stop, restart and status have in common. */
struct pipeline {
    struct cli *cli;
    const struct site *site;
    const char *command; /* for the lock and the history */
    struct plan_options options;
    enum refresh refresh;
    bool shows;       /* the plan is printed before it is done */
    bool asks;        /* and confirmed, unless --yes */
    const char *also; /* what else has to be confirmed ("remove …"); NULL */
    /* Filled by pipeline_plan. */
    struct run_lock *lock;
    struct lock_holder self;
    struct statedb *db;
    struct fleet *fleet;
    struct recorded recorded;
    struct observation observation;
    const struct plan *plan;
};

/* The options of plan and apply as they were given. */
void pipeline_init(struct pipeline *pipeline, struct cli *cli, const struct site *site,
                   const char *command);
/* Takes the locks when writes is set (LOCKED: another run holds one), opens the state, looks at
 * the world, makes the plan. -1: reported. pipeline_deinit in any case. */
int pipeline_plan(struct pipeline *pipeline, bool writes);
/* A plan that leads from another spec, as if all of it were there, to this one: without network and
 * state. */
int pipeline_compare(struct pipeline *pipeline, const struct spec *other);
/* A writing command: pipeline_plan, then the plan is shown, confirmed and done. The exit status;
 * -1: reported. */
int pipeline_run(struct pipeline *pipeline);
void pipeline_deinit(struct pipeline *pipeline);
