#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "cacheserver/protocol/reply.h"

/*
 * Command pipelining: requests that end with "pipe" leave their status lines here, and the first
 * request without it gets them all in one reply. An error ends the batch at once: its reply goes
 * out, and what still comes with "pipe" is read and dropped.
 */
enum pipe_state {
    PIPE_OFF = 0,
    PIPE_ON,     /* collects */
    PIPE_FAILED, /* answered; drops requests up to the first one without "pipe" */
};

struct pipe {
    enum pipe_state state;
    bool more; /* the request that is being handled ends with "pipe" */
    unsigned count;
    size_t len;
    char *lines; /* NULL: none yet */
};

/* At the start of each request whose reply may end a batch. */
void pipe_begin(struct pipe *pipe, bool more);

/* The request that is being handled is to be dropped. */
static inline bool pipe_drops(const struct pipe *pipe)
{
    return pipe->state == PIPE_FAILED;
}

/* Takes a status line with its CRLF; answers when it is the last one, or an error. */
void pipe_add(struct pipe *pipe, struct reply *reply, const char *line);

/* Answers what was collected, because a request comes that does not belong to the batch. */
void pipe_finish(struct pipe *pipe, struct reply *reply);

/* A dropped request is over. */
void pipe_drop(struct pipe *pipe);

void pipe_deinit(struct pipe *pipe);
