#pragma once
#include <stdbool.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Standard error until log_to_syslog is called. Call it before threads are started. */
void log_to_syslog(void);

/* Messages above this level are dropped. -v, -vv and `verbosity` set it from any thread. */
void log_set_level(enum log_level level);
enum log_level log_get_level(void);

/* One line, without the newline. Any thread. */
void log_write(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* For messages that clients can provoke: at most `burst` a second from each place that has its
 * own `struct log_limit`; how many were dropped is said when the next one is written. */
struct log_limit {
    _Atomic unsigned long window;
    _Atomic unsigned used;
    _Atomic unsigned dropped;
};
void log_write_limited(struct log_limit *limit, enum log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
