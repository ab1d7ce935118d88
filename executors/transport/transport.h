#pragma once

#include "planner/base/diag.h"
#include "planner/base/str.h"
#include "planner/spec/spec.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* Reaching a machine: run a shell script there with data on its standard input. One thread at a
 * time uses a transport; different transports are independent. */
struct transport;

/* One command. The script is given to `sh -c` (under `sudo -n` with become: sudo); what it needs
 * to know is written into the script, quoted with str_add_shell_word. */
struct command {
    const char *script;
    const void *input; /* bytes for its standard input; NULL for none */
    size_t input_size;
    int input_fd;               /* used instead of input when input_fd_size > 0 */
    int64_t input_fd_size;      /* bytes to send from input_fd, from its start (pread) */
    int64_t deadline_ms;        /* clock.h */
    size_t output_limit;        /* 0: 1 MiB. More output is a fault */
    const atomic_bool *cancel;  /* set: give up at once; NULL: never */
    atomic_int_least64_t *sent; /* counts input bytes sent, for progress; NULL */
};

/* What it printed. The caller owns it: reply_deinit. */
struct reply {
    int status; /* exit status; 128 + n when killed by signal n */
    struct str output;
    struct str errors; /* standard error, its last 8 KiB */
};
void reply_deinit(struct reply *reply);

/* Once per program, before any thread. From then on SIGPIPE is ignored. */
int transport_init(struct fault *fault);

/* Connects, checks the host key, logs in. deadline_ms limits all of it together with the host's
 * connect_timeout. 0, or -1 with fault. */
int transport_open(const struct spec_host *host, int64_t deadline_ms, const atomic_bool *cancel,
                   struct transport **transport, struct fault *fault);
void transport_close(struct transport *transport); /* takes NULL; never blocks for long */

/* Runs it to its end. 0: it ran, whatever its status; -1: it could not run or did not end in
 * time, fault says why, and what happened there is unknown. After HOST_TIMEOUT and HOST_CONNECT
 * faults the connection is of no more use. Output is read up to the script's own end even when
 * something it left running keeps the descriptors. */
int transport_run(struct transport *transport, const struct command *command, struct reply *reply,
                  struct fault *fault);

/* transport_run whose script must exit 0, and which otherwise leaves nothing in reply: then
 * HOST_COMMAND (or HOST_DISK_FULL, HOST_BECOME recognised from its errors) with the last line of
 * standard error in the text. */
int transport_run_checked(struct transport *transport, const struct command *command,
                          struct reply *reply, struct fault *fault);

/* The fault of transport_run_checked for a reply whose status is not 0. Returns -1. */
int reply_blame(const struct reply *reply, const struct spec_host *host, struct fault *fault);

/* The last line of its errors that is not blank, cut to size. */
void reply_last_error(const struct reply *reply, char *line, size_t size);

const struct spec_host *transport_host(const struct transport *transport);

/* The connection is of no more use: every further run fails with HOST_CONNECT. */
bool transport_is_broken(const struct transport *transport);
