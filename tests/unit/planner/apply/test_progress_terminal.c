/* What the terminal shows is found out by obeying the few control sequences that are used. */
#include "planner/base/utf8.h"
#include "tests/unit/planner/apply/stage.h"

#include <poll.h>
#include <pty.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cmocka.h>

enum { ROWS = 64, COLUMNS = 256 };

struct screen {
    char rows[ROWS][COLUMNS];
    int row, column;
};

static void screen_wipe_below(struct screen *screen)
{
    memset(screen->rows[screen->row] + screen->column, 0, (size_t)(COLUMNS - screen->column));
    for (int i = screen->row + 1; i < ROWS; i++)
        memset(screen->rows[i], 0, COLUMNS);
}

static const char *screen_obey(struct screen *screen, const char *at)
{
    char *end;
    long number = strtol(at, &end, 10);

    if (*end == 'A') {
        assert_true(screen->row >= number);
        screen->row -= (int)number;
    } else if (*end == 'J') {
        screen_wipe_below(screen);
    } else if (*end != 'm') {
        fail_msg("an unknown control sequence: %s", at);
    }
    return end + 1;
}

static void screen_show(struct screen *screen, const char *text)
{
    while (*text) {
        if (!strncmp(text, "\033[", 2)) {
            text = screen_obey(screen, text + 2);
        } else if (*text == '\n') {
            assert_true(++screen->row < ROWS);
            screen->column = 0;
            text++;
        } else if (*text == '\r') {
            screen->column = 0;
            text++;
        } else {
            assert_true((unsigned char)*text >= 0x20 && screen->column < COLUMNS - 1);
            screen->rows[screen->row][screen->column++] = *text++;
        }
    }
}

static void expect_row(const struct screen *screen, int row, const char *start)
{
    if (strncmp(screen->rows[row], start, strlen(start)) != 0 || (!*start && *screen->rows[row]))
        fail_msg("row %d is '%s', not '%s'", row, screen->rows[row], start);
}

static void running_steps_stand_below_the_ended_ones(void **state)
{
    struct screen screen = {0};
    struct stage stage;
    struct activity *first, *second;

    (void)state;
    stage_open(&stage, &progress_terminal);
    first = stage_step(&stage, OP_DEPLOY, "release/c1/arcus", true);
    second = stage_step(&stage, OP_BUILD, "package/arcus", false);
    stage.steps[0].bytes_to_send = 10000000;
    progress_step_start(&stage.progress, first);
    progress_step_start(&stage.progress, second);
    progress_tick(&stage.progress);
    screen_show(&screen, stage_output(&stage));
    expect_row(&screen, 0, "  cache001            0.");
    assert_non_null(strstr(screen.rows[0], " s  deploy release/c1/arcus"));
    expect_row(&screen, 1, "  here                0.");
    expect_row(&screen, 2, "  0 of 2 steps ended, 2 running");
    activity_set_phase(first, "uploading");
    atomic_store(&first->sent, 4500000);
    progress_tick(&stage.progress);
    screen_show(&screen, stage_output(&stage));
    assert_non_null(strstr(screen.rows[0], "deploy release/c1/arcus: uploading 45% of 10.0 MB"));
    expect_row(&screen, 2, "  0 of 2 steps ended, 2 running");
    expect_row(&screen, 3, "");
    stage.totals.done = 1;
    stage_end(&stage, second, OUTCOME_DONE, NULL);
    screen_show(&screen, stage_output(&stage));
    expect_row(&screen, 0, "done      build      package/arcus (1.2 s");
    expect_row(&screen, 1, "  cache001 ");
    expect_row(&screen, 2, "  1 of 2 steps ended, 1 running");
    expect_row(&screen, 3, "");
    stage_end(&stage, first, OUTCOME_FAILED, "bad \033[2J text");
    progress_run_end(&stage.progress);
    screen_show(&screen, stage_output(&stage));
    expect_row(&screen, 1, "failed    deploy     release/c1/arcus");
    assert_non_null(strstr(screen.rows[1], "bad ?[2J text"));
    expect_row(&screen, 2, "");
    stage_close(&stage);
}

static void an_unknown_size_shows_what_was_sent(void **state)
{
    struct screen screen = {0};
    struct stage stage;
    struct activity *activity;

    (void)state;
    stage_open(&stage, &progress_terminal);
    activity = stage_step(&stage, OP_DEPLOY, "release/x/y", true);
    stage.steps[0].bytes_to_send = -1;
    atomic_store(&activity->sent, 2000000);
    progress_step_start(&stage.progress, activity);
    progress_tick(&stage.progress);
    screen_show(&screen, stage_output(&stage));
    assert_non_null(strstr(screen.rows[0], "release/x/y 2.0 MB"));
    stage_close(&stage);
}

/* Gives the stage a terminal of that size; returns the side that sees what is written. */
static int use_terminal(struct stage *stage, int rows, int columns)
{
    struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns};
    int master, slave;

    assert_int_equal(openpty(&master, &slave, NULL, NULL, &size), 0);
    fclose(stage->progress.out);
    stage->progress.out = fdopen(slave, "w");
    return master;
}

/* All there is, which may come in pieces. */
static void read_terminal(int master, char *text, size_t size)
{
    struct pollfd fd = {master, POLLIN, 0};
    size_t length = 0;

    while (poll(&fd, 1, length ? 300 : 5000) > 0 && length < size - 1) {
        ssize_t got = read(master, text + length, size - 1 - length);

        if (got <= 0)
            break;
        length += (size_t)got;
    }
    text[length] = '\0';
}

static void no_live_line_is_wider_than_the_terminal(void **state)
{
    struct stage stage;
    char text[4096];
    char *rest = text;
    int master;

    (void)state;
    stage_open(&stage, &progress_terminal);
    master = use_terminal(&stage, 24, 40);
    progress_step_start(
        &stage.progress,
        stage_step(&stage, OP_DEPLOY, "release/a-very-long-name-of-a-host/arcus", true));
    progress_step_start(&stage.progress,
                        stage_step(&stage, OP_DEPLOY,
                                   "\352\260\200\353\202\230\353\213\244\353\235\274\353"
                                   "\247\210\353\260\224\354\202\254\354\225\204",
                                   true));
    progress_tick(&stage.progress);
    read_terminal(master, text, sizeof(text));
    for (char *line; (line = strsep(&rest, "\r\n"));)
        assert_in_range(utf8_columns(line), 0, 39);
    close(master);
    stage_close(&stage);
}

static void what_does_not_fit_is_counted(void **state)
{
    struct stage stage;
    char text[4096];
    int master, lines = 0;

    (void)state;
    stage_open(&stage, &progress_terminal);
    master = use_terminal(&stage, 5, 80);
    for (int i = 0; i < 6; i++)
        progress_step_start(&stage.progress, stage_step(&stage, OP_DEPLOY, "x/y", true));
    progress_tick(&stage.progress);
    read_terminal(master, text, sizeof(text));
    for (const char *c = text; *c; c++)
        lines += *c == '\n';
    assert_int_equal(lines, 4);
    assert_non_null(strstr(text, "6 running (3 not shown)"));
    close(master);
    stage_close(&stage);
}

static void colours_are_used_when_wanted(void **state)
{
    struct stage stage;

    (void)state;
    stage_open(&stage, &progress_terminal);
    stage.progress.color = true;
    stage_end(&stage, stage_step(&stage, OP_START, "node/x/1", true), OUTCOME_FAILED, "x");
    assert_non_null(strstr(stage_output(&stage), "\033[31mfailed"));
    stage_close(&stage);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(running_steps_stand_below_the_ended_ones),
        cmocka_unit_test(an_unknown_size_shows_what_was_sent),
        cmocka_unit_test(no_live_line_is_wider_than_the_terminal),
        cmocka_unit_test(what_does_not_fit_is_counted),
        cmocka_unit_test(colours_are_used_when_wanted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
