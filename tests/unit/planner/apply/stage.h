#pragma once

#include "planner/apply/progress.h"

/* A progress whose output can be read, and steps for it. */
struct stage {
    struct arena *arena;
    struct run_totals totals;
    struct progress progress;
    struct spec_host host; /* cache001 */
    struct change changes[8];
    struct step steps[8];
    struct activity activities[8];
    int count;
    char *output;
    size_t size;
};

void stage_open(struct stage *stage, const struct progress_style *style);
void stage_close(struct stage *stage);
/* host: on cache001, otherwise on none. The activity is not announced yet. */
struct activity *stage_step(struct stage *stage, enum op op, const char *address, bool host);
void stage_end(struct stage *stage, struct activity *activity, enum outcome_kind kind,
               const char *fault);
/* What was printed since the last call; valid until the next. */
const char *stage_output(struct stage *stage);
