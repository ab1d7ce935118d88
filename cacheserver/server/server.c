/*
 * Start and stop. Listening comes before joining, so that no client is sent to a server that is
 * not there yet. The main thread waits on one poll for signals; nothing here polls a clock.
 */
#include "cacheserver/server/server.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sysexits.h>
#include <unistd.h>

#include "cacheserver/command/cloud.h"
#include "cacheserver/command/collection.h"
#include "cacheserver/runtime/log.h"
#include "cacheserver/runtime/number.h"
#include "cacheserver/server/daemon.h"
#include "cacheserver/store/maintenance.h"

/* Requests that are under way when the listeners have closed may take this long. */
#define DRAIN_MS 1000
/* For ZooKeeper to confirm that the session is closed. */
#define LEAVE_MS 5000
/* Clients that were told to go elsewhere are served this much longer. */
#define FAREWELL_MS 500
/* How often is looked whether the log of changes has grown enough for a new snapshot. */
#define CHECKPOINT_CHECK_MS 5000

static bool is_ready(void *arg)
{
    return cloud_is_ready(&((struct server *)arg)->cloud);
}

static void membership_stats(void *arg, struct reply *reply)
{
    cloud_stats(&((struct server *)arg)->cloud, reply);
}

static uint64_t cloud_number_of(void *arg, enum cloud_number which)
{
    return cloud_number(&((struct server *)arg)->cloud, which);
}

static bool set_cloud_number(void *arg, enum cloud_number which, uint64_t value)
{
    return cloud_set_number(&((struct server *)arg)->cloud, which, value);
}

static char *zookeeper_servers(void *arg)
{
    return cloud_servers(&((struct server *)arg)->cloud);
}

static void rejoin_cloud(void *arg, struct command_wait *wait)
{
    cloud_rejoin(&((struct server *)arg)->cloud, wait);
}

static void set_zookeeper_servers(void *arg, const char *servers, struct command_wait *wait)
{
    cloud_set_servers(&((struct server *)arg)->cloud, servers, wait);
}

static bool shut_down(void *arg, int seconds)
{
    return farewell_request(&((struct server *)arg)->farewell, seconds);
}

static enum scrub_stale_outcome scrub_stale(void *arg)
{
    return cloud_scrub_stale(&((struct server *)arg)->cloud);
}

static const struct cloud_hooks cloud_hooks = {
    .number = cloud_number_of,
    .set_number = set_cloud_number,
    .servers = zookeeper_servers,
    .rejoin = rejoin_cloud,
    .set_servers = set_zookeeper_servers,
};

static unsigned listener_count(void *arg)
{
    const struct server *server = arg;
    return atomic_load(&server->net.listener_count);
}

static unsigned open_connections(void *arg)
{
    const struct server *server = arg;
    return atomic_load(&server->net.connection_count);
}

static unsigned max_connections(void *arg)
{
    const struct server *server = arg;
    return atomic_load(&server->net.max_connections);
}

static void set_max_connections(void *arg, unsigned max)
{
    struct server *server = arg;
    atomic_store(&server->net.max_connections, max);
}

/* ARCUS_FORCED_BTREE_OVERFLOW_ACTION=prefix:action; a value that makes no sense is ignored. */
static void read_forced_overflow(struct store_config *config)
{
    const char *value = getenv("ARCUS_FORCED_BTREE_OVERFLOW_ACTION");
    const char *colon = value ? strchr(value, ':') : NULL;
    struct word action = {.at = colon ? colon + 1 : "", .len = colon ? strlen(colon + 1) : 0};

    if (!value)
        return;
    if (!collection_parse_overflow(&action, 1u << ITEM_BTREE, &config->forced_overflow)) {
        log_write(LOG_LEVEL_WARNING,
                  "ARCUS_FORCED_BTREE_OVERFLOW_ACTION is ignored: expected a "
                  "prefix, a colon and an overflow action, found %s",
                  value);
        return;
    }
    config->forced_prefix = value;
    config->forced_prefix_len = (size_t)(colon + 1 - value);
}

/* Lets a test see what a store does whose memory is almost used up. */
static size_t feigned_bytes(void)
{
    const char *value = getenv("T_MEMD_INITIAL_MALLOC");
    uint64_t bytes;

    return value && number_parse_u64(value, strlen(value), &bytes) ? bytes : 0;
}

static int start_store(struct server *server)
{
    const struct settings *settings = server->settings;
    struct store_config config = {
        .memory_limit_bytes = settings->memory_limit_bytes,
        .sticky_limit_bytes = settings->sticky_limit_bytes,
        .item_size_max_bytes = settings->item_size_max_bytes,
        .evict = !settings->no_eviction,
        .prefix_delimiter = settings->prefix_delimiter,
        .max_counts = {[ITEM_LIST] = settings->max_list_size,
                       [ITEM_SET] = settings->max_set_size,
                       [ITEM_MAP] = settings->max_map_size,
                       [ITEM_BTREE] = settings->max_btree_size},
        .element_bytes_max = settings->max_element_bytes,
        .scrub_count = settings->scrub_count,
        .chunk_bytes = settings->chunk_size,
        .growth_factor = settings->growth_factor,
        .feigned_bytes = feigned_bytes(),
    };

    read_forced_overflow(&config);
    server->store = store_new(&config);
    if (!server->store) {
        fprintf(stderr, "cacheserver: no memory for the store\n");
        return EX_OSERR;
    }
    return 0;
}

static int start_auth(struct server *server)
{
    if (!server->settings->require_sasl)
        return 0;
    server->auth = auth_start(stderr);
    return server->auth ? 0 : EX_CONFIG;
}

/* What was stored comes back before anybody may ask for it. */
static int start_persistence(struct server *server)
{
    const struct settings *settings = server->settings;
    const struct persistence_config config = {
        .data_path = settings->data_path,
        .logs_path = settings->logs_path,
        .async_logging = settings->async_logging,
        .interval_pct = settings->chkpt_interval_pct_snapshot,
        .min_log_bytes = settings->chkpt_interval_min_log_bytes,
        .check_interval_ms = CHECKPOINT_CHECK_MS,
        .recovering = daemon_progress,
    };

    if (!settings->use_persistence)
        return 0;
    server->persistence = persistence_open(&config, server->store, stderr);
    if (!server->persistence)
        return EX_CANTCREAT;
    if (!persistence_start(server->persistence))
        return 0;
    fprintf(stderr, "cacheserver: cannot start the persistence threads\n");
    return EX_OSERR;
}

static int start_maintenance(struct server *server)
{
    if (maintenance_start(server->store)) {
        fprintf(stderr, "cacheserver: cannot start the maintenance thread\n");
        return EX_OSERR;
    }
    return 0;
}

static int start_net(struct server *server)
{
    const struct command_hooks hooks = {
        .arg = server,
        .is_ready = is_ready,
        .membership_stats = membership_stats,
        .listeners = listener_count,
        .open_connections = open_connections,
        .max_connections = max_connections,
        .set_max_connections = set_max_connections,
        .scrub_stale = scrub_stale,
        .shut_down = shut_down,
        .cloud = &cloud_hooks,
    };

    if (command_shared_init(&server->shared, server->settings, server->store, &server->counters,
                            &hooks)) {
        fprintf(stderr, "cacheserver: no memory for the commands\n");
        return EX_OSERR;
    }
    server->shared.auth = server->auth;
    server->shared.persistence = server->persistence;
    if (net_open(&server->net, server->settings, &server->shared, stderr))
        return EX_OSERR;
    server->net_open = true;
    return net_start(&server->net) ? EX_OSERR : 0;
}

static int write_pid_file(struct server *server)
{
    const struct settings *settings = server->settings;

    if (!settings->daemonize || !settings->pid_file)
        return 0;
    if (pid_file_write(settings->pid_file)) {
        fprintf(stderr, "cacheserver: cannot write the pid file %s: %s\n", settings->pid_file,
                strerror(errno));
        return EX_OSERR;
    }
    server->pid_file_written = true;
    return 0;
}

int server_start(struct server *server, const struct settings *settings)
{
    memset(server, 0, sizeof(*server));
    server->settings = settings;
    cloud_init(&server->cloud, settings);
    int status = farewell_init(&server->farewell) ? EX_OSERR : start_store(server);
    if (!status)
        status = start_auth(server);
    if (!status)
        status = start_persistence(server);
    if (!status)
        status = start_maintenance(server);
    if (!status)
        status = start_net(server);
    if (!status)
        status = write_pid_file(server);
    if (!status)
        status = cloud_start(&server->cloud, server->store, &server->net.listeners);
    return status;
}

static bool was_signalled(int signal_fd)
{
    struct signalfd_siginfo info;

    if (read(signal_fd, &info, sizeof(info)) != sizeof(info))
        return false;
    log_write(LOG_LEVEL_INFO, "stopping on signal %u", info.ssi_signo);
    return true;
}

int server_wait(struct server *server, int signal_fd)
{
    struct pollfd waits[] = {
        {.fd = signal_fd, .events = POLLIN},
        {.fd = cloud_fatal_fd(&server->cloud), .events = POLLIN},
        {.fd = server->persistence ? persistence_failed_fd(server->persistence) : -1,
         .events = POLLIN},
        {.fd = cloud_hung_fd(&server->cloud), .events = POLLIN},
        {.fd = server->farewell.fd, .events = POLLIN},
    };

    for (;;) {
        if (poll(waits, sizeof(waits) / sizeof(waits[0]), -1) < 0 && errno != EINTR)
            return EX_OSERR;
        if (waits[0].revents && was_signalled(signal_fd))
            return EX_OK;
        if (waits[4].revents)
            return EX_OK;
        if (waits[1].revents)
            return cloud_exit_status(&server->cloud);
        if (waits[2].revents)
            return EX_IOERR;
        if (waits[3].revents) {
            server->is_hung = true;
            return EX_TEMPFAIL;
        }
    }
}

/* ZooKeeper first; clients hear of it and turn away while they are still being served. A second
 * signal shortens that. */
static void leave_cloud(struct server *server, int signal_fd)
{
    struct pollfd again = {.fd = signal_fd, .events = POLLIN};

    if (cloud_leave(&server->cloud, LEAVE_MS))
        poll(&again, 1, FAREWELL_MS);
}

/* Workers that do not answer cannot be asked to end. */
static void end_hung(const struct server *server)
{
    if (server->pid_file_written)
        pid_file_remove(server->settings->pid_file);
    _exit(EX_TEMPFAIL);
}

static void free_counters(struct server *server)
{
    for (unsigned i = 0; i < server->counters.count; i++)
        free(server->counters.blocks[i]);
}

void server_stop(struct server *server, int signal_fd)
{
    leave_cloud(server, signal_fd);
    if (server->is_hung)
        end_hung(server);
    farewell_serve(&server->farewell, signal_fd, &server->net.connection_count);
    if (server->net_open) {
        net_stop(&server->net, DRAIN_MS);
        net_close(&server->net);
    }
    command_shared_deinit(&server->shared);
    if (server->store)
        maintenance_stop(server->store);
    cloud_deinit(&server->cloud);
    auth_stop(server->auth);
    if (server->persistence)
        persistence_close(server->persistence);
    if (server->store && server->cloud.left)
        store_free(server->store);
    free_counters(server);
    farewell_deinit(&server->farewell);
    if (server->pid_file_written)
        pid_file_remove(server->settings->pid_file);
    close(signal_fd);
}
