/*
 * The kernel's coarse clocks are read through the vDSO: about as cheap as a shared variable that
 * somebody has to tick, and there is no thread to start or stop. Seconds come from the monotonic
 * clock, so that setting the system's time neither expires nor revives items, but begin when those
 * of the wall clock did at the start, so that Unix times of expiry are kept to the second. Two are
 * added so that "now" is never CLOCK_NEVER and "already expired" (1) always lies in the past.
 */
#include "cacheserver/runtime/clock.h"

#include <time.h>

#define HEAD_START 2
#define SECOND_NS  1000000000
#define EXPIRED    1u

static int64_t monotonic_start;
static int64_t unix_start;
static long phase_ns; /* how much earlier than the monotonic clock's our seconds begin */

static int64_t read_seconds(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
    return ts.tv_sec + (ts.tv_nsec + phase_ns >= SECOND_NS);
}

void clock_start(void)
{
    struct timespec monotonic, wall;

    clock_gettime(CLOCK_MONOTONIC_COARSE, &monotonic);
    clock_gettime(CLOCK_REALTIME_COARSE, &wall);
    phase_ns = (wall.tv_nsec - monotonic.tv_nsec + SECOND_NS) % SECOND_NS;
    monotonic_start = monotonic.tv_sec + (monotonic.tv_nsec + phase_ns >= SECOND_NS);
    unix_start = wall.tv_sec;
}

clock_seconds clock_now(void)
{
    return (clock_seconds)(read_seconds() - monotonic_start + HEAD_START);
}

uint64_t clock_coarse_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
    return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

int64_t clock_started_at(void)
{
    return unix_start;
}

int64_t clock_to_unix(clock_seconds moment)
{
    return unix_start + (int64_t)moment - HEAD_START;
}

clock_seconds clock_of_unix(int64_t unix_time)
{
    if (unix_time <= unix_start)
        return EXPIRED;
    if (unix_time - unix_start >= (int64_t)CLOCK_STICKY - HEAD_START)
        return CLOCK_STICKY - 1;
    return (clock_seconds)(unix_time - unix_start) + HEAD_START;
}

clock_seconds clock_expiry(int64_t exptime, clock_seconds now)
{
    if (exptime == 0)
        return CLOCK_NEVER;
    if (exptime == -1)
        return CLOCK_STICKY;
    if (exptime < 0)
        return EXPIRED;
    if (exptime <= CLOCK_RELATIVE_MAX)
        return now + (clock_seconds)exptime;
    return clock_of_unix(exptime);
}

clock_seconds clock_expiry_from_now(int64_t exptime)
{
    return exptime == 0 ? CLOCK_NEVER : clock_expiry(exptime, clock_now());
}
