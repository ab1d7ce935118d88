#pragma once

#include "executors/transport/ssh_settings.h"

#include <libssh/libssh.h>
#include <stdatomic.h>

/* A logged-in SSH connection. Never blocks: whoever uses it polls its descriptor. One thread at a
 * time. */
struct ssh_link {
    ssh_session session;
    int fd;                             /* the session's; closed with it */
    struct ssh_counter_struct received; /* of raw bytes */
    struct ssh_counter_struct sent;
};

/* While what, until when. */
struct ssh_wait {
    int64_t deadline_ms;
    const atomic_bool *cancel;
    const char *what;
};

/* The server closed the connection before the key exchange: it may have too many logins. */
enum { SSH_LINK_DROPPED = 1 };

/* Takes fd over, whatever happens. Exchanges keys, checks the host key, logs in. 0;
 * SSH_LINK_DROPPED with fault; -1 with fault. */
int ssh_link_open(const struct ssh_settings *settings, int fd, const struct ssh_wait *wait,
                  struct ssh_link *link, struct fault *fault);
void ssh_link_close(struct ssh_link *link);

/* Waits for the socket, a tenth of a second at most. 0; -1 with fault when the wait is over. */
int ssh_link_poll(struct ssh_link *link, const struct ssh_wait *wait, struct fault *fault);
bool ssh_link_wants_to_send(const struct ssh_link *link);

/* HOST_CONNECT with the library's reason. */
int ssh_link_fault(const struct ssh_link *link, const char *what, struct fault *fault);

/* ssh_host_key.c: 0, or -1 with HOST_KEY. Before connecting the name under which known_hosts has
 * the host must be chosen, because the library asks the server for a key of that kind. */
void ssh_host_key_choose_name(struct ssh_link *link, const struct ssh_settings *settings);
int ssh_host_key_check(struct ssh_link *link, const struct ssh_settings *settings,
                       struct fault *fault);

/* ssh_login.c: 0, or -1 with HOST_AUTH, HOST_TIMEOUT, HOST_CONNECT, INTERRUPTED. */
int ssh_login(struct ssh_link *link, const struct ssh_settings *settings,
              const struct ssh_wait *wait, struct fault *fault);
