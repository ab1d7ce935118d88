#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

/* A TCP server on 127.0.0.1 that reads one line or word and answers with fixed text; one thread
 * serves one connection after the other. */
struct text_server {
    const char *answer;
    bool keeps_open; /* after the answer, until the client closes */
    bool repeats;    /* the answer again and again until the client closes */
    int port;
    char question[64]; /* of the last connection */
    int fd;
    pthread_t thread;
    atomic_bool stops;
};

void text_server_start(struct text_server *server);
void text_server_stop(struct text_server *server);
