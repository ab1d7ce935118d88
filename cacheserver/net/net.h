#pragma once
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>

#include "cacheserver/net/datagrams.h"
#include "cacheserver/net/listener.h"
#include "cacheserver/net/worker.h"

/*
 * Everything about sockets: listeners, the thread that accepts and hands over, the workers.
 * Up to max_connections clients, and NET_LOCAL_RESERVE more from this machine itself, so that an
 * operator still gets in when the clients fill it; further ones are closed and counted.
 */
#define NET_LOCAL_RESERVE 10

struct net {
    const struct settings *settings;
    struct listeners listeners;
    _Atomic unsigned listener_count; /* for statistics, while the listeners may be closing */
    struct worker *workers[SETTINGS_THREADS_MAX];
    unsigned worker_count, started_workers;
    _Atomic unsigned connection_count;
    _Atomic unsigned max_connections;
    struct counters *counters;   /* of the accepting thread */
    struct datagrams *datagrams; /* NULL: no UDP; the accepting thread's, too */
    pthread_t acceptor;
    bool acceptor_started;
    int epoll_fd, wake_fd, spare_fd;
};

/* Listens, but serves nobody yet; -1: said on `errors`. The counters' blocks are registered with
 * shared->counters. */
int net_open(struct net *net, const struct settings *settings, struct command_shared *shared,
             FILE *errors);
/* Starts the threads; -1: logged. */
int net_start(struct net *net);
/* Closes the listeners, lets requests under way finish, closes the connections, ends the
 * threads. Within about timeout_ms. */
void net_stop(struct net *net, unsigned timeout_ms);
void net_close(struct net *net);
