/* Opens the connection to every host as apply would, host key and login included. */
#include "executors/transport/fleet.h"
#include "planner/base/clock.h"
#include "planner/cli/command.h"
#include "planner/cli/report.h"
#include "planner/cli/site.h"
#include "planner/cli/table.h"

#include <jansson.h>

enum { PING_MS = 20000 };

struct ping {
    struct job job;
    int64_t started_ms, took_ms;
};

static int ping_host(struct job *job, struct transport *transport)
{
    struct ping *ping = job->data;
    struct command command = {.script = "exit 0", .deadline_ms = clock_deadline_ms(PING_MS)};
    struct reply reply = {0};
    int status = transport_run_checked(transport, &command, &reply, &job->fault);

    reply_deinit(&reply);
    ping->took_ms = clock_now_ms() - ping->started_ms;
    return status;
}

static void print_pings(struct cli *cli, const struct ping *pings, size_t count)
{
    struct table table;

    table_init(&table, cli->arena, 0x8, "HOST", "ADDRESS", "STATE", "MS", NULL);
    for (size_t i = 0; i < count; i++) {
        const struct job *job = &pings[i].job;

        table_add(&table, job->host->name, job->host->address, job->result ? "failed" : "ok",
                  job->result ? "" : arena_printf(cli->arena, "%lld", (long long)pings[i].took_ms));
    }
    table_print(&table, stdout, cli->color);
}

static void print_pings_json(struct cli *cli, const struct ping *pings, size_t count)
{
    json_t *array = json_array(), *object;

    for (size_t i = 0; i < count; i++) {
        const struct job *job = &pings[i].job;

        json_array_append_new(
            array,
            json_pack("{s:s, s:s, s:b, s:I, s:o}", "host", job->host->name, "address",
                      job->host->address, "ok", job->result == 0, "ms",
                      (json_int_t)pings[i].took_ms, "error",
                      job->result ? json_string(report_text(cli, job->fault.text)) : json_null()));
    }
    object = json_pack("{s:o}", "hosts", array);
    json_dumpf(object, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(object);
}

static int ping_all(struct cli *cli, const struct spec *spec, struct ping *pings)
{
    struct fault fault;
    struct fleet *fleet = NULL;
    int64_t deadline_ms = clock_deadline_ms(PING_MS * (int64_t)(spec->host_count / 4 + 2));

    if (transport_init(&fault) || !(fleet = fleet_new(cli->parallel, &fault))) {
        diag_fault(cli->diags, SRCLOC_NONE, &fault);
        return -1;
    }
    for (size_t i = 0; i < spec->host_count; i++) {
        pings[i] =
            (struct ping){.job = {.host = &spec->hosts[i], .run = ping_host, .data = &pings[i]},
                          .started_ms = clock_now_ms()};
        fault_set(&pings[i].job.fault, DIAG_HOST_TIMEOUT, "no answer in time");
        pings[i].job.result = -1;
        fleet_submit(fleet, &pings[i].job);
    }
    while (fleet_pending(fleet) && fleet_next(fleet, deadline_ms))
        continue;
    fleet_free(fleet);
    return 0;
}

int cmd_ping(struct cli *cli)
{
    struct site site;
    struct ping *pings;
    int failed = 0;

    if (site_load(cli, 0, &site))
        return -1;
    pings = arena_array_of(cli->arena, struct ping, site.spec->host_count);
    if (ping_all(cli, site.spec, pings))
        return -1;
    if (cli->json)
        print_pings_json(cli, pings, site.spec->host_count);
    else
        print_pings(cli, pings, site.spec->host_count);
    for (size_t i = 0; i < site.spec->host_count; i++)
        if (pings[i].job.result) {
            diag_fault(cli->diags, site.spec->hosts[i].at, &pings[i].job.fault);
            failed++;
        }
    return failed ? -1 : 0;
}
