/*
 * Only lateness counts: a connection that is refused, or an answer that is not the expected one,
 * says that something answers. Every wait in here is a poll that ends with the beat's deadline or
 * when the thread is to stop.
 */
#include "cacheserver/cluster/heartbeat.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "cacheserver/runtime/clock.h"
#include "cacheserver/runtime/log.h"

#define TIMEOUT_MIN_MS      50
#define TIMEOUT_DEFAULT_MS  10000
#define FAILSTOP_MIN_MS     3000
#define FAILSTOP_DEFAULT_MS 60000
#define LIMIT_MAX_MS        300000
/* A beat is given up this much after it is late. */
#define GRACE_MS 50

/* An item that stayed would count among those of clients. */
static const char request[] = "set arcus:zk-ping 1 0 1\r\n1\r\n"
                              "delete arcus:zk-ping noreply\r\n";
#define REPLY_LEN (sizeof("STORED\r\n") - 1)

void heartbeat_init(struct heartbeat *heartbeat)
{
    memset(heartbeat, 0, sizeof(*heartbeat));
    lock_init(&heartbeat->lock, LOCK_RANK_HEARTBEAT);
    heartbeat->stop_fd = heartbeat->fatal_fd = -1;
}

void heartbeat_deinit(struct heartbeat *heartbeat)
{
    heartbeat_stop(heartbeat);
    if (heartbeat->stop_fd >= 0)
        close(heartbeat->stop_fd);
    if (heartbeat->fatal_fd >= 0)
        close(heartbeat->fatal_fd);
    lock_deinit(&heartbeat->lock);
}

int heartbeat_fatal_fd(const struct heartbeat *heartbeat)
{
    return heartbeat->fatal_fd;
}

static bool is_limit(unsigned value_ms, unsigned least_ms)
{
    return value_ms >= least_ms && value_ms <= LIMIT_MAX_MS;
}

bool heartbeat_set_timeout(struct heartbeat *heartbeat, unsigned timeout_ms)
{
    if (!is_limit(timeout_ms, TIMEOUT_MIN_MS))
        return false;
    lock_take(&heartbeat->lock);
    bool fits = heartbeat->failstop_ms == 0 || timeout_ms <= heartbeat->failstop_ms;
    if (fits)
        heartbeat->timeout_ms = timeout_ms;
    lock_drop(&heartbeat->lock);
    return fits;
}

bool heartbeat_set_failstop(struct heartbeat *heartbeat, unsigned failstop_ms)
{
    if (failstop_ms && !is_limit(failstop_ms, FAILSTOP_MIN_MS))
        return false;
    lock_take(&heartbeat->lock);
    bool fits = failstop_ms == 0 || failstop_ms >= heartbeat->timeout_ms;
    if (fits)
        heartbeat->failstop_ms = failstop_ms;
    lock_drop(&heartbeat->lock);
    return fits;
}

void heartbeat_limits(struct heartbeat *heartbeat, unsigned *timeout_ms, unsigned *failstop_ms)
{
    lock_take(&heartbeat->lock);
    *timeout_ms = heartbeat->timeout_ms;
    *failstop_ms = heartbeat->failstop_ms;
    lock_drop(&heartbeat->lock);
}

/* false: the time is over or the thread is to stop. fd -1 waits for these alone. */
static bool wait_for(const struct heartbeat *heartbeat, int fd, short events, uint64_t until_ms)
{
    struct pollfd waits[] = {{.fd = fd, .events = events},
                             {.fd = heartbeat->stop_fd, .events = POLLIN}};

    for (;;) {
        uint64_t now_ms = clock_coarse_ms();
        int count = poll(waits, 2, until_ms > now_ms ? (int)(until_ms - now_ms) : 0);
        if (count > 0 || (count < 0 && errno != EINTR))
            return waits[0].revents && !waits[1].revents;
        if (count == 0)
            return false;
    }
}

static bool is_stopped(const struct heartbeat *heartbeat)
{
    struct pollfd stop = {.fd = heartbeat->stop_fd, .events = POLLIN};
    return poll(&stop, 1, 0) > 0;
}

static int open_connection(const struct heartbeat *heartbeat, uint64_t until_ms)
{
    int fd = socket(heartbeat->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    while (connect(fd, (const struct sockaddr *)&heartbeat->address, heartbeat->address_len)) {
        /* A Unix socket whose queue is full says so at once, and cannot be waited for. */
        if (errno == EAGAIN && clock_coarse_ms() < until_ms && !is_stopped(heartbeat)) {
            wait_for(heartbeat, -1, 0, clock_coarse_ms() + GRACE_MS);
            continue;
        }
        if (errno == EINPROGRESS && wait_for(heartbeat, fd, POLLOUT, until_ms))
            break;
        close(fd);
        return -1;
    }
    return fd;
}

static void exchange(const struct heartbeat *heartbeat, int fd, uint64_t until_ms)
{
    const struct linger reset = {.l_onoff = 1};
    char reply[REPLY_LEN];
    size_t received = 0;

    /* Nothing of a beat stays behind, least of all a port for two minutes. */
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    if (send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) != (ssize_t)sizeof(request) - 1)
        return;
    while (received < sizeof(reply) && wait_for(heartbeat, fd, POLLIN, until_ms)) {
        ssize_t n = recv(fd, reply + received, sizeof(reply) - received, 0);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
            return;
        received += n > 0 ? (size_t)n : 0;
    }
}

static uint64_t beat(struct heartbeat *heartbeat, unsigned timeout_ms)
{
    uint64_t begun_ms = clock_coarse_ms(), until_ms = begun_ms + timeout_ms + GRACE_MS;
    int fd = open_connection(heartbeat, until_ms);

    if (fd >= 0) {
        exchange(heartbeat, fd, until_ms);
        close(fd);
    }
    return clock_coarse_ms() - begun_ms;
}

struct lateness {
    unsigned timeout_ms, failstop_ms; /* as of the last beat */
    uint64_t late_ms;
};

/* true: the server must end. */
static bool is_too_late(struct lateness *lateness, uint64_t took_ms)
{
    if (took_ms < lateness->timeout_ms || lateness->failstop_ms == 0)
        lateness->late_ms = 0;
    else
        lateness->late_ms += took_ms;
    if (took_ms >= lateness->timeout_ms)
        log_write(LOG_LEVEL_WARNING,
                  "a heartbeat took %llu ms, longer than %u ms; %llu ms in a row now",
                  (unsigned long long)took_ms, lateness->timeout_ms,
                  (unsigned long long)lateness->late_ms);
    return lateness->failstop_ms > 0 && lateness->late_ms > lateness->failstop_ms;
}

static void take_limits(struct heartbeat *heartbeat, struct lateness *lateness)
{
    struct lateness now = {.late_ms = lateness->late_ms};

    heartbeat_limits(heartbeat, &now.timeout_ms, &now.failstop_ms);
    if (now.timeout_ms != lateness->timeout_ms || now.failstop_ms != lateness->failstop_ms)
        now.late_ms = 0;
    *lateness = now;
}

static void *run(void *argument)
{
    struct heartbeat *heartbeat = argument;
    struct lateness lateness = {0};
    uint64_t one = 1;

    for (;;) {
        if (lateness.late_ms == 0)
            wait_for(heartbeat, -1, 0, clock_coarse_ms() + heartbeat->period_ms);
        if (is_stopped(heartbeat))
            return NULL;
        take_limits(heartbeat, &lateness);
        uint64_t took_ms = beat(heartbeat, lateness.timeout_ms);
        if (is_stopped(heartbeat))
            return NULL;
        atomic_fetch_add(&heartbeat->count, 1);
        atomic_fetch_add(&heartbeat->latency_ms, took_ms);
        if (is_too_late(&lateness, took_ms))
            break;
    }
    log_write(LOG_LEVEL_ERROR, "the server does not answer its own heartbeats: ending");
    ssize_t n = write(heartbeat->fatal_fd, &one, sizeof(one));
    (void)n;
    return NULL;
}

/* One cannot connect to an address that stands for all. */
static void aim(struct heartbeat *heartbeat, const struct sockaddr *address, socklen_t len)
{
    struct sockaddr_in *four = (struct sockaddr_in *)&heartbeat->address;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)&heartbeat->address;

    memcpy(&heartbeat->address, address, len);
    heartbeat->address_len = len;
    if (address->sa_family == AF_INET && four->sin_addr.s_addr == htonl(INADDR_ANY))
        four->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (address->sa_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&six->sin6_addr))
        six->sin6_addr = in6addr_loopback;
}

int heartbeat_start(struct heartbeat *heartbeat, const struct sockaddr *address, socklen_t len,
                    unsigned period_ms)
{
    if (len > sizeof(heartbeat->address))
        return -1;
    aim(heartbeat, address, len);
    heartbeat->period_ms = period_ms;
    heartbeat->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    heartbeat->fatal_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (heartbeat->stop_fd < 0 || heartbeat->fatal_fd < 0)
        return -1;
    lock_take(&heartbeat->lock);
    heartbeat->timeout_ms = TIMEOUT_DEFAULT_MS;
    heartbeat->failstop_ms = FAILSTOP_DEFAULT_MS;
    lock_drop(&heartbeat->lock);
    if (pthread_create(&heartbeat->thread, NULL, run, heartbeat))
        return -1;
    heartbeat->is_started = true;
    return 0;
}

void heartbeat_stop(struct heartbeat *heartbeat)
{
    uint64_t one = 1;

    if (!heartbeat->is_started)
        return;
    ssize_t n = write(heartbeat->stop_fd, &one, sizeof(one));
    (void)n;
    pthread_join(heartbeat->thread, NULL);
    heartbeat->is_started = false;
}
