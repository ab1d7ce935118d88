#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cacheserver/contract/ring_view.h"

/*
 * Being a member of an Arcus cloud: finds out which cloud this server is mapped to, registers with
 * an ephemeral znode, watches the members, notices when it is no member any more. All of it in a
 * thread of its own; the functions here only look or ask, and none of them waits.
 */
struct membership;

/* What is to be done with what the server stores. Called by the membership's thread; any may be
 * NULL. */
struct membership_hooks {
    void *arg;
    /* The server was out of the cloud, where others took over its keys, and is about to come back,
     * in this life or another: nothing that it stored until now may be seen again. */
    void (*forget_all)(void *arg);
    /* Begin to remove what `view` says is not mine; one that was begun like this and still runs
     * ends. A reference must be taken to keep the view. false: not now, ask again. */
    bool (*scrub_stale)(void *arg, struct ring_view *view);
    /* Whether one that was begun like this still runs. */
    bool (*is_scrubbing)(void *arg);
};

struct membership_config {
    const char *ensemble;
    unsigned session_timeout_ms;
    int port;                  /* that clients connect to */
    const char *proxy;         /* NULL none */
    size_t memory_limit_bytes; /* told to the other members */
    bool failstop;             /* an expired session ends the server */
    bool is_restored;          /* it has what it stored in an earlier life */
    struct membership_hooks hooks;
};

struct membership_view {
    bool connected; /* to ZooKeeper, at the moment */
    bool ready;     /* registered: clients are sent here */
    bool failstop;
    unsigned session_timeout_ms; /* that ZooKeeper granted, or what will be asked for */
    unsigned members;            /* of the cloud, when last seen */
    bool reconfig_needed;     /* the list of servers must follow the ensemble's configuration … */
    bool reconfig_enabled;    /* … and does: the ensemble has one */
    int64_t reconfig_version; /* of that; -1 not seen yet */
};

/* Starts joining. NULL: no threads or memory. */
struct membership *membership_start(const struct membership_config *config);
/* Leaves if still a member and ends the thread, within timeout_ms: 1 when ZooKeeper did not answer
 * in that time; then the session's timeout will do it, the thread still runs and the membership
 * must not be freed. Call once. */
int membership_leave(struct membership *membership, int timeout_ms);
/* After it was left. */
void membership_free(struct membership *membership);

void membership_look(struct membership *membership, struct membership_view *view);
void membership_set_failstop(struct membership *membership, bool failstop);
/* The ZooKeeper servers in use, "HOST:PORT,…"; free() it. NULL: no memory. */
char *membership_servers(struct membership *membership);
/* The caller's own reference; NULL while the server is no member. */
struct ring_view *membership_ring(struct membership *membership);

/* Both ask and are answered later, once, by the membership's thread or by membership_free; with
 * false at once, by the caller, when there is no memory. */
typedef void membership_answer(void *arg, bool done);
/* Registers again after the membership was lost. False when it was not, or when ZooKeeper refuses
 * or does not answer within the session's timeout. */
void membership_rejoin(struct membership *membership, membership_answer *answer, void *arg);
/* Goes on with these ZooKeeper servers, of the same ensemble. False when that is no list of servers
 * with known addresses. Outside the cloud they are for the next rejoin. */
void membership_set_servers(struct membership *membership, const char *servers,
                            membership_answer *answer, void *arg);

/* Readable once the server must end; the exit status says why. */
int membership_fatal_fd(const struct membership *membership);
int membership_exit_status(struct membership *membership);

const char *membership_library_version(void);
