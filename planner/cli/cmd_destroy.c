/* destroy is a plan in which nothing is wanted. Data directories outlive it, because a mistake with
 * them cannot be mended; --purge removes them, on every host of the spec, after everything else has
 * ended well. Only what arcusplan and its servers put there is removed, never a directory with
 * other things in it. */
#include "executors/transport/fleet.h"
#include "planner/base/clock.h"
#include "planner/cli/command.h"
#include "planner/cli/pipeline.h"

#include <string.h>

enum { PURGE_MS = 60000, EXIT_PART_WAY = 3 };

struct purge {
    struct job job;
    struct str script;
};

static void purge_directory(struct str *script, const char *directory, const char *const *entries)
{
    str_puts(script, "d=");
    str_add_shell_word(script, directory);
    str_puts(script, "\nif [ -d \"$d\" ]; then rm -rf");
    for (; *entries; entries++)
        str_printf(script, " \"$d\"/%s", *entries);
    str_puts(script, " || exit 1; rmdir \"$d\" 2>/dev/null; fi\n");
}

static bool runs_zookeeper(const struct spec *spec, const struct spec_host *host)
{
    const struct spec_zookeeper *zookeeper = spec->zookeeper;

    for (size_t i = 0; zookeeper && zookeeper->is_managed && i < zookeeper->host_count; i++)
        if (zookeeper->hosts[i] == host)
            return true;
    return false;
}

static bool has_package(const struct spec *spec, const struct spec_host *host,
                        const struct spec_package *package)
{
    if (runs_zookeeper(spec, host) && spec->zookeeper->package == package)
        return true;
    for (size_t i = 0; i < spec->cloud_count; i++)
        for (size_t j = 0; j < spec->clouds[i].node_count; j++)
            if (spec->clouds[i].package == package && spec->clouds[i].nodes[j].host == host)
                return true;
    return false;
}

static void write_script(const struct spec *spec, const struct spec_host *host, struct str *script)
{
    static const char *const install[] = {"releases", "current", "manifest", "run", NULL};
    static const char *const data[] = {
        "version-2", "myid", "conf", "run", "log", "zookeeper_server.pid", NULL};

    for (size_t i = 0; i < spec->package_count; i++)
        if (has_package(spec, host, &spec->packages[i]))
            purge_directory(script, spec->packages[i].install_dir, install);
    if (runs_zookeeper(spec, host))
        purge_directory(script, spec->zookeeper->data_dir, data);
}

static int purge_host(struct job *job, struct transport *transport)
{
    struct purge *purge = job->data;
    struct command command = {.script = str_text(&purge->script),
                              .deadline_ms = clock_deadline_ms(PURGE_MS)};
    struct reply reply = {0};
    int status = transport_run_checked(transport, &command, &reply, &job->fault);

    reply_deinit(&reply);
    return status;
}

static int purge_all(struct pipeline *pipeline)
{
    const struct spec *spec = pipeline->site->spec;
    struct cli *cli = pipeline->cli;
    struct purge *purges = arena_array_of(cli->arena, struct purge, spec->host_count);
    int64_t deadline_ms = clock_deadline_ms(PURGE_MS * (int64_t)(spec->host_count / 4 + 2));
    int purged = 0, failed = 0;
    struct job *job;

    for (size_t i = 0; i < spec->host_count; i++) {
        purges[i].job =
            (struct job){.host = &spec->hosts[i], .run = purge_host, .data = &purges[i]};
        write_script(spec, &spec->hosts[i], &purges[i].script);
        if (!purges[i].script.length)
            continue;
        fleet_submit(pipeline->fleet, &purges[i].job);
        purged++;
    }
    while (fleet_pending(pipeline->fleet) && (job = fleet_next(pipeline->fleet, deadline_ms))) {
        purged--;
        if (job->result) {
            diag_fault(cli->diags, job->host->at, &job->fault);
            failed++;
        }
    }
    /* Late ones still use their scripts: the fleet ends before they are freed. */
    if (purged) {
        fleet_free(pipeline->fleet);
        pipeline->fleet = NULL;
    }
    for (size_t i = 0; i < spec->host_count; i++)
        str_deinit(&purges[i].script);
    if (!failed && !purged && !cli->quiet && !cli->json)
        puts("data directories are removed");
    return failed || purged ? EXIT_PART_WAY : 0;
}

int cmd_destroy(struct cli *cli)
{
    struct pipeline pipeline;
    struct site site;
    int status;

    if (site_load(cli, 0, &site))
        return -1;
    pipeline_init(&pipeline, cli, &site, "destroy");
    pipeline.options.intent = PLAN_DESTROY;
    pipeline.shows = pipeline.asks = true;
    if (cli_has(cli, OPTION_PURGE))
        pipeline.also = "remove all data directories";
    status = pipeline_run(&pipeline);
    if (status == 0 && cli_has(cli, OPTION_PURGE))
        status = purge_all(&pipeline);
    pipeline_deinit(&pipeline);
    return status;
}
