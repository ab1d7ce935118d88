#pragma once
#include "planner/base/arena.h"

/* Who this server is to the cloud. */
struct identity {
    const char *address; /* IP */
    const char *host;
    int port;
    const char *node;       /* IP:PORT */
    const char *host_port;  /* HOST:PORT */
    const char *znode_name; /* IP:PORT-HOST */
};

/* The local address that leads to the ensemble, and the name that belongs to it; the environment's
 * ARCUS_CACHE_PUBLIC_IP and ARCUS_CACHE_HOSTNAME_OVERWRITE win, and `proxy` ("ip:port", NULL none)
 * over both address and port. Asks the resolver, so it may take seconds. -1: logged. */
int identity_find(struct identity *identity, struct arena *arena, const char *ensemble, int port,
                  const char *proxy);
