#include "planner/apply/progress.h"

#include "planner/base/clock.h"
#include "planner/plan/print_json.h"

/* One object on a line of its own, at once: whoever reads it may act on it. */
static void emit(struct progress *progress, json_t *object)
{
    if (!json_dumpf(object, progress->out, JSON_COMPACT | JSON_ENSURE_ASCII))
        putc('\n', progress->out);
    fflush(progress->out);
    json_decref(object);
}

static json_t *step_event(const char *event, const struct step *step)
{
    return json_pack("{s:s, s:i, s:s, s:o, s:o}", "event", event, "id", step->id, "op",
                     op_word(step->op), "resource", json_text(step->change->address), "host",
                     json_text(step->host ? step->host->name : NULL));
}

static void json_run_start(struct progress *progress)
{
    const struct run_totals *totals = progress->totals;

    emit(progress,
         json_pack("{s:s, s:I, s:s, s:i}", "event", "run_start", "run", (json_int_t)totals->run_id,
                   "command", totals->command, "steps", totals->steps));
}

static void json_step_start(struct progress *progress, const struct step *step)
{
    emit(progress, step_event("step_start", step));
}

static json_t *error_object(const struct step *step, const struct outcome *outcome)
{
    const struct srcloc *at = outcome->at.line ? &outcome->at : &step->change->at;
    char code[16];

    snprintf(code, sizeof(code), "E%04d", diag_code_info(outcome->fault.code)->number);
    return json_pack("{s:o, s:o, s:o, s:o, s:i, s:i}", "code",
                     json_text(outcome->kind == OUTCOME_FAILED ? code : NULL), "text",
                     json_text(outcome->fault.text), "hint",
                     json_text(outcome->kind == OUTCOME_FAILED ? outcome->fault.hint : ""), "file",
                     json_text(at->file), "line", at->line, "column", at->column);
}

static void json_step_end(struct progress *progress, const struct step *step,
                          const struct outcome *outcome)
{
    json_t *object = step_event("step_end", step);

    json_object_set_new(object, "outcome", json_string(outcome_word(outcome->kind)));
    json_object_set_new(object, "elapsed_ms", json_integer(outcome->elapsed_ms));
    json_object_set_new(object, "bytes_sent", json_integer(outcome->bytes_sent));
    if (outcome->kind == OUTCOME_FAILED || outcome->kind == OUTCOME_SKIPPED)
        json_object_set_new(object, "error", error_object(step, outcome));
    emit(progress, object);
}

static void json_run_end(struct progress *progress)
{
    const struct run_totals *totals = progress->totals;

    emit(progress, json_pack("{s:s, s:I, s:s, s:i, s:i, s:i, s:i, s:I}", "event", "run_end", "run",
                             (json_int_t)totals->run_id, "result", totals->result, "done",
                             totals->done, "unchanged", totals->unchanged, "failed", totals->failed,
                             "skipped", totals->skipped, "elapsed_ms",
                             (json_int_t)(clock_now_ms() - totals->started_ms)));
}

const struct progress_style progress_json = {.run_start = json_run_start,
                                             .step_start = json_step_start,
                                             .step_end = json_step_end,
                                             .run_end = json_run_end};
