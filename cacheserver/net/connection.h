#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "cacheserver/command/session.h"

/*
 * A client's connection. It belongs to one worker, whose buffers it borrows while it is being
 * served; between turns it keeps only what must outlast them: input of an incomplete request,
 * replies that the client has not taken yet or may not have yet.
 */
struct worker;

enum connection_state {
    CONNECTION_READING,  /* waits for requests */
    CONNECTION_WRITING,  /* waits for the client to take its replies; reads nothing meanwhile */
    CONNECTION_HOLDING,  /* waits until what it changed is on disk, see hold.h */
    CONNECTION_YIELDING, /* has input left, but it is the others' turn */
    CONNECTION_WAITING,  /* another thread is to answer its request; reads nothing meanwhile */
    CONNECTION_CLOSED,   /* to be freed by its worker */
    CONNECTION_STATES,
};

struct connection {
    struct worker *worker;
    int fd;
    enum connection_state state;
    struct session session;
    char *pending; /* input not used up */
    size_t pending_len, pending_capacity;
    struct reply *reply;              /* unsent, NULL none */
    struct connection *next_yielding; /* or the next that waits */
    bool is_parked;                   /* among those of its worker that wait */
    uint64_t held_until;              /* the journal's number that has to be durable */
    struct connection *next_held, *prev_held;
    bool muted;                     /* held, and input came meanwhile: it is not watched */
    struct connection *next, *prev; /* the worker's list, under its lock */
};

/* NULL: no memory. Takes the descriptor over when it succeeds. */
struct connection *connection_new(struct worker *worker, int fd);

/* By the worker's thread only. Afterwards look at connection->state: CONNECTION_CLOSED means free
 * it, CONNECTION_YIELDING call connection_continue when the others had their turn,
 * CONNECTION_WAITING when the session has work again. */
void connection_event(struct connection *connection, uint32_t events);
void connection_continue(struct connection *connection);
/* What it was held for has happened. */
void connection_release(struct connection *connection);
/* Closes it without a further reply. */
void connection_abort(struct connection *connection);
void connection_free(struct connection *connection);

/* Between requests, with nothing to send. */
bool connection_is_idle(const struct connection *connection);
