/* What sending and collecting have in common over all kinds of transport. */
#include "executors/transport/exchange.h"

#include "planner/base/clock.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { SLICE_MS = 100, ERRORS_GRACE_MS = 500 };

bool exchange_is_done(struct exchange *exchange)
{
    if (exchange->output.state != FRAME_ENDED)
        return false;
    if (!exchange->output_end_ms)
        exchange->output_end_ms = clock_now_ms();
    return exchange->errors.state == FRAME_ENDED ||
           clock_now_ms() - exchange->output_end_ms > ERRORS_GRACE_MS;
}

int wait_check(int64_t deadline_ms, const atomic_bool *cancel, const char *what,
               struct fault *fault)
{
    if (cancel && atomic_load(cancel))
        return fault_set(fault, DIAG_INTERRUPTED, "interrupted while %s", what);
    if (clock_now_ms() >= deadline_ms)
        return fault_set(fault, DIAG_HOST_TIMEOUT, "no answer in time while %s", what);
    return 0;
}

int wait_slice_ms(int64_t deadline_ms)
{
    int left = clock_left_ms(deadline_ms);

    return left < SLICE_MS ? left : SLICE_MS;
}

int exchange_check(const struct exchange *exchange, struct fault *fault)
{
    return wait_check(exchange->command->deadline_ms, exchange->command->cancel,
                      "a command was running", fault);
}

int exchange_output(struct exchange *exchange, const char *bytes, size_t length,
                    struct fault *fault)
{
    if (frame_feed(&exchange->output, bytes, length))
        return fault_set(fault, DIAG_HOST_REPLY, "a command printed more than %zu bytes",
                         exchange->output.limit);
    return 0;
}

void exchange_errors(struct exchange *exchange, const char *bytes, size_t length)
{
    frame_feed(&exchange->errors, bytes, length);
}

static int64_t input_size(const struct command *command)
{
    return command->input_fd_size > 0 ? command->input_fd_size : (int64_t)command->input_size;
}

int64_t exchange_input_left(const struct exchange *exchange)
{
    return input_size(exchange->command) - exchange->offset;
}

ssize_t exchange_next_input(struct exchange *exchange, void *buffer, size_t size,
                            const void **bytes, struct fault *fault)
{
    const struct command *command = exchange->command;
    int64_t left = exchange_input_left(exchange);
    ssize_t count;

    if ((int64_t)size > left)
        size = (size_t)left;
    if (!size)
        return 0;
    if (command->input_fd_size <= 0) {
        *bytes = (const char *)command->input + exchange->offset;
        return (ssize_t)size;
    }
    do
        count = pread(command->input_fd, buffer, size, exchange->offset);
    while (count < 0 && errno == EINTR);
    if (count <= 0)
        return fault_set(fault, DIAG_FILE_READ, "the file being sent cannot be read: %s",
                         count ? strerror(errno) : "it is shorter than it was");
    *bytes = buffer;
    return count;
}

void exchange_sent(struct exchange *exchange, size_t count)
{
    exchange->offset += (int64_t)count;
    if (exchange->command->sent)
        atomic_fetch_add(exchange->command->sent, (int_least64_t)count);
}
