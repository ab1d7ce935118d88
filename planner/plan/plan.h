#pragma once

#include "planner/base/diag.h"
#include "planner/model/fact.h"
#include "planner/model/recorded.h"
#include "planner/model/step.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* What has to be done to make the world as the spec wants it: a pure function of the spec, what
 * the state recorded, and the world. */

enum plan_intent {
    PLAN_CONVERGE, /* apply */
    PLAN_DESTROY,  /* nothing of the spec or the state is wanted any more */
    PLAN_STOP,     /* the targets' processes are stopped and stay registered */
    PLAN_START,    /* of the targets only what does not run is started; nothing else is changed */
    PLAN_RESTART,  /* the targets' processes are restarted, those that do not run are started */
};

/* Addresses, or globs over addresses (* crosses slashes). */
struct plan_patterns {
    const char *const *items;
    size_t count;
};

struct plan_options {
    enum plan_intent intent;
    struct plan_patterns targets;       /* only these and what they need; none: everything. The
                                           three manual intents act on exactly these */
    struct plan_patterns excludes;      /* not these, nor what needs them */
    struct plan_patterns replaces;      /* these even where nothing differs */
    struct plan_patterns allow_destroy; /* clouds whose prevent_destroy is lifted */
};

/* Makes the plan in the arena; spec, recorded, world and arena must outlive it. world must be
 * finished. -1: reported (PLAN_PREVENTED, PLAN_TARGET, ZK_MYID, …). An empty plan has no steps;
 * its diff may still hold VERB_FORGET changes and kept resources that the state lacks. */
int plan_make(const struct spec *spec, const struct recorded *recorded, const struct world *world,
              const struct plan_options *options, struct arena *arena, struct diags *diags,
              const struct plan **plan);

/* For an operator at a terminal. color: ANSI colours. */
void plan_print_text(const struct plan *plan, FILE *out, bool color);
/* For a pull request. */
void plan_print_markdown(const struct plan *plan, FILE *out);
/* arcusplan-plan(5). The caller owns the object. */
json_t *plan_to_json(const struct plan *plan);
/* The object as text, the same for the same plan, with a newline at its end. */
void plan_print_json(const struct plan *plan, FILE *out);
