/* apply, and build, which is an apply of the packages alone. A saved plan was made with options of
 * its own, so none of those that shape a plan go with it. */
#include "planner/cli/command.h"
#include "planner/cli/pipeline.h"

enum { EXIT_HAD_CHANGES = 2 };

static int check_plan_file_options(struct cli *cli)
{
    option_set shaping = OPTIONS_PLAN & ~(BIT(PARALLEL) | BIT(DETAILED_EXITCODE));

    for (int id = 0; id < OPTION_COUNT; id++)
        if ((cli->given & shaping) >> id & 1)
            return usage_error(cli, "--%s does not go with a plan file", option_rows[id].name);
    return 0;
}

int cmd_apply(struct cli *cli)
{
    struct pipeline pipeline;
    struct site site;
    int status;

    if (site_load_plan_or_spec(cli, &site) || (site.plan_file && check_plan_file_options(cli)))
        return -1;
    pipeline_init(&pipeline, cli, &site, "apply");
    pipeline.shows = pipeline.asks = true;
    status = pipeline_run(&pipeline);
    if (status == 0 && cli_has(cli, OPTION_DETAILED_EXITCODE) && pipeline.plan->steps.count)
        status = EXIT_HAD_CHANGES;
    pipeline_deinit(&pipeline);
    return status;
}

int cmd_build(struct cli *cli)
{
    static const char *const packages[] = {"package/*"};
    struct pipeline pipeline;
    struct site site;
    int status;

    if (site_load(cli, 0, &site))
        return -1;
    if (site.spec->package_count == 0) {
        if (!cli->quiet && !cli->json)
            puts("the spec has no packages");
        return 0;
    }
    pipeline_init(&pipeline, cli, &site, "build");
    pipeline.refresh = REFRESH_NONE;
    pipeline.options.targets = (struct plan_patterns){packages, 1};
    status = pipeline_run(&pipeline);
    pipeline_deinit(&pipeline);
    return status;
}
