#pragma once

#include "planner/model/step.h"

/* Which step may start when. Knows no thread and no time: the one who runs steps asks for the next
 * one and tells how each ended. At most one step of a host is under way. */
struct schedule;

struct schedule *schedule_new(const struct plan *plan, struct arena *arena);
void schedule_free(struct schedule *schedule);

/* A step that may start now, and counts as started; NULL when there is none. */
const struct step *schedule_next(struct schedule *schedule);
/* A step that cannot start any more, and counts as ended; NULL when there is none. *why is a
 * sentence in the arena. Skipping one may free others to start or to be skipped. */
const struct step *schedule_next_skipped(struct schedule *schedule, const char **why);
/* How a started step ended. */
void schedule_end(struct schedule *schedule, const struct step *step, enum outcome_kind kind);
/* Nothing more starts: what has not, is skipped. */
void schedule_stop(struct schedule *schedule, const char *why);

size_t schedule_running(const struct schedule *schedule);
bool schedule_is_done(const struct schedule *schedule);
