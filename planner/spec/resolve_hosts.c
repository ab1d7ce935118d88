/* Hosts are counted before they are made, so that they lie in one array and can be pointed to.
 * Names and addresses run side by side: the i-th name has the i-th address. */
#include "planner/spec/range.h"
#include "planner/spec/resolve.h"
#include "planner/spec/schema.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

static bool is_ipv4_like(const char *address)
{
    return strspn(address, "0123456789.") == strlen(address);
}

static bool is_dns_name(const char *name)
{
    for (;;) {
        size_t length = strcspn(name, ".");

        if (length == 0 || length > 63 || name[0] == '-' || name[length - 1] == '-')
            return false;
        name += length;
        if (!*name++)
            return true;
    }
}

static bool is_address(const char *address)
{
    struct in_addr binary;

    if (is_ipv4_like(address))
        return inet_pton(AF_INET, address, &binary) == 1;
    return is_dns_name(address);
}

static void check_jump(struct resolver *resolver, const struct tree *ssh)
{
    const struct tree *value = tree_get(ssh, "proxy_jump");
    const char *text = resolve_text(value);
    const char *colon = text ? strrchr(text, ':') : NULL;

    if (colon && (strlen(colon) > 6 || atoi(colon + 1) < 1 || atoi(colon + 1) > 65535))
        diag_error(resolver->diags, DIAG_SPEC_VALUE, value->at,
                   "expected a port from 1 to 65535 after the colon, found %s",
                   resolve_quote(value, colon + 1));
}

/* Lays what one ssh map says over what is known so far. */
static void read_ssh(struct resolver *resolver, const struct tree *map, struct spec_ssh *ssh)
{
    const char *identity_file = resolve_local_path(resolver, tree_get(map, "identity_file"));
    const char *known_hosts = resolve_local_path(resolver, tree_get(map, "known_hosts"));
    struct spec_ssh before = *ssh;

    schema_read(schema_ssh_keys, map, ssh);
    ssh->identity_file = identity_file ? identity_file : before.identity_file;
    ssh->known_hosts = known_hosts ? known_hosts : before.known_hosts;
}

static void read_default_ssh(struct resolver *resolver, const struct tree *root,
                             struct spec_ssh *ssh)
{
    const struct tree *map = tree_get(root, "ssh");

    schema_read_defaults(schema_ssh_keys, ssh);
    if (ssh->known_hosts[0] == '~')
        ssh->known_hosts =
            arena_printf(resolver->arena, "%s%s", resolver->input->home, ssh->known_hosts + 1);
    check_jump(resolver, map);
    read_ssh(resolver, map, ssh);
}

static void check_executor(struct resolver *resolver, const struct tree *host,
                           enum executor executor)
{
    const struct tree_entry *ssh = tree_entry(host, "ssh");
    struct diag *diag;

    if (executor != EXECUTOR_LOCAL || !ssh)
        return;
    diag = diag_error(resolver->diags, DIAG_SPEC_CONFLICT, ssh->at,
                      "a host with executor: local is not reached by ssh");
    diag_note(resolver->diags, diag, tree_get(host, "executor")->at, "executor set here");
}

/* One entry under hosts while it is expanded. */
struct host_entry {
    const struct tree_entry *entry;
    const struct tree *address; /* NULL: missing or broken */
    struct range names;
    struct range addresses;
    struct spec_host like; /* what all its hosts share */
    bool is_duplicate;     /* reported for one of them */
    bool is_bad_address;
};

static bool open_entry(struct resolver *resolver, const struct tree_entry *entry,
                       struct host_entry *host)
{
    struct fault fault;
    size_t offset;

    *host = (struct host_entry){.entry = entry};
    if (range_parse(entry->key, &host->names, &offset, &fault) < 0) {
        resolver->has_bad_host = true;
        return false;
    }
    return true;
}

static void read_addresses(struct resolver *resolver, struct host_entry *host)
{
    const struct tree *address = tree_get(host->entry->value, "address");
    struct fault fault;
    size_t offset;
    struct diag *diag;

    if (!resolve_text(address) || range_parse(address->text, &host->addresses, &offset, &fault) < 0)
        return;
    if (host->addresses.count == host->names.count) {
        host->address = address;
        return;
    }
    diag = diag_error(resolver->diags, DIAG_SPEC_RANGE, address->at,
                      "expected as many addresses as names, which is %zu, found %zu",
                      host->names.count, host->addresses.count);
    diag_note(resolver->diags, diag, host->entry->at, "the names are here");
    diag_hint(resolver->diags, diag,
              "ranges in the name and in the address run side by side, as "
              "in cache[001-003]: { address: 10.0.0.[1-3] }");
}

static void add_name(struct resolver *resolver, struct host_entry *entry, struct spec_host *host)
{
    const struct spec_host *first = map_get(&resolver->hosts, host->name);
    struct diag *diag;

    if (!first) {
        map_put(&resolver->hosts, host->name, host);
        return;
    }
    if (entry->is_duplicate)
        return;
    entry->is_duplicate = true;
    diag = diag_error(resolver->diags, DIAG_SPEC_DUPLICATE, host->at, "host %s is defined twice",
                      host->name);
    diag_note(resolver->diags, diag, first->at, "first defined here");
}

static void add_address(struct resolver *resolver, struct host_entry *entry, struct spec_host *host)
{
    const struct spec_host *first;
    struct diag *diag;

    if (!entry->address || entry->is_bad_address)
        return;
    if (!is_address(host->address)) {
        diag_error(resolver->diags, DIAG_SPEC_VALUE, entry->address->at,
                   "expected an IPv4 address or a DNS name, found %s",
                   resolve_quote(entry->address, host->address));
        entry->is_bad_address = true;
        return;
    }
    first = map_put(&resolver->addresses, host->address, host);
    if (!first)
        return;
    entry->is_bad_address = true;
    diag = diag_error(resolver->diags, DIAG_SPEC_DUPLICATE, entry->address->at,
                      "hosts %s and %s have the same address %s", first->name, host->name,
                      resolve_quote(entry->address, host->address));
    diag_note(resolver->diags, diag, first->at, "%s is defined here", first->name);
}

static void expand_entry(struct resolver *resolver, struct host_entry *entry,
                         struct spec_host *hosts)
{
    for (size_t i = 0; i < entry->names.count; i++) {
        hosts[i] = entry->like;
        hosts[i].name = range_name(&entry->names, i, resolver->arena);
        if (entry->address)
            hosts[i].address = range_name(&entry->addresses, i, resolver->arena);
        add_name(resolver, entry, &hosts[i]);
        add_address(resolver, entry, &hosts[i]);
    }
}

static size_t count_hosts(struct resolver *resolver, const struct tree *map)
{
    size_t count = 0;

    vec_each(entry, &map->entries) {
        struct host_entry host;

        if (open_entry(resolver, entry, &host))
            count += host.names.count;
        if (count > RESOLVE_MOST_HOSTS) {
            diag_error(resolver->diags, DIAG_SPEC_RANGE, entry->at,
                       "expected at most %d hosts in a spec", RESOLVE_MOST_HOSTS);
            resolver->has_bad_host = true;
            return 0;
        }
    }
    return count;
}

void resolve_hosts(struct resolver *resolver, const struct tree *root)
{
    const struct tree *map = tree_get(root, "hosts");
    struct spec_ssh defaults = {0};
    struct spec_host *hosts;
    size_t count;

    read_default_ssh(resolver, root, &defaults);
    if (!map || map->kind != TREE_MAP) {
        resolver->has_bad_host = map && map->is_broken;
        return;
    }
    count = count_hosts(resolver, map);
    hosts = arena_array_of(resolver->arena, struct spec_host, count);
    resolver->spec->hosts = hosts;
    vec_each(entry, &map->entries) {
        struct host_entry host;
        const struct tree *ssh = tree_get(entry->value, "ssh");

        if (!count || !open_entry(resolver, entry, &host))
            continue;
        host.like = (struct spec_host){.ssh = defaults, .at = entry->at};
        schema_read_defaults(schema_host_keys, &host.like);
        schema_read(schema_host_keys, entry->value, &host.like);
        check_jump(resolver, ssh);
        read_ssh(resolver, ssh, &host.like.ssh);
        if (host.like.ssh.proxy_jump && strcmp(host.like.ssh.proxy_jump, "none") == 0)
            host.like.ssh.proxy_jump = NULL;
        check_executor(resolver, entry->value, host.like.executor);
        read_addresses(resolver, &host);
        expand_entry(resolver, &host, hosts + resolver->spec->host_count);
        resolver->spec->host_count += host.names.count;
    }
}
