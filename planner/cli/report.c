/* Errors are shown as they come up with colours when standard error is a terminal, and once more
 * without them in the log. */
#include "planner/cli/report.h"

#include "planner/base/clock.h"
#include "planner/base/utf8.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int report_open_log(struct cli *cli)
{
    const char *path = cli_value(cli, OPTION_LOG);

    if (!path)
        return 0;
    cli->log = fopen(path, "ae");
    if (cli->log)
        return 0;
    diag_error(cli->diags, DIAG_FILE_WRITE, SRCLOC_NONE, "%s: cannot open the log: %s", path,
               strerror(errno));
    return -1;
}

static void log_line(struct cli *cli, const char *text, size_t length)
{
    char now[CLOCK_TEXT_SIZE];

    clock_wall_text(now);
    fprintf(cli->log, "%s [%d] %.*s\n", now, (int)getpid(), (int)length, text);
    fflush(cli->log);
}

void report_log(struct cli *cli, const char *format, ...)
{
    va_list args;
    const char *text;

    if (!cli->log)
        return;
    va_start(args, format);
    text = arena_vprintf(cli->arena, format, args);
    va_end(args);
    log_line(cli, text, strlen(text));
}

void report_note(struct cli *cli, const char *format, ...)
{
    va_list args;
    const char *text;

    va_start(args, format);
    text = arena_vprintf(cli->arena, format, args);
    va_end(args);
    if (cli->verbose)
        fprintf(stderr, "%s\n", text);
    if (cli->log)
        log_line(cli, text, strlen(text));
}

void report_diags(struct cli *cli)
{
    bool color = cli->color && isatty(STDERR_FILENO);
    char *text = NULL;
    size_t size = 0;
    FILE *copy = open_memstream(&text, &size);

    if (!copy) {
        diags_print(cli->diags, stderr, color);
        return;
    }
    diags_print(cli->diags, copy, color);
    fclose(copy);
    fputs(text, stderr);
    for (const char *line = text; cli->log && *line;) {
        size_t length = strcspn(line, "\n");

        log_line(cli, line, length);
        line += length + (line[length] == '\n');
    }
    free(text);
}

int report_finish(struct cli *cli)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return 0;
    diag_error(cli->diags, DIAG_FILE_WRITE, SRCLOC_NONE, "cannot write the output: %s",
               strerror(errno));
    return -1;
}

const char *report_text(struct cli *cli, const char *text)
{
    return text ? utf8_clean(cli->arena, text) : "-";
}
