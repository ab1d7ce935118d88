/* Starting, restarting and stopping a ZooKeeper server. A started one is well when it answers at
 * all: whether there is a quorum is for those to wait who need one, or the first server of a new
 * ensemble would wait for the others for ever. A restarted one must serve again before the next one
 * is taken. */
#include "executors/steps/server_process.h"
#include "executors/steps/step_attrs.h"
#include "executors/steps/step_kinds.h"
#include "planner/base/clock.h"
#include "planner/types/zoo_cfg.h"

#include <stdlib.h>
#include <string.h>

enum { COMMAND_MS = 60000, START_MS = 60000, SERVE_MS = 90000 };

struct zk_server {
    struct server_process process;
    const char *data_dir;
    const char *home;    /* absolute */
    const char *zoo_cfg; /* the text that its configuration must have */
    int port;
    bool must_serve;
};

static int zk_look(void *data, int64_t deadline_ms, const char **why, struct fault *fault)
{
    struct zk_server *server = data;
    const struct step_context *context = server->process.context;
    struct fault silent;
    char *answer;

    (void)fault;
    if (zk_four_letter(context->step->host->address, server->port, "srvr", deadline_ms,
                       context->arena, &answer, &silent) < 0) {
        *why = arena_strdup(context->arena, silent.text);
        return 1;
    }
    if (!server->must_serve || strstr(answer, "\nMode: "))
        return 0;
    *why = "it has no quorum to serve with";
    return 1;
}

/* Where bin/zkServer.sh is: inside the release unless absolute. */
static const char *find_home(const struct step_context *context)
{
    const struct spec_package *package = context->step->change->resource->package;
    const char *home = step_attr(context, "home");
    const char *digest = step_attr(context, "release");

    if (!package || !home || home[0] == '/')
        return home;
    if (!digest)
        return NULL;
    return arena_printf(
        context->arena, "%s/releases/%s/%s", package->install_dir,
        step_release_directory(context->arena, package->name, package->version, digest), home);
}

static int zk_server_init(struct zk_server *server, const struct step_context *context,
                          struct fault *fault)
{
    const char *data_dir = step_attr(context, "data_dir");

    if (!data_dir)
        return fault_set(fault, DIAG_STEP_FAILED, "the data directory of %s is not known",
                         context->step->change->address);
    *server = (struct zk_server){.data_dir = data_dir};
    server->process = (struct server_process){
        .context = context,
        .run = arena_printf(context->arena, "%s/run", data_dir),
        .name = arena_printf(context->arena, "ZooKeeper server %s", context->step->host->address),
        .look = zk_look,
        .data = server,
    };
    return 0;
}

/* What a wanted server needs beyond that: its configuration is that of its zk_config resource. */
static int zk_server_init_wanted(struct zk_server *server, const struct step_context *context,
                                 struct fault *fault)
{
    const struct resource *resource = context->step->change->resource;

    if (zk_server_init(server, context, fault) < 0)
        return -1;
    server->home = find_home(context);
    server->port = context->spec->zookeeper->client_port;
    vec_each(dependency, &resource->dependencies)
        if (dependency->resource && strncmp(dependency->address, "zk_config/", 10) == 0)
            server->zoo_cfg = zoo_cfg_text(context->arena, &dependency->resource->attrs);
    if (server->home && server->zoo_cfg)
        return 0;
    return fault_set(fault, DIAG_STEP_FAILED, "%s of %s is not known",
                     server->home ? "the configuration" : "the program", resource->address);
}

/* 's'ame, 'o'ther or 'n'one; -1 with fault. */
static int check(struct zk_server *server, const char *record, struct fault *fault)
{
    struct host_script script;
    int result;

    host_script_init(&script, server->process.context);
    host_script_set(&script, "run", server->process.run);
    host_script_set_number(&script, "port", server->port);
    host_script_set(&script, "attributes", record);
    host_script_set(&script, "home", server->home);
    result = host_script_run(&script, script_zk_check, clock_deadline_ms(COMMAND_MS), fault);
    if (result == 0)
        result = (unsigned char)host_script_answer(&script)[0];
    else if (fault->code == DIAG_HOST_LACKS)
        fault_hint(fault, "install it there (Debian: apt-get install zookeeper), or set "
                          "zookeeper.home");
    host_script_deinit(&script);
    return result;
}

static int launch(struct zk_server *server, const char *record, struct fault *fault)
{
    struct arena *arena = server->process.context->arena;
    struct host_script script;
    int result;

    host_script_init(&script, server->process.context);
    host_script_set(&script, "run", server->process.run);
    host_script_set(&script, "attributes", record);
    host_script_set(&script, "home", server->home);
    host_script_set(&script, "conf", arena_printf(arena, "%s/conf", server->data_dir));
    host_script_set(&script, "zoo_cfg", server->zoo_cfg);
    result = host_script_run(&script, script_zk_launch, clock_deadline_ms(COMMAND_MS), fault);
    host_script_deinit(&script);
    return result;
}

/* Brings it up as wanted; *was_there: it ran so already and was left alone. */
static int bring_up(struct zk_server *server, bool *was_there, struct fault *fault)
{
    const struct step_context *context = server->process.context;
    struct attrs wanted = {0};
    const char *record;
    bool ignored;
    int found;

    if (step_attrs_wanted(context, &wanted, fault) < 0)
        return -1;
    record = step_attrs_record(context, &wanted);
    found = check(server, record, fault);
    *was_there = found == 's' && !context->step->change->is_forced;
    if (found > 0 && found != 'n' && !*was_there) {
        step_phase(context, "stopping");
        if (server_stop(&server->process, "TERM", &ignored, fault) < 0)
            return -1;
        found = check(server, record, fault);
    }
    if (found < 0)
        return -1;
    if (found == 'n') {
        step_phase(context, "starting");
        if (launch(server, record, fault) < 0)
            return -1;
    }
    step_phase(context, server->must_serve ? "waiting until it serves" : "waiting for its port");
    return server_wait(&server->process, server->must_serve ? SERVE_MS : START_MS, fault);
}

static void run(const struct step_context *context, bool must_serve, struct outcome *outcome)
{
    struct zk_server server = {.process = {.context = context}};
    bool was_there;

    outcome->kind = OUTCOME_FAILED;
    if (zk_server_init_wanted(&server, context, &outcome->fault) < 0)
        return;
    server.must_serve = must_serve;
    if (bring_up(&server, &was_there, &outcome->fault) == 0)
        step_succeed(context, outcome, was_there ? OUTCOME_UNCHANGED : OUTCOME_DONE);
}

void step_zk_start(const struct step_context *context, struct outcome *outcome)
{
    run(context, false, outcome);
}

void step_zk_restart(const struct step_context *context, struct outcome *outcome)
{
    run(context, true, outcome);
}

void step_zk_stop(const struct step_context *context, struct outcome *outcome)
{
    struct zk_server server = {.process = {.context = context}};
    bool was_there;

    outcome->kind = OUTCOME_FAILED;
    if (zk_server_init(&server, context, &outcome->fault) < 0)
        return;
    step_phase(context, "stopping");
    if (server_stop(&server.process, "TERM", &was_there, &outcome->fault) == 0)
        outcome->kind = was_there ? OUTCOME_DONE : OUTCOME_UNCHANGED;
}
