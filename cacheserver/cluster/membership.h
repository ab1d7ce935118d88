#pragma once
#include <stdbool.h>
#include <stddef.h>

/*
 * Being a member of an Arcus cloud: finds out which cloud this server is mapped to, registers with
 * an ephemeral znode, watches the members, notices when it is no member any more. All of it in a
 * thread of its own; the functions here only look or ask.
 */
struct membership;

struct membership_config {
    const char *ensemble;
    unsigned session_timeout_ms;
    int port;                  /* that clients connect to */
    const char *proxy;         /* NULL none */
    size_t memory_limit_bytes; /* told to the other members */
    bool failstop;             /* an expired session ends the server */
};

struct membership_view {
    bool connected; /* to ZooKeeper, at the moment */
    bool ready;     /* registered: clients are sent here */
    bool failstop;
    unsigned session_timeout_ms;
    unsigned members; /* of the cloud, when last seen */
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

/* Readable once the server must end; the exit status says why. */
int membership_fatal_fd(const struct membership *membership);
int membership_exit_status(struct membership *membership);

const char *membership_library_version(void);
