/*
 * A ring of bytes under a lock that is held for one copy. The writing thread takes what is there in
 * one piece, writes it without the lock, and gives the room back; it sleeps on a condition while
 * there is nothing. It ends by itself when the log was stopped and everything is written, or when
 * the files are full or cannot be written.
 */
#include "cacheserver/command/cmdlog.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cacheserver/command/moment.h"
#include "cacheserver/runtime/lock.h"
#include "cacheserver/runtime/log.h"

#define RING_BYTES ((size_t)10 * 1024 * 1024)
#define FILE_BYTES ((size_t)10 * 1024 * 1024)
#define FILES_MAX  10
#define LINE_MAX   400
#define WRITE_MAX  ((size_t)256 * 1024)

struct cmdlog {
    _Atomic bool on;
    int port;
    struct lock lock; /* guards what follows */
    pthread_cond_t more;
    struct cmdlog_status status;
    char *ring;
    size_t head, used; /* where the oldest byte is, and how many there are */
    bool has_thread;   /* to be joined */
    bool thread_ended;
    pthread_t thread;

    /* the thread's alone */
    int fd;
    size_t file_bytes;
};

struct cmdlog *cmdlog_new(int port)
{
    struct cmdlog *cmdlog = calloc(1, sizeof(*cmdlog));

    if (!cmdlog)
        return NULL;
    lock_init(&cmdlog->lock, LOCK_RANK_OBSERVERS);
    pthread_cond_init(&cmdlog->more, NULL);
    cmdlog->port = port;
    cmdlog->fd = -1;
    return cmdlog;
}

void cmdlog_free(struct cmdlog *cmdlog)
{
    if (!cmdlog)
        return;
    cmdlog_stop(cmdlog);
    if (cmdlog->has_thread)
        pthread_join(cmdlog->thread, NULL);
    pthread_cond_destroy(&cmdlog->more);
    lock_deinit(&cmdlog->lock);
    free(cmdlog->ring);
    free(cmdlog);
}

bool cmdlog_is_on(const struct cmdlog *cmdlog)
{
    return cmdlog && atomic_load_explicit(&cmdlog->on, memory_order_relaxed);
}

/* The lock is held. */
static void put(struct cmdlog *cmdlog, const char *bytes, size_t n)
{
    size_t at = (cmdlog->head + cmdlog->used) % RING_BYTES;
    size_t to_end = RING_BYTES - at;
    size_t first = n < to_end ? n : to_end;

    memcpy(cmdlog->ring + at, bytes, first);
    memcpy(cmdlog->ring, bytes + first, n - first);
    cmdlog->used += n;
}

void cmdlog_enter(struct cmdlog *cmdlog, const char *peer, const char *line, size_t len)
{
    char text[LINE_MAX + 128], now[MOMENT_TEXT];
    size_t shown = len > LINE_MAX ? LINE_MAX : len;
    int n = snprintf(text, sizeof(text), "%s %s %.*s%s\n", moment_now(now), peer, (int)shown, line,
                     len > LINE_MAX ? ".." : "");

    if (n < 0 || (size_t)n >= sizeof(text))
        return;
    lock_take(&cmdlog->lock);
    if (atomic_load_explicit(&cmdlog->on, memory_order_relaxed)) {
        cmdlog->status.entered++;
        if ((size_t)n > RING_BYTES - cmdlog->used)
            cmdlog->status.skipped++;
        else
            put(cmdlog, text, (size_t)n);
        if (cmdlog->used == (size_t)n)
            pthread_cond_signal(&cmdlog->more);
    }
    lock_drop(&cmdlog->lock);
}

/* --- writing --- */

static int open_file(struct cmdlog *cmdlog)
{
    char path[CMDLOG_DIRECTORY_MAX + 128], begun[MOMENT_TEXT];

    snprintf(path, sizeof(path), "%s/command_%d_%s_%u.log", cmdlog->status.directory, cmdlog->port,
             moment_numbers(cmdlog->status.begun_s, begun), cmdlog->status.files);
    cmdlog->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    cmdlog->file_bytes = 0;
    if (cmdlog->fd < 0) {
        log_write(LOG_LEVEL_WARNING, "command log: cannot open %s: %s", path, strerror(errno));
        return -1;
    }
    return 0;
}

static bool write_all(struct cmdlog *cmdlog, const char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t written = write(cmdlog->fd, bytes, n);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0) {
            log_write(LOG_LEVEL_WARNING, "command log: cannot write: %s", strerror(errno));
            return false;
        }
        bytes += written;
        n -= (size_t)written;
        cmdlog->file_bytes += (size_t)written;
    }
    return true;
}

/* The lock is held. */
static void end(struct cmdlog *cmdlog, enum cmdlog_state state)
{
    atomic_store_explicit(&cmdlog->on, false, memory_order_relaxed);
    if (cmdlog->status.state == CMDLOG_RUNNING) {
        cmdlog->status.state = state;
        cmdlog->status.ended_s = time(NULL);
    }
}

/* The contiguous bytes at the head, when there are some; 0: the log was stopped. */
static size_t wait_for_bytes(struct cmdlog *cmdlog)
{
    while (cmdlog->used == 0 && atomic_load_explicit(&cmdlog->on, memory_order_relaxed))
        pthread_cond_wait(&cmdlog->more, &cmdlog->lock.mutex);
    size_t n = RING_BYTES - cmdlog->head;
    if (n > cmdlog->used)
        n = cmdlog->used;
    return n < WRITE_MAX ? n : WRITE_MAX;
}

/* A full file is followed by the next one; false: that was the last, or it cannot be made. The
 * lock is held. */
static bool next_file(struct cmdlog *cmdlog)
{
    if (cmdlog->file_bytes < FILE_BYTES)
        return true;
    close(cmdlog->fd);
    cmdlog->fd = -1;
    if (cmdlog->status.files == FILES_MAX) {
        end(cmdlog, CMDLOG_FULL);
        return false;
    }
    if (open_file(cmdlog)) {
        end(cmdlog, CMDLOG_FAILED);
        return false;
    }
    cmdlog->status.files++;
    return true;
}

static void *run(void *argument)
{
    struct cmdlog *cmdlog = argument;
    size_t n;

    lock_take(&cmdlog->lock);
    while ((n = wait_for_bytes(cmdlog)) > 0) {
        const char *at = cmdlog->ring + cmdlog->head;
        size_t left = FILE_BYTES - cmdlog->file_bytes;
        if (n > left)
            n = left;
        lock_drop(&cmdlog->lock);
        bool written = write_all(cmdlog, at, n);
        lock_take(&cmdlog->lock);
        cmdlog->head = (cmdlog->head + n) % RING_BYTES;
        cmdlog->used -= n;
        if (!written)
            end(cmdlog, CMDLOG_FAILED);
        if (!written || !next_file(cmdlog))
            break;
    }
    if (cmdlog->fd >= 0)
        close(cmdlog->fd);
    cmdlog->fd = -1;
    cmdlog->thread_ended = true;
    lock_drop(&cmdlog->lock);
    return NULL;
}

/* --- control --- */

/* The lock is held. false: an earlier run is still being written, or there is no memory. */
static bool is_free(struct cmdlog *cmdlog)
{
    if (cmdlog->has_thread) {
        if (!cmdlog->thread_ended)
            return false;
        pthread_join(cmdlog->thread, NULL);
        cmdlog->has_thread = false;
    }
    if (!cmdlog->ring)
        cmdlog->ring = malloc(RING_BYTES);
    return cmdlog->ring;
}

/* The lock is held. */
static enum cmdlog_outcome begin(struct cmdlog *cmdlog, const char *directory, size_t len)
{
    cmdlog->status = (struct cmdlog_status){.begun_s = time(NULL)};
    memcpy(cmdlog->status.directory, directory, len);
    cmdlog->head = cmdlog->used = 0;
    if (open_file(cmdlog))
        return CMDLOG_REFUSED;
    cmdlog->status.files = 1;
    cmdlog->thread_ended = false;
    atomic_store_explicit(&cmdlog->on, true, memory_order_relaxed);
    if (pthread_create(&cmdlog->thread, NULL, run, cmdlog)) {
        atomic_store_explicit(&cmdlog->on, false, memory_order_relaxed);
        close(cmdlog->fd);
        cmdlog->fd = -1;
        return CMDLOG_REFUSED;
    }
    cmdlog->has_thread = true;
    cmdlog->status.state = CMDLOG_RUNNING;
    return CMDLOG_DONE;
}

enum cmdlog_outcome cmdlog_start(struct cmdlog *cmdlog, const char *directory, size_t len)
{
    enum cmdlog_outcome outcome = CMDLOG_REFUSED;

    lock_take(&cmdlog->lock);
    if (cmdlog->status.state == CMDLOG_RUNNING)
        outcome = CMDLOG_WAS_SO;
    else if (len <= CMDLOG_DIRECTORY_MAX && is_free(cmdlog))
        outcome = begin(cmdlog, directory, len);
    lock_drop(&cmdlog->lock);
    return outcome;
}

enum cmdlog_outcome cmdlog_stop(struct cmdlog *cmdlog)
{
    lock_take(&cmdlog->lock);
    bool was_running = cmdlog->status.state == CMDLOG_RUNNING;
    end(cmdlog, CMDLOG_OFF);
    pthread_cond_signal(&cmdlog->more);
    lock_drop(&cmdlog->lock);
    return was_running ? CMDLOG_DONE : CMDLOG_WAS_SO;
}

void cmdlog_look(struct cmdlog *cmdlog, struct cmdlog_status *status)
{
    lock_take(&cmdlog->lock);
    *status = cmdlog->status;
    if (status->state == CMDLOG_RUNNING)
        status->ended_s = time(NULL);
    lock_drop(&cmdlog->lock);
}
