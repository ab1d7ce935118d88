/* Loads the spec files named on the command line and prints what was understood, or the errors.
 * --var NAME=VALUE is a variable; ~ is /home/op, so that the output is the same everywhere. */
#include "planner/spec/spec.h"

#include <stdlib.h>
#include <string.h>

static const char *const executors[] = {"ssh", "local"};
static const char *const becomes[] = {"none", "sudo"};
static const char *const servers[] = {"cacheserver", "arcus-memcached"};
static const char *const supervisors[] = {"daemon", "systemd"};
static const char *const package_sources[] = {"files", "directory", "archive"};

static const char *text_or(const char *text, const char *otherwise)
{
    return text ? text : otherwise;
}

static void print_place(struct srcloc at)
{
    if (at.line)
        printf("  @%s:%d:%d", at.file, at.line, at.column);
    putchar('\n');
}

static void print_settings(const char *title, const struct settings *settings)
{
    printf("%s:", title);
    for (size_t i = 0; i < settings->count; i++)
        printf(" %s=%s", settings->items[i].key, settings->items[i].value);
    putchar('\n');
}

static void print_host(const struct spec_host *host)
{
    const struct spec_ssh *ssh = &host->ssh;

    printf("host %s %s %s", host->name, host->address, executors[host->executor]);
    print_place(host->at);
    printf("  ssh user=%s port=%d identity_file=%s known_hosts=%s proxy_jump=%s become=%s "
           "connect_timeout=%dms\n",
           text_or(ssh->user, "-"), ssh->port, text_or(ssh->identity_file, "-"), ssh->known_hosts,
           text_or(ssh->proxy_jump, "-"), becomes[ssh->become], ssh->connect_timeout_ms);
}

static void print_texts(const char *title, const char *const *texts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        printf("    %s %s\n", title, texts[i]);
}

static void print_package(const struct spec_package *package)
{
    printf("package %s %s %s path=%s base_dir=%s install_dir=%s keep_releases=%d", package->name,
           package->version, package_sources[package->source], text_or(package->path, "-"),
           package->base_dir, package->install_dir, package->keep_releases);
    print_place(package->at);
    for (size_t i = 0; i < package->rule_count; i++) {
        const struct spec_build_rule *rule = &package->rules[i];

        printf("  run %s", rule->run);
        print_place(rule->at);
        print_texts("input", rule->inputs, rule->input_count);
        print_texts("output", rule->outputs, rule->output_count);
    }
    for (size_t i = 0; i < package->file_count; i++) {
        const struct spec_file *file = &package->files[i];

        printf("  file %s -> %s mode=", file->from, file->to);
        if (file->mode < 0)
            printf("-");
        else
            printf("%04o", (unsigned)file->mode);
        print_place(file->at);
    }
}

static void print_zookeeper(const struct spec_zookeeper *zookeeper)
{
    printf("zookeeper %s connect=%s", zookeeper->is_managed ? "managed" : "external",
           zookeeper->connect);
    print_place(zookeeper->at);
    if (!zookeeper->is_managed)
        return;
    printf("  home=%s package=%s data_dir=%s ports=%d,%d,%d\n", zookeeper->home,
           zookeeper->package ? zookeeper->package->name : "-", zookeeper->data_dir,
           zookeeper->client_port, zookeeper->peer_port, zookeeper->election_port);
    print_settings("  config", &zookeeper->config);
    for (size_t i = 0; i < zookeeper->host_count; i++) {
        printf("  server %zu %s", i + 1, zookeeper->hosts[i]->name);
        print_place(zookeeper->host_places[i]);
    }
}

static void print_cloud(const struct spec_cloud *cloud)
{
    const struct spec_update *update = &cloud->update;

    printf("cloud %s package=%s server=%s supervise=%s prevent_destroy=%s", cloud->code,
           cloud->package->name, servers[cloud->server], supervisors[cloud->supervise],
           cloud->prevent_destroy ? "true" : "false");
    print_place(cloud->at);
    print_settings("  config", &cloud->config);
    printf("  update canaries=%d max_unavailable=%d watch_time=%dms health_timeout=%dms "
           "max_failures=%d\n",
           update->canaries, update->max_unavailable, update->watch_time_ms,
           update->health_timeout_ms, update->max_failures);
    for (size_t i = 0; i < cloud->node_count; i++) {
        const struct spec_node *node = &cloud->nodes[i];

        printf("  node %s %s:%d", node->host->name, node->host->address, node->port);
        print_place(node->at);
        print_settings("    config", &node->config);
        if (node->own.count)
            print_settings("    own", &node->own);
    }
}

static void print_spec(const struct spec *spec)
{
    for (size_t i = 0; i < spec->host_count; i++)
        print_host(&spec->hosts[i]);
    for (size_t i = 0; i < spec->package_count; i++)
        print_package(&spec->packages[i]);
    if (spec->zookeeper)
        print_zookeeper(spec->zookeeper);
    for (size_t i = 0; i < spec->cloud_count; i++)
        print_cloud(&spec->clouds[i]);
}

static const char *environment(const char *name)
{
    return getenv(name);
}

static int run(int argc, char **argv, struct arena *arena)
{
    struct diags *diags = diags_new(arena);
    struct spec_variable *variables = arena_array_of(arena, struct spec_variable, (size_t)argc);
    struct spec_input input = {
        .variables = variables, .environment = environment, .home = "/home/op"};
    struct spec_source *sources;
    const struct spec *spec = NULL;
    int status, at = 1;

    for (; at + 1 < argc && strcmp(argv[at], "--var") == 0; at += 2) {
        char *equals = strchr(argv[at + 1], '=');

        if (!equals)
            return 64;
        *equals = '\0';
        variables[input.variable_count++] = (struct spec_variable){argv[at + 1], equals + 1};
    }
    if (at == argc)
        return 64;
    input.source_count = (size_t)(argc - at);
    if (spec_read_files((const char *const *)argv + at, input.source_count, arena, diags,
                        &sources) == 0) {
        input.sources = sources;
        spec_load(&input, arena, diags, &spec);
    }
    status = diags_exit_status(diags);
    diags_print(diags, stdout, false);
    if (spec)
        print_spec(spec);
    return status;
}

int main(int argc, char **argv)
{
    struct arena *arena = arena_new();
    int status = run(argc, argv, arena);

    arena_free(arena);
    return status;
}
