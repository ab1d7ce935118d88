/*
 * A walk in slices. Its lock is held for a slice, which lets scrub_stop say for sure that the
 * predicate is not called any more; whoever looks at its progress waits that long at most.
 */
#include "cacheserver/runtime/log.h"
#include "cacheserver/store/cursor.h"
#include "cacheserver/store/maintenance_task.h"

/* Of a table that is nearly empty. */
#define BUCKETS_PER_SLICE 64

void scrub_init(struct scrub *scrub)
{
    lock_init(&scrub->lock, LOCK_RANK_MAINTENANCE);
}

void scrub_deinit(struct scrub *scrub)
{
    lock_deinit(&scrub->lock);
}

static struct maintenance *of(struct store *store)
{
    return atomic_load_explicit(&store->maintenance, memory_order_acquire);
}

bool scrub_start(struct store *store, enum scrub_mode mode, scrub_is_stale *is_stale, void *arg)
{
    struct maintenance *maintenance = of(store);

    if (!maintenance)
        return false;
    struct scrub *scrub = &maintenance->scrub;
    lock_take(&scrub->lock);
    bool started = !scrub->status.running;
    if (started) {
        scrub->status = (struct scrub_status){
            .running = true, .ever_ran = true, .mode = mode, .started_s = clock_now()};
        scrub->is_stale = mode == SCRUB_STALE ? is_stale : NULL;
        scrub->arg = arg;
        scrub->position = 0;
    }
    lock_drop(&scrub->lock);
    if (started)
        maintenance_wake(store);
    return started;
}

/* The lock is held. */
static void end(struct scrub *scrub)
{
    scrub->status.running = false;
    scrub->status.ended_s = clock_now();
    scrub->is_stale = NULL;
    log_write(LOG_LEVEL_INFO, "scrub ended: %llu items visited, %llu removed",
              (unsigned long long)scrub->status.visited, (unsigned long long)scrub->status.cleaned);
}

void scrub_stop(struct store *store)
{
    struct maintenance *maintenance = of(store);

    if (!maintenance)
        return;
    struct scrub *scrub = &maintenance->scrub;
    lock_take(&scrub->lock);
    if (scrub->status.running)
        end(scrub);
    lock_drop(&scrub->lock);
}

void scrub_look(struct store *store, struct scrub_status *status)
{
    struct maintenance *maintenance = of(store);

    *status = (struct scrub_status){.running = false};
    if (!maintenance)
        return;
    lock_take(&maintenance->scrub.lock);
    *status = maintenance->scrub.status;
    lock_drop(&maintenance->scrub.lock);
}

bool scrub_is_running(struct scrub *scrub)
{
    lock_take(&scrub->lock);
    bool running = scrub->status.running;
    lock_drop(&scrub->lock);
    return running;
}

static bool is_stale(struct store_thread *thread, struct scrub *scrub, struct item *item)
{
    const char *key = item_key(item);
    size_t len = item_key_len(item);

    return scrub->is_stale &&
           !prefix_is_internal(key, prefix_length(key, len, thread->store->prefix_delimiter)) &&
           scrub->is_stale(scrub->arg, key, len);
}

static bool scrub_item(struct store_thread *thread, struct item *item, void *argument)
{
    struct scrub *scrub = argument;
    bool gone = item_is_dead(thread, item) || is_stale(thread, scrub, item);

    scrub->status.visited++;
    scrub->status.cleaned += gone;
    return gone;
}

bool scrub_slice(struct maintenance *maintenance)
{
    struct scrub *scrub = &maintenance->scrub;
    unsigned most = atomic_load_explicit(&maintenance->store->scrub_count, memory_order_relaxed);

    lock_take(&scrub->lock);
    bool running = scrub->status.running;
    uint64_t until = scrub->status.visited + most;
    for (unsigned n = 0; running && n < BUCKETS_PER_SLICE && scrub->status.visited < until; n++) {
        scrub->position =
            cursor_pass_bucket(maintenance->thread, scrub->position, scrub_item, scrub);
        if (scrub->position == 0) {
            end(scrub);
            running = false;
        }
    }
    lock_drop(&scrub->lock);
    return running;
}
