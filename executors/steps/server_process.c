/* Looking at a server from here is cheap and is done often; its process is looked at through the
 * host's connection once a second, and once more when the server seems well, which also completes
 * its record. */
#include "executors/steps/server_process.h"

#include "planner/base/clock.h"

#include <poll.h>
#include <string.h>

enum {
    LOOK_MS = 2000,
    PAUSE_MS = 100,
    CHECK_EVERY_MS = 1000,
    COMMAND_MS = 30000,
    STOP_SECONDS = 20,
    STOP_COMMAND_MS = 60000,
};

/* The lines of a log as one line for a message. */
static char *join_lines(char *text)
{
    for (char *c = text; (c = strchr(c, '\n')); c++)
        *c = c[1] ? '|' : '\0';
    return text;
}

/* 0 alive; -1 with fault. */
static int check_process(const struct server_process *server, struct fault *fault)
{
    struct host_script script;
    char *log;
    int result;

    host_script_init(&script, server->context);
    host_script_set(&script, "run", server->run);
    result = host_script_run(&script, script_process_state, clock_deadline_ms(COMMAND_MS), fault);
    if (result == 0 && strncmp(str_text(&script.reply.output), "alive", 5) != 0) {
        host_script_answer(&script);
        log = strchr(str_text(&script.reply.output), '\n');
        result = fault_set(fault, DIAG_STEP_HEALTH, "%s has ended: %s", server->name,
                           log ? join_lines(log + 1) : "its log is empty");
        fault_hint(fault, "its log is %s/log on %s", server->run,
                   transport_host(server->context->transport)->name);
    }
    host_script_deinit(&script);
    return result;
}

static int check_cancel(const struct server_process *server, struct fault *fault)
{
    const atomic_bool *cancel = server->context->cancel;

    if (cancel && atomic_load(cancel))
        return fault_set(fault, DIAG_INTERRUPTED, "interrupted while waiting for %s", server->name);
    return 0;
}

static int64_t look_deadline(int64_t deadline_ms)
{
    int64_t look_ms = clock_deadline_ms(LOOK_MS);

    return look_ms < deadline_ms ? look_ms : deadline_ms;
}

int server_wait(const struct server_process *server, int64_t timeout_ms, struct fault *fault)
{
    int64_t deadline_ms = clock_deadline_ms(timeout_ms);
    int64_t check_ms = clock_deadline_ms(CHECK_EVERY_MS);
    const char *why = "it did not answer";
    int result;

    while ((result = server->look(server->data, look_deadline(deadline_ms), &why, fault)) > 0) {
        if (check_cancel(server, fault) < 0)
            return -1;
        if (clock_now_ms() >= deadline_ms)
            break;
        if (clock_now_ms() >= check_ms) {
            if (check_process(server, fault) < 0)
                return -1;
            check_ms = clock_deadline_ms(CHECK_EVERY_MS);
        }
        poll(NULL, 0, PAUSE_MS);
    }
    if (result < 0 || check_process(server, fault) < 0)
        return -1;
    if (result == 0)
        return 0;
    fault_set(fault, DIAG_STEP_HEALTH, "%s is not well after %lld s: %s", server->name,
              (long long)timeout_ms / 1000, why);
    return fault_hint(fault, "its log is %s/log on %s", server->run,
                      transport_host(server->context->transport)->name);
}

int server_watch(const struct server_process *server, int64_t watch_ms, struct fault *fault)
{
    int64_t end_ms = clock_deadline_ms(watch_ms);
    const char *why = "it did not answer";
    int result;

    while (clock_now_ms() < end_ms) {
        if (check_cancel(server, fault) < 0)
            return -1;
        result = server->look(server->data, clock_deadline_ms(LOOK_MS), &why, fault);
        if (result < 0)
            return -1;
        if (result > 0)
            return check_process(server, fault) < 0
                       ? -1
                       : fault_set(fault, DIAG_STEP_HEALTH, "%s did not stay well: %s",
                                   server->name, why);
        poll(NULL, 0, PAUSE_MS);
    }
    return watch_ms > 0 ? check_process(server, fault) : 0;
}

int server_stop(const struct server_process *server, const char *signal, bool *was_there,
                struct fault *fault)
{
    struct host_script script;
    int result;

    host_script_init(&script, server->context);
    host_script_set(&script, "run", server->run);
    host_script_set(&script, "signal", signal);
    host_script_set_number(&script, "seconds", STOP_SECONDS);
    result =
        host_script_run(&script, script_process_stop, clock_deadline_ms(STOP_COMMAND_MS), fault);
    *was_there = result == 0 && !host_script_says(&script, "unchanged");
    host_script_deinit(&script);
    return result;
}
