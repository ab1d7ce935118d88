/* One poll loop over nonblocking sockets. A window bounds the descriptors in use; a connection that
 * ends makes room for the next. */
#include "planner/observe/ask.h"

#include "executors/transport/tcp.h"
#include "planner/base/clock.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { WINDOW = 128, CHUNK = 16 * 1024 };

/* A question on its way; in the slot of the same number in the poll array. */
struct talk {
    struct ask *ask;
    size_t sent;
};

struct talks {
    struct talk items[WINDOW];
    struct pollfd polled[WINDOW];
    size_t count;
};

/* A socket that is connecting; -1 with ask->error set. */
static int open_socket(struct ask *ask, int64_t deadline_ms)
{
    union tcp_address address;
    struct fault ignored;
    int fd;

    if (tcp_lookup(ask->host, ask->port, deadline_ms, NULL, &address, 1, &ignored) < 1) {
        ask->error = clock_left_ms(deadline_ms) ? EHOSTUNREACH : ETIMEDOUT;
        return -1;
    }
    fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || (connect(fd, &address.any, sizeof(address)) < 0 && errno != EINPROGRESS)) {
        ask->error = errno;
        if (fd >= 0)
            close(fd);
        fd = -1;
    }
    return fd;
}

static void talk_begin(struct talks *talks, struct ask *ask, int64_t deadline_ms)
{
    int fd = open_socket(ask, deadline_ms);

    if (fd < 0)
        return;
    talks->items[talks->count] = (struct talk){.ask = ask};
    talks->polled[talks->count++] = (struct pollfd){.fd = fd, .events = POLLOUT};
}

static void talk_end(struct talks *talks, size_t index, int error)
{
    talks->items[index].ask->error = error;
    close(talks->polled[index].fd);
    talks->count--;
    talks->items[index] = talks->items[talks->count];
    talks->polled[index] = talks->polled[talks->count];
}

/* 0 to go on, else how the talk ended: an errno, or -1 for well. */
static int talk_send(struct talk *talk, struct pollfd *polled)
{
    const char *question = talk->ask->question;
    size_t length = strlen(question);
    ssize_t sent = send(polled->fd, question + talk->sent, length - talk->sent, MSG_NOSIGNAL);

    if (sent < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : errno;
    talk->sent += (size_t)sent;
    if (talk->sent == length)
        polled->events = POLLIN;
    return 0;
}

static bool has_ended(const struct ask *ask)
{
    size_t length = strlen(ask->end);

    return ask->answer.length >= length &&
           memcmp(ask->answer.data + ask->answer.length - length, ask->end, length) == 0;
}

static int talk_receive(struct talk *talk, struct pollfd *polled)
{
    struct ask *ask = talk->ask;
    char chunk[CHUNK];
    ssize_t got = recv(polled->fd, chunk, sizeof(chunk), 0);

    if (got < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : errno;
    if (got == 0)
        return ask->end || ask->answer.length == 0 ? EPROTO : -1;
    if (ask->answer.length + (size_t)got > ASK_LIMIT)
        return EMSGSIZE;
    str_add(&ask->answer, chunk, (size_t)got);
    return ask->end && has_ended(ask) ? -1 : 0;
}

static void talks_advance(struct talks *talks)
{
    for (size_t i = talks->count; i-- > 0;) {
        struct pollfd *polled = &talks->polled[i];
        int ended;

        if (!polled->revents)
            continue;
        ended = polled->events == POLLOUT ? talk_send(&talks->items[i], polled)
                                          : talk_receive(&talks->items[i], polled);
        if (ended)
            talk_end(talks, i, ended < 0 ? 0 : ended);
    }
}

void ask_all(struct ask *asks, size_t count, int64_t deadline_ms)
{
    struct talks talks = {.count = 0};
    size_t next = 0;

    for (size_t i = 0; i < count; i++) {
        asks[i].error = ETIMEDOUT;
        asks[i].answer = (struct str){0};
    }
    while (next < count || talks.count > 0) {
        int ready;

        while (next < count && talks.count < WINDOW && clock_left_ms(deadline_ms) > 0)
            talk_begin(&talks, &asks[next++], deadline_ms);
        if (talks.count == 0 && clock_left_ms(deadline_ms) > 0)
            continue;
        ready = poll(talks.polled, talks.count, clock_left_ms(deadline_ms));
        if (ready > 0)
            talks_advance(&talks);
        else if (clock_left_ms(deadline_ms) == 0)
            break;
    }
    while (talks.count > 0)
        talk_end(&talks, 0, ETIMEDOUT);
}

void asks_deinit(struct ask *asks, size_t count)
{
    for (size_t i = 0; i < count; i++)
        str_deinit(&asks[i].answer);
}
