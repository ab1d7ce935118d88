/* The command is waited for through a pidfd, in short turns so that a cancel is noticed, and reaped
 * only after its group was killed: until then its process id, which is the group's, stays taken. */
#include "executors/steps/local_command.h"

#include "planner/base/clock.h"
#include "planner/base/utf8.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TURN_MS = 100, GRACE_MS = 3000, TAIL_SIZE = 4096, TAIL_LINES = 3 };

static void fill_actions(posix_spawn_file_actions_t *actions, const struct local_command *command,
                         int log)
{
    posix_spawn_file_actions_init(actions);
    posix_spawn_file_actions_addchdir_np(actions, command->directory);
    posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(actions, log, 1);
    posix_spawn_file_actions_adddup2(actions, 1, 2);
    posix_spawn_file_actions_addclosefrom_np(actions, 3);
}

/* A group of its own, and no signal that this program blocks or ignores stays so. */
static void fill_attributes(posix_spawnattr_t *attributes)
{
    sigset_t all, none;

    sigfillset(&all);
    sigemptyset(&none);
    posix_spawnattr_init(attributes);
    posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF |
                                             POSIX_SPAWN_SETSIGMASK);
    posix_spawnattr_setsigdefault(attributes, &all);
    posix_spawnattr_setsigmask(attributes, &none);
}

static int spawn(const struct local_command *command, int log, pid_t *pid, struct fault *fault)
{
    char shell[] = "sh", option[] = "-c";
    char *const arguments[] = {shell, option, (char *)command->script, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int error;

    fill_actions(&actions, command, log);
    fill_attributes(&attributes);
    error = posix_spawn(pid, "/bin/sh", &actions, &attributes, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return error ? fault_set(fault, DIAG_PACKAGE_BUILD, "sh cannot be run in %s: %s",
                             command->directory, strerror(error))
                 : 0;
}

/* True when the process ended before the deadline and before a cancel. */
static bool wait_until(int pidfd, int64_t deadline_ms, const atomic_bool *cancel)
{
    for (;;) {
        struct pollfd poll_fd = {pidfd, POLLIN, 0};
        int left = clock_left_ms(deadline_ms);

        if (poll(&poll_fd, 1, left < TURN_MS ? left : TURN_MS) > 0)
            return true;
        if (!left || (cancel && atomic_load(cancel)))
            return false;
    }
}

/* Waits; *in_time tells whether the command ended by itself. Returns its wait status. */
static int wait_and_reap(const struct local_command *command, pid_t pid, bool *in_time)
{
    int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    int status = 0;

    *in_time = wait_until(pidfd, command->deadline_ms, command->cancel);
    if (!*in_time) {
        kill(-pid, SIGTERM);
        wait_until(pidfd, clock_deadline_ms(GRACE_MS), NULL);
    }
    kill(-pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (pidfd >= 0)
        close(pidfd);
    return status;
}

/* The last lines of the log, joined by " | ". */
static const char *log_tail(const char *path, struct arena *arena)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    off_t size = fd >= 0 ? lseek(fd, 0, SEEK_END) : 0;
    char text[TAIL_SIZE + 1];
    ssize_t got = fd >= 0 ? pread(fd, text, TAIL_SIZE, size > TAIL_SIZE ? size - TAIL_SIZE : 0) : 0;
    const char *lines[TAIL_LINES] = {0}, *tail = "";
    char *rest = text;
    size_t count = 0;

    if (fd >= 0)
        close(fd);
    text[got > 0 ? got : 0] = '\0';
    for (char *line; (line = strsep(&rest, "\n"));)
        if (*line)
            lines[count++ % TAIL_LINES] = line;
    for (size_t i = count > TAIL_LINES ? count - TAIL_LINES : 0; i < count; i++)
        tail = arena_printf(arena, "%s%s%s", tail, *tail ? " | " : "", lines[i % TAIL_LINES]);
    return utf8_clean(arena, strlen(tail) > 400 ? tail + strlen(tail) - 400 : tail);
}

static int fail(const struct local_command *command, const char *how, struct arena *arena,
                struct fault *fault)
{
    const char *tail = log_tail(command->log, arena);

    fault_set(fault, DIAG_PACKAGE_BUILD, "'%.100s' %s%s%s", command->script, how, *tail ? ": " : "",
              tail);
    return fault_hint(fault, "all of its output is in %s", command->log);
}

int local_command_run(const struct local_command *command, struct arena *arena, struct fault *fault)
{
    int log = open(command->log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    bool in_time;
    pid_t pid;
    int status;

    if (log < 0)
        return fault_set(fault, DIAG_FILE_WRITE, "%s: %s", command->log, strerror(errno));
    status = spawn(command, log, &pid, fault);
    close(log);
    if (status)
        return -1;
    status = wait_and_reap(command, pid, &in_time);
    if (!in_time && command->cancel && atomic_load(command->cancel))
        return fault_set(fault, DIAG_INTERRUPTED, "'%.200s' was interrupted", command->script);
    if (!in_time)
        return fail(command, "did not end in time", arena, fault);
    if (WIFSIGNALED(status))
        return fail(command, arena_printf(arena, "was killed by signal %d", WTERMSIG(status)),
                    arena, fault);
    if (WEXITSTATUS(status))
        return fail(command, arena_printf(arena, "ended with status %d", WEXITSTATUS(status)),
                    arena, fault);
    return 0;
}
