#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cacheserver/runtime/lock.h"

/* What happens to a membership, in the order in which it happened. ZooKeeper's threads put events
 * in and do nothing else; the membership's own thread takes them out. */
enum event_kind {
    EVENT_CONNECTED,
    EVENT_DISCONNECTED,
    EVENT_EXPIRED,
    EVENT_AUTH_FAILED,
    EVENT_LIST_CHANGED,   /* the watch on the cache list fired */
    EVENT_CONFIG_CHANGED, /* the watch on the ensemble's own configuration fired */
    EVENT_OK,             /* the request under way was answered … */
    EVENT_NO_NODE,
    EVENT_NODE_EXISTS,
    EVENT_LOST,   /* … or its outcome is unknown: the connection went */
    EVENT_FAILED, /* any other error */
    EVENT_DEADLINE,
    EVENT_REJOIN,      /* somebody wants …, and waits for an answer */
    EVENT_SET_SERVERS, /* … the servers in `text` to be used */
    EVENT_LEAVE,
};

struct event {
    enum event_kind kind;
    unsigned session; /* which of our ZooKeeper handles it comes from */
    unsigned request; /* which request it answers; 0: none */
    int code;         /* ZooKeeper's, of EVENT_FAILED */
    int64_t owner;    /* of the node asked for */
    char **names;     /* children, `name_count` of them */
    unsigned name_count;
    char *text; /* the data of the node asked for, or what came with a wish; may be NULL */
    void (*answer)(void *arg, bool done); /* of a wish: call it once and set it NULL */
    void *answer_arg;
    struct event *next;
};

struct event_queue {
    struct lock lock; /* guards the list */
    struct event *first, **last;
    int fd; /* readable while there are events */
};

int event_queue_init(struct event_queue *queue);
void event_queue_deinit(struct event_queue *queue);

/* Takes the event over. Any thread. */
void event_queue_put(struct event_queue *queue, struct event *event);
/* NULL when there was none within timeout_ms; -1 waits for ever. */
struct event *event_queue_take(struct event_queue *queue, int timeout_ms);

/* NULL: no memory. */
struct event *event_new(enum event_kind kind, unsigned session);
/* false: no memory. */
bool event_copy_text(struct event *event, const char *text, size_t len);
bool event_copy_names(struct event *event, char *const *names, int count);
/* A wish that nobody answered is answered with false. Takes NULL. */
void event_free(struct event *event);
