/*
 * A loop over tasks, each of which does a slice and says whether it has more; when none has, the
 * thread waits on a descriptor that whoever has work for it writes to. Between slices it gives the
 * processor away: requests go first.
 *
 * Big collections are handed over as a list through the items themselves, so that handing over
 * needs no memory and no lock.
 */
#include "cacheserver/store/maintenance.h"

#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "cacheserver/runtime/log.h"
#include "cacheserver/store/cursor.h"
#include "cacheserver/store/maintenance_task.h"

#define BUCKETS_PER_SLICE 64
#define SWEEP_EVERY_S     10
#define GRACE_POLL_MS     10
#define DUE_POLL_MS       100
#define FLUSH_REST_S      2
#define WAIT_MS           10000

static struct maintenance *of(struct store *store)
{
    return atomic_load_explicit(&store->maintenance, memory_order_acquire);
}

static void wake(struct maintenance *maintenance)
{
    uint64_t one = 1;
    ssize_t n = write(maintenance->wake_fd, &one, sizeof(one));

    (void)n;
}

void maintenance_wake(struct store *store)
{
    if (of(store))
        wake(of(store));
}

/* --- collections handed over --- */

/* The words between header and key are free in an item that has left the table. */
static struct item *next_of(const struct item *item)
{
    struct item *next;
    memcpy(&next, &item->exptime, sizeof(next));
    return next;
}

static void set_next(struct item *item, struct item *next)
{
    memcpy(&item->exptime, &next, sizeof(next));
}

bool maintenance_drop(struct store *store, struct item *item)
{
    struct maintenance *maintenance = of(store);

    if (!maintenance)
        return false;
    struct item *head = atomic_load_explicit(&maintenance->handed_over, memory_order_relaxed);
    do {
        set_next(item, head);
    } while (!atomic_compare_exchange_weak_explicit(&maintenance->handed_over, &head, item,
                                                    memory_order_release, memory_order_relaxed));
    if (!head)
        wake(maintenance);
    return true;
}

static bool drop_slice(struct maintenance *maintenance)
{
    if (!maintenance->dropping)
        maintenance->dropping =
            atomic_exchange_explicit(&maintenance->handed_over, NULL, memory_order_acquire);
    struct item *item = maintenance->dropping;
    if (!item)
        return false;
    struct item *next = next_of(item);
    if (store_free_item_slice(maintenance->thread, item))
        maintenance->dropping = next;
    return true;
}

/* --- flushes of prefixes --- */

/* Looks whether somebody has begun another flush since the walk did. */
static void end_flush_walk(struct maintenance *maintenance)
{
    struct prefixes *prefixes = &maintenance->store->prefixes;

    lock_take(&prefixes->lock);
    if (prefixes->flushes == maintenance->flushes_begun)
        atomic_store_explicit(&prefixes->flushing, false, memory_order_release);
    lock_drop(&prefixes->lock);
    maintenance->flush_walking = false;
    maintenance->flush_from = CLOCK_NEVER;
}

/* Flushes that come one after the other need one walk together; a scrub does the same work. */
static bool may_begin_flush_walk(struct maintenance *maintenance)
{
    clock_seconds now = maintenance->thread->now;

    if (maintenance->flush_from == CLOCK_NEVER)
        maintenance->flush_from = now + FLUSH_REST_S;
    return now >= maintenance->flush_from && !scrub_is_running(&maintenance->scrub);
}

static bool flush_slice(struct maintenance *maintenance)
{
    struct prefixes *prefixes = &maintenance->store->prefixes;

    prefix_flush_due(maintenance->thread);
    if (!maintenance->flush_walking) {
        if (!atomic_load_explicit(&prefixes->flushing, memory_order_acquire) ||
            !may_begin_flush_walk(maintenance))
            return false;
        lock_take(&prefixes->lock);
        maintenance->flushes_begun = prefixes->flushes;
        lock_drop(&prefixes->lock);
        maintenance->flush_walking = true;
        maintenance->flush_position = 0;
    }
    for (unsigned n = 0; n < BUCKETS_PER_SLICE; n++) {
        maintenance->flush_position =
            cursor_drop_dead(maintenance->thread, maintenance->flush_position);
        if (maintenance->flush_position == 0) {
            end_flush_walk(maintenance);
            break;
        }
    }
    return true;
}

/* --- prefixes --- */

static void sweep_slice(struct maintenance *maintenance)
{
    clock_seconds now = maintenance->thread->now;

    if (!maintenance->sweeping && now < maintenance->next_sweep)
        return;
    maintenance->sweeping = prefix_sweep_step(maintenance->thread, &maintenance->sweep);
    maintenance->next_sweep = now + SWEEP_EVERY_S;
}

/* --- the thread --- */

static int wait_ms(const struct maintenance *maintenance)
{
    clock_seconds due =
        atomic_load_explicit(&maintenance->store->prefixes.next_due, memory_order_relaxed);

    if (maintenance->sweeping)
        return GRACE_POLL_MS;
    if (maintenance->flush_from != CLOCK_NEVER)
        return DUE_POLL_MS;
    if (due == CLOCK_NEVER)
        return WAIT_MS;
    clock_seconds now = maintenance->thread->now;
    if (due > now + WAIT_MS / 1000)
        return WAIT_MS;
    return due > now + 1 ? (int)(due - now - 1) * 1000 : DUE_POLL_MS;
}

static void wait_for_work(struct maintenance *maintenance)
{
    struct pollfd woken = {.fd = maintenance->wake_fd, .events = POLLIN};
    uint64_t count;

    store_thread_rest(maintenance->thread);
    if (poll(&woken, 1, wait_ms(maintenance)) > 0) {
        ssize_t n = read(maintenance->wake_fd, &count, sizeof(count));
        (void)n;
    }
}

static void *run(void *argument)
{
    static bool (*const slices[])(struct maintenance * maintenance) = {
        drop_slice,
        flush_slice,
        scrub_slice,
        dump_slice,
    };
    struct maintenance *maintenance = argument;

    while (!atomic_load_explicit(&maintenance->stopping, memory_order_acquire)) {
        bool more = false;
        store_thread_tick(maintenance->thread);
        for (size_t i = 0; i < sizeof(slices) / sizeof(*slices); i++)
            more |= slices[i](maintenance);
        sweep_slice(maintenance);
        if (more)
            sched_yield();
        else
            wait_for_work(maintenance);
    }
    while (drop_slice(maintenance))
        continue;
    return NULL;
}

static void free_maintenance(struct maintenance *maintenance)
{
    dump_deinit(&maintenance->dump);
    scrub_deinit(&maintenance->scrub);
    if (maintenance->wake_fd >= 0)
        close(maintenance->wake_fd);
    if (maintenance->thread)
        store_detach(maintenance->thread);
    free(maintenance);
}

int maintenance_start(struct store *store)
{
    struct maintenance *maintenance = calloc(1, sizeof(*maintenance));

    if (!maintenance)
        return -1;
    maintenance->store = store;
    scrub_init(&maintenance->scrub);
    dump_init(&maintenance->dump);
    maintenance->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    maintenance->thread = store_attach(store);
    if (maintenance->wake_fd < 0 || !maintenance->thread ||
        pthread_create(&maintenance->id, NULL, run, maintenance)) {
        free_maintenance(maintenance);
        return -1;
    }
    atomic_store_explicit(&store->maintenance, maintenance, memory_order_release);
    return 0;
}

void maintenance_stop(struct store *store)
{
    struct maintenance *maintenance = of(store);

    if (!maintenance)
        return;
    atomic_store_explicit(&maintenance->stopping, true, memory_order_release);
    wake(maintenance);
    pthread_join(maintenance->id, NULL);
    atomic_store_explicit(&store->maintenance, NULL, memory_order_release);
    free_maintenance(maintenance);
}
