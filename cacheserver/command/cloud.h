#pragma once
#include <stdbool.h>
#include <stdint.h>

/* What the layers above know of the cloud that the server is in, or of not being in one. `arg` is
 * that of struct command_hooks. Called by any worker; none waits. */
struct command_wait;

enum cloud_number {
    CLOUD_FAILSTOP, /* 0 or 1 */
    CLOUD_HB_TIMEOUT_MS,
    CLOUD_HB_FAILSTOP_MS,
    CLOUD_HB_COUNT,
    CLOUD_HB_LATENCY_MS,
};

struct cloud_hooks {
    uint64_t (*number)(void *arg, enum cloud_number which);
    /* The first three; false: refused. */
    bool (*set_number)(void *arg, enum cloud_number which, uint64_t value);
    /* The ZooKeeper servers; free() it. NULL: the server uses none. */
    char *(*servers)(void *arg);
    /* Both answer through the wait, see wait.h. */
    void (*rejoin)(void *arg, struct command_wait *wait);
    void (*set_servers)(void *arg, const char *servers, struct command_wait *wait);
};
