/* The moment may be moved while it is waited for, so the wait goes in short steps. */
#include "cacheserver/server/farewell.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "cacheserver/runtime/clock.h"
#include "cacheserver/runtime/log.h"

#define DYNAMIC_MS  2000
#define DENIED_MS   1000
#define STEP_MS     50
#define STILL_STEPS 4 /* without a client leaving: nobody else will */

int farewell_init(struct farewell *farewell)
{
    atomic_init(&farewell->due_ms, 0);
    atomic_init(&farewell->until_idle, false);
    farewell->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return farewell->fd < 0 ? -1 : 0;
}

void farewell_deinit(struct farewell *farewell)
{
    if (farewell->fd >= 0)
        close(farewell->fd);
    farewell->fd = -1;
}

bool farewell_request(struct farewell *farewell, int seconds)
{
    int64_t now = (int64_t)clock_coarse_ms();
    int64_t due = atomic_load(&farewell->due_ms);
    int64_t wanted = now + (seconds < 0 ? DYNAMIC_MS : (int64_t)seconds * 1000);
    uint64_t one = 1;

    do {
        if (due && due - now < DENIED_MS)
            return false;
    } while (!atomic_compare_exchange_weak(&farewell->due_ms, &due, wanted));
    atomic_store(&farewell->until_idle, seconds < 0);
    log_write(LOG_LEVEL_WARNING, "a client asked for the end in %lld ms",
              (long long)(wanted - now));
    ssize_t n = write(farewell->fd, &one, sizeof(one));
    return n == sizeof(one);
}

void farewell_serve(struct farewell *farewell, int signal_fd, const _Atomic unsigned *connections)
{
    struct pollfd again = {.fd = signal_fd, .events = POLLIN};
    unsigned before = atomic_load(connections), still = 0;

    while ((int64_t)clock_coarse_ms() < atomic_load(&farewell->due_ms)) {
        if (poll(&again, 1, STEP_MS) > 0)
            return;
        unsigned now = atomic_load(connections);
        still = now < before ? 0 : still + 1;
        before = now;
        if (atomic_load(&farewell->until_idle) && still >= STILL_STEPS)
            return;
    }
}
