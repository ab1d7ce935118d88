/* The library is given a socket that is already connected and is kept from blocking: each of its
 * calls is repeated after a poll(2) of ours until it has an answer, the time is over or somebody
 * cancels. It never reads a configuration file. */
#include "executors/transport/ssh_session.h"

#include "executors/transport/exchange.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

bool ssh_link_wants_to_send(const struct ssh_link *link)
{
    return (ssh_get_poll_flags(link->session) & SSH_WRITE_PENDING) != 0;
}

int ssh_link_poll(struct ssh_link *link, const struct ssh_wait *wait, struct fault *fault)
{
    struct pollfd fd = {link->fd, POLLIN, 0};

    if (wait_check(wait->deadline_ms, wait->cancel, wait->what, fault) < 0)
        return -1;
    if (ssh_link_wants_to_send(link))
        fd.events |= POLLOUT;
    poll(&fd, 1, wait_slice_ms(wait->deadline_ms));
    return 0;
}

int ssh_link_fault(const struct ssh_link *link, const char *what, struct fault *fault)
{
    const char *why = ssh_get_error(link->session);

    return fault_set(fault, DIAG_HOST_CONNECT, "%s: %s", what,
                     why && why[0] ? why : "the connection was closed");
}

static void set_options(struct ssh_link *link, const struct ssh_settings *settings)
{
    int off = 0, on = 1, quiet = SSH_LOG_NOLOG;

    ssh_options_set(link->session, SSH_OPTIONS_PROCESS_CONFIG, &off);
    ssh_options_set(link->session, SSH_OPTIONS_LOG_VERBOSITY, &quiet);
    ssh_options_set(link->session, SSH_OPTIONS_HOST, settings->address);
    ssh_options_set(link->session, SSH_OPTIONS_PORT, &settings->port);
    ssh_options_set(link->session, SSH_OPTIONS_USER, settings->user);
    ssh_options_set(link->session, SSH_OPTIONS_NODELAY, &on);
    if (settings->known_hosts)
        ssh_options_set(link->session, SSH_OPTIONS_KNOWNHOSTS, settings->known_hosts);
    ssh_options_set(link->session, SSH_OPTIONS_FD, &link->fd);
    ssh_set_blocking(link->session, 0);
    ssh_set_counters(link->session, &link->sent, &link->received);
}

/* A key exchange that fails before the server said who it is may be a server that is overrun. */
static int blame_connect(const struct ssh_link *link, const struct ssh_settings *settings,
                         struct fault *fault)
{
    char what[320];

    snprintf(what, sizeof(what), "no SSH connection to %s port %d", settings->address,
             settings->port);
    ssh_link_fault(link, what, fault);
    return ssh_get_serverbanner(link->session) ? -1 : SSH_LINK_DROPPED;
}

static int exchange_keys(struct ssh_link *link, const struct ssh_settings *settings,
                         const struct ssh_wait *wait, struct fault *fault)
{
    struct ssh_wait keys = *wait;
    char what[320];
    int result;

    snprintf(what, sizeof(what), "exchanging keys with %s port %d", settings->address,
             settings->port);
    keys.what = what;
    while ((result = ssh_connect(link->session)) == SSH_AGAIN)
        if (ssh_link_poll(link, &keys, fault) < 0)
            return -1;
    return result == SSH_OK ? 0 : blame_connect(link, settings, fault);
}

int ssh_link_open(const struct ssh_settings *settings, int fd, const struct ssh_wait *wait,
                  struct ssh_link *link, struct fault *fault)
{
    int result;

    memset(link, 0, sizeof(*link));
    link->fd = fd;
    link->session = ssh_new();
    if (!link->session) {
        close(fd);
        return fault_set(fault, DIAG_HOST_CONNECT, "out of memory");
    }
    set_options(link, settings);
    ssh_host_key_choose_name(link, settings);
    result = exchange_keys(link, settings, wait, fault);
    if (result == 0)
        result = ssh_host_key_check(link, settings, fault);
    if (result == 0)
        result = ssh_login(link, settings, wait, fault);
    if (result != 0)
        ssh_link_close(link);
    return result;
}

/* The polite way leaves a socket of ours open, except after an error: this one closes it always. */
void ssh_link_close(struct ssh_link *link)
{
    if (!link->session)
        return;
    ssh_silent_disconnect(link->session);
    ssh_free(link->session);
    link->session = NULL;
}
