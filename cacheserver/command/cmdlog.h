#pragma once
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The command log: a line for each request, in ten files of 10 MiB, after which it stops by itself.
 * Requests only copy their line into a buffer; a thread of its own writes it. What comes while the
 * buffer is full is skipped and counted.
 */
#define CMDLOG_DIRECTORY_MAX 128

struct cmdlog;

enum cmdlog_state { CMDLOG_OFF, CMDLOG_FULL, CMDLOG_FAILED, CMDLOG_RUNNING };

struct cmdlog_status {
    enum cmdlog_state state;
    int64_t begun_s, ended_s; /* Unix time; 0: never. While it runs, the end is now */
    uint64_t entered, skipped;
    unsigned files;
    char directory[CMDLOG_DIRECTORY_MAX + 1];
};

/* NULL: no memory. `port` is part of the files' names. */
struct cmdlog *cmdlog_new(int port);
void cmdlog_free(struct cmdlog *cmdlog);

enum cmdlog_outcome { CMDLOG_DONE, CMDLOG_WAS_SO, CMDLOG_REFUSED };
/* The directory must exist. WAS_SO: it is running; REFUSED: the first file cannot be made, or there
 * is no memory or thread. */
enum cmdlog_outcome cmdlog_start(struct cmdlog *cmdlog, const char *directory, size_t len);
/* What was entered is still written. WAS_SO: it was not running. */
enum cmdlog_outcome cmdlog_stop(struct cmdlog *cmdlog);
void cmdlog_look(struct cmdlog *cmdlog, struct cmdlog_status *status);

/* Any thread; NULL is off. */
bool cmdlog_is_on(const struct cmdlog *cmdlog);
void cmdlog_enter(struct cmdlog *cmdlog, const char *peer, const char *line, size_t len);
