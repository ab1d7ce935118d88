/* The monotonic clock for waiting, the wall clock only for people to read. */
#include "planner/base/clock.h"

#include <limits.h>
#include <time.h>

int64_t clock_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_deadline_ms(int64_t milliseconds)
{
    int64_t deadline_ms;

    if (__builtin_add_overflow(clock_now_ms(), milliseconds, &deadline_ms))
        return INT64_MAX;
    return deadline_ms;
}

int clock_left_ms(int64_t deadline_ms)
{
    int64_t left = deadline_ms - clock_now_ms();

    if (left < 0)
        return 0;
    return left > INT_MAX ? INT_MAX : (int)left;
}

void clock_wall_text(char text[CLOCK_TEXT_SIZE])
{
    time_t now = time(NULL);
    struct tm parts;

    gmtime_r(&now, &parts);
    strftime(text, CLOCK_TEXT_SIZE, "%Y-%m-%dT%H:%M:%SZ", &parts);
}
