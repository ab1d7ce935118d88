/* One command per run. Results go to standard output, everything else to standard error; the exit
 * status is the command's own, or that of the first error. */
#include "planner/cli/command.h"
#include "planner/cli/help.h"
#include "planner/cli/report.h"

#include <locale.h>
#include <signal.h>
#include <string.h>

/* A handler, because an ignored signal would be ignored by every child too. */
static void do_nothing(int signal_number)
{
    (void)signal_number;
}

static void set_signals(void)
{
    struct sigaction action;

    memset(&action, 0, sizeof(action));
    action.sa_handler = do_nothing;
    action.sa_flags = SA_RESTART;
    sigaction(SIGPIPE, &action, NULL);
}

static int run(struct cli *cli, int argc, char **argv)
{
    int status = options_parse(cli, argc, argv);

    if (status > 0) {
        help_print(cli->command, stdout);
        return 0;
    }
    if (status < 0 || report_open_log(cli))
        return -1;
    report_log(cli, "%s", cli->line);
    return cli->command->run(cli);
}

int main(int argc, char **argv)
{
    struct arena *arena = arena_new();
    struct cli cli = {.arena = arena, .diags = diags_new(arena)};
    int status;

    setlocale(LC_CTYPE, "");
    set_signals();
    status = run(&cli, argc, argv);
    if (report_finish(&cli))
        status = -1;
    if (status < 0) {
        status = diags_exit_status(cli.diags);
        status = status ? status : 1;
    }
    report_diags(&cli);
    report_log(&cli, "exit status %d", status);
    if (cli.log)
        fclose(cli.log);
    arena_free(arena);
    return status;
}
