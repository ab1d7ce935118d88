/* Looks, and prints. Nothing is created, not even the state database. */
#include "planner/cli/command.h"
#include "planner/cli/pipeline.h"
#include "planner/cli/report.h"
#include "planner/plan/plan_file.h"

#include <string.h>

enum { EXIT_HAS_CHANGES = 2 };

static void print(const struct pipeline *pipeline)
{
    struct cli *cli = pipeline->cli;
    const char *format = cli_value(cli, OPTION_FORMAT);

    format = format ? format : cli->json ? "json" : "text";
    if (strcmp(format, "json") == 0)
        plan_print_json(pipeline->plan, stdout);
    else if (strcmp(format, "markdown") == 0)
        plan_print_markdown(pipeline->plan, stdout);
    else if (!cli->quiet || pipeline->plan->steps.count)
        plan_print_text(pipeline->plan, stdout, cli->color);
}

static int save(const struct pipeline *pipeline)
{
    static const char *const refresh_words[] = {
        [REFRESH_FULL] = "full", [REFRESH_ZOOKEEPER] = "zookeeper", [REFRESH_NONE] = "none"};
    struct cli *cli = pipeline->cli;
    struct plan_file_extras extras = {.variables = pipeline->site->variables,
                                      .variable_count = pipeline->site->variable_count,
                                      .options = &pipeline->options,
                                      .refresh = refresh_words[pipeline->refresh]};
    const char *path = cli_value(cli, OPTION_OUT);

    return path ? plan_file_write(pipeline->plan, &extras, path, cli->diags) : 0;
}

int cmd_plan(struct cli *cli)
{
    const struct spec *other = NULL;
    struct pipeline pipeline;
    struct site site;
    int status;

    if (cli_has(cli, OPTION_AGAINST) && cli_has(cli, OPTION_OUT))
        return usage_error(cli, "--out does not go with --against: such a plan cannot be applied");
    if (site_load(cli, 0, &site) || (cli_has(cli, OPTION_AGAINST) &&
                                     site_load_other(cli, &cli->values[OPTION_AGAINST], &other)))
        return -1;
    pipeline_init(&pipeline, cli, &site, "plan");
    status = other ? pipeline_compare(&pipeline, other) : pipeline_plan(&pipeline, false);
    if (status == 0) {
        print(&pipeline);
        status = save(&pipeline);
    }
    if (status == 0 && cli_has(cli, OPTION_DETAILED_EXITCODE) && pipeline.plan->steps.count)
        status = EXIT_HAS_CHANGES;
    pipeline_deinit(&pipeline);
    return status;
}
