/*
 * One thread accepts and gives each connection to the worker that has the fewest: with
 * SO_REUSEPORT the kernel would spread them by hash, and with the few dozen connections of a cache
 * client that leaves one worker twice the load of another. The same thread answers datagrams.
 */
#include "cacheserver/net/net.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cacheserver/net/address.h"
#include "cacheserver/runtime/log.h"

static int watch(struct net *net, int fd, void *what)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = what};
    return epoll_ctl(net->epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

static int open_acceptor(struct net *net)
{
    net->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    net->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    net->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (net->epoll_fd < 0 || net->wake_fd < 0 || net->spare_fd < 0 ||
        watch(net, net->wake_fd, NULL))
        return -1;
    for (unsigned i = 0; i < net->listeners.count; i++)
        if (watch(net, net->listeners.items[i].fd, &net->listeners.items[i]))
            return -1;
    return 0;
}

static int open_workers(struct net *net, struct command_shared *shared)
{
    for (unsigned i = 0; i < net->settings->threads; i++) {
        struct counters *counters = counters_new();
        if (!counters)
            return -1;
        counters_sum_register(shared->counters, counters);
        net->workers[i] = worker_new(shared, counters, &net->connection_count);
        if (!net->workers[i])
            return -1;
        net->worker_count++;
    }
    return 0;
}

int net_open(struct net *net, const struct settings *settings, struct command_shared *shared,
             FILE *errors)
{
    memset(net, 0, sizeof(*net));
    net->epoll_fd = net->wake_fd = net->spare_fd = -1;
    net->settings = settings;
    atomic_init(&net->max_connections, settings->max_connections);
    if (listeners_open(&net->listeners, settings, errors))
        return -1;
    atomic_init(&net->listener_count, net->listeners.count);
    net->counters = counters_new();
    if (!net->counters)
        goto failed;
    counters_sum_register(shared->counters, net->counters);
    if (listeners_have_udp(&net->listeners)) {
        net->datagrams = datagrams_new(shared, net->counters);
        if (!net->datagrams)
            goto failed;
    }
    if (open_workers(net, shared) || open_acceptor(net))
        goto failed;
    return 0;
failed:
    fprintf(errors, "cacheserver: cannot start the workers: %s\n", strerror(errno));
    net_close(net);
    return -1;
}

static bool is_local(const struct sockaddr_storage *address)
{
    if (address->ss_family == AF_INET)
        return ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr) >> 24 == 127;
    if (address->ss_family == AF_INET6)
        return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)address)->sin6_addr);
    return address->ss_family == AF_UNIX;
}

static bool has_room(struct net *net, const struct sockaddr_storage *address)
{
    unsigned count = atomic_load(&net->connection_count);
    unsigned most = atomic_load(&net->max_connections);
    return count < most || (is_local(address) && count < most + NET_LOCAL_RESERVE);
}

static struct worker *least_loaded(struct net *net)
{
    struct worker *best = net->workers[0];

    for (unsigned i = 1; i < net->worker_count; i++)
        if (atomic_load(&net->workers[i]->connection_count) < atomic_load(&best->connection_count))
            best = net->workers[i];
    return best;
}

/* Out of descriptors: give one up to take the connection and close it, or the listener would
 * report it for ever. */
static void reject_with_spare(struct net *net, int listener)
{
    static struct log_limit limit;

    close(net->spare_fd);
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0)
        close(fd);
    net->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    counter_add(net->counters, COUNTER_reject_connections, 1);
    log_write_limited(&limit, LOG_LEVEL_WARNING, "out of file descriptors, connection refused");
}

static void hand_over(struct net *net, int fd, const struct sockaddr_storage *address)
{
    char peer[SESSION_PEER_MAX];
    int on = 1;

    if (!has_room(net, address)) {
        counter_add(net->counters, COUNTER_reject_connections, 1);
        close(fd);
        return;
    }
    if (address->ss_family != AF_UNIX)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    counter_add(net->counters, COUNTER_total_connections, 1);
    address_describe(address, peer, sizeof(peer));
    if (worker_adopt(least_loaded(net), fd, peer))
        close(fd);
}

static void accept_all(struct net *net, int listener)
{
    for (;;) {
        struct sockaddr_storage address = {0};
        socklen_t len = sizeof(address);
        int fd = accept4(listener, (struct sockaddr *)&address, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            hand_over(net, fd, &address);
            continue;
        }
        if (errno == EMFILE || errno == ENFILE)
            reject_with_spare(net, listener);
        if (errno != EINTR && errno != ECONNABORTED)
            return;
    }
}

static void *accept_connections(void *argument)
{
    struct net *net = argument;
    struct epoll_event events[16];

    for (;;) {
        int count = epoll_wait(net->epoll_fd, events, 16, -1);
        for (int i = 0; i < count; i++) {
            struct listener *listener = events[i].data.ptr;
            if (!listener)
                return NULL;
            if (listener->is_udp)
                datagrams_serve(net->datagrams, listener->fd);
            else
                accept_all(net, listener->fd);
        }
    }
}

int net_start(struct net *net)
{
    for (unsigned i = 0; i < net->worker_count; i++) {
        if (worker_start(net->workers[i]))
            goto failed;
        net->started_workers++;
    }
    if (pthread_create(&net->acceptor, NULL, accept_connections, net))
        goto failed;
    net->acceptor_started = true;
    return 0;
failed:
    log_write(LOG_LEVEL_ERROR, "cannot start a thread");
    return -1;
}

void net_stop(struct net *net, unsigned timeout_ms)
{
    uint64_t one = 1;

    if (net->acceptor_started) {
        ssize_t n = write(net->wake_fd, &one, sizeof(one));
        (void)n;
        pthread_join(net->acceptor, NULL);
        net->acceptor_started = false;
    }
    atomic_store(&net->listener_count, 0);
    listeners_close(&net->listeners);
    for (unsigned i = 0; i < net->started_workers; i++)
        worker_drain(net->workers[i], timeout_ms);
    for (unsigned i = 0; i < net->started_workers; i++)
        worker_join(net->workers[i]);
    net->started_workers = 0;
}

void net_close(struct net *net)
{
    listeners_close(&net->listeners);
    for (unsigned i = 0; i < net->worker_count; i++)
        worker_free(net->workers[i]);
    net->worker_count = 0;
    datagrams_free(net->datagrams);
    net->datagrams = NULL;
    if (net->epoll_fd >= 0)
        close(net->epoll_fd);
    if (net->wake_fd >= 0)
        close(net->wake_fd);
    if (net->spare_fd >= 0)
        close(net->spare_fd);
    net->epoll_fd = net->wake_fd = net->spare_fd = -1;
}
