#pragma once
#include <stdint.h>

/*
 * Time as the cache counts it: whole seconds since shortly before the process started, so that
 * they fit 32 bits and 0 can mean "never". All functions may be called from any thread.
 */

/* What a Unix time, a count of relative seconds or a moment is stored as in an item. */
typedef uint32_t clock_seconds;

/* Expiry of items that never expire, and of those that are neither expired nor evicted. */
#define CLOCK_NEVER  0u
#define CLOCK_STICKY UINT32_MAX

/* Relative times longer than this many seconds (30 days) are Unix times. */
#define CLOCK_RELATIVE_MAX 2592000

/* Call once, before any thread is started. */
void clock_start(void);

/* Seconds since the start plus two; coarse (a few ms) and cheap. */
clock_seconds clock_now(void);

/* Monotonic milliseconds; coarse and cheap. */
uint64_t clock_coarse_ms(void);

/* The Unix time at which the server started. */
int64_t clock_started_at(void);

/* The Unix time of a moment, and back: what lies before the start is a moment that has passed, what
 * lies too far ahead the last one there is. Neither CLOCK_NEVER nor CLOCK_STICKY is a moment. */
int64_t clock_to_unix(clock_seconds moment);
clock_seconds clock_of_unix(int64_t unix_time);

/* Expiry for what a client sent: 0 never, -1 sticky, other negatives already expired, up to 30
 * days relative, larger ones Unix time. */
clock_seconds clock_expiry(int64_t exptime, clock_seconds now);
/* The same from now on; reads the clock only if it has to. */
clock_seconds clock_expiry_from_now(int64_t exptime);
