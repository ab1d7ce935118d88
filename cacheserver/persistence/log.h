#pragma once
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "cacheserver/persistence/frame.h"
#include "cacheserver/runtime/lock.h"

/*
 * The command log: records are numbered and buffered, and written by whoever calls log_flush, all
 * that there are at once. What was written is durable when log->durable has reached its number.
 *
 * While a checkpoint is taken there is a next file beside the current one. Records that the
 * snapshot will not have go to both.
 */
enum log_phase {
    LOG_ALONE,   /* there is no next file */
    LOG_COPYING, /* some records go to the next file, too; only the current one counts */
    LOG_BOTH,    /* all records go to both, and are durable when they are on disk in both */
};

/* Somebody who wants to know that something became durable. */
struct log_waiter {
    int wake_fd;        /* an eventfd */
    _Atomic bool armed; /* set by the waiter, taken back by whoever wakes it */
    struct log_waiter *next;
};

struct log_chunk;

struct log_buffer {
    struct log_chunk *first, *last;
};

struct log {
    /* of who writes files */
    struct lock files_lock;
    struct frame_writer current, next;
    int next_failed; /* errno */
    bool committing; /* from here on the next file must not fail either */

    struct lock lock; /* guards what follows */
    pthread_cond_t wake;
    enum log_phase phase;
    struct log_buffer buffers[2]; /* for the current file and the next one */
    struct log_chunk *spare;
    unsigned spare_count;
    uint64_t appended; /* number of the last record */
    uint64_t taken;    /* the last one that a flush has taken */
    bool asked;        /* somebody waits for the disk */
    bool stopping;
    struct log_waiter *waiters;

    _Atomic uint64_t durable; /* all records up to this number are on disk */
    _Atomic size_t backlog;   /* bytes that are not written yet */
    _Atomic uint64_t current_bytes;
    _Atomic int failed; /* errno: nothing becomes durable any more */
    int failed_fd;      /* eventfd, readable then */
};

/* Takes the writer over. -1 with errno. */
int log_init(struct log *log, const struct frame_writer *current);
void log_deinit(struct log *log);

/* Appends a record: room for it, NULL when there is no memory (the log has failed then); call
 * log_end in every case. The log is locked in between. */
char *log_begin(struct log *log, size_t bytes);
/* `copy`: what the next file gets while LOG_COPYING, of the same length; NULL: nothing. Returns the
 * record's number. */
uint64_t log_end(struct log *log, const char *record, size_t bytes, const char *copy);

/* Writes and syncs everything that was appended before the call. -1: the log has failed; it was
 * said in the server's log. Any thread, no lock held. */
int log_flush(struct log *log);

/* Waits until there is something to flush: at once when somebody asked or `linger_ms` after it
 * came, sooner when it is much. false: stopping. */
bool log_wait(struct log *log, unsigned linger_ms);
/* Somebody waits until the record with this number is durable. */
void log_ask(struct log *log, uint64_t number);
/* The number of the last record. */
uint64_t log_last(struct log *log);
void log_stop(struct log *log);

void log_add_waiter(struct log *log, struct log_waiter *waiter);
/* Nobody looks at it any more afterwards. */
void log_remove_waiter(struct log *log, struct log_waiter *waiter);

/* The steps of a checkpoint, in order. */
void log_start_next(struct log *log, const struct frame_writer *next);
void log_start_both(struct log *log);
/* Everything is durable in both files, and a failure of the next one counts from now on. -1: the
 * next file (or the log) has failed, with errno. */
int log_start_commit(struct log *log);
/* The next file is the current one. */
void log_switch(struct log *log);
/* Instead, before log_start_commit has succeeded: there is no next file any more. */
void log_drop_next(struct log *log);

/* Nothing becomes durable any more. */
void log_fail(struct log *log, int error);
