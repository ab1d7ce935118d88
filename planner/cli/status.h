#pragma once

#include "planner/cli/node_stats.h"
#include "planner/cli/options.h"
#include "planner/observe/zk_ensemble.h"
#include "planner/observe/zk_view.h"

/* What status shows, gathered from the ensemble and from the nodes themselves. */

enum node_state { NODE_ONLINE, NODE_OFFLINE, NODE_UNDEFINED };

struct status_node {
    const char *name; /* "ADDRESS:PORT" */
    const char *host; /* as the cloud's list names it; NULL */
    enum node_state state;
    struct node_stats *stats;
};

struct status_cloud {
    const char *code;
    vec_of(struct status_node) nodes; /* sorted by name */
    int total, online, offline, undefined;
    bool is_registered;
};

struct status {
    struct zk_ensemble ensemble; /* connect NULL: there is none */
    bool is_readable;            /* the tree could be read */
    struct fault fault;          /* why not */
    vec_of(struct status_cloud) clouds;
    int drift; /* steps that apply would do; -1: not known */
};

const char *node_state_word(enum node_state state);
/* OK, SOME_DOWN, DOWN; UNKNOWN when the tree could not be read. */
const char *cloud_state_word(const struct status *status, const struct status_cloud *cloud);

/* Reads the servers named in connect and the clouds of the tree (only that one when code is not
 * NULL), then asks the nodes. session may be NULL: the clouds are then those of the spec alone,
 * all of them offline. spec may be NULL. What cannot be read is told in the status. */
void status_read(const char *connect, struct zk_session *session, const struct spec *spec,
                 const char *code, struct arena *arena, struct status *status);

void status_print(const struct status *status, struct arena *arena, FILE *out, bool color);
void status_print_json(const struct status *status, FILE *out);
