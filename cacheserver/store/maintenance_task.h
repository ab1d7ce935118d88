#pragma once
#include <pthread.h>

#include "cacheserver/store/internal.h"
#include "cacheserver/store/maintenance.h"

/*
 * What the maintenance thread is made of, for the files that implement its tasks. A task's slice
 * does a little and says whether there is more to do at once.
 */
struct scrub {
    struct lock lock; /* guards all of it; held for a slice */
    struct scrub_status status;
    scrub_is_stale *is_stale;
    void *arg;
    uint64_t position;
};

struct dump {
    struct lock lock; /* guards status */
    struct dump_status status;
    _Atomic bool stopping;

    /* the thread's alone while it runs */
    bool all;
    size_t prefix_len;
    int fd;
    uint64_t position;
    uint64_t dumped;
    char *lines; /* not written yet */
    size_t len, capacity;
    bool failed;
};

struct maintenance {
    struct store *store;
    struct store_thread *thread;
    pthread_t id;
    int wake_fd;
    _Atomic bool stopping;

    _Atomic(struct item *) handed_over; /* a list through the items themselves */
    struct item *dropping;              /* those taken from it */

    clock_seconds flush_from; /* when the walk may begin, CLOCK_NEVER if nothing was flushed */
    bool flush_walking;
    uint64_t flush_position;
    uint64_t flushes_begun; /* prefixes.flushes when the walk began */

    struct prefix_sweep sweep;
    bool sweeping;
    clock_seconds next_sweep;

    struct scrub scrub;
    struct dump dump;
};

void scrub_init(struct scrub *scrub);
void scrub_deinit(struct scrub *scrub);
bool scrub_slice(struct maintenance *maintenance);
bool scrub_is_running(struct scrub *scrub);

void dump_init(struct dump *dump);
/* Ends what runs as failed. */
void dump_deinit(struct dump *dump);
bool dump_slice(struct maintenance *maintenance);
