#pragma once
#include "cacheserver/cluster/state.h"

/*
 * A membership without its thread, and in place of a ZooKeeper session one that only writes down
 * what it is asked. It takes the place of zk_session.c in the program that is linked with it.
 */
struct script {
    char asked[1024];  /* the last request: its name, path and data */
    char servers[256]; /* that the session was last told to use */
    unsigned requests;
    unsigned closed;          /* sessions */
    int64_t id;               /* the session's */
    const char *wrong;        /* with the servers that it is told to use; NULL nothing */
    unsigned forgotten_after; /* requests, by forget_all; 0: it was not called */
    bool is_busy, is_scrubbing;
    size_t scrubbed_nodes;
};
extern struct script script;

/* 127.0.0.1:11211 on host "host", 100 MB; it has a session and waits for nothing. */
struct membership *script_begin(void);
void script_end(struct membership *m);

/* The answer with these children, NULL at the end. Lasts until the next. */
const struct event *script_names(const char *first, ...) __attribute__((sentinel));
/* Whether the process is told to end. */
bool script_is_fatal(const struct membership *m);
