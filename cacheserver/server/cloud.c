/*
 * Joining comes last: the heartbeat runs before clients are sent here. Leaving comes first, and
 * what has not ended by then lives on until the process ends, so nothing that it uses is freed.
 */
#include "cacheserver/server/cloud.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "cacheserver/command/wait.h"
#include "cacheserver/runtime/log.h"
#include "cacheserver/store/maintenance.h"

void cloud_init(struct cloud *cloud, const struct settings *settings)
{
    memset(cloud, 0, sizeof(*cloud));
    cloud->settings = settings;
    heartbeat_init(&cloud->heartbeat);
    lock_init(&cloud->scrub_lock, LOCK_RANK_CLOUD);
    atomic_init(&cloud->failstop, true);
}

static int complain(const char *what)
{
    fprintf(stderr, "cacheserver: cannot start %s\n", what);
    return EX_OSERR;
}

/* A TCP listener before the Unix socket; without any there is nothing to ask. */
static const struct listener *choose_listener(const struct listeners *listeners)
{
    for (unsigned i = 0; i < listeners->count; i++)
        if (listeners->items[i].family != AF_UNIX)
            return &listeners->items[i];
    return listeners->count ? &listeners->items[0] : NULL;
}

static int start_heartbeat(struct cloud *cloud, const struct listeners *listeners)
{
    const struct listener *listener = choose_listener(listeners);
    struct sockaddr_storage address;
    socklen_t len = sizeof(address);

    if (!listener)
        return 0;
    if (getsockname(listener->fd, (struct sockaddr *)&address, &len))
        return -1;
    return heartbeat_start(&cloud->heartbeat, (struct sockaddr *)&address, len,
                           HEARTBEAT_PERIOD_MS);
}

static void forget_all(void *arg)
{
    struct cloud *cloud = arg;

    log_write(LOG_LEVEL_WARNING, "dropping all items: others had their keys meanwhile");
    store_thread_tick(cloud->store_thread);
    store_flush(cloud->store_thread, 0);
}

static bool is_stale(void *ring, const char *key, size_t key_len)
{
    return !ring_view_is_mine(ring, key, key_len);
}

/* With the lock taken; what was scrubbed before has ended when it succeeds. */
static bool start_scrub(struct cloud *cloud, struct ring_view *ring, bool is_automatic)
{
    if (!scrub_start(cloud->store, SCRUB_STALE, is_stale, ring))
        return false;
    ring_view_unref(cloud->scrub_ring);
    cloud->scrub_ring = ring_view_ref(ring);
    cloud->scrub_is_automatic = is_automatic;
    return true;
}

/* With the lock taken. */
static bool is_automatic_running(struct cloud *cloud)
{
    struct scrub_status status;

    scrub_look(cloud->store, &status);
    return status.running && status.mode == SCRUB_STALE && cloud->scrub_is_automatic;
}

static bool scrub_stale(void *arg, struct ring_view *ring)
{
    struct cloud *cloud = arg;

    lock_take(&cloud->scrub_lock);
    if (is_automatic_running(cloud))
        scrub_stop(cloud->store);
    bool begun = start_scrub(cloud, ring, true);
    lock_drop(&cloud->scrub_lock);
    return begun;
}

static bool is_scrubbing(void *arg)
{
    struct cloud *cloud = arg;

    lock_take(&cloud->scrub_lock);
    bool is_running = is_automatic_running(cloud);
    lock_drop(&cloud->scrub_lock);
    return is_running;
}

static bool has_items(struct store *store)
{
    struct store_totals totals;

    store_stats(store, &totals);
    return totals.counts[STORE_ITEMS] > 0;
}

static int start_membership(struct cloud *cloud, const struct listeners *listeners)
{
    const struct settings *settings = cloud->settings;
    const struct membership_config config = {
        .ensemble = settings->zk_ensemble,
        .session_timeout_ms = settings->zk_timeout_s * 1000,
        .port = listeners_tcp_port(listeners),
        .proxy = settings->proxy,
        .memory_limit_bytes = settings->memory_limit_bytes,
        .failstop = atomic_load(&cloud->failstop),
        .is_restored = !settings->keep_at_join && has_items(cloud->store),
        .hooks = {.arg = cloud,
                  .forget_all = forget_all,
                  .scrub_stale = scrub_stale,
                  .is_scrubbing = is_scrubbing},
    };
    struct membership *membership = membership_start(&config);

    if (!membership)
        return -1;
    /* A client may have changed it since. */
    membership_set_failstop(membership, atomic_load(&cloud->failstop));
    atomic_store(&cloud->membership, membership);
    return 0;
}

int cloud_start(struct cloud *cloud, struct store *store, const struct listeners *listeners)
{
    if (!cloud->settings->zk_ensemble)
        return 0;
    cloud->store = store;
    cloud->store_thread = store_attach(store);
    if (!cloud->store_thread || start_heartbeat(cloud, listeners))
        return complain("the heartbeat");
    if (start_membership(cloud, listeners))
        return complain("the membership thread");
    return 0;
}

bool cloud_leave(struct cloud *cloud, int timeout_ms)
{
    struct membership *membership = atomic_load(&cloud->membership);
    struct membership_view view = {0};

    heartbeat_stop(&cloud->heartbeat);
    cloud->left = true;
    if (!membership)
        return false;
    membership_look(membership, &view);
    cloud->left = !membership_leave(membership, timeout_ms);
    if (!cloud->left)
        log_write(LOG_LEVEL_WARNING, "ZooKeeper did not confirm that the server left");
    return view.ready;
}

void cloud_deinit(struct cloud *cloud)
{
    struct membership *membership = atomic_load(&cloud->membership);

    if (cloud->left && membership)
        membership_free(membership);
    if (cloud->left && cloud->store_thread)
        store_detach(cloud->store_thread);
    ring_view_unref(cloud->scrub_ring);
    lock_deinit(&cloud->scrub_lock);
    heartbeat_deinit(&cloud->heartbeat);
}

int cloud_fatal_fd(struct cloud *cloud)
{
    struct membership *membership = atomic_load(&cloud->membership);
    return membership ? membership_fatal_fd(membership) : -1;
}

int cloud_exit_status(struct cloud *cloud)
{
    return membership_exit_status(atomic_load(&cloud->membership));
}

int cloud_hung_fd(const struct cloud *cloud)
{
    return heartbeat_fatal_fd(&cloud->heartbeat);
}

bool cloud_is_ready(struct cloud *cloud)
{
    struct membership *membership = atomic_load(&cloud->membership);
    struct membership_view view;

    if (!cloud->settings->zk_ensemble)
        return true;
    if (!membership)
        return false;
    membership_look(membership, &view);
    return view.ready;
}

static void look(struct cloud *cloud, struct membership_view *view)
{
    struct membership *membership = atomic_load(&cloud->membership);

    *view = (struct membership_view){.session_timeout_ms = cloud->settings->zk_timeout_s * 1000,
                                     .failstop = atomic_load(&cloud->failstop)};
    if (membership)
        membership_look(membership, view);
}

static const char *on_off(bool value)
{
    return value ? "on" : "off";
}

static const char *true_false(bool value)
{
    return value ? "true" : "false";
}

void cloud_stats(struct cloud *cloud, struct reply *reply)
{
    struct membership_view view;

    look(cloud, &view);
    reply_format(reply,
                 "STAT zk_libversion %s\r\n"
                 "STAT zk_timeout %u\r\n"
                 "STAT zk_failstop %s\r\n"
                 "STAT zk_connected %s\r\n"
                 "STAT zk_ready %s\r\n"
                 "STAT zk_reconfig_needed %s\r\n",
                 membership_library_version(), view.session_timeout_ms, on_off(view.failstop),
                 true_false(view.connected), true_false(view.ready), on_off(view.reconfig_needed));
    if (view.reconfig_needed)
        reply_format(reply,
                     "STAT zk_reconfig_enabled %s\r\n"
                     "STAT zk_reconfig_version %llx\r\n",
                     on_off(view.reconfig_enabled), (unsigned long long)view.reconfig_version);
}

uint64_t cloud_number(struct cloud *cloud, enum cloud_number which)
{
    unsigned timeout_ms, failstop_ms;

    heartbeat_limits(&cloud->heartbeat, &timeout_ms, &failstop_ms);
    const uint64_t numbers[] = {
        [CLOUD_FAILSTOP] = atomic_load(&cloud->failstop),
        [CLOUD_HB_TIMEOUT_MS] = timeout_ms,
        [CLOUD_HB_FAILSTOP_MS] = failstop_ms,
        [CLOUD_HB_COUNT] = atomic_load(&cloud->heartbeat.count),
        [CLOUD_HB_LATENCY_MS] = atomic_load(&cloud->heartbeat.latency_ms),
    };
    return numbers[which];
}

static bool set_failstop(struct cloud *cloud, bool failstop)
{
    struct membership *membership = atomic_load(&cloud->membership);

    atomic_store(&cloud->failstop, failstop);
    if (membership)
        membership_set_failstop(membership, failstop);
    return true;
}

bool cloud_set_number(struct cloud *cloud, enum cloud_number which, uint64_t value)
{
    switch (which) {
    case CLOUD_FAILSTOP:
        return set_failstop(cloud, value != 0);
    case CLOUD_HB_TIMEOUT_MS:
        return value <= UINT32_MAX && heartbeat_set_timeout(&cloud->heartbeat, (unsigned)value);
    case CLOUD_HB_FAILSTOP_MS:
        return value <= UINT32_MAX && heartbeat_set_failstop(&cloud->heartbeat, (unsigned)value);
    default:
        return false;
    }
}

char *cloud_servers(struct cloud *cloud)
{
    struct membership *membership = atomic_load(&cloud->membership);
    const char *listed = cloud->settings->zk_ensemble;

    if (membership)
        return membership_servers(membership);
    return listed ? strdup(listed) : NULL;
}

void cloud_rejoin(struct cloud *cloud, struct command_wait *wait)
{
    struct membership *membership = atomic_load(&cloud->membership);

    if (membership)
        membership_rejoin(membership, wait_answer, wait);
    else
        wait_answer(wait, false);
}

enum scrub_stale_outcome cloud_scrub_stale(struct cloud *cloud)
{
    struct membership *membership = atomic_load(&cloud->membership);

    if (!membership)
        return SCRUB_STALE_NOT_SUPPORTED;
    struct ring_view *ring = membership_ring(membership);
    if (!ring)
        ring = ring_view_new(NULL, 0, "");
    if (!ring)
        return SCRUB_STALE_BUSY;
    lock_take(&cloud->scrub_lock);
    bool begun = start_scrub(cloud, ring, false);
    lock_drop(&cloud->scrub_lock);
    ring_view_unref(ring);
    return begun ? SCRUB_STALE_STARTED : SCRUB_STALE_BUSY;
}

void cloud_set_servers(struct cloud *cloud, const char *servers, struct command_wait *wait)
{
    struct membership *membership = atomic_load(&cloud->membership);

    if (membership)
        membership_set_servers(membership, servers, wait_answer, wait);
    else
        wait_answer(wait, false);
}
