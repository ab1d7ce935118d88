#pragma once

#include "planner/base/arena.h"
#include "planner/base/diag.h"
#include "planner/base/srcloc.h"

#include <stdbool.h>
#include <stddef.h>

/* The spec after checking: every default filled in, ranges expanded, references resolved, each
 * thing with its place. Everything lives in the arena given to spec_load and is never changed.
 * arcusplan-spec(5) says what each key means. */

enum executor { EXECUTOR_SSH, EXECUTOR_LOCAL };
enum become { BECOME_NONE, BECOME_SUDO };
enum server_kind { SERVER_CACHESERVER, SERVER_ARCUS_MEMCACHED };
enum supervise { SUPERVISE_DAEMON, SUPERVISE_SYSTEMD };
enum package_source { PACKAGE_FILES, PACKAGE_DIRECTORY, PACKAGE_ARCHIVE };

/* A key with its value as text in canonical form (memlimit in MB, no leading zeros). */
struct setting {
    const char *key;
    const char *value;
    struct srcloc at;
};

struct settings { /* sorted by key */
    const struct setting *items;
    size_t count;
};

/* The value, or NULL. */
const char *settings_get(const struct settings *settings, const char *key);

struct spec_ssh {
    const char *user; /* NULL: whatever ssh would use */
    int port;
    const char *identity_file; /* NULL: agent and default keys; ~ is expanded */
    const char *known_hosts;   /* ~ is expanded */
    const char *proxy_jump;    /* NULL for none; [USER@]HOST[:PORT] */
    enum become become;
    int connect_timeout_ms;
};

struct spec_host {
    const char *name;    /* what znodes and tables show, unique */
    const char *address; /* IP or DNS name; unique */
    enum executor executor;
    struct spec_ssh ssh; /* the defaults merged with the host's own */
    struct srcloc at;
};

struct spec_build_rule {
    const char *run;           /* a shell command, run in the package's base_dir */
    const char *const *inputs; /* globs below base_dir, ** crosses directories */
    size_t input_count;
    const char *const *outputs;
    size_t output_count;
    struct srcloc at;
};

struct spec_file {
    const char *from; /* below base_dir unless absolute */
    const char *to;   /* inside the release: relative, no .. */
    int mode;         /* permission bits; -1: taken from the file */
    struct srcloc at;
};

struct spec_package {
    const char *name;
    const char *version;
    const char *base_dir; /* where the spec file lies; relative paths start there */
    const struct spec_build_rule *rules;
    size_t rule_count;
    enum package_source source;
    const struct spec_file *files; /* PACKAGE_FILES */
    size_t file_count;
    const char *path;        /* PACKAGE_DIRECTORY, PACKAGE_ARCHIVE */
    const char *install_dir; /* absolute */
    int keep_releases;
    struct srcloc at;
};

struct spec_zookeeper {
    bool is_managed;
    const struct spec_host *const *hosts; /* managed: position + 1 is the proposed myid */
    const struct srcloc *host_places;
    size_t host_count;
    const char *connect;                /* "ADDRESS:PORT,…": the ensemble, managed or external */
    const char *home;                   /* holds bin/zkServer.sh; relative: inside the package */
    const struct spec_package *package; /* NULL: ZooKeeper is installed on the hosts */
    int client_port;
    int peer_port;     /* 2888 unless set */
    int election_port; /* 3888 unless set */
    const char *data_dir;
    struct settings config; /* further lines of zoo.cfg */
    struct srcloc at;
};

struct spec_node {
    const struct spec_host *host;
    int port;
    struct settings config; /* the cloud's settings overridden by the node's own */
    struct settings own;    /* the node's own only */
    struct srcloc at;       /* of the port in the spec */
};

struct spec_update {
    int canaries;
    int max_unavailable;
    int watch_time_ms;
    int health_timeout_ms;
    int max_failures;
};

struct spec_cloud {
    const char *code; /* the service code */
    const struct spec_package *package;
    enum server_kind server;
    enum supervise supervise;
    struct settings config; /* threads, memlimit (MB), connections, … */
    const struct spec_node *nodes;
    size_t node_count;
    struct spec_update update;
    bool prevent_destroy;
    struct srcloc at;
};

struct spec_source {
    const char *file; /* as given on the command line */
    const char *text;
    size_t length;
};

struct spec {
    const struct spec_source *sources;
    size_t source_count;
    const char *digest; /* hex SHA-256 of the sources and the variables given */
    const struct spec_host *hosts;
    size_t host_count;
    const struct spec_package *packages;
    size_t package_count;
    const struct spec_zookeeper *zookeeper; /* NULL when the spec has no clouds and no ensemble */
    const struct spec_cloud *clouds;
    size_t cloud_count;
};

/* What ${name} and ${env:NAME} stand for. */
struct spec_variable {
    const char *name;
    const char *value;
};

struct spec_input {
    const struct spec_source *sources; /* merged left to right */
    size_t source_count;
    const struct spec_variable *variables; /* --var; they win over the spec's vars: */
    size_t variable_count;
    const char *(*environment)(const char *name); /* getenv, or a test's; NULL: none */
    const char *home;                             /* what ~ stands for */
};

/* Reads the files into sources (arena), each registered with diags. -1: reported. */
int spec_read_files(const char *const *paths, size_t count, struct arena *arena,
                    struct diags *diags, struct spec_source **sources);

/* Parses, merges, checks and resolves. All errors are reported at once; then the answer is -1 and
 * *spec stays NULL. Opens no file and no connection. */
int spec_load(const struct spec_input *input, struct arena *arena, struct diags *diags,
              const struct spec **spec);

const struct spec_host *spec_find_host(const struct spec *spec, const char *name);
const struct spec_package *spec_find_package(const struct spec *spec, const char *name);
const struct spec_cloud *spec_find_cloud(const struct spec *spec, const char *code);
