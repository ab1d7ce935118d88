#pragma once

#include "executors/transport/ssh_session.h"

/* The way through a bastion: a thread carries bytes between a channel of the bastion's connection
 * and a socket, which looks to the rest like a connection to the host. */
struct ssh_jump;

/* Logs in to the bastion and opens the channel. *fd is the host's; the caller closes it. 0;
 * SSH_LINK_DROPPED or -1 with fault. */
int ssh_jump_open(const struct ssh_settings *bastion, const struct ssh_settings *host,
                  const struct ssh_wait *wait, struct ssh_jump **jump, int *fd,
                  struct fault *fault);
/* After the socket was closed. Takes NULL. */
void ssh_jump_close(struct ssh_jump *jump);
