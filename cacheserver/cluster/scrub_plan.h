#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "cacheserver/cluster/name_list.h"

/*
 * When a change of the members leaves values here that nobody should see again, and how to tell
 * them. A node that joins takes keys over: one session timeout later, when every client knows of
 * it, what is still here of them is stale. A node that goes before that was done gives its keys
 * back while the old values are here: then it is done at once, by the ring that the node was in.
 *
 * A zeroed struct knows of no members. One thread.
 */
struct scrub_plan {
    struct name_list members;
    struct name_list fresh;   /* joined, and their keys were not scrubbed yet */
    struct name_list gone;    /* left in that state */
    struct name_list started; /* the nodes of the ring that the last scrub went by */
    uint64_t fresh_due_ms;    /* when to scrub for those in `fresh` */
    uint64_t gone_due_ms;     /* … and in `gone` */
};

#define SCRUB_NEVER UINT64_MAX

/* The members as they are now, `self` among them. The first others that it learns of are new, too:
 * they may have come after clients began to store here. */
void scrub_plan_note(struct scrub_plan *plan, char *const *names, unsigned count, const char *self,
                     uint64_t now_ms, unsigned delay_ms);
/* When the next scrub is due; SCRUB_NEVER none. */
uint64_t scrub_plan_due_ms(const struct scrub_plan *plan);
/* The nodes whose ring tells what is stale: the members and those that are gone, and when a scrub
 * is running that the new one takes the place of, those that it went by. false: no memory. */
bool scrub_plan_nodes(const struct scrub_plan *plan, bool is_running, struct name_list *nodes);
/* A scrub by these nodes has begun. */
void scrub_plan_begun(struct scrub_plan *plan, const struct name_list *nodes, uint64_t now_ms);
/* It could not; try again then. */
void scrub_plan_put_off(struct scrub_plan *plan, uint64_t until_ms);
void scrub_plan_reset(struct scrub_plan *plan);
