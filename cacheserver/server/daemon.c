/*
 * One fork is enough: setsid makes the child a session leader, and it never opens a terminal. The
 * pipe carries one byte, the exit status for the waiting process; a pipe that closes without it
 * means that the child died. The working directory stays, because paths in
 * the settings and in commands are relative to it.
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

#define READY_TIMEOUT_MS 60000

static int report_fd = -1;

static void wait_for_child(int fd)
{
    struct pollfd readable = {.fd = fd, .events = POLLIN};
    unsigned char status;
    int n;

    do {
        n = poll(&readable, 1, READY_TIMEOUT_MS);
    } while (n < 0 && errno == EINTR);
    if (n <= 0) {
        fprintf(stderr, "cacheserver: no word from the background process within 60 s\n");
        _exit(EX_TEMPFAIL);
    }
    _exit(read(fd, &status, 1) == 1 ? status : EX_SOFTWARE);
}

int daemon_begin(void)
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
        wait_for_child(fds[0]);
    }
    close(fds[0]);
    report_fd = fds[1];
    setsid();
    return 0;
}

static void report(int status)
{
    unsigned char byte = (unsigned char)status;

    if (report_fd < 0)
        return;
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
