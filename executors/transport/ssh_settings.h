#pragma once

#include "executors/transport/transport.h"
#include "planner/base/arena.h"
#include "planner/base/vec.h"

/* One SSH server that we log in to: the host itself, or the bastion before it. */
struct ssh_settings {
    const char *address;
    const char *name; /* under which known_hosts may have it as well; NULL */
    int port;
    const char *user;
    const char *known_hosts;         /* NULL: the library's default */
    bool has_identity;               /* the spec names the only identity file to be used */
    vec_of(const char *) identities; /* paths, ~ expanded; some may not exist */
};

/* What the spec leaves open is taken from `ssh -G` where OpenSSH is installed, so that
 * ~/.ssh/config counts; otherwise the login name and ssh's default key files. */
void ssh_settings_of_host(const struct spec_host *host, struct arena *arena,
                          struct ssh_settings *settings);

/* Of the host's proxy_jump, which must not be NULL. -1 with fault when it is malformed. */
int ssh_settings_of_jump(const struct spec_host *host, struct arena *arena,
                         struct ssh_settings *settings, struct fault *fault);
