#pragma once

#include "executors/steps/host_script.h"

/* A server on the step's host, cache node or ZooKeeper: its run directory and how to tell that it
 * is well. */
struct server_process {
    const struct step_context *context;
    const char *run;  /* holds `started` and `log` */
    const char *name; /* for messages: "cache node 10.0.0.1:11211" */
    /* One look, with a short deadline. 0: it is well; 1: not yet, *why says what is missing; -1
     * with fault. */
    int (*look)(void *data, int64_t deadline_ms, const char **why, struct fault *fault);
    void *data;
};

/* Waits until it is well, looking after its process too: a server that dies ends the wait at once
 * with the end of its log. -1 with STEP_HEALTH. */
int server_wait(const struct server_process *server, int64_t timeout_ms, struct fault *fault);

/* Watches that it stays well for so long. -1 with STEP_HEALTH. */
int server_watch(const struct server_process *server, int64_t watch_ms, struct fault *fault);

/* Stops it with this signal ("TERM") and, should it not be gone in time, with SIGKILL. *was_there
 * is false when it did not run. -1 with fault. */
int server_stop(const struct server_process *server, const char *signal, bool *was_there,
                struct fault *fault);
