/* Reading everything recorded. Resources and their attributes are two ordered queries walked side
 * by side, inside one transaction so that both see the same moment. */
#include "statedb/database.h"

#include <string.h>

static enum executor executor_from_word(const char *word)
{
    return word && strcmp(word, "local") == 0 ? EXECUTOR_LOCAL : EXECUTOR_SSH;
}

static int read_hosts(struct statedb *db, struct arena *arena, struct diags *diags,
                      struct recorded *recorded)
{
    sqlite3_stmt *stmt = database_prepare(
        db, diags,
        "SELECT name, address, executor, user, port, identity_file, known_hosts, proxy_jump,"
        " become, connect_timeout_ms FROM hosts ORDER BY name",
        "");
    int status = -1;

    while (stmt && (status = database_step(db, diags, stmt)) > 0) {
        struct spec_host *host = arena_new_of(arena, struct spec_host);
        const char *become = database_text(stmt, 8, arena);

        host->name = database_text(stmt, 0, arena);
        host->address = database_text(stmt, 1, arena);
        host->executor = executor_from_word(database_text(stmt, 2, arena));
        host->ssh.user = database_text(stmt, 3, arena);
        host->ssh.port = sqlite3_column_int(stmt, 4);
        host->ssh.identity_file = database_text(stmt, 5, arena);
        host->ssh.known_hosts = database_text(stmt, 6, arena);
        host->ssh.proxy_jump = database_text(stmt, 7, arena);
        host->ssh.become = become && strcmp(become, "sudo") == 0 ? BECOME_SUDO : BECOME_NONE;
        host->ssh.connect_timeout_ms = sqlite3_column_int(stmt, 9);
        if (host->name && host->address)
            *vec_push(arena, &recorded->hosts) = host;
    }
    database_release(stmt);
    return status;
}

/* Takes the attributes of one resource from a query that stands at or before them; *status is that
 * of the query's last step. */
static void take_attributes(struct statedb *db, struct arena *arena, struct diags *diags,
                            sqlite3_stmt *stmt, int *status, struct recorded_resource *resource)
{
    while (*status > 0) {
        const char *address = (const char *)sqlite3_column_text(stmt, 0);
        int order = address ? strcmp(address, resource->address) : -1;

        if (order > 0)
            break;
        if (order == 0 && sqlite3_column_text(stmt, 1) && sqlite3_column_text(stmt, 2))
            attrs_add(arena, &resource->attrs, database_text(stmt, 1, arena),
                      database_text(stmt, 2, arena), SRCLOC_NONE);
        *status = database_step(db, diags, stmt);
    }
}

static int read_resources(struct statedb *db, struct arena *arena, struct diags *diags,
                          struct recorded *recorded)
{
    sqlite3_stmt *attributes = database_prepare(
        db, diags, "SELECT address, name, value FROM attributes ORDER BY address, name", "");
    sqlite3_stmt *resources = database_prepare(
        db, diags,
        "SELECT address, host, prevent_destroy, uncertain_op FROM resources ORDER BY address", "");
    int attribute_status = attributes ? database_step(db, diags, attributes) : -1;
    int status = -1;

    while (resources && attribute_status >= 0 &&
           (status = database_step(db, diags, resources)) > 0) {
        const char *address = database_text(resources, 0, arena);
        struct recorded_resource *resource;

        if (!address)
            continue;
        resource = recorded_add(recorded, address);
        resource->host = database_text(resources, 1, arena);
        resource->prevent_destroy = sqlite3_column_int(resources, 2) != 0;
        resource->uncertain_op = database_text(resources, 3, arena);
        resource->is_uncertain = resource->uncertain_op != NULL;
        take_attributes(db, arena, diags, attributes, &attribute_status, resource);
    }
    database_release(attributes);
    database_release(resources);
    return attribute_status < 0 ? -1 : status;
}

int statedb_snapshot(struct statedb *db, struct arena *arena, struct diags *diags,
                     struct recorded *recorded)
{
    int status;

    recorded_init(recorded, arena);
    if (database_begin(db, false, diags))
        return -1;
    status = database_number(db, diags, "SELECT value FROM counters WHERE name = 'serial'",
                             &recorded->serial);
    if (status == 0)
        status = read_resources(db, arena, diags, recorded);
    if (status == 0)
        status = read_hosts(db, arena, diags, recorded);
    recorded_finish(recorded);
    return database_end(db, status, diags);
}
