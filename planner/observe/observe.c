/* Hosts and ZooKeeper are asked at the same time: the probes are handed to the fleet's workers
 * first, the ensemble is read meanwhile, and then the probes are collected. Everything that the
 * spec or the state names has a fact from the start, so that what nobody could say anything about
 * stays UNKNOWN instead of missing. */
#include "planner/observe/observe.h"

#include "planner/base/clock.h"
#include "planner/base/utf8.h"
#include "planner/observe/host_facts.h"
#include "planner/observe/live_stats.h"
#include "planner/observe/targets.h"
#include "planner/observe/zk_facts.h"

#include <string.h>
#include <time.h>

enum {
    HOST_LIMIT_MS = 30000,
    ASK_LIMIT_MS = 5000,
    CONNECT_LIMIT_MS = 15000,
    SESSION_TIMEOUT_MS = 20000,
};

/* A probe on its way; the arena is its own because it is filled on a worker. */
struct probe_job {
    struct job job;
    struct arena *arena;
    struct probe_request request;
    struct probe probe;
    int64_t deadline_ms;
    const atomic_bool *cancel;
    int64_t skew_ms;
};

struct observer {
    const struct spec *spec;
    const struct recorded *recorded;
    const struct observe_options *options;
    struct arena *arena;
    struct observation *observation;
    struct world *world;
    struct target_codes codes;
    vec_of(struct probe_job *) jobs;
    struct zk_ensemble ensemble;
    struct zk_view view;
};

static int64_t earlier(int64_t deadline_ms, int64_t limit_ms)
{
    int64_t limited = clock_deadline_ms(limit_ms);

    return limited < deadline_ms ? limited : deadline_ms;
}

static int64_t wall_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int run_probe(struct job *job, struct transport *transport)
{
    struct probe_job *probe = job->data;
    int64_t start_ms = wall_ms();

    if (host_probe_run(transport, &probe->request, earlier(probe->deadline_ms, HOST_LIMIT_MS),
                       probe->cancel, probe->arena, &probe->probe, &job->fault) < 0)
        return -1;
    probe->skew_ms = probe->probe.clock_ms - (start_ms + wall_ms()) / 2;
    return 0;
}

static void submit_probes(struct observer *observer)
{
    struct fleet *fleet = observer->observation->fleet;
    struct target_hosts hosts;

    target_hosts_collect(observer->spec, observer->recorded, observer->arena, &hosts);
    vec_each(host, &hosts.items) {
        struct probe_job *job = arena_new_of(observer->arena, struct probe_job);

        job->arena = arena_new();
        job->deadline_ms = observer->options->deadline_ms;
        job->cancel = fleet_cancel_flag(fleet);
        job->job = (struct job){.host = *host, .run = run_probe, .data = job};
        target_dirs(observer->spec, observer->recorded, *host, observer->arena, &job->request);
        *vec_push(observer->arena, &observer->jobs) = job;
        fleet_submit(fleet, &job->job);
    }
}

/* Waits for all, so that no worker uses them any more; each has a deadline of its own. */
static void collect_probes(struct observer *observer)
{
    struct fleet *fleet = observer->observation->fleet;

    for (size_t left = observer->jobs.count; left > 0;)
        if (fleet_next(fleet, clock_deadline_ms(HOST_LIMIT_MS)))
            left--;
    vec_each(slot, &observer->jobs) {
        struct probe_job *job = *slot;

        if (job->job.result == 0)
            host_facts_add(job->job.host, &job->probe, job->skew_ms, &observer->codes,
                           observer->arena, observer->world);
        else
            host_facts_add_unreachable(job->job.host, &job->job.fault, observer->arena,
                                       observer->world);
        arena_free(job->arena);
    }
}

static bool is_in_zookeeper(const struct fact *fact)
{
    return strncmp(fact->address, "cloud/", strlen("cloud/")) == 0 ||
           strncmp(fact->address, "znode/", strlen("znode/")) == 0;
}

static void fill_from_state(const struct observer *observer, struct fact *fact)
{
    const struct recorded_resource *recorded = recorded_find(observer->recorded, fact->address);

    fact->said_by = WITNESS_STATE;
    fact->presence = recorded ? PRESENCE_PRESENT : PRESENCE_ABSENT;
    if (!recorded)
        return;
    vec_each(attr, &recorded->attrs)
        attrs_add(observer->arena, &fact->attrs, attr->name, attr->value, SRCLOC_NONE);
}

static void fill_all_from_state(const struct observer *observer, bool with_zookeeper)
{
    vec_each(fact, &observer->world->facts)
        if (with_zookeeper || !is_in_zookeeper(*fact))
            fill_from_state(observer, *fact);
}

static int read_clouds(struct observer *observer, struct fault *fault)
{
    const char *connect = observer->spec->zookeeper->connect;
    int64_t deadline_ms = observer->options->deadline_ms;
    struct zk_session *session;

    zk_ensemble_ask(connect, earlier(deadline_ms, ASK_LIMIT_MS), observer->arena,
                    &observer->ensemble);
    if (zk_ensemble_check(&observer->ensemble, fault) < 0 ||
        zk_session_open(connect, SESSION_TIMEOUT_MS, earlier(deadline_ms, CONNECT_LIMIT_MS), NULL,
                        &session, fault) < 0)
        return -1;
    if (zk_view_read(session, observer->codes.items.items, observer->codes.items.count, deadline_ms,
                     observer->arena, &observer->view, fault) < 0) {
        zk_session_close(session);
        return -1;
    }
    observer->observation->zookeeper = session;
    return 0;
}

static void look_at_zookeeper(struct observer *observer)
{
    struct zk_fact *fact = &observer->world->zookeeper;

    if (observer->spec->zookeeper)
        fact->is_connected = read_clouds(observer, &fact->fault) == 0;
    else
        fault_set(&fact->fault, DIAG_ZK_CONNECT, "the spec names no ZooKeeper ensemble");
}

static void look_at_all(struct observer *observer)
{
    bool is_full = observer->options->refresh == REFRESH_FULL;

    if (is_full)
        submit_probes(observer);
    else
        fill_all_from_state(observer, false);
    look_at_zookeeper(observer);
    if (is_full)
        collect_probes(observer);
    if (observer->spec->zookeeper)
        zk_facts_add_servers(&observer->ensemble, observer->spec->zookeeper->client_port,
                             observer->arena, observer->world);
    if (observer->world->zookeeper.is_connected)
        zk_facts_add(&observer->view, observer->arena, observer->world);
    if (is_full)
        live_stats_add(observer->world, earlier(observer->options->deadline_ms, ASK_LIMIT_MS),
                       observer->arena);
}

/* Hosts and znodes may hold any bytes; from here on all text is fit for terminals and JSON. */
static void clean_attrs(struct attrs *attrs, struct arena *arena)
{
    vec_each(attr, attrs) {
        attr->name = utf8_clean(arena, attr->name);
        attr->value = attr->value ? utf8_clean(arena, attr->value) : NULL;
    }
}

static void clean_texts(struct world *world, struct arena *arena)
{
    vec_each(fact, &world->facts) {
        clean_attrs(&(*fact)->attrs, arena);
        (*fact)->note = (*fact)->note ? utf8_clean(arena, (*fact)->note) : NULL;
    }
    vec_each(host, &world->hosts)
        clean_attrs(&(*host)->attrs, arena);
}

static int add_packages(struct observer *observer, struct diags *diags)
{
    const struct observe_options *options = observer->options;

    if (options->add_local_facts &&
        options->add_local_facts(options->data, observer->world, diags) < 0)
        return -1;
    vec_each(slot, &observer->recorded->resources)
        if (strncmp((*slot)->address, "package/", strlen("package/")) == 0 &&
            !world_find(observer->world, (*slot)->address))
            fill_from_state(observer, world_fact(observer->world, (*slot)->address));
    return 0;
}

int observe(const struct spec *spec, const struct recorded *recorded,
            const struct observe_options *options, struct arena *arena, struct diags *diags,
            struct observation *observation)
{
    struct observer observer = {.spec = spec,
                                .recorded = recorded,
                                .options = options,
                                .arena = arena,
                                .observation = observation,
                                .world = &observation->world};

    observation->zookeeper = NULL;
    targets_declare(spec, recorded, arena, observer.world);
    target_codes_collect(spec, recorded, arena, &observer.codes);
    observer.world->is_offline = options->refresh == REFRESH_NONE;
    if (observer.world->is_offline)
        fill_all_from_state(&observer, true);
    else
        look_at_all(&observer);
    if (observation->fleet && atomic_load(fleet_cancel_flag(observation->fleet))) {
        diag_error(diags, DIAG_INTERRUPTED, SRCLOC_NONE, "interrupted while looking at the hosts");
        return -1;
    }
    if (add_packages(&observer, diags) < 0)
        return -1;
    clean_texts(observer.world, arena);
    world_finish(observer.world);
    return 0;
}

int observe_host_resource(struct transport *transport, const struct spec *spec, const char *address,
                          const struct attrs *known, int64_t deadline_ms, struct arena *arena,
                          struct fact *fact, struct fault *fault)
{
    const struct spec_host *host = transport_host(transport);
    struct probe_request request;
    struct recorded nothing;
    struct target_codes codes;
    struct probe probe;
    struct world world;
    int result;

    recorded_init(&nothing, arena);
    recorded_add(&nothing, address);
    target_codes_collect(spec, &nothing, arena, &codes);
    target_dirs(spec, NULL, host, arena, &request);
    if (known)
        target_dirs_of_attrs(known, arena, &request);
    recorded_deinit(&nothing);
    result = host_probe_run(transport, &request, deadline_ms, NULL, arena, &probe, fault);
    if (result < 0)
        return -1;
    world_init(&world, arena);
    world_fact(&world, address)->host = host;
    host_facts_add(host, &probe, 0, &codes, arena, &world);
    clean_texts(&world, arena);
    world_finish(&world);
    *fact = *world_find(&world, address);
    world_deinit(&world);
    return 0;
}
