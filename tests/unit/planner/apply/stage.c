#include "tests/unit/planner/apply/stage.h"

#include "planner/base/clock.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void stage_open(struct stage *stage, const struct progress_style *style)
{
    FILE *out;

    *stage = (struct stage){.arena = arena_new(), .host = {.name = "cache001"}};
    stage->totals =
        (struct run_totals){.run_id = 7, .command = "apply", .started_ms = clock_now_ms()};
    out = tmpfile();
    progress_init(&stage->progress, style, out, false, &stage->totals, stage->arena);
}

void stage_close(struct stage *stage)
{
    for (int i = 0; i < stage->count; i++)
        activity_deinit(&stage->activities[i]);
    fclose(stage->progress.out);
    free(stage->output);
    arena_free(stage->arena);
}

struct activity *stage_step(struct stage *stage, enum op op, const char *address, bool host)
{
    int i = stage->count++;

    stage->changes[i] = (struct change){.address = address, .at = {"cluster.yaml", 12, 5}};
    stage->steps[i] = (struct step){
        .id = i + 1, .op = op, .change = &stage->changes[i], .host = host ? &stage->host : NULL};
    stage->totals.steps = stage->count;
    activity_init(&stage->activities[i], &stage->steps[i]);
    return &stage->activities[i];
}

void stage_end(struct stage *stage, struct activity *activity, enum outcome_kind kind,
               const char *fault)
{
    struct outcome outcome = {.kind = kind, .elapsed_ms = 1234, .bytes_sent = 5200000};

    if (fault)
        fault_set(&outcome.fault, DIAG_HOST_DISK_FULL, "%s", fault);
    progress_step_end(&stage->progress, activity, activity->step, &outcome);
}

const char *stage_output(struct stage *stage)
{
    FILE *out = stage->progress.out;
    long size;

    fflush(out);
    size = ftell(out);
    free(stage->output);
    stage->output = calloc(1, (size_t)size + 1);
    rewind(out);
    stage->size = fread(stage->output, 1, (size_t)size, out);
    rewind(out);
    if (ftruncate(fileno(out), 0))
        abort();
    return stage->output;
}
