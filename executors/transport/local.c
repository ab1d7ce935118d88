/* This machine: `/bin/sh -c` in a session of its own, so that a Ctrl-C at the terminal does not
 * reach it and so that it can be killed with all its children when it takes too long. The child
 * keeps no descriptor of ours: a lock or a database that a started server inherited would outlive
 * us. Its input is a socket, which unlike a pipe can be written without a SIGPIPE. */
#include "executors/transport/exchange.h"
#include "planner/base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STDIN, STDOUT, STDERR, STREAMS, CHUNK = 64 * 1024, REAP_MS = 2000 };

struct process {
    pid_t pid;
    int fds[STREAMS]; /* our ends; -1 once closed */
};

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* Between fork and exec: only what is safe there. */
static void become_child(const char *line, const int fds[STREAMS])
{
    sigset_t none;

    setsid();
    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    for (int i = 0; i < STREAMS; i++)
        if (dup2(fds[i], i) < 0)
            _exit(126);
    close_range(STREAMS, ~0U, 0);
    execl("/bin/sh", "sh", "-c", line, (char *)NULL);
    _exit(127);
}

/* The child's ends are above 2, so that dup2 never overwrites one that is still needed. */
static int open_streams(int ours[STREAMS], int theirs[STREAMS])
{
    int pairs[STREAMS][2];
    int made = 0;

    for (; made < STREAMS; made++) {
        int failed = made == STDIN ? socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pairs[made])
                                   : pipe2(pairs[made], O_CLOEXEC);

        if (failed)
            break;
        ours[made] = pairs[made][0];
        theirs[made] = fcntl(pairs[made][1], F_DUPFD_CLOEXEC, STREAMS);
        close(pairs[made][1]);
        if (theirs[made] < 0) {
            close(ours[made]);
            break;
        }
        fcntl(ours[made], F_SETFL, O_NONBLOCK);
    }
    if (made == STREAMS)
        return 0;
    while (made-- > 0) {
        close(ours[made]);
        close(theirs[made]);
    }
    return -1;
}

static int start_process(const char *line, struct process *process, struct fault *fault)
{
    int theirs[STREAMS];
    int error;

    if (open_streams(process->fds, theirs) < 0)
        return fault_set(fault, DIAG_HOST_COMMAND, "a shell cannot be started: %s",
                         strerror(errno));
    process->pid = fork();
    if (process->pid == 0)
        become_child(line, theirs);
    error = errno;
    for (int i = 0; i < STREAMS; i++)
        close(theirs[i]);
    if (process->pid > 0)
        return 0;
    for (int i = 0; i < STREAMS; i++)
        close_fd(&process->fds[i]);
    return fault_set(fault, DIAG_HOST_COMMAND, "a shell cannot be started: %s", strerror(error));
}

static int send_input(struct process *process, struct exchange *exchange, char *buffer,
                      struct fault *fault)
{
    const void *bytes;
    ssize_t count = exchange_next_input(exchange, buffer, CHUNK, &bytes, fault);
    ssize_t sent;

    if (count < 0)
        return -1;
    sent = count ? send(process->fds[STDIN], bytes, (size_t)count, MSG_NOSIGNAL) : 0;
    if (sent > 0)
        exchange_sent(exchange, (size_t)sent);
    if (exchange_input_left(exchange) == 0 || (sent < 0 && errno != EAGAIN && errno != EINTR))
        close_fd(&process->fds[STDIN]);
    return 0;
}

static int receive(struct process *process, int stream, struct exchange *exchange, char *buffer,
                   struct fault *fault)
{
    ssize_t count = read(process->fds[stream], buffer, CHUNK);

    if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR))
        close_fd(&process->fds[stream]);
    if (count <= 0)
        return 0;
    if (stream == STDOUT)
        return exchange_output(exchange, buffer, (size_t)count, fault);
    exchange_errors(exchange, buffer, (size_t)count);
    return 0;
}

/* Until the end marks are there or both streams are closed. */
static int talk(struct process *process, struct exchange *exchange, char *buffer,
                struct fault *fault)
{
    while (!exchange_is_done(exchange) &&
           (process->fds[STDOUT] >= 0 || process->fds[STDERR] >= 0)) {
        struct pollfd fds[STREAMS] = {{process->fds[STDIN], POLLOUT, 0},
                                      {process->fds[STDOUT], POLLIN, 0},
                                      {process->fds[STDERR], POLLIN, 0}};

        if (exchange_check(exchange, fault) < 0)
            return -1;
        poll(fds, STREAMS, wait_slice_ms(exchange->command->deadline_ms));
        if (fds[STDIN].revents && send_input(process, exchange, buffer, fault) < 0)
            return -1;
        for (int i = STDOUT; i <= STDERR; i++)
            if (fds[i].revents && receive(process, i, exchange, buffer, fault) < 0)
                return -1;
    }
    return 0;
}

/* Waits for the shell itself; whatever it left running goes on, unless is_cut. */
static void end_process(struct process *process, bool is_cut)
{
    int64_t deadline_ms = clock_deadline_ms(REAP_MS);

    for (int i = 0; i < STREAMS; i++)
        close_fd(&process->fds[i]);
    if (is_cut)
        kill(-process->pid, SIGKILL);
    while (waitpid(process->pid, NULL, WNOHANG) == 0 && clock_now_ms() < deadline_ms)
        poll(NULL, 0, 1);
    if (clock_now_ms() >= deadline_ms)
        kill(-process->pid, SIGKILL);
}

static int local_run(struct transport *transport, struct exchange *exchange, struct fault *fault)
{
    struct process process = {.fds = {-1, -1, -1}};
    char *buffer;
    int result;

    (void)transport;
    if (start_process(exchange->line, &process, fault) < 0)
        return -1;
    buffer = malloc(CHUNK);
    if (!buffer)
        abort();
    result = talk(&process, exchange, buffer, fault);
    end_process(&process, result < 0);
    free(buffer);
    return result;
}

static void local_close(struct transport *transport)
{
    free(transport);
}

static const struct transport_ops local_ops = {local_run, local_close};

int local_open(const struct spec_host *host, struct transport **transport, struct fault *fault)
{
    struct transport *local = calloc(1, sizeof(*local));

    if (!local)
        return fault_set(fault, DIAG_HOST_CONNECT, "out of memory");
    local->ops = &local_ops;
    local->host = host;
    *transport = local;
    return 0;
}
