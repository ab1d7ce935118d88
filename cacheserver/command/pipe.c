/*
 * The number of lines stands first in the reply and is known last, so lines wait in a buffer that
 * lives as long as the batch. Limits are those that clients were written for.
 */
#include "cacheserver/command/pipe.h"

#include <stdlib.h>
#include <string.h>

#include "cacheserver/protocol/limits.h"

/* Status lines are short; so many bytes of them fit a batch. */
#define LINES_BYTES (LIMIT_PIPE_REQUESTS * LIMIT_PIPE_LINE)

void pipe_begin(struct pipe *pipe, bool more)
{
    pipe->more = more;
    if (more && pipe->state == PIPE_OFF)
        pipe->state = PIPE_ON;
}

void pipe_deinit(struct pipe *pipe)
{
    free(pipe->lines);
    memset(pipe, 0, sizeof(*pipe));
}

static void answer(struct pipe *pipe, struct reply *reply, const char *end)
{
    reply_format(reply, "RESPONSE %u\r\n", pipe->count);
    reply_bytes(reply, pipe->lines, pipe->len);
    reply_text(reply, end);
}

static void fail(struct pipe *pipe, struct reply *reply, const char *end)
{
    bool more = pipe->more;

    answer(pipe, reply, end);
    pipe_deinit(pipe);
    if (more)
        pipe->state = PIPE_FAILED;
}

static bool is_error(const char *line)
{
    return !strncmp(line, "CLIENT_ERROR", 12) || !strncmp(line, "SERVER_ERROR", 12) ||
           !strncmp(line, "ERROR", 5);
}

void pipe_add(struct pipe *pipe, struct reply *reply, const char *line)
{
    size_t len = strlen(line);

    if (!pipe->lines)
        pipe->lines = malloc(LINES_BYTES);
    if (!pipe->lines || pipe->len + len >= LINES_BYTES) {
        fail(pipe, reply, "PIPE_ERROR memory overflow\r\n");
        return;
    }
    memcpy(pipe->lines + pipe->len, line, len);
    pipe->len += len;
    pipe->count++;
    if (is_error(line)) {
        fail(pipe, reply, "PIPE_ERROR bad error\r\n");
    } else if (pipe->more && pipe->count == LIMIT_PIPE_REQUESTS) {
        fail(pipe, reply, "PIPE_ERROR command overflow\r\n");
    } else if (!pipe->more) {
        answer(pipe, reply, "END\r\n");
        pipe_deinit(pipe);
    }
}

void pipe_finish(struct pipe *pipe, struct reply *reply)
{
    if (pipe->state == PIPE_ON)
        answer(pipe, reply, "END\r\n");
    pipe_deinit(pipe);
}

void pipe_drop(struct pipe *pipe)
{
    if (!pipe->more)
        pipe_deinit(pipe);
}
