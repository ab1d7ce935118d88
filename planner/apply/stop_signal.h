#pragma once

#include "planner/base/diag.h"

/* SIGINT, SIGTERM and SIGHUP as something to poll. They are a process's, so there is one at a time:
 * the main thread's. */

/* Takes the signals over. -1 with fault. */
int stop_signal_start(struct fault *fault);
/* Gives them back as they were. */
void stop_signal_stop(void);

/* Readable when a signal has come since the last stop_signal_count. */
int stop_signal_fd(void);
/* How many have come since the start. After the second one, the next one has its default effect:
 * it ends the program. */
int stop_signal_count(void);
