/* The bastion's connection is opened by the caller's thread and then belongs to the pump alone. The
 * pump reads from the socket only while the channel's window has room, and from the channel only
 * while the socket takes it, so that neither side piles up in memory. It ends with either side. */
#include "executors/transport/ssh_jump.h"

#include "executors/transport/tcp.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CHUNK = 32 * 1024, TURN_MS = 200 };

struct ssh_jump {
    struct ssh_link link;
    ssh_channel channel;
    int fd; /* the pump's end of the socket pair */
    pthread_t thread;
    atomic_bool is_stopping;
    char to_host[CHUNK], to_us[CHUNK]; /* the pump's */
    size_t to_host_count, to_us_count;
    size_t to_us_from;
};

/* From the socket to the channel. -1: one of them is closed. */
static int pump_out(struct ssh_jump *jump)
{
    int sent;
    ssize_t count;

    if (!jump->to_host_count && ssh_channel_window_size(jump->channel) > 0 &&
        !ssh_link_wants_to_send(&jump->link)) {
        count = recv(jump->fd, jump->to_host, CHUNK, MSG_DONTWAIT);
        if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR))
            return -1;
        jump->to_host_count = count > 0 ? (size_t)count : 0;
    }
    if (!jump->to_host_count)
        return 0;
    sent = ssh_channel_write(jump->channel, jump->to_host, (uint32_t)jump->to_host_count);
    if (sent < 0)
        return -1;
    jump->to_host_count -= (size_t)sent;
    memmove(jump->to_host, jump->to_host + sent, jump->to_host_count);
    return sent > 0;
}

/* From the channel to the socket. */
static int pump_in(struct ssh_jump *jump)
{
    ssize_t sent;
    int count;

    if (!jump->to_us_count) {
        count = ssh_channel_read_nonblocking(jump->channel, jump->to_us, CHUNK, 0);
        if (count < 0)
            return -1;
        jump->to_us_from = 0;
        jump->to_us_count = (size_t)count;
    }
    if (!jump->to_us_count)
        return ssh_channel_is_eof(jump->channel) ? -1 : 0;
    sent = send(jump->fd, jump->to_us + jump->to_us_from, jump->to_us_count,
                MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -1;
    jump->to_us_from += (size_t)sent;
    jump->to_us_count -= (size_t)sent;
    return sent > 0;
}

static void pump_wait(struct ssh_jump *jump)
{
    bool is_sending = ssh_link_wants_to_send(&jump->link);
    bool has_room =
        !jump->to_host_count && !is_sending && ssh_channel_window_size(jump->channel) > 0;
    struct pollfd fds[2] = {
        {jump->link.fd, (short)(POLLIN | (is_sending ? POLLOUT : 0)), 0},
        {jump->fd, (short)((has_room ? POLLIN : 0) | (jump->to_us_count ? POLLOUT : 0)), 0}};

    poll(fds, 2, TURN_MS);
}

static void *pump(void *data)
{
    struct ssh_jump *jump = data;
    int in = 0, out = 0;

    while (!atomic_load(&jump->is_stopping)) {
        in = pump_in(jump);
        out = pump_out(jump);
        if (in < 0 || out < 0 || !ssh_is_connected(jump->link.session))
            break;
        if (!in && !out)
            pump_wait(jump);
    }
    shutdown(jump->fd, SHUT_RDWR);
    return NULL;
}

static int open_channel(struct ssh_jump *jump, const struct ssh_settings *bastion,
                        const struct ssh_settings *host, const struct ssh_wait *wait,
                        struct fault *fault)
{
    int result;

    jump->channel = ssh_channel_new(jump->link.session);
    if (!jump->channel)
        return fault_set(fault, DIAG_HOST_CONNECT, "out of memory");
    while ((result = ssh_channel_open_forward(jump->channel, host->address, host->port, "127.0.0.1",
                                              0)) == SSH_AGAIN)
        if (ssh_link_poll(&jump->link, wait, fault) < 0)
            return -1;
    if (result != SSH_OK)
        return fault_set(fault, DIAG_HOST_CONNECT, "%s cannot reach %s port %d: %s",
                         bastion->address, host->address, host->port,
                         ssh_get_error(jump->link.session));
    return 0;
}

static int start_pump(struct ssh_jump *jump, int *fd, struct fault *fault)
{
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return fault_set(fault, DIAG_HOST_CONNECT, "no socket pair: %s", strerror(errno));
    jump->fd = pair[0];
    *fd = pair[1];
    fcntl(*fd, F_SETFL, O_NONBLOCK);
    if (pthread_create(&jump->thread, NULL, pump, jump) == 0)
        return 0;
    close(pair[0]);
    close(pair[1]);
    return fault_set(fault, DIAG_HOST_CONNECT, "no thread for the way through the bastion");
}

static void free_jump(struct ssh_jump *jump)
{
    if (jump->channel)
        ssh_channel_free(jump->channel);
    ssh_link_close(&jump->link);
    free(jump);
}

int ssh_jump_open(const struct ssh_settings *bastion, const struct ssh_settings *host,
                  const struct ssh_wait *wait, struct ssh_jump **opened, int *fd,
                  struct fault *fault)
{
    struct ssh_jump *jump = calloc(1, sizeof(*jump));
    int bastion_fd = -1;
    int result;

    if (!jump)
        return fault_set(fault, DIAG_HOST_CONNECT, "out of memory");
    result = tcp_connect(bastion->address, bastion->port, wait->deadline_ms, wait->cancel,
                         &bastion_fd, fault);
    if (result == 0)
        result = ssh_link_open(bastion, bastion_fd, wait, &jump->link, fault);
    if (result == 0)
        result = open_channel(jump, bastion, host, wait, fault);
    if (result == 0)
        result = start_pump(jump, fd, fault);
    if (result != 0) {
        free_jump(jump);
        return result;
    }
    *opened = jump;
    return 0;
}

void ssh_jump_close(struct ssh_jump *jump)
{
    if (!jump)
        return;
    atomic_store(&jump->is_stopping, true);
    shutdown(jump->fd, SHUT_RDWR);
    pthread_join(jump->thread, NULL);
    close(jump->fd);
    free_jump(jump);
}
