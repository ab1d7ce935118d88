#include "planner/cli/command.h"
#include "planner/cli/report.h"
#include "planner/cli/site.h"
#include "planner/cli/table.h"
#include "statedb/statedb.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>

static json_t *text_or_null(struct cli *cli, const char *text)
{
    return text ? json_string(report_text(cli, text)) : json_null();
}

static void print_object(json_t *object)
{
    json_dumpf(object, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(object);
}

static void print_runs_json(struct cli *cli, const struct run_list *runs)
{
    json_t *array = json_array();

    vec_each(run, runs)
        json_array_append_new(
            array,
            json_pack("{s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:i, s:i, s:i, s:i}", "id",
                      (json_int_t)run->id, "command", text_or_null(cli, run->command), "user",
                      text_or_null(cli, run->user), "started", text_or_null(cli, run->started),
                      "ended", text_or_null(cli, run->ended), "result",
                      text_or_null(cli, run->result), "spec_digest",
                      text_or_null(cli, run->spec_digest), "steps", run->steps, "done", run->done,
                      "failed", run->failed, "skipped", run->skipped));
    print_object(json_pack("{s:o}", "runs", array));
}

static void print_runs(struct cli *cli, const struct run_list *runs)
{
    struct table table;

    if (runs->count == 0) {
        if (!cli->quiet)
            puts("no runs are recorded");
        return;
    }
    table_init(&table, cli->arena, 0x1 | 0xe0, "RUN", "COMMAND", "STARTED", "WHO", "RESULT", "DONE",
               "FAILED", "SKIPPED", NULL);
    vec_each(run, runs)
        table_add(&table, arena_printf(cli->arena, "%lld", (long long)run->id), run->command,
                  run->started, run->user, run->result ? run->result : "unfinished",
                  arena_printf(cli->arena, "%d", run->done),
                  arena_printf(cli->arena, "%d", run->failed),
                  arena_printf(cli->arena, "%d", run->skipped));
    table_print(&table, stdout, cli->color);
}

static void print_steps_json(struct cli *cli, int64_t run_id, const struct run_step_list *steps)
{
    json_t *array = json_array();

    vec_each(step, steps)
        json_array_append_new(
            array,
            json_pack("{s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "id", step->id, "op",
                      text_or_null(cli, step->op), "resource", text_or_null(cli, step->address),
                      "host", text_or_null(cli, step->host), "reason",
                      text_or_null(cli, step->reason), "started", text_or_null(cli, step->started),
                      "ended", text_or_null(cli, step->ended), "outcome",
                      text_or_null(cli, step->outcome), "error", text_or_null(cli, step->error)));
    print_object(json_pack("{s:I, s:o}", "run", (json_int_t)run_id, "steps", array));
}

static void print_steps(struct cli *cli, const struct run_step_list *steps)
{
    struct table table;

    table_init(&table, cli->arena, 0x1, "STEP", "OP", "RESOURCE", "STARTED", "OUTCOME", "WHY",
               NULL);
    vec_each(step, steps)
        table_add(&table, arena_printf(cli->arena, "%d", step->id), step->op, step->address,
                  step->started, step->outcome ? step->outcome : "uncertain",
                  step->error ? step->error : step->reason);
    table_print(&table, stdout, cli->color);
}

static int show_run(struct cli *cli, struct statedb *db, int64_t id)
{
    struct run_step_list steps;

    if (statedb_run_steps(db, id, cli->arena, cli->diags, &steps))
        return -1;
    if (cli->json)
        print_steps_json(cli, id, &steps);
    else
        print_steps(cli, &steps);
    return 0;
}

static int show_runs(struct cli *cli, struct statedb *db)
{
    struct run_list runs;

    if (statedb_runs(db, cli->arena, cli->diags, &runs))
        return -1;
    if (cli->json)
        print_runs_json(cli, &runs);
    else
        print_runs(cli, &runs);
    return 0;
}

/* 0 and the number of the run asked for, 0 for all; -1: reported. */
static int read_run(struct cli *cli, int64_t *id)
{
    const char *word = cli->operands.count ? cli->operands.items[0] : NULL;
    char *end;

    *id = 0;
    if (!word)
        return 0;
    errno = 0;
    *id = strtoll(word, &end, 10);
    if (errno || end == word || *end || *id < 1)
        return usage_error(cli, "a run is a number, not '%s'", word);
    return 0;
}

int cmd_history(struct cli *cli)
{
    struct statedb *db;
    int64_t id;
    int status;

    if (read_run(cli, &id) || site_open_state(cli, true, &db))
        return -1;
    status = id ? show_run(cli, db, id) : show_runs(cli, db);
    statedb_close(db);
    return status;
}
