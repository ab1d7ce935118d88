#pragma once

#include <stdbool.h>
#include <sys/types.h>

/* A real standalone ZooKeeper server of Debian's package, started by a test in a directory of its
 * own, listening on a free port of 127.0.0.1. It dies with the thread that started it. */
struct zk_server {
    char directory[64];
    int port;
    char connect[32]; /* "127.0.0.1:PORT" */
    pid_t pid;        /* 0: not running */
};

/* Starts it and waits until it serves; -1: it does not (the log was printed). */
int zk_server_start(struct zk_server *server);
/* Kills it with SIGKILL, keeping its data. */
void zk_server_kill(struct zk_server *server);
/* Stops its threads, and waits until all of them have stopped; SIGCONT sets them going again. */
void zk_server_freeze(const struct zk_server *server);
/* Starts it again on the same port with the same data. */
int zk_server_restart(struct zk_server *server);
/* Kills it and removes its directory. */
void zk_server_remove(struct zk_server *server);

/* A port of 127.0.0.1 that nobody listens on. */
int free_port(void);
