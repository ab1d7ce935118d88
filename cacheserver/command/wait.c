/*
 * Two own a wait: the session and whoever answers. A session that ends takes the descriptor out
 * before its worker can close it, so an answer that comes late wakes nobody.
 */
#include "cacheserver/command/wait.h"

#include <stdlib.h>
#include <unistd.h>

enum wait_state { WAIT_OPEN, WAIT_DONE, WAIT_REFUSED };

struct command_wait {
    struct lock lock; /* guards what follows */
    unsigned owners;
    int wake_fd; /* -1: nobody to wake */
    _Atomic enum wait_state state;

    const char *done_line, *refused_line;
};

struct command_wait *wait_begin(struct session *session, struct command_context *context,
                                const char *done_line, const char *refused_line)
{
    struct command_wait *wait = calloc(1, sizeof(*wait));

    if (!wait) {
        session_say(session, context, refused_line);
        return NULL;
    }
    lock_init(&wait->lock, LOCK_RANK_WAIT);
    wait->owners = 2;
    wait->wake_fd = context->wake_fd;
    wait->done_line = done_line;
    wait->refused_line = refused_line;
    session->wait = wait;
    session->state = SESSION_WAIT;
    return wait;
}

/* With the lock taken, which it drops. */
static void disown(struct command_wait *wait)
{
    bool is_last = --wait->owners == 0;

    lock_drop(&wait->lock);
    if (!is_last)
        return;
    lock_deinit(&wait->lock);
    free(wait);
}

void wait_answer(void *argument, bool done)
{
    struct command_wait *wait = argument;
    uint64_t one = 1;

    lock_take(&wait->lock);
    atomic_store(&wait->state, done ? WAIT_DONE : WAIT_REFUSED);
    if (wait->wake_fd >= 0) {
        ssize_t n = write(wait->wake_fd, &one, sizeof(one));
        (void)n;
    }
    disown(wait);
}

bool wait_is_over(const struct command_wait *wait)
{
    return atomic_load(&wait->state) != WAIT_OPEN;
}

void wait_drop(struct command_wait *wait)
{
    if (!wait)
        return;
    lock_take(&wait->lock);
    wait->wake_fd = -1;
    disown(wait);
}

size_t wait_step(struct session *session, struct command_context *context, const char *input,
                 size_t len)
{
    const struct command_wait *wait = session->wait;

    (void)input;
    (void)len;
    if (!wait_is_over(wait))
        return 0;
    session_say(session, context,
                atomic_load(&wait->state) == WAIT_DONE ? wait->done_line : wait->refused_line);
    wait_drop(session->wait);
    session->wait = NULL;
    session->state = SESSION_LINE;
    return 0;
}
