/* start, stop, restart: a plan of exactly the chosen servers. What was asked for on the command
 * line has no need to be confirmed. */
#include "planner/base/clock.h"
#include "planner/cli/command.h"
#include "planner/cli/pipeline.h"
#include "planner/observe/zk_ensemble.h"

#include <poll.h>
#include <string.h>

enum { ENSEMBLE_MS = 30000, ASK_MS = 2000, AGAIN_MS = 200, EXIT_PART_WAY = 3 };

struct choice {
    struct cli *cli;
    const struct spec *spec;
    struct words targets;
};

static void choose(struct choice *choice, const char *address)
{
    *vec_push(choice->cli->arena, &choice->targets) = address;
}

/* HOST:PORT is turned into ADDRESS:PORT; addresses of resources and globs are taken as they are. */
static int choose_node(struct choice *choice, const char *name)
{
    const char *colon = strrchr(name, ':');
    const struct spec_host *host = NULL;

    if (strncmp(name, "node/", 5) == 0) {
        choose(choice, name);
        return 0;
    }
    if (!colon)
        return usage_error(choice->cli, "--node is ADDRESS:PORT or HOST:PORT, not '%s'", name);
    host = spec_find_host(choice->spec,
                          arena_strndup(choice->cli->arena, name, (size_t)(colon - name)));
    choose(choice, host ? arena_printf(choice->cli->arena, "node/*/%s%s", host->address, colon)
                        : arena_printf(choice->cli->arena, "node/*/%s", name));
    return 0;
}

static void choose_nodes_of(struct choice *choice, const struct spec_host *host)
{
    const struct spec *spec = choice->spec;

    for (size_t i = 0; i < spec->cloud_count; i++)
        for (size_t j = 0; j < spec->clouds[i].node_count; j++) {
            const struct spec_node *node = &spec->clouds[i].nodes[j];

            if (!host || node->host == host)
                choose(choice, arena_printf(choice->cli->arena, "node/%s/%s:%d",
                                            spec->clouds[i].code, node->host->address, node->port));
        }
}

static void choose_servers_of(struct choice *choice, const struct spec_host *host)
{
    const struct spec_zookeeper *zookeeper = choice->spec->zookeeper;

    for (size_t i = 0; zookeeper && zookeeper->is_managed && i < zookeeper->host_count; i++)
        if (!host || zookeeper->hosts[i] == host)
            choose(choice,
                   arena_printf(choice->cli->arena, "zk_server/%s", zookeeper->hosts[i]->name));
}

static int choose_hosts(struct choice *choice)
{
    struct cli *cli = choice->cli;
    const struct words *names = &cli->values[OPTION_HOST];

    for (size_t i = 0; i < names->count; i++) {
        const struct spec_host *host = spec_find_host(choice->spec, names->items[i]);

        if (!host) {
            diag_error(cli->diags, DIAG_PLAN_TARGET, SRCLOC_NONE, "the spec has no host '%s'",
                       names->items[i]);
            return -1;
        }
        if (cli_has(cli, OPTION_ZOOKEEPER))
            choose_servers_of(choice, host);
        else
            choose_nodes_of(choice, host);
    }
    return 0;
}

static int choose_all(struct choice *choice)
{
    struct cli *cli = choice->cli;
    const struct words *nodes = &cli->values[OPTION_NODE];

    for (size_t i = 0; i < nodes->count; i++)
        if (choose_node(choice, nodes->items[i]))
            return -1;
    if (choose_hosts(choice))
        return -1;
    if (cli_has(cli, OPTION_ZOOKEEPER) && !cli->values[OPTION_HOST].count)
        choose_servers_of(choice, NULL);
    if (!(cli->given & (BIT(NODE) | BIT(HOST) | BIT(ZOOKEEPER))))
        choose_nodes_of(choice, NULL);
    if (choice->targets.count)
        return 0;
    diag_error(cli->diags, DIAG_PLAN_TARGET, SRCLOC_NONE, "the spec has no such server");
    return -1;
}

/* A server that was started answers long before the ensemble has a leader again. */
static int wait_for_ensemble(struct cli *cli, const struct spec_zookeeper *zookeeper)
{
    int64_t deadline_ms = clock_deadline_ms(ENSEMBLE_MS);
    struct zk_ensemble ensemble;
    struct fault fault;

    for (;;) {
        struct arena *arena = arena_new();
        int status;

        zk_ensemble_ask(zookeeper->connect, clock_deadline_ms(ASK_MS), arena, &ensemble);
        status = zk_ensemble_check(&ensemble, &fault);
        arena_free(arena);
        if (status == 0)
            return 0;
        if (clock_left_ms(deadline_ms) == 0)
            break;
        poll(NULL, 0, AGAIN_MS);
    }
    diag_fault(cli->diags, zookeeper->at, &fault);
    return EXIT_PART_WAY;
}

static int run_by_hand(struct cli *cli, enum plan_intent intent)
{
    struct choice choice = {.cli = cli};
    struct pipeline pipeline;
    struct site site;
    int status;

    if (site_load(cli, 0, &site))
        return -1;
    choice.spec = site.spec;
    if (choose_all(&choice))
        return -1;
    pipeline_init(&pipeline, cli, &site, cli->command->name);
    pipeline.options.intent = intent;
    pipeline.options.targets = (struct plan_patterns){choice.targets.items, choice.targets.count};
    status = pipeline_run(&pipeline);
    pipeline_deinit(&pipeline);
    if (status == 0 && intent != PLAN_STOP && cli_has(cli, OPTION_ZOOKEEPER))
        status = wait_for_ensemble(cli, site.spec->zookeeper);
    return status;
}

int cmd_start(struct cli *cli)
{
    return run_by_hand(cli, PLAN_START);
}

int cmd_stop(struct cli *cli)
{
    return run_by_hand(cli, PLAN_STOP);
}

int cmd_restart(struct cli *cli)
{
    return run_by_hand(cli, PLAN_RESTART);
}
