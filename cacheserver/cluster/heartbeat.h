#pragma once
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "cacheserver/runtime/lock.h"

/*
 * A server that accepts connections and answers nothing looks alive to ZooKeeper. So it asks
 * itself: every three seconds, on a new connection, to store one byte. A beat that takes longer
 * than the timeout is late; the next one follows at once, and when late beats that follow one
 * another have taken longer than the failstop limit together, the server is to end.
 *
 * heartbeat_init gives one that does not beat and whose limits are 0, which is what a server
 * without ZooKeeper shows.
 */
struct heartbeat {
    struct lock lock; /* guards the two limits, which must fit each other */
    unsigned timeout_ms, failstop_ms;

    _Atomic uint64_t count;
    _Atomic uint64_t latency_ms; /* of all of them together */

    /* set before the thread starts */
    struct sockaddr_storage address;
    socklen_t address_len;
    unsigned period_ms;
    pthread_t thread;
    bool is_started;
    int stop_fd, fatal_fd;
};

#define HEARTBEAT_PERIOD_MS 3000

void heartbeat_init(struct heartbeat *heartbeat);
/* Beats to the address that the server listens on; an address that stands for all becomes that of
 * this machine. -1: no thread or descriptors. */
int heartbeat_start(struct heartbeat *heartbeat, const struct sockaddr *address, socklen_t len,
                    unsigned period_ms);
/* Ends the thread, a beat under way too. */
void heartbeat_stop(struct heartbeat *heartbeat);
void heartbeat_deinit(struct heartbeat *heartbeat);

/* Readable once the server must end; -1: it does not beat. */
int heartbeat_fatal_fd(const struct heartbeat *heartbeat);

/* Any thread. false: not a limit, or the timeout would be longer than the failstop limit. */
bool heartbeat_set_timeout(struct heartbeat *heartbeat, unsigned timeout_ms);
bool heartbeat_set_failstop(struct heartbeat *heartbeat, unsigned failstop_ms);
void heartbeat_limits(struct heartbeat *heartbeat, unsigned *timeout_ms, unsigned *failstop_ms);
