#pragma once

#include "planner/base/vec.h"
#include "planner/observe/zk_view.h"
#include "planner/spec/spec.h"

/* What has to be written so that ZooKeeper holds a cloud as the spec wants it. Pure. */

/* An operation; those that join the one before it must be in the same multi. */
struct registration_op {
    struct zk_op op;
    bool joins_previous;
};

struct registration {
    vec_of(struct registration_op) ops; /* the one on the cache list's own znode comes last */
    const char *json;                   /* what the cache list will hold; NULL: it stays or goes */
    bool touches_list;                  /* the last operation is on the cache list's znode */
};

/* The operations that lead from cloud, which must hold a mapping for every node that the cloud has
 * or is to have, to what is wanted (NULL: nothing). now: the time as the JSON has it. 0, or -1 when
 * a wanted node's mapping belongs to another cloud or the JSON gets too large (ZK_DATA). */
int registration_plan(const struct spec_cloud *wanted, const struct zk_cloud *cloud,
                      const char *now, struct arena *arena, struct registration *registration,
                      struct fault *fault);

/* Adds the IP:PORT of each server in the cloud's JSON, if it can be read. */
struct registration_nodes {
    vec_of(const char *) items;
};
void registration_listed_nodes(const struct zk_node *list, struct arena *arena,
                               struct registration_nodes *nodes);

/* "YYYY-MM-DD HH:MM:SS.ffffff", local time as arcus.sh writes it. */
enum { REGISTRATION_TIME_SIZE = 27 };
void registration_now(char text[REGISTRATION_TIME_SIZE]);
