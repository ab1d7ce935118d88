/* A list under a lock, and an eventfd that counts it. */
#include "cacheserver/cluster/events.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

int event_queue_init(struct event_queue *queue)
{
    queue->first = NULL;
    queue->last = &queue->first;
    queue->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE);
    if (queue->fd < 0)
        return -1;
    lock_init(&queue->lock, LOCK_RANK_EVENTS);
    return 0;
}

void event_queue_deinit(struct event_queue *queue)
{
    while (queue->first) {
        struct event *event = queue->first;
        queue->first = event->next;
        event_free(event);
    }
    close(queue->fd);
    lock_deinit(&queue->lock);
}

void event_queue_put(struct event_queue *queue, struct event *event)
{
    uint64_t one = 1;

    event->next = NULL;
    lock_take(&queue->lock);
    *queue->last = event;
    queue->last = &event->next;
    lock_drop(&queue->lock);
    ssize_t n = write(queue->fd, &one, sizeof(one));
    (void)n;
}

struct event *event_queue_take(struct event_queue *queue, int timeout_ms)
{
    struct pollfd readable = {.fd = queue->fd, .events = POLLIN};
    uint64_t count;

    if (poll(&readable, 1, timeout_ms) <= 0 || read(queue->fd, &count, sizeof(count)) < 0)
        return NULL;
    lock_take(&queue->lock);
    struct event *event = queue->first;
    if (event) {
        queue->first = event->next;
        if (!queue->first)
            queue->last = &queue->first;
    }
    lock_drop(&queue->lock);
    return event;
}

struct event *event_new(enum event_kind kind, unsigned session)
{
    struct event *event = calloc(1, sizeof(*event));

    if (event) {
        event->kind = kind;
        event->session = session;
    }
    return event;
}

bool event_copy_text(struct event *event, const char *text, size_t len)
{
    event->text = strndup(text ? text : "", text ? len : 0);
    return event->text != NULL;
}

bool event_copy_names(struct event *event, char *const *names, int count)
{
    event->names = calloc((size_t)count + 1, sizeof(*event->names));
    if (!event->names)
        return false;
    for (int i = 0; i < count; i++) {
        event->names[i] = strdup(names[i]);
        if (!event->names[i])
            return false;
        event->name_count++;
    }
    return true;
}

void event_free(struct event *event)
{
    if (!event)
        return;
    if (event->answer)
        event->answer(event->answer_arg, false);
    for (unsigned i = 0; i < event->name_count; i++)
        free(event->names[i]);
    free(event->names);
    free(event->text);
    free(event);
}
