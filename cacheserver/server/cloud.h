#pragma once
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "cacheserver/cluster/heartbeat.h"
#include "cacheserver/cluster/membership.h"
#include "cacheserver/command/cloud.h"
#include "cacheserver/command/command.h"
#include "cacheserver/net/listener.h"
#include "cacheserver/protocol/reply.h"
#include "cacheserver/runtime/settings.h"
#include "cacheserver/store/store.h"

/*
 * The server's part in a cloud: its membership, its heartbeat, and what they ask of the store. A
 * server without -z has one, too, that only shows settings.
 */
struct cloud {
    const struct settings *settings;
    struct heartbeat heartbeat;
    _Atomic bool failstop;
    _Atomic(struct membership *) membership; /* NULL: not in a cloud (yet) */
    struct store_thread *store_thread;       /* of the membership's thread */
    struct store *store;

    struct lock scrub_lock;       /* guards the two; scrubs by a ring start with it taken */
    struct ring_view *scrub_ring; /* of the last one; NULL none */
    bool scrub_is_automatic;
    bool left;
};

void cloud_init(struct cloud *cloud, const struct settings *settings);
/* Starts joining when the settings say so; the server listens already. 0, or an exit status after
 * one line on stderr. */
int cloud_start(struct cloud *cloud, struct store *store, const struct listeners *listeners);
/* Leaves ZooKeeper within timeout_ms. true: clients were sent here until now. Call once, when it
 * was started or could not be. */
bool cloud_leave(struct cloud *cloud, int timeout_ms);
/* Before the store is freed, and after the last client and the last scrub have gone. */
void cloud_deinit(struct cloud *cloud);

/* Readable when the server must end; -1: never. */
int cloud_fatal_fd(struct cloud *cloud);
int cloud_exit_status(struct cloud *cloud);
/* Readable when the server does not answer its heartbeats; -1: never. */
int cloud_hung_fd(const struct cloud *cloud);

/* Any thread; what struct command_hooks and struct cloud_hooks want to know. */
bool cloud_is_ready(struct cloud *cloud);
void cloud_stats(struct cloud *cloud, struct reply *reply);
uint64_t cloud_number(struct cloud *cloud, enum cloud_number which);
bool cloud_set_number(struct cloud *cloud, enum cloud_number which, uint64_t value);
char *cloud_servers(struct cloud *cloud);
void cloud_rejoin(struct cloud *cloud, struct command_wait *wait);
/* By the ring as it is now. */
enum scrub_stale_outcome cloud_scrub_stale(struct cloud *cloud);
void cloud_set_servers(struct cloud *cloud, const char *servers, struct command_wait *wait);
