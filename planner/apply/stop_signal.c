/* A handler writes a byte to a pipe. A signalfd would need the signals blocked in every thread,
 * also in those that libraries start. */
#include "planner/apply/stop_signal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

enum { SIGNALS = 3 };
static const int numbers[SIGNALS] = {SIGINT, SIGTERM, SIGHUP};
static struct sigaction before[SIGNALS];
static int pipe_fds[2] = {-1, -1};
static volatile sig_atomic_t count;

static void on_signal(int number)
{
    int error = errno;

    if (++count >= 2)
        signal(number, SIG_DFL);
    while (write(pipe_fds[1], "", 1) < 0 && errno == EINTR)
        continue;
    errno = error;
}

int stop_signal_start(struct fault *fault)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};

    if (pipe2(pipe_fds, O_CLOEXEC | O_NONBLOCK))
        return fault_set(fault, DIAG_STEP_FAILED, "no pipe for signals: %s", strerror(errno));
    count = 0;
    sigemptyset(&action.sa_mask);
    for (int i = 0; i < SIGNALS; i++)
        sigaddset(&action.sa_mask, numbers[i]);
    for (int i = 0; i < SIGNALS; i++)
        sigaction(numbers[i], &action, &before[i]);
    return 0;
}

void stop_signal_stop(void)
{
    for (int i = 0; i < SIGNALS; i++)
        sigaction(numbers[i], &before[i], NULL);
    close(pipe_fds[0]);
    close(pipe_fds[1]);
    pipe_fds[0] = pipe_fds[1] = -1;
}

int stop_signal_fd(void)
{
    return pipe_fds[0];
}

int stop_signal_count(void)
{
    char bytes[64];

    while (read(pipe_fds[0], bytes, sizeof(bytes)) > 0)
        ;
    return count;
}
