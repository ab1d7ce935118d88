/* Fixed lines scroll up; below them stand the live ones, which are wiped and written anew. Each
 * picture is one write, so that the terminal never shows half of it, and no live line is wider than
 * the terminal: one that wraps could not be wiped by counting lines. */
#include "planner/apply/progress.h"

#include "planner/base/clock.h"
#include "planner/base/utf8.h"
#include "planner/plan/print.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

enum { WIDTH = 80, HEIGHT = 24, WIDTH_MIN = 20, HOST_WIDTH = 16 };

static void terminal_size(const struct progress *progress, int *width, int *height)
{
    struct winsize size;

    *width = WIDTH;
    *height = HEIGHT;
    if (ioctl(fileno(progress->out), TIOCGWINSZ, &size) || !size.ws_col || !size.ws_row)
        return;
    *width = size.ws_col < WIDTH_MIN ? WIDTH_MIN : size.ws_col;
    *height = size.ws_row;
}

/* As many characters as fit, without those that a terminal would obey. */
static void add_fitting(struct str *text, const char *line, int width)
{
    size_t left = strlen(line), step;
    int columns = 0;

    for (; left; line += step, left -= step) {
        unsigned code;
        char single[5] = "?";

        step = utf8_decode(line, left, &code);
        if (step && code >= 0x20 && code != 0x7f && !(code >= 0x80 && code < 0xa0))
            snprintf(single, sizeof(single), "%.*s", (int)step, line);
        step = step ? step : 1;
        columns += utf8_columns(single);
        if (columns > width)
            return;
        str_puts(text, single);
    }
}

static void add_amount(struct str *text, const struct activity *activity)
{
    int64_t sent = atomic_load(&activity->sent), total = activity->step->bytes_to_send;

    if (sent <= 0)
        return;
    if (total > 0)
        str_printf(text, " %d%% of", sent < total ? (int)(sent * 100 / total) : 100);
    str_puts(text, " ");
    print_bytes(text, total > 0 ? total : sent);
}

static void add_activity(struct str *text, struct activity *activity, int width)
{
    const struct step *step = activity->step;
    struct str line = {0}, elapsed = {0};
    char phase[48];

    activity_get_phase(activity, phase);
    progress_add_time(&elapsed, clock_now_ms() - activity->started_ms);
    str_printf(&line, "  %-*s %8s  %s %s", HOST_WIDTH, step->host ? step->host->name : "here",
               str_text(&elapsed), op_word(step->op), step->change->address);
    str_deinit(&elapsed);
    if (*phase)
        str_printf(&line, ": %s", phase);
    add_amount(&line, activity);
    add_fitting(text, str_text(&line), width - 1);
    str_puts(text, "\n");
    str_deinit(&line);
}

static void add_summary(struct str *text, const struct progress *progress, size_t hidden)
{
    const struct run_totals *totals = progress->totals;

    str_printf(text, "  %d of %d steps ended, %zu running",
               totals->done + totals->unchanged + totals->failed + totals->skipped, totals->steps,
               progress->running.count);
    if (hidden)
        str_printf(text, " (%zu not shown)", hidden);
    str_puts(text, "\n");
}

/* Moves to the first live line and wipes from there on. */
static void add_wipe(struct str *text, struct progress *progress)
{
    if (progress->live_lines)
        str_printf(text, "\033[%dA\r\033[J", progress->live_lines);
    progress->live_lines = 0;
}

static void add_live(struct str *text, struct progress *progress)
{
    size_t shown = progress->running.count;
    int width, height;

    if (!shown)
        return;
    terminal_size(progress, &width, &height);
    if (shown + 2 > (size_t)height)
        shown = height > 2 ? (size_t)height - 2 : 0;
    for (size_t i = 0; i < shown; i++)
        add_activity(text, progress->running.items[i], width);
    add_summary(text, progress, progress->running.count - shown);
    progress->live_lines = (int)shown + 1;
}

static void show(struct progress *progress, struct str *text)
{
    if (text->length) {
        fwrite(str_text(text), 1, text->length, progress->out);
        fflush(progress->out);
    }
    str_deinit(text);
}

static void terminal_tick(struct progress *progress)
{
    struct str text = {0};

    add_wipe(&text, progress);
    add_live(&text, progress);
    show(progress, &text);
}

static const char *outcome_color(const struct progress *progress, enum outcome_kind kind)
{
    if (!progress->color)
        return "";
    return kind == OUTCOME_FAILED    ? "\033[31m"
           : kind == OUTCOME_SKIPPED ? "\033[33m"
           : kind == OUTCOME_DONE    ? "\033[32m"
                                     : "\033[2m";
}

static void terminal_step_end(struct progress *progress, const struct step *step,
                              const struct outcome *outcome)
{
    struct str text = {0}, line = {0};

    add_wipe(&text, progress);
    progress_add_end(&line, step, outcome);
    str_puts(&text, outcome_color(progress, outcome->kind));
    add_fitting(&text, str_text(&line), (int)line.length);
    str_puts(&text, progress->color ? "\033[0m\n" : "\n");
    str_deinit(&line);
    add_live(&text, progress);
    show(progress, &text);
}

static void terminal_run_end(struct progress *progress)
{
    struct str text = {0};

    add_wipe(&text, progress);
    show(progress, &text);
}

const struct progress_style progress_terminal = {
    .step_end = terminal_step_end, .tick = terminal_tick, .run_end = terminal_run_end};
