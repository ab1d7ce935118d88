/*
 * Lines are collected under the locks of some buckets and written after, by the maintenance thread:
 * a slow disk delays maintenance, not requests. The file is made by the thread that was asked, so
 * that a wrong path is an answer and not a line of the log.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cacheserver/runtime/log.h"
#include "cacheserver/store/cursor.h"
#include "cacheserver/store/maintenance_task.h"

#define BUCKETS_PER_SLICE 64
#define WRITE_BYTES       65536
/* Type, blanks, time, line end. */
#define LINE_EXTRA 32

void dump_init(struct dump *dump)
{
    lock_init(&dump->lock, LOCK_RANK_MAINTENANCE);
    dump->fd = -1;
}

static struct maintenance *of(struct store *store)
{
    return atomic_load_explicit(&store->maintenance, memory_order_acquire);
}

static void end(struct dump *dump, bool succeeded)
{
    if (close(dump->fd) && succeeded) {
        log_write(LOG_LEVEL_WARNING, "dump: cannot close the file: %s", strerror(errno));
        succeeded = false;
    }
    dump->fd = -1;
    free(dump->lines);
    dump->lines = NULL;
    dump->len = dump->capacity = 0;
    lock_take(&dump->lock);
    dump->status.running = false;
    dump->status.succeeded = succeeded;
    dump->status.ended_s = clock_now();
    lock_drop(&dump->lock);
}

void dump_deinit(struct dump *dump)
{
    if (dump->status.running)
        end(dump, false);
    lock_deinit(&dump->lock);
}

static void copy_text(char *to, size_t size, const char *from, size_t len)
{
    if (len >= size)
        len = size - 1;
    memcpy(to, from, len);
    to[len] = '\0';
}

/* The lock is held. */
static bool begin(struct dump *dump, const char *prefix, size_t prefix_len, const char *path,
                  size_t path_len)
{
    struct dump_status *status = &dump->status;
    char name[DUMP_PATH_MAX + 1];

    copy_text(name, sizeof(name), path, path_len);
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR | S_IRGRP);
    if (fd < 0) {
        log_write(LOG_LEVEL_WARNING, "dump: cannot open %s: %s", name, strerror(errno));
        return false;
    }
    *status = (struct dump_status){.running = true, .ever_ran = true, .started_s = clock_now()};
    memcpy(status->path, name, sizeof(name));
    if (!prefix)
        copy_text(status->prefix, sizeof(status->prefix), "<all>", 5);
    else if (prefix_len == 0)
        copy_text(status->prefix, sizeof(status->prefix), "<null>", 6);
    else
        copy_text(status->prefix, sizeof(status->prefix), prefix, prefix_len);
    dump->all = !prefix;
    dump->prefix_len = prefix_len;
    dump->position = dump->dumped = 0;
    dump->failed = false;
    atomic_store_explicit(&dump->stopping, false, memory_order_relaxed);
    dump->fd = fd;
    return true;
}

enum dump_outcome dump_start(struct store *store, const char *prefix, size_t prefix_len,
                             const char *path, size_t path_len)
{
    struct maintenance *maintenance = of(store);
    enum dump_outcome outcome = DUMP_BUSY;

    if (!maintenance || path_len > DUMP_PATH_MAX || prefix_len > PREFIX_MAX)
        return DUMP_FAILED;
    struct dump *dump = &maintenance->dump;
    lock_take(&dump->lock);
    if (!dump->status.running)
        outcome = begin(dump, prefix, prefix_len, path, path_len) ? DUMP_STARTED : DUMP_FAILED;
    lock_drop(&dump->lock);
    if (outcome == DUMP_BUSY)
        log_write(LOG_LEVEL_WARNING, "dump: one is running already");
    if (outcome == DUMP_STARTED)
        maintenance_wake(store);
    return outcome;
}

void dump_stop(struct store *store)
{
    struct maintenance *maintenance = of(store);

    if (maintenance)
        atomic_store_explicit(&maintenance->dump.stopping, true, memory_order_relaxed);
}

void dump_look(struct store *store, struct dump_status *status)
{
    struct maintenance *maintenance = of(store);

    *status = (struct dump_status){.running = false};
    if (!maintenance)
        return;
    lock_take(&maintenance->dump.lock);
    *status = maintenance->dump.status;
    lock_drop(&maintenance->dump.lock);
}

static bool reserve(struct dump *dump, size_t more)
{
    size_t capacity = dump->capacity ? dump->capacity : 2 * WRITE_BYTES;

    while (capacity - dump->len < more)
        capacity *= 2;
    if (capacity == dump->capacity)
        return true;
    char *grown = realloc(dump->lines, capacity);
    if (!grown)
        return false;
    dump->lines = grown;
    dump->capacity = capacity;
    return true;
}

static bool is_wanted(struct store_thread *thread, const struct dump *dump, const char *key,
                      size_t len)
{
    size_t prefix = prefix_length(key, len, thread->store->prefix_delimiter);

    if (prefix_is_internal(key, prefix))
        return false;
    return dump->all || (prefix == dump->prefix_len && !memcmp(key, dump->status.prefix, prefix));
}

static long long shown_expiry(const struct item *item)
{
    if (item->exptime == CLOCK_NEVER)
        return 0;
    return item->exptime == CLOCK_STICKY ? -1 : (long long)clock_to_unix(item->exptime);
}

static bool note_item(struct store_thread *thread, struct item *item, void *argument)
{
    static const char types[ITEM_TYPES] = {
        [ITEM_KV] = 'K', [ITEM_LIST] = 'L', [ITEM_SET] = 'S', [ITEM_MAP] = 'M', [ITEM_BTREE] = 'B'};
    struct dump *dump = argument;
    size_t len = item_key_len(item);

    if (item_is_dead(thread, item) || !is_wanted(thread, dump, item_key(item), len))
        return false;
    if (!reserve(dump, len + LINE_EXTRA)) {
        dump->failed = true;
        return false;
    }
    char *at = dump->lines + dump->len;
    *at++ = types[item_type(item)];
    *at++ = ' ';
    memcpy(at, item_key(item), len);
    at += len;
    at += snprintf(at, LINE_EXTRA - 2, " %lld\n", shown_expiry(item));
    dump->len = (size_t)(at - dump->lines);
    dump->dumped++;
    return false;
}

static bool write_lines(struct dump *dump)
{
    for (size_t at = 0; at < dump->len;) {
        ssize_t n = write(dump->fd, dump->lines + at, dump->len - at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            log_write(LOG_LEVEL_WARNING, "dump: cannot write %s: %s", dump->status.path,
                      strerror(errno));
            return false;
        }
        at += (size_t)n;
    }
    dump->len = 0;
    return true;
}

static bool finish(struct dump *dump)
{
    if (!reserve(dump, 512))
        return false;
    dump->len += (size_t)snprintf(dump->lines + dump->len, 512,
                                  "DUMP SUMMARY: { prefix=%s, count=%llu, elapsed=%llu }\n",
                                  dump->status.prefix, (unsigned long long)dump->dumped,
                                  (unsigned long long)(clock_now() - dump->status.started_s));
    return write_lines(dump);
}

static bool is_running(struct dump *dump)
{
    lock_take(&dump->lock);
    dump->status.dumped = dump->dumped;
    bool running = dump->status.running;
    lock_drop(&dump->lock);
    return running;
}

bool dump_slice(struct maintenance *maintenance)
{
    struct dump *dump = &maintenance->dump;

    if (!is_running(dump))
        return false;
    if (atomic_load_explicit(&dump->stopping, memory_order_relaxed)) {
        log_write(LOG_LEVEL_INFO, "dump: stopped");
        end(dump, false);
        return false;
    }
    for (unsigned n = 0; n < BUCKETS_PER_SLICE && dump->len < WRITE_BYTES; n++) {
        dump->position = cursor_pass_bucket(maintenance->thread, dump->position, note_item, dump);
        if (dump->position == 0)
            break;
    }
    if (dump->failed || (dump->len >= WRITE_BYTES && !write_lines(dump))) {
        end(dump, false);
        return false;
    }
    if (dump->position != 0)
        return true;
    bool succeeded = finish(dump);
    is_running(dump);
    /* From here on another dump may begin. */
    end(dump, succeeded);
    return false;
}
