/* cmdlog and lqdetect, whose answers are for people: lines that begin with a tab. */
#include "cacheserver/command/cmdlog.h"
#include "cacheserver/command/handlers.h"
#include "cacheserver/command/lqdetect.h"
#include "cacheserver/command/moment.h"
#include "cacheserver/runtime/number.h"

#define DIRECTORY_DEFAULT "command_log"

HANDLER(cmdlog)
{
    (void)words;
    session_say(session, context, "\t* Usage: cmdlog [start [path] | stop | stats]\n\r\n");
}

HANDLER(cmdlog_start)
{
    static const char *const lines[] = {
        [CMDLOG_DONE] = "\tcommand logging started.\n\r\n",
        [CMDLOG_WAS_SO] = "\tcommand logging already started.\n\r\n",
        [CMDLOG_REFUSED] = "\tcommand logging failed to start.\n\r\n",
    };
    struct word directory = {.at = DIRECTORY_DEFAULT, .len = strlen(DIRECTORY_DEFAULT)};

    if (words->count > 2)
        directory = words->word[2];
    session_say(session, context,
                lines[cmdlog_start(context->shared->cmdlog, directory.at, directory.len)]);
}

HANDLER(cmdlog_stop)
{
    (void)words;
    session_say(session, context,
                cmdlog_stop(context->shared->cmdlog) == CMDLOG_DONE
                    ? "\tcommand logging stopped.\n\r\n"
                    : "\tcommand logging already stopped.\n\r\n");
}

HANDLER(cmdlog_stats)
{
    static const char *const states[] = {
        [CMDLOG_OFF] = "Not started",
        [CMDLOG_FULL] = "stopped by command log overflow",
        [CMDLOG_FAILED] = "stopped by disk flush error",
        [CMDLOG_RUNNING] = "running",
    };
    struct cmdlog_status status;
    char begun[MOMENT_TEXT], ended[MOMENT_TEXT];

    (void)session;
    (void)words;
    cmdlog_look(context->shared->cmdlog, &status);
    moment_numbers(status.begun_s, begun);
    reply_format(context->reply,
                 "\tCommand logging state : %s\n"
                 "\tThe last running time : %s ~ %s\n"
                 "\tThe number of entered commands : %llu\n"
                 "\tThe number of skipped commands : %llu\n"
                 "\tThe number of log files : %u\n"
                 "\tThe log file name: %s/command_%d_%s_{n}.log\n",
                 states[status.state], begun, moment_numbers(status.ended_s, ended),
                 (unsigned long long)status.entered, (unsigned long long)status.skipped,
                 status.files, status.directory, context->shared->settings->tcp_port, begun);
}

HANDLER(lqdetect)
{
    (void)words;
    session_say(session, context,
                "\t* Usage: lqdetect [start [threshold] | stop | show | stats]\n\r\n");
}

HANDLER(lqdetect_start)
{
    uint32_t threshold = 0;

    if (words->count > 2 && !number_parse_u32(words->word[2].at, words->word[2].len, &threshold)) {
        session_say_bad_format(session, context);
        return;
    }
    session_say(session, context,
                lqdetect_start(context->shared->lqdetect, threshold)
                    ? "\tlong query detection started.\n\r\n"
                    : "\tlong query detection already started.\n\r\n");
}

HANDLER(lqdetect_stop)
{
    (void)words;
    session_say(session, context,
                lqdetect_stop(context->shared->lqdetect)
                    ? "\tlong query detection stopped.\n\r\n"
                    : "\tlong query detection already stopped.\n\r\n");
}

HANDLER(lqdetect_show)
{
    (void)session;
    (void)words;
    lqdetect_show(context->shared->lqdetect, context->reply);
}

HANDLER(lqdetect_stats)
{
    (void)session;
    (void)words;
    lqdetect_stats(context->shared->lqdetect, context->reply);
}
