/* The ensemble is either managed (hosts) or somebody else's (external), and what describes
 * servers makes sense for the first only. */
#include "planner/base/str.h"
#include "planner/spec/resolve.h"
#include "planner/spec/schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_SERVERS = 255 /* myid is a byte in the election's messages */ };

static void check_external_keys(struct resolver *resolver, const struct tree *map,
                                const struct tree_entry *external)
{
    static const char *const managed_keys[] = {"hosts",       "package",   "home",
                                               "client_port", "peer_port", "election_port",
                                               "data_dir",    "config"};

    for (size_t i = 0; i < sizeof(managed_keys) / sizeof(managed_keys[0]); i++) {
        const struct tree_entry *entry = tree_entry(map, managed_keys[i]);
        struct diag *diag;

        if (!entry)
            continue;
        diag =
            diag_error(resolver->diags, DIAG_SPEC_CONFLICT, entry->at,
                       "%s describes a managed ensemble, but the ensemble is external", entry->key);
        diag_note(resolver->diags, diag, external->at, "external is set here");
    }
}

/* Adds one "HOST[:PORT],…" to the connect string, with ports. */
static void add_external(struct resolver *resolver, const struct tree *value, struct str *connect)
{
    const char *text = resolve_text(value);

    while (text && *text) {
        size_t length = strcspn(text, ",");
        const char *colon = memchr(text, ':', length);
        size_t host_length = colon ? (size_t)(colon - text) : length;
        long port = colon ? strtol(colon + 1, NULL, 10) : 2181;

        if (port < 1 || port > 65535)
            diag_error(resolver->diags, DIAG_SPEC_VALUE,
                       tree_place_in(value, (size_t)(text - value->text)),
                       "expected HOST:PORT with a port from 1 to 65535, found %s",
                       resolve_quote(value, arena_strndup(resolver->arena, text, length)));
        str_printf(connect, "%s%.*s:%ld", connect->length ? "," : "", (int)host_length, text, port);
        text += length + (text[length] == ',');
    }
}

static void read_external(struct resolver *resolver, const struct tree *map,
                          const struct tree_entry *external, struct spec_zookeeper *zookeeper)
{
    struct str connect = {0};

    check_external_keys(resolver, map, external);
    add_external(resolver, external->value, &connect);
    vec_each(item, &external->value->items)
        add_external(resolver, *item, &connect);
    zookeeper->connect = arena_strdup(resolver->arena, str_text(&connect));
    str_deinit(&connect);
}

static void check_ensemble_size(struct resolver *resolver, const struct tree_entry *hosts,
                                size_t count)
{
    if (count > MOST_SERVERS)
        diag_error(resolver->diags, DIAG_SPEC_VALUE, hosts->value->at,
                   "expected at most %d servers, found %zu", MOST_SERVERS, count);
    else if (count && count % 2 == 0)
        diag_hint(resolver->diags,
                  diag_warning(resolver->diags, DIAG_SPEC_VALUE, hosts->value->at,
                               "an ensemble of %zu survives no more failures than one of %zu",
                               count, count - 1),
                  "use an odd number of servers");
}

static void add_server(struct resolver *resolver, struct map *seen, const struct host_use *use,
                       const struct spec_zookeeper *zookeeper, struct str *connect)
{
    const struct host_use *first = map_put(seen, use->host->name, (void *)use);
    struct diag *diag;

    if (first) {
        map_put(seen, use->host->name, (void *)first);
        diag = diag_error(resolver->diags, DIAG_SPEC_DUPLICATE, use->at,
                          "host %s is twice in the ensemble", use->host->name);
        diag_note(resolver->diags, diag, first->at, "first named here");
        return;
    }
    str_printf(connect, "%s%s:%d", connect->length ? "," : "", use->host->address,
               zookeeper->client_port);
}

static struct srcloc place_of(const struct tree *map, const char *key, struct srcloc otherwise)
{
    const struct tree *value = tree_get(map, key);

    return value ? value->at : otherwise;
}

/* One of a server's three ports. */
struct server_port {
    const char *key;
    int port;
};

static void fill_ports(const struct spec_zookeeper *zookeeper, struct server_port ports[3])
{
    ports[0] = (struct server_port){"client_port", zookeeper->client_port};
    ports[1] = (struct server_port){"peer_port", zookeeper->peer_port};
    ports[2] = (struct server_port){"election_port", zookeeper->election_port};
}

/* Said once for the ensemble instead of once for each server. */
static bool has_equal_ports(struct resolver *resolver, const struct tree *map,
                            const struct spec_zookeeper *zookeeper)
{
    bool is_equal = false;
    struct server_port ports[3];

    fill_ports(zookeeper, ports);
    for (size_t i = 0; i < 3; i++)
        for (size_t j = 0; j < i; j++)
            if (ports[i].port == ports[j].port) {
                diag_error(resolver->diags, DIAG_SPEC_PORT_CONFLICT,
                           place_of(map, ports[i].key, place_of(map, ports[j].key, map->at)),
                           "%s and %s are both %d", ports[j].key, ports[i].key, ports[i].port);
                is_equal = true;
            }
    return is_equal;
}

static void claim_ports(struct resolver *resolver, const struct tree *map,
                        const struct host_use *use, const struct spec_zookeeper *zookeeper)
{
    struct server_port ports[3];

    fill_ports(zookeeper, ports);
    for (size_t i = 0; i < 3; i++)
        resolve_claim_port(resolver, use->host, ports[i].port,
                           place_of(map, ports[i].key, use->at));
}

static void read_servers(struct resolver *resolver, const struct tree *map,
                         const struct tree_entry *hosts, struct spec_zookeeper *zookeeper)
{
    struct host_uses uses = resolve_host_uses(resolver, hosts->value);
    const struct spec_host **servers =
        arena_array_of(resolver->arena, const struct spec_host *, uses.count);
    struct srcloc *places = arena_array_of(resolver->arena, struct srcloc, uses.count);
    bool is_equal = has_equal_ports(resolver, map, zookeeper);
    struct str connect = {0};
    struct map seen;

    map_init(&seen, resolver->arena);
    for (size_t i = 0; i < uses.count; i++) {
        servers[i] = uses.items[i].host;
        places[i] = uses.items[i].at;
        add_server(resolver, &seen, &uses.items[i], zookeeper, &connect);
    }
    for (size_t i = 0; i < uses.count; i++)
        if (map_get(&seen, servers[i]->name) == &uses.items[i]) {
            if (!is_equal)
                claim_ports(resolver, map, &uses.items[i], zookeeper);
            resolve_claim_directory(resolver, servers[i], zookeeper->package, places[i]);
        }
    map_deinit(&seen);
    check_ensemble_size(resolver, hosts, uses.count);
    zookeeper->hosts = servers;
    zookeeper->host_places = places;
    zookeeper->host_count = uses.count;
    zookeeper->connect = arena_strdup(resolver->arena, str_text(&connect));
    str_deinit(&connect);
}

static void check_home(struct resolver *resolver, const struct tree *map,
                       struct spec_zookeeper *zookeeper)
{
    const struct tree *home = tree_get(map, "home");
    const struct tree_entry *package = tree_entry(map, "package");
    const char *text = resolve_text(home);
    struct diag *diag;

    if (package && !home)
        diag_hint(
            resolver->diags,
            diag_error(resolver->diags, DIAG_SPEC_MISSING_KEY, package->at, "key home is missing"),
            "home says where in the package bin/zkServer.sh lies");
    if (!home || !text)
        return;
    if (text[0] == '/' && package) {
        diag = diag_error(resolver->diags, DIAG_SPEC_CONFLICT, home->at,
                          "home is a path on the host, but ZooKeeper comes from a package");
        diag_note(resolver->diags, diag, package->at, "package is set here");
        diag_hint(resolver->diags, diag, "write home as a path inside the package");
    } else if (text[0] == '/') {
        zookeeper->home = resolve_absolute_path(resolver, home);
    } else if (resolve_inner_path(resolver, home) && !package) {
        diag_hint(resolver->diags,
                  diag_error(resolver->diags, DIAG_SPEC_MISSING_KEY, home->at,
                             "key package is missing: the relative home %s lies inside a package",
                             text),
                  "set package, or write home as an absolute path");
    }
}

/* Lines of zoo.cfg that follow from other keys must not be set beside them. */
static void check_config(struct resolver *resolver, const struct tree *config)
{
    static const char *const reserved[][2] = {
        {"dataDir", "data_dir"}, {"clientPort", "client_port"}, {"server.", "hosts"}};

    if (!config)
        return;
    vec_each(entry, &config->entries)
        for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
            const char *name = reserved[i][0];
            size_t length = strlen(name);
            bool is_prefix = name[length - 1] == '.';

            if (is_prefix ? strncmp(entry->key, name, length) == 0 : strcmp(entry->key, name) == 0)
                diag_hint(resolver->diags,
                          diag_error(resolver->diags, DIAG_SPEC_CONFLICT, entry->at,
                                     "%s is written by arcusplan itself", entry->key),
                          "set %s instead", reserved[i][1]);
        }
}

/* A release's own directories must not hold the data, nor the data a release. */
static void check_data_dir(struct resolver *resolver, const struct tree *value,
                           const char *data_dir)
{
    static const char *const own[] = {"releases", "current", "manifest", "run"};

    for (size_t i = 0; i < resolver->spec->package_count; i++) {
        const struct spec_package *package = &resolver->spec->packages[i];
        const char *install_dir = package->install_dir;
        bool is_mixed;
        struct diag *diag;

        if (!install_dir)
            continue;
        is_mixed = resolve_is_below(install_dir, data_dir);
        for (size_t j = 0; j < sizeof(own) / sizeof(own[0]); j++)
            is_mixed |= resolve_is_below(
                data_dir, arena_printf(resolver->arena, "%s/%s", install_dir, own[j]));
        if (!is_mixed)
            continue;
        diag =
            diag_error(resolver->diags, DIAG_SPEC_CONFLICT, value->at,
                       "data_dir %s and the install_dir %s of package %s get in each other's way",
                       data_dir, install_dir, package->name);
        diag_note(resolver->diags, diag, package->at, "the package is defined here");
    }
}

static void read_managed(struct resolver *resolver, const struct tree *map,
                         const struct tree_entry *hosts, struct spec_zookeeper *zookeeper)
{
    const struct tree *data_dir = tree_get(map, "data_dir");
    const struct tree *config = tree_get(map, "config");

    zookeeper->is_managed = true;
    zookeeper->package = resolve_package_use(resolver, tree_get(map, "package"));
    check_home(resolver, map, zookeeper);
    if (data_dir)
        zookeeper->data_dir = resolve_remote_path(resolver, data_dir);
    if (data_dir && zookeeper->data_dir)
        check_data_dir(resolver, data_dir, zookeeper->data_dir);
    check_config(resolver, config);
    zookeeper->config = schema_settings(schema_zoo_cfg_keys, &config, 1, true, resolver->arena);
    read_servers(resolver, map, hosts, zookeeper);
}

void resolve_zookeeper(struct resolver *resolver, const struct tree *root)
{
    const struct tree_entry *entry = tree_entry(root, "zookeeper");
    const struct tree_entry *clouds = tree_entry(root, "clouds");
    const struct tree_entry *hosts, *external;
    struct spec_zookeeper *zookeeper;

    if (!entry) {
        if (clouds && clouds->value->entries.count)
            diag_hint(resolver->diags,
                      diag_error(resolver->diags, DIAG_SPEC_MISSING_KEY, clouds->at,
                                 "key zookeeper is missing: clouds need an ensemble"),
                      "name its hosts under zookeeper.hosts or zookeeper.external");
        return;
    }
    zookeeper = arena_new_of(resolver->arena, struct spec_zookeeper);
    zookeeper->at = entry->at;
    resolver->spec->zookeeper = zookeeper;
    schema_read_defaults(schema_zookeeper_keys, zookeeper);
    schema_read(schema_zookeeper_keys, entry->value, zookeeper);
    hosts = tree_entry(entry->value, "hosts");
    external = tree_entry(entry->value, "external");
    if (external)
        read_external(resolver, entry->value, external, zookeeper);
    else if (hosts)
        read_managed(resolver, entry->value, hosts, zookeeper);
    else if (entry->value->kind == TREE_MAP)
        diag_hint(resolver->diags,
                  diag_error(resolver->diags, DIAG_SPEC_MISSING_KEY, entry->at,
                             "the ensemble has no servers"),
                  "name its hosts under hosts, or set external");
}
