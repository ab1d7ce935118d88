#pragma once

#include "executors/steps/server_process.h"

/* The cache node of a step "node/CODE/IP:PORT". */
struct cache_node {
    struct server_process process;
    const char *code;
    const char *address;
    const char *name; /* "IP:PORT", as znodes have it */
    int port;
    bool is_arcus_memcached;
    const char *missing; /* what look found missing, in the arena */
};

/* From the step's address and attributes. -1 with fault. */
int cache_node_init(struct cache_node *node, const struct step_context *context,
                    struct fault *fault);

/* "TERM", or what NAVER's server takes. */
const char *cache_node_signal(const struct cache_node *node);

/* Removes the znode by which clients find it, left by a process that is known to be dead; its
 * session would otherwise keep it for up to half a minute. */
int cache_node_leave(struct cache_node *node, int64_t deadline_ms, struct fault *fault);

/* Stops it, then cache_node_leave. */
int cache_node_stop(struct cache_node *node, bool *was_there, struct fault *fault);

/* Starts it unless it runs as wanted, and waits until it is well. A process with other settings is
 * stopped first; a forced step stops it in any case, a restart step also when it is not well.
 * *was_there: it ran as wanted and was left alone. */
int cache_node_start(struct cache_node *node, bool *was_there, struct fault *fault);

/* Sends a line ("config memlimit 100"); answer: up to END or an error, in the arena. */
int cache_node_ask(struct cache_node *node, const char *question, const char *end,
                   const char **answer, struct fault *fault);
