#pragma once

#include "planner/base/arena.h"
#include "planner/base/str.h"
#include "planner/base/vec.h"
#include "planner/model/step.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>

/* What an operator sees of a run while it works. All functions belong to the main thread, except
 * where they say so. */

/* A step under way. */
struct activity {
    const struct step *step;
    int64_t started_ms;
    atomic_int_least64_t sent; /* bytes; the step's worker adds */
    pthread_mutex_t mutex;     /* guards phase */
    char phase[48];            /* "uploading" */
};

void activity_init(struct activity *activity, const struct step *step);
void activity_deinit(struct activity *activity);
void activity_set_phase(struct activity *activity, const char *text); /* any thread */
void activity_get_phase(struct activity *activity, char phase[48]);

struct run_totals {
    int64_t run_id;
    const char *command;
    const char *result; /* at the end */
    int steps, done, unchanged, failed, skipped;
    int64_t started_ms;
};

struct progress;

/* One way to show it; NULL members show nothing. */
struct progress_style {
    void (*run_start)(struct progress *progress);
    void (*step_start)(struct progress *progress, const struct step *step);
    void (*step_end)(struct progress *progress, const struct step *step,
                     const struct outcome *outcome);
    void (*tick)(struct progress *progress); /* now and then, and after a change */
    void (*run_end)(struct progress *progress);
};

extern const struct progress_style progress_json;  /* apply.h describes the objects */
extern const struct progress_style progress_plain; /* a line per ended step */
extern const struct progress_style
    progress_terminal; /* the same, and a live line per running one */
extern const struct progress_style progress_quiet;

struct progress {
    const struct progress_style *style;
    struct arena *arena;
    FILE *out;
    bool color;
    const struct run_totals *totals;
    vec_of(struct activity *) running; /* in the order of their start */
    int live_lines;                    /* on the terminal below the last fixed line */
    int64_t drawn_ms;
};

void progress_init(struct progress *progress, const struct progress_style *style, FILE *out,
                   bool color, const struct run_totals *totals, struct arena *arena);
void progress_run_start(struct progress *progress);
void progress_step_start(struct progress *progress, struct activity *activity);
/* activity NULL: the step never started. */
void progress_step_end(struct progress *progress, struct activity *activity,
                       const struct step *step, const struct outcome *outcome);
void progress_tick(struct progress *progress);
void progress_run_end(struct progress *progress);
/* How long until the next tick is due. */
int progress_wait_ms(const struct progress *progress);

/* "done      deploy     release/cache001/arcus (1.2 s, 5.2 MB sent)", without colour or newline. */
void progress_add_end(struct str *text, const struct step *step, const struct outcome *outcome);
/* "1.2 s", "3 min 5 s" */
void progress_add_time(struct str *text, int64_t elapsed_ms);
