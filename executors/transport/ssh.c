/* One connection per host, one channel per command. While a command runs the loop sends input as
 * far as the window and the socket take it, reads both streams, and asks for a sign of life when
 * nothing was heard for a while: a host that is frozen still acknowledges our packets. */
#include "executors/transport/exchange.h"
#include "executors/transport/gate.h"
#include "executors/transport/ssh_jump.h"
#include "executors/transport/ssh_session.h"
#include "executors/transport/tcp.h"
#include "planner/base/clock.h"

#include <libssh/server.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

enum {
    CHUNK = 32 * 1024,
    ASK_AFTER_MS = 10000,
    GIVE_UP_AFTER_MS = 30000,
    RETRY_MS = 100, /* doubled each time, with jitter */
    RETRY_MOST_MS = 2000,
};

struct ssh_transport {
    struct transport base;
    struct arena *arena; /* of the settings */
    struct ssh_settings settings;
    struct ssh_link link;
    struct ssh_jump *jump; /* NULL without a bastion */
    uint64_t heard_bytes;
    int64_t heard_ms, asked_ms;
};

struct channel {
    ssh_channel handle;
    char buffer[CHUNK];
    bool is_input_done;
    bool is_moving; /* the last turn did something: do not wait */
};

/* Notices a dead connection. -1 with fault. */
static int check_life(struct ssh_transport *ssh, struct fault *fault)
{
    int64_t now = clock_now_ms();

    if (ssh->link.received.in_bytes != ssh->heard_bytes) {
        ssh->heard_bytes = ssh->link.received.in_bytes;
        ssh->heard_ms = ssh->asked_ms = now;
    }
    if (now - ssh->heard_ms > GIVE_UP_AFTER_MS)
        return fault_set(fault, DIAG_HOST_TIMEOUT, "no sign of life from %s for %d s",
                         ssh->settings.address, GIVE_UP_AFTER_MS / 1000);
    if (now - ssh->asked_ms > ASK_AFTER_MS) {
        ssh_send_keepalive(ssh->link.session);
        ssh->asked_ms = now;
    }
    return 0;
}

static int open_channel(struct ssh_transport *ssh, const struct ssh_wait *wait,
                        struct channel *channel, struct fault *fault)
{
    int result;

    channel->handle = ssh_channel_new(ssh->link.session);
    if (!channel->handle)
        return ssh_link_fault(&ssh->link, "no channel for a command", fault);
    while ((result = ssh_channel_open_session(channel->handle)) == SSH_AGAIN)
        if (ssh_link_poll(&ssh->link, wait, fault) < 0 || check_life(ssh, fault) < 0)
            return -1;
    if (result != SSH_OK)
        return ssh_link_fault(&ssh->link, "no channel for a command", fault);
    return 0;
}

static int start_command(struct ssh_transport *ssh, const struct ssh_wait *wait, const char *line,
                         struct channel *channel, struct fault *fault)
{
    int result;

    while ((result = ssh_channel_request_exec(channel->handle, line)) == SSH_AGAIN)
        if (ssh_link_poll(&ssh->link, wait, fault) < 0 || check_life(ssh, fault) < 0)
            return -1;
    if (result != SSH_OK)
        return ssh_link_fault(&ssh->link, "the host refuses to run a command", fault);
    return 0;
}

static int send_input(struct ssh_transport *ssh, struct exchange *exchange, struct channel *channel,
                      struct fault *fault)
{
    const void *bytes;
    ssize_t count;
    int sent;

    if (channel->is_input_done || ssh_link_wants_to_send(&ssh->link))
        return 0;
    if (exchange_input_left(exchange) == 0) {
        ssh_channel_send_eof(channel->handle);
        channel->is_input_done = true;
        return 0;
    }
    if (ssh_channel_window_size(channel->handle) == 0)
        return 0;
    count = exchange_next_input(exchange, channel->buffer, CHUNK, &bytes, fault);
    if (count < 0)
        return -1;
    sent = ssh_channel_write(channel->handle, bytes, (uint32_t)count);
    if (sent < 0) {
        channel->is_input_done = true;
        return 0;
    }
    exchange_sent(exchange, (size_t)sent);
    channel->is_moving = channel->is_moving || sent > 0;
    return 0;
}

static int receive(struct exchange *exchange, struct channel *channel, int is_stderr,
                   struct fault *fault)
{
    int count = ssh_channel_read_nonblocking(channel->handle, channel->buffer, CHUNK, is_stderr);

    if (count <= 0)
        return 0;
    channel->is_moving = true;
    if (!is_stderr)
        return exchange_output(exchange, channel->buffer, (size_t)count, fault);
    exchange_errors(exchange, channel->buffer, (size_t)count);
    return 0;
}

static bool is_over(struct exchange *exchange, const struct channel *channel)
{
    return exchange_is_done(exchange) ||
           (!channel->is_moving &&
            (ssh_channel_is_eof(channel->handle) || ssh_channel_is_closed(channel->handle)));
}

static int talk(struct ssh_transport *ssh, const struct ssh_wait *wait, struct exchange *exchange,
                struct channel *channel, struct fault *fault)
{
    for (;;) {
        channel->is_moving = false;
        if (receive(exchange, channel, 0, fault) < 0 || receive(exchange, channel, 1, fault) < 0)
            return -1;
        if (!ssh_is_connected(ssh->link.session))
            return ssh_link_fault(&ssh->link, "the connection was lost while a command was running",
                                  fault);
        if (is_over(exchange, channel))
            return 0;
        if (send_input(ssh, exchange, channel, fault) < 0 || check_life(ssh, fault) < 0)
            return -1;
        if (channel->is_moving ? exchange_check(exchange, fault) < 0
                               : ssh_link_poll(&ssh->link, wait, fault) < 0)
            return -1;
    }
}

/* After these nothing is known of the connection; after others it can be used again. */
static bool is_breaking(const struct ssh_transport *ssh, const struct fault *fault)
{
    return !ssh_is_connected(ssh->link.session) || fault->code == DIAG_HOST_TIMEOUT ||
           fault->code == DIAG_HOST_CONNECT || fault->code == DIAG_INTERRUPTED;
}

static int ssh_run(struct transport *transport, struct exchange *exchange, struct fault *fault)
{
    struct ssh_transport *ssh = (struct ssh_transport *)transport;
    struct channel *channel = calloc(1, sizeof(*channel));
    struct ssh_wait wait = {exchange->command->deadline_ms, exchange->command->cancel,
                            "a command was running"};
    int result;

    if (!channel)
        return fault_set(fault, DIAG_HOST_CONNECT, "out of memory");
    ssh->heard_ms = ssh->asked_ms = clock_now_ms();
    result = open_channel(ssh, &wait, channel, fault);
    if (result == 0)
        result = start_command(ssh, &wait, exchange->line, channel, fault);
    if (result == 0)
        result = talk(ssh, &wait, exchange, channel, fault);
    if (result < 0 && is_breaking(ssh, fault))
        transport->is_broken = true;
    if (channel->handle) {
        if (ssh_is_connected(ssh->link.session))
            ssh_channel_close(channel->handle);
        ssh_channel_free(channel->handle);
    }
    free(channel);
    return result;
}

static void ssh_close(struct transport *transport)
{
    struct ssh_transport *ssh = (struct ssh_transport *)transport;

    ssh_link_close(&ssh->link);
    ssh_jump_close(ssh->jump);
    arena_free(ssh->arena);
    free(ssh);
}

static const struct transport_ops ssh_ops = {ssh_run, ssh_close};

static int connect_once(struct ssh_transport *ssh, const struct ssh_settings *bastion,
                        const struct ssh_wait *wait, struct fault *fault)
{
    int fd = -1;
    int result;

    if (bastion->address)
        result = ssh_jump_open(bastion, &ssh->settings, wait, &ssh->jump, &fd, fault);
    else
        result = tcp_connect(ssh->settings.address, ssh->settings.port, wait->deadline_ms,
                             wait->cancel, &fd, fault);
    if (result != 0)
        return result;
    result = ssh_link_open(&ssh->settings, fd, wait, &ssh->link, fault);
    if (result != 0) {
        ssh_jump_close(ssh->jump);
        ssh->jump = NULL;
    }
    return result;
}

/* A server with too many logins in progress drops the next ones: we come back a little later. */
static int connect_patiently(struct ssh_transport *ssh, const struct ssh_settings *bastion,
                             const struct ssh_wait *wait, struct fault *fault)
{
    unsigned int seed = (unsigned int)clock_now_ms() ^ (unsigned int)(uintptr_t)ssh;
    int64_t pause_ms = RETRY_MS;
    struct fault ignored;
    int result;

    while ((result = connect_once(ssh, bastion, wait, fault)) == SSH_LINK_DROPPED) {
        int64_t until_ms = clock_deadline_ms(pause_ms / 2 + rand_r(&seed) % pause_ms);

        if (until_ms >= wait->deadline_ms)
            return -1;
        while (clock_now_ms() < until_ms) {
            if (wait_check(wait->deadline_ms, wait->cancel, "waiting to connect again", &ignored)) {
                *fault = ignored;
                return -1;
            }
            poll(NULL, 0, wait_slice_ms(until_ms));
        }
        pause_ms = pause_ms < RETRY_MOST_MS ? pause_ms * 2 : RETRY_MOST_MS;
    }
    return result;
}

static int connect_through_gate(struct ssh_transport *ssh, int64_t deadline_ms,
                                const atomic_bool *cancel, struct fault *fault)
{
    const struct spec_host *host = ssh->base.host;
    const char *door = host->ssh.proxy_jump ? host->ssh.proxy_jump : host->address;
    struct ssh_wait wait = {deadline_ms, cancel, "connecting"};
    struct ssh_settings bastion = {0};
    int64_t limit_ms;
    int result;

    if (host->ssh.proxy_jump && ssh_settings_of_jump(host, ssh->arena, &bastion, fault) < 0)
        return -1;
    if (gate_enter(door, deadline_ms, cancel, fault) < 0)
        return -1;
    limit_ms =
        clock_deadline_ms(host->ssh.connect_timeout_ms ? host->ssh.connect_timeout_ms : 10000);
    if (limit_ms < deadline_ms)
        wait.deadline_ms = limit_ms;
    result = connect_patiently(ssh, &bastion, &wait, fault);
    gate_leave(door);
    return result;
}

int ssh_open(const struct spec_host *host, int64_t deadline_ms, const atomic_bool *cancel,
             struct transport **transport, struct fault *fault)
{
    struct ssh_transport *ssh = calloc(1, sizeof(*ssh));

    if (!ssh)
        return fault_set(fault, DIAG_HOST_CONNECT, "out of memory");
    ssh->base.ops = &ssh_ops;
    ssh->base.host = host;
    ssh->arena = arena_new();
    ssh_settings_of_host(host, ssh->arena, &ssh->settings);
    if (connect_through_gate(ssh, deadline_ms, cancel, fault) != 0) {
        ssh_close(&ssh->base);
        return -1;
    }
    *transport = &ssh->base;
    return 0;
}
