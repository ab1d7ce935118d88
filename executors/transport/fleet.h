#pragma once

#include "executors/transport/transport.h"

#include <stdbool.h>

/* Hosts, their connections and the threads that use them. A job is done by one worker thread;
 * jobs of one host run one after the other, in the order of submission, over the host's single
 * connection, which is opened by its first job and kept until fleet_free. Jobs without a host run
 * on any worker. All functions here belong to the main thread. */
struct fleet;
struct job;

struct job {
    const struct spec_host *host; /* NULL: needs no host. Hosts are told apart by name */
    /* Runs on a worker. transport is NULL without a host. 0, or -1 with job->fault filled. Not
     * called when the connection could not be opened: then the job fails with that fault. */
    int (*run)(struct job *job, struct transport *transport);
    void *data;
    int result;            /* of run, or -1 */
    struct fault fault;    /* when result is -1 */
    bool is_connect_fault; /* the fault came from opening the connection */
    struct job *next;      /* fleet's own */
};

/* parallel: how many workers at most. wake_fd of fleet_wake_fd becomes readable whenever a job has
 * ended. */
struct fleet *fleet_new(int parallel, struct fault *fault); /* NULL with fault */
/* Cancels what runs, waits for the workers (a few seconds at most), closes the connections. */
void fleet_free(struct fleet *fleet);

/* The job belongs to the fleet until it comes back from fleet_next. */
void fleet_submit(struct fleet *fleet, struct job *job);
/* A job that has ended, or NULL after deadline_ms (0: do not wait). */
struct job *fleet_next(struct fleet *fleet, int64_t deadline_ms);
int fleet_wake_fd(const struct fleet *fleet);
/* Jobs submitted and not yet returned by fleet_next. */
size_t fleet_pending(const struct fleet *fleet);
/* Makes what runs give up (INTERRUPTED) and fails all that waits. */
void fleet_cancel(struct fleet *fleet);
const atomic_bool *fleet_cancel_flag(const struct fleet *fleet);
