/* The holder's text. Everything in it comes back from a file or a znode that anyone may have
 * written, so each part is checked for its type and cleaned before use. */
#include "statedb/run_lock.h"

#include "planner/base/clock.h"
#include "planner/base/utf8.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/types.h>
#include <unistd.h>

/* Field 22 of /proc/PID/stat; -1 when there is no such process, or only what its parent has not
 * waited for yet, which in a container may be there for long. The second field is the command's
 * name in parentheses, which may hold blanks and parentheses itself; the third is the state. */
static int64_t process_start(int64_t pid)
{
    char path[48], text[1024];
    const char *at;
    size_t length;
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%" PRId64 "/stat", pid);
    file = fopen(path, "re");
    if (!file)
        return -1;
    length = fread(text, 1, sizeof(text) - 1, file);
    fclose(file);
    text[length] = '\0';
    at = strrchr(text, ')');
    if (at && (strncmp(at, ") Z", 3) == 0 || strncmp(at, ") X", 3) == 0))
        return -1;
    for (int field = 2; at && field < 22; field++)
        at = strchr(at + 1, ' ');
    return at ? strtoll(at, NULL, 10) : -1;
}

static const char *user_name(struct arena *arena)
{
    struct passwd entry, *found = NULL;
    char buffer[4096];

    if (getpwuid_r(getuid(), &entry, buffer, sizeof(buffer), &found) == 0 && found)
        return arena_strdup(arena, found->pw_name);
    return arena_printf(arena, "%u", (unsigned)getuid());
}

static const char *random_id(struct arena *arena)
{
    unsigned char bytes[6];

    if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
        return arena_printf(arena, "%012llx", (unsigned long long)clock_now_ms());
    return arena_printf(arena, "%02x%02x%02x%02x%02x%02x", bytes[0], bytes[1], bytes[2], bytes[3],
                        bytes[4], bytes[5]);
}

void lock_holder_self(struct arena *arena, const char *command, struct lock_holder *holder)
{
    char host[256] = "", now[CLOCK_TEXT_SIZE];

    gethostname(host, sizeof(host) - 1);
    clock_wall_text(now);
    *holder = (struct lock_holder){
        .pid = getpid(),
        .pid_start = process_start(getpid()),
        .host = utf8_clean(arena, arena_strdup(arena, host)),
        .user = utf8_clean(arena, user_name(arena)),
        .since = arena_strdup(arena, now),
        .command = utf8_clean(arena, arena_strdup(arena, command)),
        .id = random_id(arena),
    };
}

char *lock_holder_to_json(const struct lock_holder *holder, struct arena *arena)
{
    json_t *object = json_pack("{s:s, s:I, s:I, s:s, s:s, s:s, s:s}", "id", holder->id, "pid",
                               (json_int_t)holder->pid, "pid_start", (json_int_t)holder->pid_start,
                               "host", holder->host, "user", holder->user, "since", holder->since,
                               "command", holder->command);
    char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
    char *copy = arena_strdup(arena, text ? text : "{}");

    free(text);
    json_decref(object);
    return copy;
}

bool lock_holder_from_json(const char *text, size_t length, struct arena *arena,
                           struct lock_holder *holder)
{
    json_t *object = json_loadb(text, length, 0, NULL);
    json_int_t pid = 0, pid_start = 0;
    const char *parts[5];
    bool is_holder =
        object && json_unpack(object, "{s:s, s:I, s:I, s:s, s:s, s:s, s:s}", "id", &parts[0], "pid",
                              &pid, "pid_start", &pid_start, "host", &parts[1], "user", &parts[2],
                              "since", &parts[3], "command", &parts[4]) == 0;

    if (is_holder) {
        for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
            parts[i] = utf8_clean(arena, arena_strdup(arena, parts[i]));
        *holder =
            (struct lock_holder){pid, pid_start, parts[1], parts[2], parts[3], parts[4], parts[0]};
    }
    json_decref(object);
    return is_holder;
}

bool lock_holder_is_alive(const struct lock_holder *holder)
{
    int64_t start = holder->pid > 0 ? process_start(holder->pid) : -1;

    return start >= 0 && start == holder->pid_start;
}

char *lock_holder_text(const struct lock_holder *holder, struct arena *arena)
{
    return arena_printf(arena, "%s@%s, pid %" PRId64 ", since %s (%s)", holder->user, holder->host,
                        holder->pid, holder->since, holder->command);
}
