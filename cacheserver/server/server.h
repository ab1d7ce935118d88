#pragma once
#include "cacheserver/command/command.h"
#include "cacheserver/net/net.h"
#include "cacheserver/persistence/persistence.h"
#include "cacheserver/runtime/settings.h"
#include "cacheserver/server/cloud.h"
#include "cacheserver/server/farewell.h"

/*
 * Owns everything; starts in order and stops in reverse: store, persistence, net, membership. The
 * order of leaving matters to clients: first the cloud (ZooKeeper tells them), then the listeners,
 * then the connections.
 */
struct server {
    const struct settings *settings;
    struct store *store;
    struct auth *auth;               /* NULL: clients need not log in */
    struct persistence *persistence; /* NULL: nothing is kept */
    struct counters_sum counters;
    struct command_shared shared;
    struct net net;
    bool net_open;
    bool pid_file_written;
    bool is_hung; /* it does not answer its own heartbeats */
    struct cloud cloud;
    struct farewell farewell;
};

/* 0 when clients are served, else an exit status after one line on stderr. */
int server_start(struct server *server, const struct settings *settings);
/* Until a signal or a client asks for the end, or membership is lost for good; returns the exit
 * status. */
int server_wait(struct server *server, int signal_fd);
void server_stop(struct server *server, int signal_fd);
