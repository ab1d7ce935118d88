/* Command line in, exit status out. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sysexits.h>

#include "cacheserver/command/product.h"
#include "cacheserver/runtime/clock.h"
#include "cacheserver/runtime/log.h"
#include "cacheserver/server/daemon.h"
#include "cacheserver/server/privileges.h"
#include "cacheserver/server/server.h"

static const char licence[] =
    PRODUCT_NAME " " PRODUCT_VERSION "\n"
                 "Licensed under the Apache License, Version 2.0; you may not use it except in\n"
                 "compliance with the License: http://www.apache.org/licenses/LICENSE-2.0\n";

/* Reading what was kept may take much longer, but says that it goes on. */
#define START_TIMEOUT_MS 60000

static int print_and_exit(enum settings_outcome outcome)
{
    if (outcome == SETTINGS_LICENCE) {
        fputs(licence, stdout);
        return EX_OK;
    }
    puts(PRODUCT_NAME " " PRODUCT_VERSION);
    if (outcome == SETTINGS_HELP)
        settings_print_help(stdout);
    return EX_OK;
}

/* Signals are read from a descriptor by the main thread; all threads started later inherit the
 * mask. */
static int open_signals(const struct settings *settings)
{
    sigset_t set;

    signal(SIGPIPE, SIG_IGN);
    if (settings->daemonize)
        signal(SIGHUP, SIG_IGN);
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    if (pthread_sigmask(SIG_BLOCK, &set, NULL))
        return -1;
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void set_up_log(const struct settings *settings)
{
    unsigned level = settings->verbosity > 2 ? 2 : settings->verbosity;

    log_set_level(level ? LOG_LEVEL_WARNING + level : LOG_LEVEL_WARNING);
    if (settings->daemonize || settings_has_extension(settings, "syslog_logger"))
        log_to_syslog();
}

static int run(const struct settings *settings)
{
    struct server server;
    int signal_fd = open_signals(settings);

    if (signal_fd < 0) {
        fprintf(stderr, "cacheserver: signalfd: %s\n", strerror(errno));
        return EX_OSERR;
    }
    clock_start();
    set_up_log(settings);
    int status = server_start(&server, settings);
    if (!status) {
        daemon_ready();
        status = server_wait(&server, signal_fd);
    }
    server_stop(&server, signal_fd);
    return status;
}

int main(int argc, char **argv)
{
    struct settings settings;
    int status = EX_USAGE;
    int outcome = settings_parse(&settings, argc, argv, stderr);

    if (outcome > 0)
        status = print_and_exit((enum settings_outcome)outcome);
    if (outcome == SETTINGS_RUN) {
        status = privileges_apply(&settings);
        if (!status && settings.daemonize && daemon_begin(START_TIMEOUT_MS)) {
            fprintf(stderr, "cacheserver: fork: %s\n", strerror(errno));
            status = EX_OSERR;
        }
        if (!status)
            status = run(&settings);
        daemon_failed(status);
    }
    settings_deinit(&settings);
    return status;
}
