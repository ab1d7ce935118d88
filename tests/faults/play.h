#pragma once

#include "planner/plan/plan.h"

/* A state database and a toy world in a directory of their own, on which runs are played. */
struct play {
    char directory[64];
    const char *state; /* path of the database */
    const char *world; /* directory of the toy world */
    struct arena *arena;
};

enum play_result {
    PLAY_DONE = 0,       /* all steps are done */
    PLAY_ERROR = 1,      /* reported on the standard error */
    PLAY_PART_WAY = 3,   /* steps failed, or the journal did */
    PLAY_NOTHING = 10,   /* there was nothing to do */
    PLAY_MISORDERED = 11 /* a step ran when it must not; reported */
};

int play_setup(void **state);
int play_teardown(void **state);

/* How a run goes. */
struct play_options {
    const char *spec;
    enum plan_intent intent;
    int kill_at;   /* the k-th kill point; 0: none */
    int full_at;   /* the k-th write of sqlite, and all after it, finds the disk full; 0: none */
    unsigned seed; /* of the faults … */
    int fail_permille; /* … if any */
};

/* A run in a process of its own; its result, or KILLED. */
int play_run(struct play *play, const struct play_options *options);
/* The number of steps that a plan would have now; -1: there is no plan (reported). */
int play_plan(struct play *play, const char *spec, bool is_offline);
/* What the state says is whole. */
bool play_state_is_good(struct play *play);
/* The state database is lost. */
void play_lose_state(struct play *play);

/* Keeps a copy of everything, and goes back to it. */
void play_save(struct play *play);
void play_restore(struct play *play);

/* Text for specs: four hosts h1 … h4 with addresses 10.0.0.1 … 4. */
extern const char play_hosts[];
