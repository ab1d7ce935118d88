/* Moments as text. */
#include "cacheserver/command/moment.h"

#include <stdio.h>
#include <time.h>

char *moment_text(int64_t unix_s, char text[MOMENT_TEXT])
{
    time_t when = (time_t)unix_s;
    struct tm tm;

    localtime_r(&when, &tm);
    strftime(text, MOMENT_TEXT, "%Y%m%d%H%M%S", &tm);
    return text;
}

char *moment_numbers(int64_t unix_s, char text[MOMENT_TEXT])
{
    time_t when = (time_t)unix_s;
    struct tm tm;

    if (unix_s == 0) {
        snprintf(text, MOMENT_TEXT, "0_0");
        return text;
    }
    localtime_r(&when, &tm);
    size_t n = strftime(text, MOMENT_TEXT, "%Y%m%d_", &tm);
    snprintf(text + n, MOMENT_TEXT - n, "%d", (tm.tm_hour * 100 + tm.tm_min) * 100 + tm.tm_sec);
    return text;
}

char *moment_now(char text[MOMENT_TEXT])
{
    struct timespec now;
    struct tm tm;

    clock_gettime(CLOCK_REALTIME, &now);
    localtime_r(&now.tv_sec, &tm);
    size_t n = strftime(text, MOMENT_TEXT, "%H:%M:%S", &tm);
    snprintf(text + n, MOMENT_TEXT - n, ".%06ld", now.tv_nsec / 1000);
    return text;
}
