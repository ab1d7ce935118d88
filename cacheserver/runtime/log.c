/*
 * A line is formatted on the stack and written with one write(2) or syslog(3): lines of several
 * threads do not mix and there is no lock. Only warnings and errors are on by default, so nothing
 * on the path of requests gets here unless something is wrong, and what clients can provoke is
 * rate-limited.
 */
#include "cacheserver/runtime/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "cacheserver/runtime/clock.h"

#define LINE_MAX_BYTES 1024
#define LIMITED_BURST  10

static _Atomic int current_level = LOG_LEVEL_WARNING;
static bool use_syslog;

static const int syslog_priorities[] = {
    [LOG_LEVEL_ERROR] = LOG_ERR,
    [LOG_LEVEL_WARNING] = LOG_WARNING,
    [LOG_LEVEL_INFO] = LOG_INFO,
    [LOG_LEVEL_DEBUG] = LOG_DEBUG,
};

static const char *const level_names[] = {
    [LOG_LEVEL_ERROR] = "error",
    [LOG_LEVEL_WARNING] = "warning",
    [LOG_LEVEL_INFO] = "info",
    [LOG_LEVEL_DEBUG] = "debug",
};

void log_to_syslog(void)
{
    openlog("cacheserver", LOG_PID | LOG_NDELAY, LOG_DAEMON);
    use_syslog = true;
}

void log_set_level(enum log_level level)
{
    atomic_store_explicit(&current_level, (int)level, memory_order_relaxed);
}

enum log_level log_get_level(void)
{
    return (enum log_level)atomic_load_explicit(&current_level, memory_order_relaxed);
}

static void write_stderr(enum log_level level, const char *text)
{
    char line[LINE_MAX_BYTES + 64];
    struct timespec ts;
    struct tm tm;

    clock_gettime(CLOCK_REALTIME, &ts);
    localtime_r(&ts.tv_sec, &tm);
    size_t n = strftime(line, sizeof(line), "%Y-%m-%d %H:%M:%S", &tm);
    int more = snprintf(line + n, sizeof(line) - n, ".%03ld cacheserver: %s: %s\n",
                        ts.tv_nsec / 1000000, level_names[level], text);
    if (more > 0)
        n += (size_t)more < sizeof(line) - n ? (size_t)more : sizeof(line) - n - 1;
    ssize_t written = write(STDERR_FILENO, line, n);
    (void)written;
}

static void write_line(enum log_level level, const char *format, va_list args)
{
    char text[LINE_MAX_BYTES];

    vsnprintf(text, sizeof(text), format, args);
    if (use_syslog)
        syslog(syslog_priorities[level], "%s", text);
    else
        write_stderr(level, text);
}

void log_write(enum log_level level, const char *format, ...)
{
    va_list args;

    if (level > log_get_level())
        return;
    va_start(args, format);
    write_line(level, format, args);
    va_end(args);
}

static bool limit_allows(struct log_limit *limit)
{
    unsigned long window = (unsigned long)(clock_coarse_ms() / 1000);

    if (atomic_load_explicit(&limit->window, memory_order_relaxed) != window) {
        atomic_store_explicit(&limit->window, window, memory_order_relaxed);
        atomic_store_explicit(&limit->used, 0, memory_order_relaxed);
    }
    if (atomic_fetch_add_explicit(&limit->used, 1, memory_order_relaxed) < LIMITED_BURST)
        return true;
    atomic_fetch_add_explicit(&limit->dropped, 1, memory_order_relaxed);
    return false;
}

void log_write_limited(struct log_limit *limit, enum log_level level, const char *format, ...)
{
    va_list args;

    if (level > log_get_level() || !limit_allows(limit))
        return;
    unsigned dropped = atomic_exchange_explicit(&limit->dropped, 0, memory_order_relaxed);
    if (dropped)
        log_write(level, "%u messages like the next one were dropped", dropped);
    va_start(args, format);
    write_line(level, format, args);
    va_end(args);
}
