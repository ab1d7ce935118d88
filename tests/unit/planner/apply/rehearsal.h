#pragma once

#include "planner/apply/apply.h"

#include <stdatomic.h>

/* A plan made by hand and run with a real state database and a real fleet; the steps themselves are
 * played by play_step, whose `part` decides how each one goes. */

struct rehearsal;

/* How a step goes; runs on a worker. */
struct part {
    const char *address;
    enum outcome_kind kind;
    enum diag_code code;   /* when it fails */
    bool waits_for_cancel; /* goes on until it is cancelled */
    int signal;            /* sent to this process when it starts */
    int together;          /* goes on when this many steps have run at once */
};

struct rehearsal {
    struct arena *arena;
    struct diags *diags;
    char directory[64];
    struct statedb *db;
    struct fleet *fleet;
    struct spec spec;
    struct spec_host hosts[4]; /* h0 … h3, all of them this machine */
    struct spec_cloud cloud;   /* "test" */
    struct resource node;      /* of that cloud, for restarts */
    struct world world;
    struct plan plan;
    struct part parts[16];
    int part_count;
    atomic_int running, most_running, begun;
    char *output;
    size_t output_size;
    struct apply_options options;
    struct apply_result result;
    int status;
    char *errors; /* the printed diags */
};

int rehearsal_setup(void **state);
int rehearsal_teardown(void **state);

/* host -1: none. needs and after are ids, ending with 0; NULL for none. */
struct step *rehearsal_step(struct rehearsal *rehearsal, enum op op, const char *address, int host,
                            const int *needs, const int *after);
struct part *rehearsal_part(struct rehearsal *rehearsal, const char *address,
                            enum outcome_kind kind);
/* Runs it, with all that is printed in output and errors. */
void rehearsal_run(struct rehearsal *rehearsal);
/* "1 done, 2 failed, …": how each step is recorded. */
const char *rehearsal_recorded(struct rehearsal *rehearsal);
const char *rehearsal_run_result(struct rehearsal *rehearsal);
bool rehearsal_is_uncertain(struct rehearsal *rehearsal, const char *address);
