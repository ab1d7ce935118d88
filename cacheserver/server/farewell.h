#pragma once
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * The end that a client asks for (`shutdown`): when it is due, and serving until then. A request
 * may come from any thread; the main thread waits for it and then serves it.
 */
struct farewell {
    int fd;                  /* readable when there was a request; -1: not initialised */
    _Atomic int64_t due_ms;  /* clock_coarse_ms; 0: no request */
    _Atomic bool until_idle; /* ends early when clients stop leaving */
};

/* -1: no descriptor. */
int farewell_init(struct farewell *farewell);
void farewell_deinit(struct farewell *farewell);

/* seconds < 0: two, or less if no more clients leave. A later request replaces an earlier one;
 * false: that is due within a second. */
bool farewell_request(struct farewell *farewell, int seconds);

/* Returns when the end is due, or `signal_fd` is readable. `connections` says how many there
 * are. Nothing if there was no request. */
void farewell_serve(struct farewell *farewell, int signal_fd, const _Atomic unsigned *connections);
