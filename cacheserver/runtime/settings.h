#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/*
 * What the command line says. One row of the table in settings.c per option: from it come parsing,
 * defaults, -h and the engine configuration of -e. After settings_parse the structure is read-only.
 */
#define SETTINGS_EXTENSIONS_MAX 16
#define SETTINGS_THREADS_MAX    128

struct settings {
    /* listening */
    int tcp_port; /* 0 off, -1 any free one */
    bool tcp_port_given;
    int udp_port;
    char *listen_addresses; /* comma separated, NULL every address */
    char *unix_path;
    unsigned unix_mask; /* permissions of the socket */
    unsigned backlog;
    unsigned max_connections;
    unsigned threads;
    unsigned requests_per_event; /* 0: what one read brings */
    char *binding;               /* auto, ascii, binary */

    /* memory */
    size_t memory_limit_bytes;
    size_t sticky_limit_bytes;
    size_t item_size_max_bytes;
    unsigned max_list_size, max_set_size, max_map_size, max_btree_size; /* elements */
    unsigned scrub_count;                                               /* items of a slice */
    unsigned max_element_bytes;                                         /* with CRLF */
    bool no_eviction;
    bool no_cas;
    bool lock_memory;
    char prefix_delimiter;
    bool detail_enabled;
    bool detail_forbidden;

    /* persistence */
    bool use_persistence;
    bool async_logging;
    char *data_path;
    char *logs_path;
    size_t chkpt_interval_min_log_bytes;
    unsigned chkpt_interval_pct_snapshot;
    bool keep_at_join;

    /* process */
    bool daemonize;
    bool core_dumps;
    char *pid_file;
    char *user;
    unsigned verbosity;

    /* cluster */
    char *zk_ensemble; /* NULL: no cluster */
    unsigned zk_timeout_s;
    char *proxy;

    /* accepted for scripts, shown by `stats settings` */
    char *engine;
    double growth_factor;
    unsigned chunk_size;
    bool large_pages;
    bool require_sasl;
    unsigned extension_count;
    char *extensions[SETTINGS_EXTENSIONS_MAX];
};

enum settings_outcome {
    SETTINGS_RUN = 0,
    SETTINGS_HELP = 1,
    SETTINGS_VERSION = 2,
    SETTINGS_LICENCE = 3,
};

/* Fills *settings with defaults and then with the options. Returns -1 when something is wrong:
 * one line has then been written to `errors`. Free with settings_deinit in every case. */
int settings_parse(struct settings *settings, int argc, char **argv, FILE *errors);
void settings_deinit(struct settings *settings);

/* The lines that -h prints, all from the table. */
void settings_print_help(FILE *out);

/* Whether one of the -X options names this module ("ascii_scrub" for /any/path/ascii_scrub.so). */
bool settings_has_extension(const struct settings *settings, const char *name);
