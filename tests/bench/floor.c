/*
 * floor: what a server with this use of sockets costs at least: it waits with epoll, receives once,
 * and sends a canned reply for every request that came, without looking at any but its first byte
 * and its length. What a real server takes above this is its own.
 *
 *   floor -p PORT [-b VALUE_BYTES] [-t THREADS]
 *
 * It answers get and set as requests.c writes them. Threads share nothing: the first accepts and
 * gives each connection to the next.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/requests.h"

#define RECEIVE_BYTES 16384
#define DESCRIPTORS   1024
#define THREADS       64

/* Requests of one length and the reply to one of them, over and over. */
struct canned {
    char letter;
    size_t request_bytes, reply_bytes;
    char *replies;
};

static struct canned set, get;
static int listener;
static int epoll_fds[THREADS];
static unsigned long threads = 1;
/* By descriptor, in a cache line of its own. */
static struct {
    _Alignas(64) const struct canned *asked;
    size_t incomplete; /* bytes of a request whose rest is to come */
} clients[DESCRIPTORS];

static void can(struct canned *canned, const char *name, const char *reply, unsigned value_bytes)
{
    char request[REQUEST_BYTES + RECEIVE_BYTES];
    const struct pick pick = {.keys = 1, .value_bytes = value_bytes};

    canned->request_bytes = request_find(name)->text(request, &pick);
    canned->letter = request[0];
    canned->reply_bytes = strlen(reply);
    size_t most = RECEIVE_BYTES / canned->request_bytes + 1;
    canned->replies = malloc(most * canned->reply_bytes);
    if (!canned->replies)
        exit(1);
    for (size_t i = 0; i < most; i++)
        memcpy(canned->replies + i * canned->reply_bytes, reply, canned->reply_bytes);
}

/* false: the client is gone. */
static bool serve(int fd)
{
    char input[RECEIVE_BYTES];
    ssize_t n = recv(fd, input, sizeof(input), 0);

    if (n <= 0)
        return false;
    if (!clients[fd].incomplete)
        clients[fd].asked = input[0] == set.letter ? &set : &get;
    const struct canned *canned = clients[fd].asked;
    size_t have = clients[fd].incomplete + (size_t)n;
    size_t requests = have / canned->request_bytes;
    clients[fd].incomplete = have % canned->request_bytes;
    size_t reply_bytes = requests * canned->reply_bytes;
    return !reply_bytes ||
           send(fd, canned->replies, reply_bytes, MSG_NOSIGNAL) == (ssize_t)reply_bytes;
}

static int listen_on(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    int on = 1, fd = socket(AF_INET, SOCK_STREAM, 0);

    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) || listen(fd, 1024)) {
        perror("floor");
        exit(1);
    }
    return fd;
}

static void watch(int epoll_fd, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event))
        exit(1);
}

static void accept_one(void)
{
    static unsigned long next;
    int on = 1, fd = accept(listener, NULL, NULL);

    if (fd < 0 || fd >= DESCRIPTORS)
        exit(1);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    clients[fd].incomplete = 0;
    watch(epoll_fds[next], fd);
    next = next + 1 < threads ? next + 1 : 0;
}

static void *run(void *argument)
{
    const int *epoll_fd = argument;
    struct epoll_event events[128];

    for (;;) {
        int count = epoll_wait(*epoll_fd, events, 128, -1);
        if (count < 0 && errno != EINTR)
            return NULL;
        for (int i = 0; i < count; i++) {
            int fd = events[i].data.fd;
            if (fd == listener)
                accept_one();
            else if (!serve(fd))
                close(fd);
        }
    }
}

static void start(void)
{
    pthread_t thread;

    for (unsigned long i = 0; i < threads; i++)
        epoll_fds[i] = epoll_create1(0);
    watch(epoll_fds[0], listener);
    for (unsigned long i = 1; i < threads; i++)
        if (pthread_create(&thread, NULL, run, &epoll_fds[i]))
            exit(1);
    run(&epoll_fds[0]);
}

int main(int argc, char **argv)
{
    char reply[2 * RECEIVE_BYTES];
    unsigned long port = 0, value_bytes = 100;
    int letter;

    while ((letter = getopt(argc, argv, "p:b:t:")) != -1) {
        if (letter == 'p')
            port = strtoul(optarg, NULL, 10);
        if (letter == 'b')
            value_bytes = strtoul(optarg, NULL, 10);
        if (letter == 't')
            threads = strtoul(optarg, NULL, 10);
    }
    if (port == 0 || port > UINT16_MAX || value_bytes < 8 || value_bytes > RECEIVE_BYTES / 2 ||
        threads == 0 || threads > THREADS)
        return 64;
    snprintf(reply, sizeof(reply), "VALUE key:0000000000 0 %lu\r\n%0*d\r\nEND\r\n", value_bytes,
             (int)value_bytes, 0);
    can(&get, "get", reply, (unsigned)value_bytes);
    can(&set, "set", "STORED\r\n", (unsigned)value_bytes);
    listener = listen_on((uint16_t)port);
    start();
    return 0;
}
