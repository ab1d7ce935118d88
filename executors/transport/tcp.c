/* getaddrinfo(3) cannot be told when to stop: a name is looked up by a thread of its own, which we
 * leave behind when it takes too long; the last of the two to let go frees the lookup. The
 * addresses are tried one after the other, each with its share of the time that is left. */
#include "executors/transport/tcp.h"

#include "executors/transport/exchange.h"
#include "planner/base/clock.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct lookup {
    char host[256];
    char port[8];
    int result;
    struct addrinfo *found;
    atomic_bool is_done;
    atomic_int users;
};

static void lookup_unref(struct lookup *lookup)
{
    if (atomic_fetch_sub(&lookup->users, 1) > 1)
        return;
    if (lookup->result == 0)
        freeaddrinfo(lookup->found);
    free(lookup);
}

static void *lookup_run(void *data)
{
    struct lookup *lookup = data;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};

    lookup->result = getaddrinfo(lookup->host, lookup->port, &hints, &lookup->found);
    atomic_store(&lookup->is_done, true);
    lookup_unref(lookup);
    return NULL;
}

/* A literal needs no thread. */
static bool lookup_literal(struct lookup *lookup)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};

    lookup->result = getaddrinfo(lookup->host, lookup->port, &hints, &lookup->found);
    return lookup->result == 0;
}

static int lookup_wait(struct lookup *lookup, int64_t deadline_ms, const atomic_bool *cancel,
                       struct fault *fault)
{
    pthread_t thread;

    atomic_fetch_add(&lookup->users, 1);
    if (pthread_create(&thread, NULL, lookup_run, lookup) != 0) {
        atomic_fetch_sub(&lookup->users, 1);
        return fault_set(fault, DIAG_HOST_CONNECT, "no thread to look up %s", lookup->host);
    }
    pthread_detach(thread);
    for (int wait_ms = 1; !atomic_load(&lookup->is_done);
         wait_ms = wait_ms < 20 ? wait_ms * 2 : 20) {
        if (wait_check(deadline_ms, cancel, "looking up its name", fault) < 0)
            return -1;
        poll(NULL, 0, wait_ms);
    }
    if (lookup->result == 0)
        return 0;
    fault_set(fault, DIAG_HOST_CONNECT, "the name %s is not known: %s", lookup->host,
              gai_strerror(lookup->result));
    return -1;
}

static void set_option(int fd, int level, int option, int value)
{
    setsockopt(fd, level, option, &value, sizeof(value));
}

static void tune_socket(int fd)
{
    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, 15);
    set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, 5);
    set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
    set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, 30000);
}

/* 0 connected; -1 with fault; the fault is INTERRUPTED or one that another address may not have. */
static int connect_one(const struct addrinfo *to, const char *name, int64_t deadline_ms,
                       const atomic_bool *cancel, int *fd, struct fault *fault)
{
    struct pollfd waiting = {.events = POLLOUT};
    socklen_t size = sizeof(int);
    int error = 0;

    *fd = socket(to->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (*fd < 0)
        return fault_set(fault, DIAG_HOST_CONNECT, "no socket: %s", strerror(errno));
    tune_socket(*fd);
    waiting.fd = *fd;
    if (connect(*fd, to->ai_addr, to->ai_addrlen) < 0 && errno != EINPROGRESS)
        error = errno;
    while (!error && poll(&waiting, 1, wait_slice_ms(deadline_ms)) <= 0)
        if (wait_check(deadline_ms, cancel, "connecting", fault) < 0) {
            close(*fd);
            return -1;
        }
    if (!error)
        getsockopt(*fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (!error)
        return 0;
    close(*fd);
    return fault_set(fault, DIAG_HOST_CONNECT, "no connection to %s: %s", name, strerror(error));
}

static int connect_any(const struct lookup *lookup, int64_t deadline_ms, const atomic_bool *cancel,
                       int *fd, struct fault *fault)
{
    char name[300];
    int count = 0;

    snprintf(name, sizeof(name), "%s port %s", lookup->host, lookup->port);
    for (const struct addrinfo *to = lookup->found; to; to = to->ai_next)
        count++;
    for (const struct addrinfo *to = lookup->found; to; to = to->ai_next, count--) {
        int64_t share_ms = clock_deadline_ms(clock_left_ms(deadline_ms) / count);

        if (connect_one(to, name, share_ms, cancel, fd, fault) == 0)
            return 0;
        if (fault->code == DIAG_INTERRUPTED)
            break;
    }
    if (fault->code == DIAG_HOST_TIMEOUT)
        fault_set(fault, DIAG_HOST_TIMEOUT, "no answer from %s", name);
    return -1;
}

/* NULL with fault; ends with lookup_unref. */
static struct lookup *lookup_new(const char *host, int port, int64_t deadline_ms,
                                 const atomic_bool *cancel, struct fault *fault)
{
    struct lookup *lookup = calloc(1, sizeof(*lookup));

    if (!lookup || strlen(host) >= sizeof(lookup->host)) {
        free(lookup);
        fault_set(fault, DIAG_HOST_CONNECT, "the name of the host is too long");
        return NULL;
    }
    atomic_init(&lookup->users, 1);
    lookup->result = EAI_FAIL;
    snprintf(lookup->host, sizeof(lookup->host), "%s", host);
    snprintf(lookup->port, sizeof(lookup->port), "%d", port);
    if (lookup_literal(lookup) || lookup_wait(lookup, deadline_ms, cancel, fault) == 0)
        return lookup;
    lookup_unref(lookup);
    return NULL;
}

int tcp_lookup(const char *host, int port, int64_t deadline_ms, const atomic_bool *cancel,
               union tcp_address *addresses, size_t room, struct fault *fault)
{
    struct lookup *lookup = lookup_new(host, port, deadline_ms, cancel, fault);
    size_t count = 0;

    if (!lookup)
        return -1;
    for (const struct addrinfo *to = lookup->found; to && count < room; to = to->ai_next)
        if (to->ai_addrlen <= sizeof(*addresses))
            memcpy(&addresses[count++], to->ai_addr, to->ai_addrlen);
    lookup_unref(lookup);
    return (int)count;
}

int tcp_connect(const char *host, int port, int64_t deadline_ms, const atomic_bool *cancel, int *fd,
                struct fault *fault)
{
    struct lookup *lookup = lookup_new(host, port, deadline_ms, cancel, fault);
    int result;

    if (!lookup)
        return -1;
    result = connect_any(lookup, deadline_ms, cancel, fd, fault);
    lookup_unref(lookup);
    return result;
}
