/*
 * One fork is enough: setsid makes the child a session leader, and it never opens a terminal. The
 * pipe carries bytes: signs of progress, and at last the exit status for the waiting process; a
 * pipe that closes without it means that the child died. The working directory stays, because paths
 * in the settings and in commands are relative to it.
 */
#include "cacheserver/server/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

/* No exit status. */
#define PROGRESS 255

static int report_fd = -1;

static void wait_for_child(int fd, int timeout_ms)
{
    struct pollfd readable = {.fd = fd, .events = POLLIN};
    unsigned char byte = PROGRESS;
    int n;

    do {
        n = poll(&readable, 1, timeout_ms);
        if (n > 0 && read(fd, &byte, 1) != 1)
            byte = EX_SOFTWARE;
    } while (n < 0 ? errno == EINTR : n > 0 && byte == PROGRESS);
    if (n > 0)
        _exit(byte);
    fprintf(stderr, "cacheserver: no word from the background process within %d s\n",
            timeout_ms / 1000);
    _exit(EX_TEMPFAIL);
}

int daemon_begin(int timeout_ms)
{
    int fds[2];

    if (pipe2(fds, O_CLOEXEC))
        return -1;
    pid_t child = fork();
    if (child < 0) {
        close(fds[0]);
        close(fds[1]);
        return -1;
    }
    if (child > 0) {
        close(fds[1]);
        wait_for_child(fds[0], timeout_ms);
    }
    close(fds[0]);
    report_fd = fds[1];
    fcntl(report_fd, F_SETFL, O_NONBLOCK);
    setsid();
    return 0;
}

void daemon_progress(void)
{
    unsigned char byte = PROGRESS;

    /* A full pipe has signs enough. */
    ssize_t n = report_fd < 0 ? 0 : write(report_fd, &byte, 1);
    (void)n;
}

static void report(int status)
{
    unsigned char byte = (unsigned char)status;

    if (report_fd < 0)
        return;
    fcntl(report_fd, F_SETFL, 0);
    ssize_t n = write(report_fd, &byte, 1);
    (void)n;
    close(report_fd);
    report_fd = -1;
}

void daemon_ready(void)
{
    if (report_fd < 0)
        return;
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null >= 0) {
        dup2(null, STDIN_FILENO);
        dup2(null, STDOUT_FILENO);
        dup2(null, STDERR_FILENO);
        if (null > STDERR_FILENO)
            close(null);
    }
    report(0);
}

void daemon_failed(int status)
{
    report(status);
}

int pid_file_write(const char *path)
{
    char temporary[4096];

    if (snprintf(temporary, sizeof(temporary), "%s.tmp.%ld", path, (long)getpid()) >=
        (int)sizeof(temporary)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    FILE *file = fopen(temporary, "we");
    if (!file)
        return -1;
    fprintf(file, "%ld\n", (long)getpid());
    if (fclose(file) || rename(temporary, path)) {
        int saved = errno;
        unlink(temporary);
        errno = saved;
        return -1;
    }
    return 0;
}

void pid_file_remove(const char *path)
{
    long pid = 0;
    FILE *file = fopen(path, "re");

    if (!file)
        return;
    int fields = fscanf(file, "%ld", &pid);
    fclose(file);
    if (fields == 1 && pid == (long)getpid())
        unlink(path);
}
