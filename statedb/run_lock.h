#pragma once

#include "planner/base/arena.h"
#include "planner/base/diag.h"

#include <stdbool.h>
#include <stdint.h>

/* Who holds a lock; written as JSON into the lock file and into the lock znode. */
struct lock_holder {
    int64_t pid;
    int64_t pid_start; /* field 22 of /proc/PID/stat: tells a reused pid */
    const char *host;
    const char *user;
    const char *since; /* UTC text */
    const char *command;
    const char *id; /* random, names the lock */
};

/* This process as holder. */
void lock_holder_self(struct arena *arena, const char *command, struct lock_holder *holder);
char *lock_holder_to_json(const struct lock_holder *holder, struct arena *arena);
/* False when the text is not a holder; never fails otherwise. */
bool lock_holder_from_json(const char *text, size_t length, struct arena *arena,
                           struct lock_holder *holder);
/* Whether that process still lives; only meaningful on holder->host. */
bool lock_holder_is_alive(const struct lock_holder *holder);
/* "USER@HOST, pid N, since TIME (apply)" */
char *lock_holder_text(const struct lock_holder *holder, struct arena *arena);

/* flock(2) on the file "lock" beside the state database. The kernel frees it with the process. */
struct run_lock;

/* 0 taken; 1 held by *holder (DIAG_LOCKED is the caller's to report); -1 reported. */
int run_lock_take(const char *state_path, const struct lock_holder *self, struct arena *arena,
                  struct diags *diags, struct run_lock **lock, struct lock_holder *holder);
void run_lock_drop(struct run_lock *lock); /* takes NULL */
/* 0 and *holder when held; 1 when free; -1 reported. */
int run_lock_read(const char *state_path, struct arena *arena, struct diags *diags,
                  struct lock_holder *holder);
/* Takes the lock with that id away from a holder that does not live on this machine. 0 done; 1 no
 * such lock is held; -1 reported, e.g. because the holder lives. */
int run_lock_break(const char *state_path, const char *id, struct arena *arena,
                   struct diags *diags);
