/* Everything that a command holds (locks, database, connections, session) hangs on the pipeline and
 * is given back by pipeline_deinit, whichever step failed. A command that writes takes the local
 * lock before it opens the state, and the ensemble's lock as soon as there is a session. */
#include "planner/cli/pipeline.h"

#include "executors/steps/packages.h"
#include "planner/base/clock.h"
#include "planner/cli/command.h"
#include "planner/cli/report.h"
#include "planner/observe/zk_lock.h"
#include "planner/plan/plan_file.h"
#include "planner/plan/world_of_spec.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { OBSERVE_MS = 30000, HOST_MS = 20000, LOCK_MS = 10000, EXIT_PART_WAY = 3 };

static struct plan_patterns patterns_of(const struct cli *cli, enum option_id id)
{
    return (struct plan_patterns){cli->values[id].items, cli->values[id].count};
}

static enum refresh refresh_of(const char *word)
{
    if (!word || strcmp(word, "full") == 0)
        return REFRESH_FULL;
    return strcmp(word, "zookeeper") == 0 ? REFRESH_ZOOKEEPER : REFRESH_NONE;
}

void pipeline_init(struct pipeline *pipeline, struct cli *cli, const struct site *site,
                   const char *command)
{
    *pipeline = (struct pipeline){.cli = cli, .site = site, .command = command};
    lock_holder_self(cli->arena, command, &pipeline->self);
    world_init(&pipeline->observation.world, cli->arena);
    recorded_init(&pipeline->recorded, cli->arena);
    if (site->plan_file) {
        pipeline->options = site->plan_file->options;
        pipeline->refresh = refresh_of(site->plan_file->refresh);
        return;
    }
    pipeline->refresh =
        cli_has(cli, OPTION_OFFLINE) ? REFRESH_NONE : refresh_of(cli_value(cli, OPTION_REFRESH));
    pipeline->options.targets = patterns_of(cli, OPTION_TARGET);
    pipeline->options.excludes = patterns_of(cli, OPTION_EXCLUDE);
    pipeline->options.replaces = patterns_of(cli, OPTION_REPLACE);
    pipeline->options.allow_destroy = patterns_of(cli, OPTION_ALLOW_DESTROY);
}

static int report_locked(struct cli *cli, const struct lock_holder *holder, const char *what)
{
    struct diag *diag = diag_error(cli->diags, DIAG_LOCKED, SRCLOC_NONE, "%s is locked by %s", what,
                                   lock_holder_text(holder, cli->arena));

    diag_hint(cli->diags, diag,
              "wait until it ends; `arcusplan lock list` shows whether it lives, `arcusplan lock "
              "break %s` takes the lock from a holder that is gone",
              holder->id);
    return -1;
}

static int take_local_lock(struct pipeline *pipeline)
{
    struct cli *cli = pipeline->cli;
    struct lock_holder holder;
    int status = run_lock_take(pipeline->site->state_path, &pipeline->self, cli->arena, cli->diags,
                               &pipeline->lock, &holder);

    return status > 0 ? report_locked(cli, &holder, pipeline->site->state_path) : status;
}

static int take_zk_lock(struct pipeline *pipeline)
{
    struct cli *cli = pipeline->cli;
    struct lock_holder holder;
    struct fault fault;
    int status = zk_lock_take(pipeline->observation.zookeeper, &pipeline->self,
                              clock_deadline_ms(LOCK_MS), cli->arena, &holder, &fault);

    if (status > 0)
        return report_locked(cli, &holder, "the ensemble");
    if (status < 0)
        diag_fault(cli->diags, SRCLOC_NONE, &fault);
    return status;
}

/* apply's hook: on a worker, hence an arena of its own. */
static int lock_new_session(void *data, struct zk_session *session, struct fault *fault)
{
    struct pipeline *pipeline = data;
    struct arena *arena = arena_new();
    struct lock_holder holder;
    int status =
        zk_lock_take(session, &pipeline->self, clock_deadline_ms(LOCK_MS), arena, &holder, fault);

    if (status > 0)
        status = fault_set(fault, DIAG_LOCKED, "the ensemble is locked by %s",
                           lock_holder_text(&holder, arena));
    arena_free(arena);
    return status;
}

static int add_package_facts(void *data, struct world *world, struct diags *diags)
{
    struct pipeline *pipeline = data;

    return packages_observe(pipeline->site->spec, pipeline->db, pipeline->site->cache_dir,
                            pipeline->cli->arena, diags, world);
}

static int64_t observe_deadline_ms(const struct pipeline *pipeline)
{
    size_t hosts = pipeline->site->spec->host_count + pipeline->recorded.hosts.count;
    size_t rounds = hosts / (size_t)pipeline->cli->parallel + 1;

    return clock_deadline_ms(OBSERVE_MS + (int64_t)rounds * HOST_MS);
}

static int look_at_world(struct pipeline *pipeline)
{
    struct cli *cli = pipeline->cli;
    struct observe_options options = {.refresh = pipeline->refresh,
                                      .deadline_ms = observe_deadline_ms(pipeline),
                                      .add_local_facts = add_package_facts,
                                      .data = pipeline};
    int64_t started_ms = clock_now_ms();
    struct fault fault;

    if (transport_init(&fault) ||
        !(pipeline->fleet = pipeline->observation.fleet = fleet_new(cli->parallel, &fault))) {
        diag_fault(cli->diags, SRCLOC_NONE, &fault);
        return -1;
    }
    if (observe(pipeline->site->spec, &pipeline->recorded, &options, cli->arena, cli->diags,
                &pipeline->observation))
        return -1;
    report_note(cli, "looked at %zu hosts and %zu resources in %lld ms",
                pipeline->observation.world.hosts.count, pipeline->observation.world.facts.count,
                (long long)(clock_now_ms() - started_ms));
    return 0;
}

static int open_state(struct pipeline *pipeline, bool writes)
{
    struct cli *cli = pipeline->cli;

    if (writes && take_local_lock(pipeline))
        return -1;
    if (statedb_open(pipeline->site->state_path, !writes, cli->diags, &pipeline->db))
        return -1;
    recorded_deinit(&pipeline->recorded);
    if (statedb_snapshot(pipeline->db, cli->arena, cli->diags, &pipeline->recorded))
        return -1;
    report_note(cli, "%s: serial %lld, %zu resources", pipeline->site->state_path,
                (long long)pipeline->recorded.serial, pipeline->recorded.resources.count);
    return 0;
}

static int make_plan(struct pipeline *pipeline)
{
    return plan_make(pipeline->site->spec, &pipeline->recorded, &pipeline->observation.world,
                     &pipeline->options, pipeline->cli->arena, pipeline->cli->diags,
                     &pipeline->plan);
}

int pipeline_compare(struct pipeline *pipeline, const struct spec *other)
{
    if (world_of_spec(other, pipeline->cli->diags, &pipeline->observation.world))
        return -1;
    world_finish(&pipeline->observation.world);
    return make_plan(pipeline);
}

int pipeline_plan(struct pipeline *pipeline, bool writes)
{
    struct cli *cli = pipeline->cli;
    const struct site *site = pipeline->site;

    if (open_state(pipeline, writes) || look_at_world(pipeline))
        return -1;
    if (writes && pipeline->observation.zookeeper && take_zk_lock(pipeline))
        return -1;
    if (site->plan_file && plan_file_compare_world(site->plan_file, site->spec, &pipeline->recorded,
                                                   &pipeline->observation.world, cli->diags))
        return -1;
    return make_plan(pipeline);
}

static bool has_step_on(const struct plan *plan, const struct spec_host *host)
{
    vec_each(step, &plan->steps)
        if ((*step)->host && strcmp((*step)->host->name, host->name) == 0)
            return true;
    return false;
}

/* What could not be seen cannot be said to be as wanted. The steps of such a host have failed by
 * themselves already. */
static bool report_unseen(struct pipeline *pipeline)
{
    const struct spec_zookeeper *zookeeper = pipeline->site->spec->zookeeper;
    const struct world *world = &pipeline->observation.world;
    struct cli *cli = pipeline->cli;
    bool is_partial = false;

    if (pipeline->refresh == REFRESH_NONE)
        return false;
    vec_each(slot, &world->hosts) {
        const struct host_fact *host = *slot;

        if (pipeline->refresh != REFRESH_FULL || host->is_reachable ||
            has_step_on(pipeline->plan, host->host))
            continue;
        diag_fault(cli->diags, host->host->at, &host->fault);
        is_partial = true;
    }
    if (zookeeper && !zookeeper->is_managed && !world->zookeeper.is_connected &&
        pipeline->plan->steps.count == 0) {
        diag_fault(cli->diags, zookeeper->at, &world->zookeeper.fault);
        is_partial = true;
    }
    return is_partial;
}

static void log_run(struct pipeline *pipeline)
{
    struct cli *cli = pipeline->cli;
    struct run_list runs;
    struct run_step_list steps;

    if (!cli->log || statedb_runs(pipeline->db, cli->arena, cli->diags, &runs) || !runs.count ||
        statedb_run_steps(pipeline->db, runs.items[0].id, cli->arena, cli->diags, &steps))
        return;
    for (size_t i = 0; i < steps.count; i++) {
        const struct run_step *step = &steps.items[i];

        report_log(cli, "run %lld step %d %s %s: %s%s%s", (long long)runs.items[0].id, step->id,
                   step->op, step->address, step->outcome ? step->outcome : "uncertain",
                   step->error ? ": " : "", step->error ? step->error : "");
    }
}

static void print_result(struct cli *cli, const struct apply_result *result)
{
    if (cli->json)
        return;
    printf("%d done, %d unchanged", result->done, result->unchanged);
    if (result->failed || result->skipped)
        printf(", %d failed, %d skipped: run it again", result->failed, result->skipped);
    else if (result->interrupted)
        printf(", interrupted: run it again");
    putchar('\n');
}

static int run_steps(struct pipeline *pipeline)
{
    struct cli *cli = pipeline->cli;
    struct apply_result result = {0};
    struct apply_options options = {
        .command = pipeline->command,
        .user = arena_printf(cli->arena, "%s@%s", pipeline->self.user, pipeline->self.host),
        .cache_dir = pipeline->site->cache_dir,
        .out = stdout,
        .is_terminal = isatty(STDOUT_FILENO) && !cli->json,
        .color = cli->color,
        .json = cli->json,
        .quiet = cli->quiet,
        .parallel = cli->parallel,
        .on_session = lock_new_session,
        .on_session_data = pipeline};
    int status =
        apply_run(pipeline->plan, pipeline->db, pipeline->fleet, &pipeline->observation.zookeeper,
                  &options, cli->arena, cli->diags, &result);

    log_run(pipeline);
    if (status)
        return -1;
    print_result(cli, &result);
    return result.failed || result.skipped || result.interrupted ? EXIT_PART_WAY : 0;
}

static int do_plan(struct pipeline *pipeline)
{
    struct cli *cli = pipeline->cli;
    int status = 0;

    if (statedb_adopt(pipeline->db, pipeline->plan, cli->diags))
        return -1;
    if (pipeline->plan->steps.count)
        status = run_steps(pipeline);
    else if (cli->json)
        puts("{\"event\":\"run_end\",\"run\":null,\"result\":\"done\",\"done\":0,"
             "\"unchanged\":0,\"failed\":0,\"skipped\":0,\"elapsed_ms\":0}");
    else if (!cli->quiet)
        puts("nothing to do");
    if (status >= 0 && report_unseen(pipeline))
        return EXIT_PART_WAY;
    return status;
}

static const char *question(const struct pipeline *pipeline)
{
    struct arena *arena = pipeline->cli->arena;
    int steps = pipeline->plan->summary.steps;
    const char *also = pipeline->also;
    const char *what =
        steps == 1 ? "apply this step" : arena_printf(arena, "apply these %d steps", steps);

    if (!also)
        return what;
    return steps ? arena_printf(arena, "%s and %s", what, also) : also;
}

static bool ask(const struct pipeline *pipeline)
{
    FILE *out = pipeline->cli->json ? stderr : stdout;
    char *line = NULL;
    size_t room = 0;
    bool agreed;

    fprintf(out, "%s? [y/N] ", question(pipeline));
    fflush(out);
    agreed = getline(&line, &room, stdin) > 0 &&
             (strcasecmp(line, "y\n") == 0 || strcasecmp(line, "yes\n") == 0);
    free(line);
    return agreed;
}

static int confirm(struct pipeline *pipeline)
{
    struct cli *cli = pipeline->cli;
    struct diag *diag;

    if ((!pipeline->plan->steps.count && !pipeline->also) || cli_has(cli, OPTION_YES))
        return 0;
    if (!isatty(STDIN_FILENO)) {
        diag = diag_error(cli->diags, DIAG_NOT_CONFIRMED, SRCLOC_NONE,
                          "steps to be confirmed: %d, and there is no terminal to ask at",
                          pipeline->plan->summary.steps);
        diag_hint(cli->diags, diag, "use --yes");
        return -1;
    }
    if (ask(pipeline))
        return 0;
    diag_error(cli->diags, DIAG_NOT_CONFIRMED, SRCLOC_NONE, "not confirmed, nothing was done");
    return -1;
}

int pipeline_run(struct pipeline *pipeline)
{
    struct cli *cli = pipeline->cli;

    if (pipeline_plan(pipeline, true))
        return -1;
    report_diags(cli);
    if (pipeline->shows && pipeline->plan->steps.count && !cli->json && !cli->quiet) {
        plan_print_text(pipeline->plan, stdout, cli->color);
        fflush(stdout);
    }
    if (pipeline->asks && confirm(pipeline))
        return -1;
    return do_plan(pipeline);
}

void pipeline_deinit(struct pipeline *pipeline)
{
    fleet_free(pipeline->fleet);
    zk_session_close(pipeline->observation.zookeeper);
    statedb_close(pipeline->db);
    run_lock_drop(pipeline->lock);
    world_deinit(&pipeline->observation.world);
    recorded_deinit(&pipeline->recorded);
}
