#pragma once

#include "executors/transport/frame.h"
#include "executors/transport/transport.h"

#include <sys/types.h>

/* One command on its way, and what every kind of transport does with it. */
struct exchange {
    const char *line; /* for a shell: transport.c wraps the script */
    const struct command *command;
    int64_t offset; /* input bytes already sent */
    struct frame output;
    struct frame errors;
    int64_t output_end_ms; /* when the output ended; 0: not yet */
};

struct transport {
    const struct transport_ops *ops;
    const struct spec_host *host;
    bool is_broken;
};

struct transport_ops {
    /* Runs exchange->line until exchange_is_done or its output is closed. -1 with fault. */
    int (*run)(struct transport *transport, struct exchange *exchange, struct fault *fault);
    /* Frees the transport too. */
    void (*close)(struct transport *transport);
};

int local_open(const struct spec_host *host, struct transport **transport, struct fault *fault);
int ssh_open(const struct spec_host *host, int64_t deadline_ms, const atomic_bool *cancel,
             struct transport **transport, struct fault *fault);

/* Both frames ended; or the output has and the errors did not follow within a moment. */
bool exchange_is_done(struct exchange *exchange);

/* 0, or -1 with INTERRUPTED or HOST_TIMEOUT. */
int exchange_check(const struct exchange *exchange, struct fault *fault);

/* -1 with fault when there is more output than the command allows. */
int exchange_output(struct exchange *exchange, const char *bytes, size_t length,
                    struct fault *fault);
void exchange_errors(struct exchange *exchange, const char *bytes, size_t length);

/* Bytes of input not yet sent. */
int64_t exchange_input_left(const struct exchange *exchange);
/* Points *bytes to up to size of them, in buffer or in the command's own memory, and returns how
 * many; 0 when none are left; -1 with fault when input_fd cannot be read. */
ssize_t exchange_next_input(struct exchange *exchange, void *buffer, size_t size,
                            const void **bytes, struct fault *fault);
void exchange_sent(struct exchange *exchange, size_t count);

/* 0, or -1 with INTERRUPTED (cancel may be NULL) or HOST_TIMEOUT, whose text says while what. */
int wait_check(int64_t deadline_ms, const atomic_bool *cancel, const char *what,
               struct fault *fault);

/* How long a poll(2) may take so that cancel is noticed in time. */
int wait_slice_ms(int64_t deadline_ms);
