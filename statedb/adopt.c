/* Taking over what is already as the spec wants it. Only the world's own word is taken over (never
 * a fact that came from this database), and only what differs from the record is written, so that a
 * second run leaves the file as it is. */
#include "statedb/database.h"

#include "statedb/record.h"

#include <string.h>

/* Whether the record holds exactly the fact's attributes. */
static bool is_recorded_so(const struct recorded_resource *recorded, const struct fact *fact)
{
    size_t kept = 0;

    if (!recorded || recorded->is_uncertain)
        return false;
    vec_each(attr, &fact->attrs) {
        const char *value;

        if (!record_keeps(attr))
            continue;
        value = attrs_value(&recorded->attrs, attr->name);
        if (!value || strcmp(value, attr->value) != 0)
            return false;
        kept++;
    }
    return kept == recorded->attrs.count;
}

static int adopt_change(struct statedb *db, const struct change *change, struct diags *diags,
                        bool *is_changed)
{
    const struct fact *fact = change->fact;

    if (change->verb == VERB_FORGET) {
        *is_changed = true;
        return record_forget(db, change->address, diags);
    }
    if (change->verb == VERB_KEEP && change->resource && fact &&
        fact->presence == PRESENCE_PRESENT && fact->said_by != WITNESS_STATE &&
        !is_recorded_so(change->recorded, fact)) {
        *is_changed = true;
        if (record_resource(db, change->address, change->host, &fact->attrs, diags))
            return -1;
    }
    if (change->resource && change->resource->cloud && !change->resource->node)
        return record_protection(db, change->address, change->resource->cloud->prevent_destroy,
                                 diags);
    return 0;
}

static int adopt_hosts(struct statedb *db, const struct spec *spec, struct diags *diags)
{
    for (size_t i = 0; i < spec->host_count; i++)
        if (record_host(db, &spec->hosts[i], diags))
            return -1;
    return 0;
}

/* Hosts that neither the spec nor a resource names any more. */
static int drop_hosts(struct statedb *db, const struct plan *plan, struct diags *diags)
{
    vec_each(host, &plan->recorded->hosts)
        if (!spec_find_host(plan->spec, (*host)->name) &&
            database_run(db, diags,
                         "DELETE FROM hosts WHERE name = ?1 AND NOT EXISTS"
                         " (SELECT 1 FROM resources WHERE host = ?1)",
                         "s", (*host)->name))
            return -1;
    return 0;
}

static int adopt_all(struct statedb *db, const struct plan *plan, struct diags *diags)
{
    bool is_changed = false;

    if (adopt_hosts(db, plan->spec, diags))
        return -1;
    vec_each(change, &plan->diff->changes)
        if (adopt_change(db, *change, diags, &is_changed))
            return -1;
    if (drop_hosts(db, plan, diags))
        return -1;
    return is_changed ? record_serial(db, diags) : 0;
}

int statedb_adopt(struct statedb *db, const struct plan *plan, struct diags *diags)
{
    if (database_begin(db, true, diags))
        return -1;
    return database_end(db, adopt_all(db, plan, diags), diags);
}
