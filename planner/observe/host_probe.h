#pragma once

#include "executors/transport/transport.h"
#include "planner/model/attr.h"

#include <stdbool.h>
#include <stdint.h>

/* One command that tells all about a host: what it has, which releases are installed and which of
 * the processes that were started there live. Nothing is changed. */

/* Which directories to look at. */
struct probe_request {
    vec_of(const char *) install_dirs;
    vec_of(const char *) data_dirs;
};

/* Adds a directory unless it is there already. */
void probe_request_install_dir(struct arena *arena, struct probe_request *request, const char *dir);
void probe_request_data_dir(struct arena *arena, struct probe_request *request, const char *dir);

/* What a run directory's `started` file says. */
struct probe_process {
    const char *name; /* of the run directory: "CODE-PORT"; "" for a ZooKeeper server */
    bool is_alive;
    int64_t pid;        /* 0 when not alive */
    struct attrs attrs; /* what it was started with, sorted */
};

/* A line of a manifest. */
struct probe_release {
    const char *name, *version, *digest;
};

struct probe_install {
    const char *dir;
    vec_of(struct probe_release) releases;
    struct probe_release current; /* name NULL: none */
    const char *link;             /* where `current` leads; NULL: nowhere */
    vec_of(struct probe_process) processes;
    int64_t free_kb; /* -1: not known */
};

struct probe_data {
    const char *dir;
    const char *myid;    /* without white space; NULL: none */
    const char *zoo_cfg; /* NULL: none */
    bool has_data;
    struct probe_process *server; /* NULL: never started */
    int64_t free_kb;
};

struct probe {
    int64_t uid;
    const char *boot_id;
    int64_t clock_ms;                /* the host's wall time since 1970 */
    const char *java, *java_version; /* NULL: none */
    bool has_tar, has_gzip, has_sha256sum, has_setsid;
    vec_of(struct probe_install) install_dirs; /* as requested */
    vec_of(struct probe_data) data_dirs;
};

/* The script to run. The caller frees it. */
struct str host_probe_script(const struct probe_request *request);

/* Takes any bytes: 0, or -1 when they are no complete answer (HOST_REPLY). */
int host_probe_parse(const char *text, size_t length, const struct probe_request *request,
                     struct arena *arena, struct probe *probe, struct fault *fault);

/* Runs and reads it. On the host's worker. */
int host_probe_run(struct transport *transport, const struct probe_request *request,
                   int64_t deadline_ms, const atomic_bool *cancel, struct arena *arena,
                   struct probe *probe, struct fault *fault);
