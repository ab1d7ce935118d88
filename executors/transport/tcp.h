#pragma once

#include "planner/base/diag.h"

#include <netinet/in.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/socket.h>

union tcp_address {
    struct sockaddr any;
    struct sockaddr_in ip4;
    struct sockaddr_in6 ip6;
};

/* Looks a host name or an IP literal up, within the deadline: how many of its addresses, at most
 * room, were put into addresses; -1 with fault. cancel may be NULL. */
int tcp_lookup(const char *host, int port, int64_t deadline_ms, const atomic_bool *cancel,
               union tcp_address *addresses, size_t room, struct fault *fault);

/* Connects to a host name or an IP literal. The name is looked up within the deadline too. The
 * socket is non-blocking, close-on-exec, without delay, and notices a dead peer within about half a
 * minute. 0; -1 with HOST_CONNECT, HOST_TIMEOUT or INTERRUPTED. cancel may be NULL. */
int tcp_connect(const char *host, int port, int64_t deadline_ms, const atomic_bool *cancel, int *fd,
                struct fault *fault);
