/* Each declared resource of the host starts ABSENT; then the probe's findings are gone through and
 * make theirs PRESENT. A process that is not alive is an absent one, whatever its files say. */
#include "planner/observe/host_facts.h"

#include "planner/base/digest.h"

#include <stdlib.h>
#include <string.h>

enum { CFG_LINES_MAX = 1000, PORT_DIGITS_MAX = 5 };

struct filler {
    const struct spec_host *host;
    const struct probe *probe;
    const struct target_codes *codes;
    struct arena *arena;
    struct world *world;
};

static void add_attr(struct arena *arena, struct attrs *attrs, const char *name, const char *value)
{
    attrs_add(arena, attrs, name, value ? value : "", SRCLOC_NONE);
}

static void add_number(struct arena *arena, struct attrs *attrs, const char *name, int64_t value)
{
    add_attr(arena, attrs, name, arena_printf(arena, "%lld", (long long)value));
}

static bool has_type(const struct fact *fact, const char *type)
{
    size_t length = strlen(type);

    return strncmp(fact->address, type, length) == 0 && fact->address[length] == '/';
}

static void set_present(struct fact *fact)
{
    fact->presence = PRESENCE_PRESENT;
    fact->attrs = (struct attrs){0};
}

/* Whether `current` leads to the release that the manifest calls current. */
static bool is_link_right(const struct filler *filler, const struct probe_install *install)
{
    const struct probe_release *current = &install->current;
    const char *expected = arena_printf(filler->arena, "releases/%s-%s-%.*s", current->name,
                                        current->version, DIGEST_SHORT, current->digest);

    return install->link && strcmp(install->link, expected) == 0;
}

static void fill_release(const struct filler *filler, struct fact *fact)
{
    const char *package = strrchr(fact->address, '/') + 1;

    vec_each(install, &filler->probe->install_dirs) {
        const struct probe_release *current = &install->current;

        if (!current->name || strcmp(current->name, package) != 0)
            continue;
        if (!is_link_right(filler, install)) {
            fact->note = arena_printf(filler->arena, "%s/current is not what %s/manifest says",
                                      install->dir, install->dir);
            continue;
        }
        set_present(fact);
        add_attr(filler->arena, &fact->attrs, "version", current->version);
        add_attr(filler->arena, &fact->attrs, "digest", current->digest);
        add_attr(filler->arena, &fact->attrs, "install_dir", install->dir);
        fact->note = NULL;
        return;
    }
}

/* What the process was started with; what changes by itself is not believed. */
static void add_started(const struct filler *filler, const struct probe_process *process,
                        struct attrs *attrs)
{
    add_attr(filler->arena, attrs, "running", "yes");
    vec_each(attr, &process->attrs)
        if (strcmp(attr->name, "running") && strcmp(attr->name, "online") &&
            strncmp(attr->name, "live.", strlen("live.")))
            add_attr(filler->arena, attrs, attr->name, attr->value);
    add_number(filler->arena, attrs, "live.pid", process->pid);
}

static void add_cfg_line(const struct filler *filler, const char *line, size_t length,
                         struct attrs *attrs)
{
    const char *equals = memchr(line, '=', length);
    const char *name, *value;

    if (!equals || *line == '#' || attrs->count >= CFG_LINES_MAX)
        return;
    name = arena_printf(filler->arena, "cfg.%.*s", (int)(equals - line), line);
    value = arena_strndup(filler->arena, equals + 1, (size_t)(line + length - equals - 1));
    vec_each(attr, attrs)
        if (strcmp(attr->name, name) == 0) {
            attr->value = value;
            return;
        }
    add_attr(filler->arena, attrs, name, value);
}

static void add_cfg(const struct filler *filler, const char *text, struct attrs *attrs)
{
    while (*text) {
        size_t length = strcspn(text, "\r\n");

        add_cfg_line(filler, text, length, attrs);
        text += length;
        text += strspn(text, "\r\n");
    }
}

static void fill_zk_config(const struct filler *filler, struct fact *fact)
{
    vec_each(data, &filler->probe->data_dirs) {
        if (!data->myid && !data->zoo_cfg)
            continue;
        set_present(fact);
        if (data->myid)
            add_attr(filler->arena, &fact->attrs, "myid", data->myid);
        if (data->zoo_cfg)
            add_cfg(filler, data->zoo_cfg, &fact->attrs);
        add_attr(filler->arena, &fact->attrs, "live.data", data->has_data ? "yes" : "no");
        return;
    }
}

static void fill_zk_server(const struct filler *filler, struct fact *fact)
{
    vec_each(data, &filler->probe->data_dirs) {
        if (!data->server || !data->server->is_alive)
            continue;
        set_present(fact);
        add_started(filler, data->server, &fact->attrs);
        if (!attrs_find(&fact->attrs, "data_dir"))
            add_attr(filler->arena, &fact->attrs, "data_dir", data->dir);
        return;
    }
}

/* The address of the node whose run directory is called "CODE-PORT", if it is one of ours. */
static const char *node_address(const struct filler *filler, const char *name)
{
    const char *dash = strrchr(name, '-');
    size_t digits = dash ? strspn(dash + 1, "0123456789") : 0;
    const char *code;

    if (digits == 0 || digits > PORT_DIGITS_MAX || dash[1 + digits])
        return NULL;
    code = arena_strndup(filler->arena, name, (size_t)(dash - name));
    if (!target_codes_has(filler->codes, code))
        return NULL;
    return arena_printf(filler->arena, "node/%s/%s:%s", code, filler->host->address, dash + 1);
}

static void fill_node(const struct filler *filler, const struct probe_install *install,
                      const struct probe_process *process)
{
    const char *address = node_address(filler, process->name);
    struct fact *fact;

    if (!address || !process->is_alive)
        return;
    fact = world_fact(filler->world, address);
    fact->host = filler->host;
    fact->said_by = WITNESS_HOST;
    set_present(fact);
    add_started(filler, process, &fact->attrs);
    if (!attrs_find(&fact->attrs, "install_dir"))
        add_attr(filler->arena, &fact->attrs, "install_dir", install->dir);
}

static bool is_of(const struct fact *fact, const struct spec_host *host)
{
    return fact->host && strcmp(fact->host->name, host->name) == 0;
}

static void fill_facts(const struct filler *filler)
{
    vec_each(slot, &filler->world->facts) {
        struct fact *fact = *slot;

        if (!is_of(fact, filler->host))
            continue;
        fact->presence = PRESENCE_ABSENT;
        fact->said_by = WITNESS_HOST;
        if (has_type(fact, "release"))
            fill_release(filler, fact);
        else if (has_type(fact, "zk_config"))
            fill_zk_config(filler, fact);
        else if (has_type(fact, "zk_server"))
            fill_zk_server(filler, fact);
    }
    vec_each(install, &filler->probe->install_dirs)
        vec_each(process, &install->processes)
            fill_node(filler, install, process);
}

static const char *yes_no(bool is_so)
{
    return is_so ? "yes" : "no";
}

static void add_host_attrs(const struct filler *filler, int64_t skew_ms, struct attrs *attrs)
{
    const struct probe *probe = filler->probe;
    struct arena *arena = filler->arena;

    add_number(arena, attrs, "uid", probe->uid);
    if (probe->java) {
        add_attr(arena, attrs, "java", probe->java);
        add_attr(arena, attrs, "java_version", probe->java_version);
    }
    add_attr(arena, attrs, "tar", yes_no(probe->has_tar));
    add_attr(arena, attrs, "gzip", yes_no(probe->has_gzip));
    add_attr(arena, attrs, "sha256sum", yes_no(probe->has_sha256sum));
    add_attr(arena, attrs, "setsid", yes_no(probe->has_setsid));
    add_attr(arena, attrs, "live.boot_id", probe->boot_id);
    if (probe->clock_ms >= 0)
        add_number(arena, attrs, "live.clock_skew_ms", skew_ms);
    vec_each(install, &probe->install_dirs)
        if (install->free_kb >= 0)
            add_number(arena, attrs, arena_printf(arena, "live.free_kb.%s", install->dir),
                       install->free_kb);
    vec_each(data, &probe->data_dirs)
        if (data->free_kb >= 0)
            add_number(arena, attrs, arena_printf(arena, "live.free_kb.%s", data->dir),
                       data->free_kb);
}

static void digest_process(struct digest *digest, const struct probe_process *process)
{
    digest_add_string(digest, process->name);
    digest_add_string(digest, yes_no(process->is_alive));
    vec_each(attr, &process->attrs) {
        digest_add_string(digest, attr->name);
        digest_add_string(digest, attr->value);
    }
}

static void digest_optional(struct digest *digest, const char *text)
{
    digest_add_string(digest, text ? text : "-");
}

/* Over what a plan depends on: not pids, space, clock or boot. */
static const char *probe_digest(const struct filler *filler, const struct attrs *attrs)
{
    struct digest *digest = digest_new();
    char hex[DIGEST_HEX_SIZE];

    vec_each(attr, attrs)
        if (strncmp(attr->name, "live.", strlen("live.")) != 0) {
            digest_add_string(digest, attr->name);
            digest_add_string(digest, attr->value);
        }
    vec_each(install, &filler->probe->install_dirs) {
        digest_add_string(digest, install->dir);
        digest_optional(digest, install->link);
        digest_optional(digest, install->current.digest);
        vec_each(process, &install->processes)
            digest_process(digest, process);
    }
    vec_each(data, &filler->probe->data_dirs) {
        digest_add_string(digest, data->dir);
        digest_optional(digest, data->myid);
        digest_optional(digest, data->zoo_cfg);
        if (data->server)
            digest_process(digest, data->server);
    }
    digest_finish(digest, hex);
    return arena_strdup(filler->arena, hex);
}

static struct host_fact *host_fact_add(const struct spec_host *host, struct arena *arena,
                                       struct world *world)
{
    struct host_fact *fact = arena_new_of(arena, struct host_fact);

    fact->host = host;
    fact->digest = "";
    *vec_push(arena, &world->hosts) = fact;
    return fact;
}

void host_facts_add(const struct spec_host *host, const struct probe *probe, int64_t skew_ms,
                    const struct target_codes *codes, struct arena *arena, struct world *world)
{
    const struct filler filler = {host, probe, codes, arena, world};
    struct host_fact *fact = host_fact_add(host, arena, world);

    fact->is_reachable = true;
    add_host_attrs(&filler, skew_ms, &fact->attrs);
    fact->digest = probe_digest(&filler, &fact->attrs);
    fill_facts(&filler);
}

void host_facts_add_unreachable(const struct spec_host *host, const struct fault *fault,
                                struct arena *arena, struct world *world)
{
    host_fact_add(host, arena, world)->fault = *fault;
}
