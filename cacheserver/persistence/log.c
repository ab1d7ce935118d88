/*
 * Records are copied into chunks under one lock; a chunk has room for a frame's header before them,
 * so that it leaves as it is. One flush writes what many requests left, which is what makes waiting
 * for the disk bearable: while it runs, the records of the next one gather. When somebody waits,
 * the frames take the place of zeros that an earlier sync has written: a file that grows makes the
 * file system write its own journal with every sync.
 *
 * A failed write or sync is final. What the system did with the bytes is unknown then, and asking
 * it to try again is known to lie; so nothing is acknowledged any more and the server ends.
 */
#include "cacheserver/persistence/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "cacheserver/runtime/log.h"

#define CHUNK_BYTES ((size_t)256 * 1024)
#define SPARE_MAX   8
/* So much is written without waiting for more. */
#define ENOUGH_BYTES ((size_t)1 << 20)

struct log_chunk {
    struct log_chunk *next;
    size_t len, capacity; /* of records */
    char frame[];         /* room for a header, then records */
};

int log_init(struct log *log, const struct frame_writer *current)
{
    pthread_condattr_t attributes;

    memset(log, 0, sizeof(*log));
    log->current = *current;
    log->next.fd = -1;
    atomic_init(&log->current_bytes, current->size);
    log->failed_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (log->failed_fd < 0)
        return -1;
    lock_init(&log->files_lock, LOCK_RANK_LOG_FILES);
    lock_init(&log->lock, LOCK_RANK_LOG);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&log->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    return 0;
}

static void free_chunks(struct log_chunk *chunk)
{
    while (chunk) {
        struct log_chunk *next = chunk->next;
        free(chunk);
        chunk = next;
    }
}

void log_deinit(struct log *log)
{
    frame_close(&log->current);
    frame_close(&log->next);
    free_chunks(log->buffers[0].first);
    free_chunks(log->buffers[1].first);
    free_chunks(log->spare);
    close(log->failed_fd);
    pthread_cond_destroy(&log->wake);
    lock_deinit(&log->lock);
    lock_deinit(&log->files_lock);
}

void log_fail(struct log *log, int error)
{
    int none = 0;
    uint64_t one = 1;

    if (!atomic_compare_exchange_strong(&log->failed, &none, error))
        return;
    ssize_t n = write(log->failed_fd, &one, sizeof(one));
    (void)n;
}

/* --- appending; the lock is held --- */

static struct log_chunk *take_chunk(struct log *log, size_t bytes)
{
    struct log_chunk *chunk = log->spare;

    if (chunk && bytes <= CHUNK_BYTES) {
        log->spare = chunk->next;
        log->spare_count--;
    } else {
        size_t capacity = bytes > CHUNK_BYTES ? bytes : CHUNK_BYTES;
        chunk = malloc(sizeof(*chunk) + FRAME_HEADER_BYTES + capacity);
        if (!chunk)
            return NULL;
        chunk->capacity = capacity;
    }
    chunk->len = 0;
    chunk->next = NULL;
    return chunk;
}

static char *buffer_room(struct log *log, struct log_buffer *buffer, size_t bytes)
{
    struct log_chunk *last = buffer->last;

    if (!last || last->capacity - last->len < bytes) {
        struct log_chunk *fresh = take_chunk(log, bytes);
        if (!fresh)
            return NULL;
        if (last)
            last->next = fresh;
        else
            buffer->first = fresh;
        buffer->last = last = fresh;
    }
    return last->frame + FRAME_HEADER_BYTES + last->len;
}

static void buffer_commit(struct log *log, struct log_buffer *buffer, size_t bytes)
{
    buffer->last->len += bytes;
    atomic_fetch_add_explicit(&log->backlog, bytes, memory_order_relaxed);
}

char *log_begin(struct log *log, size_t bytes)
{
    lock_take(&log->lock);
    char *room = buffer_room(log, &log->buffers[0], bytes);
    if (!room)
        log_fail(log, ENOMEM);
    return room;
}

uint64_t log_end(struct log *log, const char *record, size_t bytes, const char *copy)
{
    uint64_t number = ++log->appended;

    if (record) {
        bool first = log->buffers[0].first->len == 0;
        buffer_commit(log, &log->buffers[0], bytes);
        if (log->phase == LOG_BOTH)
            copy = record;
        if (log->phase != LOG_ALONE && copy) {
            char *room = buffer_room(log, &log->buffers[1], bytes);
            if (room) {
                memcpy(room, copy, bytes);
                buffer_commit(log, &log->buffers[1], bytes);
            } else {
                log_fail(log, ENOMEM);
            }
        }
        if (first)
            pthread_cond_signal(&log->wake);
    }
    lock_drop(&log->lock);
    return number;
}

/* --- flushing --- */

/* How many bytes were written, or would have been; *failed becomes errno. */
static size_t write_chunks(struct frame_writer *writer, struct log_chunk *chunk, int *failed)
{
    size_t bytes = 0;

    for (; chunk; chunk = chunk->next) {
        bytes += chunk->len;
        if (!*failed && chunk->len && frame_write(writer, FRAME_RECORDS, chunk->frame, chunk->len))
            *failed = errno;
    }
    return bytes;
}

static void give_back(struct log *log, struct log_chunk *chunk)
{
    struct log_chunk *surplus = NULL;

    lock_take(&log->lock);
    while (chunk) {
        struct log_chunk *next = chunk->next;
        bool keep = chunk->capacity == CHUNK_BYTES && log->spare_count < SPARE_MAX;
        struct log_chunk **list = keep ? &log->spare : &surplus;
        chunk->next = *list;
        *list = chunk;
        log->spare_count += keep;
        chunk = next;
    }
    lock_drop(&log->lock);
    free_chunks(surplus);
}

static void wake_waiters(struct log *log)
{
    uint64_t one = 1;

    for (struct log_waiter *waiter = log->waiters; waiter; waiter = waiter->next) {
        if (atomic_exchange(&waiter->armed, false)) {
            ssize_t n = write(waiter->wake_fd, &one, sizeof(one));
            (void)n;
        }
    }
}

static void say_failed(struct log *log, const char *which, int error)
{
    if (!atomic_load(&log->failed))
        log_write(LOG_LEVEL_ERROR,
                  "cannot write the %s: %s; no change is acknowledged any more, the server ends",
                  which, strerror(error));
    log_fail(log, error);
}

static void write_next(struct log *log, struct log_chunk *chunks, bool sync, size_t *bytes)
{
    int failed = 0;

    *bytes += write_chunks(&log->next, log->next_failed ? NULL : chunks, &failed);
    if (!failed && sync && !log->next_failed && frame_sync(&log->next))
        failed = errno;
    if (!failed)
        return;
    log->next_failed = failed;
    if (log->committing)
        say_failed(log, "next command log", failed);
    else
        log_write(LOG_LEVEL_WARNING, "cannot write the next command log: %s", strerror(failed));
}

static size_t chunk_bytes(const struct log_chunk *chunk)
{
    size_t bytes = 0;

    for (; chunk; chunk = chunk->next)
        bytes += chunk->len;
    return bytes;
}

static void flush_locked(struct log *log)
{
    struct log_chunk *chunks, *next_chunks;
    int failed = 0;
    size_t ignored = 0;

    lock_take(&log->lock);
    chunks = log->buffers[0].first;
    next_chunks = log->buffers[1].first;
    memset(log->buffers, 0, sizeof(log->buffers));
    uint64_t number = log->taken = log->appended;
    bool asked = log->asked;
    log->asked = false;
    enum log_phase phase = log->phase;
    lock_drop(&log->lock);

    size_t bytes = chunk_bytes(chunks) + chunk_bytes(next_chunks);
    if (!atomic_load(&log->failed)) {
        if (asked)
            frame_prepare(&log->current, chunk_bytes(chunks));
        write_chunks(&log->current, chunks, &failed);
        if (!failed && frame_sync(&log->current))
            failed = errno;
        if (failed)
            say_failed(log, "command log", failed);
        else if (phase != LOG_ALONE)
            write_next(log, next_chunks, phase == LOG_BOTH, &ignored);
    }
    atomic_fetch_sub_explicit(&log->backlog, bytes, memory_order_relaxed);
    atomic_store_explicit(&log->current_bytes, log->current.size, memory_order_relaxed);
    give_back(log, chunks);
    give_back(log, next_chunks);
    if (!atomic_load(&log->failed))
        atomic_store(&log->durable, number);
    wake_waiters(log);
}

int log_flush(struct log *log)
{
    lock_take(&log->files_lock);
    flush_locked(log);
    lock_drop(&log->files_lock);
    return atomic_load(&log->failed) ? -1 : 0;
}

/* --- waiting --- */

static bool has_records(const struct log *log)
{
    return log->buffers[0].first || log->buffers[1].first;
}

bool log_wait(struct log *log, unsigned linger_ms)
{
    struct timespec until;
    int timed_out = 0;

    lock_take(&log->lock);
    while (!log->stopping && !has_records(log))
        pthread_cond_wait(&log->wake, &log->lock.mutex);
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += (long)linger_ms * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    while (!log->stopping && !log->asked && !timed_out &&
           atomic_load_explicit(&log->backlog, memory_order_relaxed) < ENOUGH_BYTES)
        timed_out = pthread_cond_timedwait(&log->wake, &log->lock.mutex, &until);
    bool go_on = !log->stopping;
    lock_drop(&log->lock);
    return go_on;
}

uint64_t log_last(struct log *log)
{
    lock_take(&log->lock);
    uint64_t number = log->appended;
    lock_drop(&log->lock);
    return number;
}

void log_ask(struct log *log, uint64_t number)
{
    lock_take(&log->lock);
    if (number > log->taken && !log->asked) {
        log->asked = true;
        pthread_cond_signal(&log->wake);
    }
    lock_drop(&log->lock);
}

void log_stop(struct log *log)
{
    lock_take(&log->lock);
    log->stopping = true;
    pthread_cond_signal(&log->wake);
    lock_drop(&log->lock);
}

void log_add_waiter(struct log *log, struct log_waiter *waiter)
{
    lock_take(&log->files_lock);
    waiter->next = log->waiters;
    log->waiters = waiter;
    lock_drop(&log->files_lock);
}

void log_remove_waiter(struct log *log, struct log_waiter *waiter)
{
    lock_take(&log->files_lock);
    struct log_waiter **at = &log->waiters;
    while (*at && *at != waiter)
        at = &(*at)->next;
    if (*at)
        *at = waiter->next;
    lock_drop(&log->files_lock);
}

/* --- checkpoints --- */

static void set_phase(struct log *log, enum log_phase phase)
{
    lock_take(&log->lock);
    log->phase = phase;
    lock_drop(&log->lock);
}

void log_start_next(struct log *log, const struct frame_writer *next)
{
    lock_take(&log->files_lock);
    log->next = *next;
    log->next_failed = 0;
    set_phase(log, LOG_COPYING);
    lock_drop(&log->files_lock);
}

void log_start_both(struct log *log)
{
    set_phase(log, LOG_BOTH);
}

int log_start_commit(struct log *log)
{
    lock_take(&log->files_lock);
    flush_locked(log);
    bool good = !atomic_load(&log->failed) && !log->next_failed;
    log->committing = good;
    int error = log->next_failed ? log->next_failed : atomic_load(&log->failed);
    lock_drop(&log->files_lock);
    errno = error;
    return good ? 0 : -1;
}

/* Takes what one buffer holds, leaving the phase LOG_ALONE. */
static struct log_chunk *leave(struct log *log, bool to_next)
{
    lock_take(&log->lock);
    struct log_chunk *chunks = log->buffers[to_next ? 0 : 1].first;
    if (to_next)
        log->buffers[0] = log->buffers[1];
    memset(&log->buffers[1], 0, sizeof(log->buffers[1]));
    log->phase = LOG_ALONE;
    lock_drop(&log->lock);
    return chunks;
}

static void forget(struct log *log, struct log_chunk *chunks)
{
    atomic_fetch_sub_explicit(&log->backlog, chunk_bytes(chunks), memory_order_relaxed);
    give_back(log, chunks);
}

void log_switch(struct log *log)
{
    lock_take(&log->files_lock);
    forget(log, leave(log, true));
    frame_close(&log->current);
    log->current = log->next;
    log->next.fd = -1;
    log->committing = false;
    atomic_store_explicit(&log->current_bytes, log->current.size, memory_order_relaxed);
    lock_drop(&log->files_lock);
}

void log_drop_next(struct log *log)
{
    lock_take(&log->files_lock);
    forget(log, leave(log, false));
    frame_close(&log->next);
    log->committing = false;
    lock_drop(&log->files_lock);
}
