/* The lock is the kernel's: whatever ends the process frees it. The text in the file only says who
 * that is, so a stale text means nothing while the lock is free. A reader holds the lock shared for
 * a moment, and a new holder writes its text a moment after it has the lock; both moments are
 * waited out. The file is never removed except by lock break, hence the check that the locked file
 * is still the one under that name. */
#include "statedb/run_lock.h"

#include "planner/base/clock.h"
#include "statedb/database.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SETTLE_MS = 300, SETTLE_STEP_MS = 10, HOLDER_TEXT_LIMIT = 4096 };

struct run_lock {
    int fd;
};

static const struct lock_holder holder_unknown = {
    .host = "unknown host", .user = "unknown user", .since = "?", .command = "?", .id = "?"};

static const char *lock_path(const char *state_path, struct arena *arena)
{
    const char *slash = strrchr(state_path, '/');

    return slash ? arena_printf(arena, "%.*s/lock", (int)(slash - state_path), state_path) : "lock";
}

static int fail(struct diags *diags, const char *path, const char *doing)
{
    diag_error(diags, DIAG_FILE_WRITE, SRCLOC_NONE, "%s: %s: %s", path, doing, strerror(errno));
    return -1;
}

static bool read_holder(int fd, struct arena *arena, struct lock_holder *holder)
{
    char text[HOLDER_TEXT_LIMIT];
    ssize_t length = pread(fd, text, sizeof(text), 0);

    return length > 0 && lock_holder_from_json(text, (size_t)length, arena, holder);
}

static bool is_still_named(int fd, const char *path)
{
    struct stat locked, named;

    return fstat(fd, &locked) == 0 && stat(path, &named) == 0 && locked.st_dev == named.st_dev &&
           locked.st_ino == named.st_ino;
}

static int write_holder(int fd, const char *text)
{
    size_t length = strlen(text);

    if (ftruncate(fd, 0) || pwrite(fd, text, length, 0) != (ssize_t)length)
        return -1;
    return 0;
}

/* 0 locked, 1 held by another, -1 with errno. */
static int try_lock(int fd)
{
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        return 0;
    return errno == EWOULDBLOCK ? 1 : -1;
}

/* One attempt on a freshly opened file: 0 taken, 1 held, 2 again, -1 reported. */
static int attempt(const char *path, const char *text, struct arena *arena, struct diags *diags,
                   int *fd_out, struct lock_holder *holder, bool *is_known)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    int status;

    if (fd < 0)
        return fail(diags, path, "cannot open the lock file");
    status = try_lock(fd);
    if (status < 0)
        fail(diags, path, "cannot lock");
    if (status == 1)
        *is_known = read_holder(fd, arena, holder);
    if (status == 0 && !is_still_named(fd, path))
        status = 2;
    if (status == 0 && write_holder(fd, text))
        status = fail(diags, path, "cannot write");
    if (status == 0)
        *fd_out = fd;
    else
        close(fd);
    return status;
}

static void wait_a_moment(void)
{
    poll(NULL, 0, SETTLE_STEP_MS);
}

int run_lock_take(const char *state_path, const struct lock_holder *self, struct arena *arena,
                  struct diags *diags, struct run_lock **lock, struct lock_holder *holder)
{
    const char *path = lock_path(state_path, arena);
    const char *text = lock_holder_to_json(self, arena);
    int64_t deadline_ms = clock_deadline_ms(SETTLE_MS);
    bool is_known = false;
    int status, fd = -1;

    *lock = NULL;
    if (database_make_directory(path, diags))
        return -1;
    while ((status = attempt(path, text, arena, diags, &fd, holder, &is_known)) > 0) {
        if (status == 1 && is_known && lock_holder_is_alive(holder))
            return 1;
        if (clock_left_ms(deadline_ms) == 0)
            break;
        wait_a_moment();
    }
    if (status < 0)
        return -1;
    if (status > 0) {
        if (!is_known)
            *holder = holder_unknown;
        return 1;
    }
    *lock = malloc(sizeof(**lock));
    if (!*lock) {
        close(fd);
        return fail(diags, path, "out of memory");
    }
    (*lock)->fd = fd;
    return 0;
}

void run_lock_drop(struct run_lock *lock)
{
    if (!lock)
        return;
    /* A text that cannot be emptied is harmless: without the lock it means nothing. */
    if (ftruncate(lock->fd, 0))
        errno = 0;
    close(lock->fd);
    free(lock);
}

int run_lock_read(const char *state_path, struct arena *arena, struct diags *diags,
                  struct lock_holder *holder)
{
    const char *path = lock_path(state_path, arena);
    int64_t deadline_ms = clock_deadline_ms(SETTLE_MS);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool is_known = false;
    int error = 0;

    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return 1;
    if (fd < 0)
        return fail(diags, path, "cannot open the lock file");
    while ((error = flock(fd, LOCK_SH | LOCK_NB) ? errno : 0) == EWOULDBLOCK) {
        is_known = read_holder(fd, arena, holder);
        if (is_known || clock_left_ms(deadline_ms) == 0)
            break;
        wait_a_moment();
    }
    close(fd);
    if (error == 0)
        return 1;
    if (error != EWOULDBLOCK) {
        errno = error;
        return fail(diags, path, "cannot lock");
    }
    if (!is_known)
        *holder = holder_unknown;
    return 0;
}

int run_lock_break(const char *state_path, const char *id, struct arena *arena, struct diags *diags)
{
    struct lock_holder holder;
    char self[256] = "";
    const char *path = lock_path(state_path, arena);
    struct diag *diag;
    int status = run_lock_read(state_path, arena, diags, &holder);

    if (status)
        return status;
    if (strcmp(holder.id, id) != 0)
        return 1;
    gethostname(self, sizeof(self) - 1);
    if (strcmp(holder.host, self) == 0 && lock_holder_is_alive(&holder)) {
        diag =
            diag_error(diags, DIAG_LOCKED, SRCLOC_NONE, "lock %s is held by a living process: %s",
                       id, lock_holder_text(&holder, arena));
        diag_hint(diags, diag, "end that process; its lock goes with it");
        return -1;
    }
    return unlink(path) ? fail(diags, path, "cannot remove the lock file") : 0;
}
