/* Names that refer to something, and things that may be used once only. A conflict between two
 * ranges would show up once for each pair: it is reported for the first pair alone. */
#include "planner/spec/nearest.h"
#include "planner/spec/range.h"
#include "planner/spec/resolve.h"

enum { HINTS_MOST = 100 /* searching names for the nearest one takes time */ };

struct claim {
    struct srcloc at;
    const void *owner; /* who may claim it again; NULL: nobody */
};

const char *resolve_text(const struct tree *value)
{
    return value && value->kind == TREE_SCALAR && !value->is_broken ? value->text : NULL;
}

const char *resolve_quote(const struct tree *value, const char *text)
{
    return value->shown == value->text ? text : value->shown;
}

static void hint_host(struct resolver *resolver, struct diag *diag, const char *name)
{
    struct nearest nearest = {.wrong = name};

    if (++resolver->hint_count > HINTS_MOST)
        return;
    for (size_t i = 0; i < resolver->spec->host_count; i++)
        nearest_offer(&nearest, resolver->spec->hosts[i].name);
    if (nearest_found(&nearest))
        diag_hint(resolver->diags, diag, "did you mean %s?", nearest_found(&nearest));
    else
        diag_hint(resolver->diags, diag, "define it under hosts");
}

static void report_unknown_hosts(struct resolver *resolver, const struct tree *value,
                                 const char *name, size_t count)
{
    const char *quoted = resolve_quote(value, name);
    struct diag *diag;

    if (resolver->has_bad_host)
        return;
    if (count == 1)
        diag = diag_error(resolver->diags, DIAG_SPEC_REFERENCE, value->at, "host %s is not defined",
                          name);
    else
        diag = diag_error(resolver->diags, DIAG_SPEC_REFERENCE, value->at,
                          "host %s and %zu more of %s are not defined", quoted, count - 1,
                          value->shown);
    hint_host(resolver, diag, name);
}

/* Whether so many more names may be looked up. */
static bool count_uses(struct resolver *resolver, const struct tree *value, size_t count)
{
    bool was_reported = resolver->use_count > RESOLVE_MOST_USES;

    resolver->use_count += count;
    if (resolver->use_count <= RESOLVE_MOST_USES)
        return true;
    if (!was_reported)
        diag_error(resolver->diags, DIAG_SPEC_RANGE, value->at,
                   "expected at most %d uses of hosts in a spec", RESOLVE_MOST_USES);
    return false;
}

struct host_uses resolve_host_uses(struct resolver *resolver, const struct tree *list)
{
    vec_of(struct host_use) uses = {0};
    struct fault fault;
    size_t offset;

    if (!list || list->kind != TREE_LIST)
        return (struct host_uses){0};
    vec_each(item, &list->items) {
        const char *text = resolve_text(*item), *first_unknown = NULL;
        size_t unknown_count = 0;
        struct range range;

        if (!text || range_parse(text, &range, &offset, &fault) < 0)
            continue;
        if (!count_uses(resolver, *item, range.count))
            break;
        for (size_t i = 0; i < range.count; i++) {
            const char *name = range_name(&range, i, resolver->arena);
            const struct spec_host *host = map_get(&resolver->hosts, name);

            if (host)
                *vec_push(resolver->arena, &uses) = (struct host_use){host, (*item)->at};
            else if (!unknown_count++)
                first_unknown = name;
        }
        if (unknown_count)
            report_unknown_hosts(resolver, *item, first_unknown, unknown_count);
    }
    return (struct host_uses){uses.items, uses.count};
}

const struct spec_package *resolve_package_use(struct resolver *resolver, const struct tree *name)
{
    const char *text = resolve_text(name);
    const struct spec_package *package = text ? map_get(&resolver->packages, text) : NULL;
    struct nearest nearest = {.wrong = text};
    struct diag *diag;

    if (!text || package || resolver->has_bad_package)
        return package;
    diag = diag_error(resolver->diags, DIAG_SPEC_REFERENCE, name->at, "package %s is not defined",
                      name->shown);
    if (++resolver->hint_count > HINTS_MOST)
        return NULL;
    for (size_t i = 0; i < resolver->spec->package_count; i++)
        nearest_offer(&nearest, resolver->spec->packages[i].name);
    if (nearest_found(&nearest))
        diag_hint(resolver->diags, diag, "did you mean %s?", nearest_found(&nearest));
    else
        diag_hint(resolver->diags, diag, "define it under packages");
    return NULL;
}

/* The claim that stands in the way, or NULL: then it is taken. */
static const struct claim *take(struct resolver *resolver, const char *key, const void *owner,
                                struct srcloc at)
{
    const struct claim *first = map_get(&resolver->claims, key);
    struct claim *claim;

    if (first)
        return owner && first->owner == owner ? NULL : first;
    claim = arena_new_of(resolver->arena, struct claim);
    *claim = (struct claim){at, owner};
    map_put(&resolver->claims, key, claim);
    return NULL;
}

/* Whether a conflict between two places is reported for the first time. */
static bool is_new_conflict(struct resolver *resolver, struct srcloc a, struct srcloc b)
{
    char *pair = arena_printf(resolver->arena, "%s:%d:%d %s:%d:%d", a.file, a.line, a.column,
                              b.file, b.line, b.column);

    return !map_put(&resolver->conflicts, pair, pair);
}

void resolve_claim_port(struct resolver *resolver, const struct spec_host *host, int port,
                        struct srcloc at)
{
    const char *key = arena_printf(resolver->arena, "port %s:%d", host->name, port);
    const struct claim *first = take(resolver, key, NULL, at);
    struct diag *diag;

    if (!first || !is_new_conflict(resolver, first->at, at))
        return;
    diag = diag_error(resolver->diags, DIAG_SPEC_PORT_CONFLICT, at,
                      "port %d is used twice on host %s", port, host->name);
    diag_note(resolver->diags, diag, first->at, "first used here");
    diag_hint(resolver->diags, diag,
              "give one of the two servers another port or move it to another host");
}

void resolve_claim_directory(struct resolver *resolver, const struct spec_host *host,
                             const struct spec_package *package, struct srcloc at)
{
    const char *key;
    const struct claim *first;
    const struct spec_package *other;
    struct diag *diag;

    if (!package || !package->install_dir)
        return;
    key = arena_printf(resolver->arena, "directory %s:%s", host->name, package->install_dir);
    first = take(resolver, key, package, at);
    if (!first)
        return;
    other = first->owner;
    if (!is_new_conflict(resolver, other->at, package->at))
        return;
    diag = diag_error(resolver->diags, DIAG_SPEC_CONFLICT, at,
                      "packages %s and %s share the install_dir %s on host %s", other->name,
                      package->name, package->install_dir, host->name);
    diag_note(resolver->diags, diag, first->at, "%s is first used here", other->name);
    diag_hint(resolver->diags, diag, "give each package an install_dir of its own");
}
