#pragma once

#include "planner/spec/spec.h"

#include <sys/types.h>

/* A real sshd of the test's own: its own keys, configuration, port and directory. */
struct sshd {
    char directory[64]; /* holds host_key, user_key, known_hosts, log, authorized_keys */
    int port;
    pid_t pid;
    char identity[96];
    char known_hosts[96];
};

/* extra: further lines of sshd_config. Fails the test when it does not come up. */
void sshd_start(struct sshd *sshd, const char *extra);
/* Sends a signal to the processes that serve its connections. */
void sshd_signal_connections(const struct sshd *sshd, int number);
/* Also kills what it is serving. */
void sshd_kill(struct sshd *sshd);
void sshd_stop(struct sshd *sshd);

/* A host that logs in to it as the user who runs the test. */
struct spec_host sshd_host(const struct sshd *sshd, const char *name, const char *address);

/* Runs a shell command that must succeed. */
void shell(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A TCP port on which nobody listens. */
int free_port(void);
