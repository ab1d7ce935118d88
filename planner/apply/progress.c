/* What all styles share, and the plain one: a fixed line for each step that ended. */
#include "planner/apply/progress.h"

#include "planner/base/clock.h"
#include "planner/plan/print.h"

#include <string.h>

enum { TICK_MS = 200, IDLE_MS = 1000 };

void activity_init(struct activity *activity, const struct step *step)
{
    *activity = (struct activity){.step = step, .started_ms = clock_now_ms()};
    pthread_mutex_init(&activity->mutex, NULL);
}

void activity_deinit(struct activity *activity)
{
    pthread_mutex_destroy(&activity->mutex);
}

void activity_set_phase(struct activity *activity, const char *text)
{
    pthread_mutex_lock(&activity->mutex);
    snprintf(activity->phase, sizeof(activity->phase), "%s", text);
    pthread_mutex_unlock(&activity->mutex);
}

void activity_get_phase(struct activity *activity, char phase[48])
{
    pthread_mutex_lock(&activity->mutex);
    memcpy(phase, activity->phase, sizeof(activity->phase));
    pthread_mutex_unlock(&activity->mutex);
}

void progress_init(struct progress *progress, const struct progress_style *style, FILE *out,
                   bool color, const struct run_totals *totals, struct arena *arena)
{
    *progress = (struct progress){
        .style = style, .arena = arena, .out = out, .color = color, .totals = totals};
}

void progress_run_start(struct progress *progress)
{
    if (progress->style->run_start)
        progress->style->run_start(progress);
}

void progress_step_start(struct progress *progress, struct activity *activity)
{
    *vec_push(progress->arena, &progress->running) = activity;
    if (progress->style->step_start)
        progress->style->step_start(progress, activity->step);
}

void progress_step_end(struct progress *progress, struct activity *activity,
                       const struct step *step, const struct outcome *outcome)
{
    size_t kept = 0;

    for (size_t i = 0; i < progress->running.count; i++)
        if (progress->running.items[i] != activity)
            progress->running.items[kept++] = progress->running.items[i];
    progress->running.count = kept;
    if (progress->style->step_end)
        progress->style->step_end(progress, step, outcome);
}

void progress_tick(struct progress *progress)
{
    if (!progress->style->tick)
        return;
    progress->drawn_ms = clock_now_ms();
    progress->style->tick(progress);
}

void progress_run_end(struct progress *progress)
{
    if (progress->style->run_end)
        progress->style->run_end(progress);
}

int progress_wait_ms(const struct progress *progress)
{
    if (!progress->style->tick || !progress->running.count)
        return IDLE_MS;
    return clock_left_ms(progress->drawn_ms + TICK_MS);
}

void progress_add_time(struct str *text, int64_t elapsed_ms)
{
    long long seconds = elapsed_ms / 1000;

    if (seconds >= 60)
        str_printf(text, "%lld min %lld s", seconds / 60, seconds % 60);
    else
        str_printf(text, "%lld.%lld s", seconds, (long long)elapsed_ms % 1000 / 100);
}

void progress_add_end(struct str *text, const struct step *step, const struct outcome *outcome)
{
    str_printf(text, "%-9s %-10s %s", outcome_word(outcome->kind), op_word(step->op),
               step->change->address);
    if (outcome->kind == OUTCOME_SKIPPED) {
        str_printf(text, ": %s", outcome->fault.text);
        return;
    }
    str_puts(text, " (");
    progress_add_time(text, outcome->elapsed_ms);
    if (outcome->bytes_sent > 0) {
        str_puts(text, ", ");
        print_bytes(text, outcome->bytes_sent);
        str_puts(text, " sent");
    }
    str_puts(text, ")");
    if (outcome->kind == OUTCOME_FAILED)
        str_printf(text, ": %s", outcome->fault.text);
}

static void plain_step_end(struct progress *progress, const struct step *step,
                           const struct outcome *outcome)
{
    struct str text = {0};

    progress_add_end(&text, step, outcome);
    print_safe(progress->out, str_text(&text));
    putc('\n', progress->out);
    fflush(progress->out);
    str_deinit(&text);
}

const struct progress_style progress_plain = {.step_end = plain_step_end};
const struct progress_style progress_quiet = {0};
