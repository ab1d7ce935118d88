/* With a spec: the spec's ensemble and clouds, and the drift, for which the hosts are looked at as
 * plan does. With -z: what the ensemble alone tells. Watching leaves the hosts alone: that would
 * log in on each of them every two seconds. */
#include "planner/cli/command.h"
#include "planner/cli/pipeline.h"
#include "planner/cli/report.h"
#include "planner/cli/status.h"
#include "planner/cli/zk_open.h"

#include <poll.h>
#include <string.h>
#include <unistd.h>

enum { WATCH_MS = 2000 };

/* What one look needs; the session outlives a look when watching. */
struct view {
    struct cli *cli;
    const struct spec *spec; /* NULL with -z */
    const char *connect;
    const char *code;
    struct zk_session *session;
    int drift;
    struct fault fault; /* why there is no session */
};

/* Prints one status; false when the ensemble could not be read. */
static bool show(struct view *view, bool clears)
{
    struct arena *arena = arena_new();
    struct status status = {.fault = view->fault};
    bool is_readable;

    status_read(view->connect, view->session, view->spec, view->code, arena, &status);
    status.drift = view->drift;
    if (clears)
        fputs("\033[H\033[2J", stdout);
    if (view->cli->json)
        status_print_json(&status, stdout);
    else
        status_print(&status, arena, stdout, view->cli->color);
    fflush(stdout);
    is_readable = status.is_readable || !view->connect;
    if (!is_readable)
        view->fault = status.fault;
    arena_free(arena);
    return is_readable;
}

static void connect_again(struct view *view)
{
    if (!view->connect || (view->session && zk_session_is_connected(view->session)))
        return;
    zk_session_close(view->session);
    view->session = NULL;
    if (zk_open(view->connect, &view->session, &view->fault))
        view->session = NULL;
}

static int show_until_interrupted(struct view *view)
{
    bool clears = isatty(STDOUT_FILENO) && !view->cli->json;

    while (!ferror(stdout)) {
        connect_again(view);
        show(view, clears);
        poll(NULL, 0, WATCH_MS);
    }
    return 0;
}

static int show_once(struct view *view)
{
    if (show(view, false))
        return 0;
    diag_fault(view->cli->diags, SRCLOC_NONE, &view->fault);
    return -1;
}

static int status_without_spec(struct cli *cli)
{
    struct view view = {.cli = cli, .connect = cli_value(cli, OPTION_ZOOKEEPER_LIST), .drift = -1};
    int status;

    if (cli->operands.count > 1)
        return usage_error(cli, "-z takes one cloud at most");
    if (cli->operands.count)
        view.code = cli->operands.items[0];
    if (cli_has(cli, OPTION_WATCH))
        status = show_until_interrupted(&view);
    else {
        connect_again(&view);
        status = show_once(&view);
    }
    zk_session_close(view.session);
    return status;
}

static int status_with_drift(struct cli *cli, const struct site *site, struct view *view)
{
    struct pipeline pipeline;
    int status;

    pipeline_init(&pipeline, cli, site, "status");
    status = pipeline_plan(&pipeline, false);
    if (status == 0) {
        view->drift = (int)pipeline.plan->steps.count;
        view->session = pipeline.observation.zookeeper;
        view->fault = pipeline.observation.world.zookeeper.fault;
        status = show_once(view);
        vec_each(host, &pipeline.observation.world.hosts)
            if (!(*host)->is_reachable) {
                diag_fault(cli->diags, (*host)->host->at, &(*host)->fault);
                status = -1;
            }
    }
    pipeline_deinit(&pipeline);
    return status;
}

int cmd_status(struct cli *cli)
{
    struct view view = {.cli = cli, .drift = -1};
    struct site site;
    int status;

    if (cli_has(cli, OPTION_ZOOKEEPER_LIST))
        return status_without_spec(cli);
    if (!cli->operands.count)
        return usage_error(cli, "'status' needs a spec, or an ensemble with -z");
    if (site_load(cli, 0, &site))
        return -1;
    view.spec = site.spec;
    if (site.spec->zookeeper)
        view.connect = site.spec->zookeeper->connect;
    if (!cli_has(cli, OPTION_WATCH))
        return status_with_drift(cli, &site, &view);
    status = show_until_interrupted(&view);
    zk_session_close(view.session);
    return status;
}
