/* A row's SQL and the version number are committed together. The version is read again inside the
 * transaction: two programs that open the same old file at once do not migrate it twice. */
#include "statedb/migrations.h"

#include <stdio.h>

const struct migration migrations[] = {
    {"runs, steps, resources, hosts, builds",
     "CREATE TABLE counters(name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;"
     "INSERT INTO counters VALUES('serial', 0);"
     "CREATE TABLE runs("
     "  id INTEGER PRIMARY KEY AUTOINCREMENT, command TEXT NOT NULL, user TEXT NOT NULL,"
     "  started TEXT NOT NULL, ended TEXT, result TEXT, spec_digest TEXT NOT NULL) STRICT;"
     "CREATE TABLE spec_texts(digest TEXT PRIMARY KEY, text BLOB NOT NULL) STRICT;"
     "CREATE TABLE run_sources("
     "  run_id INTEGER NOT NULL REFERENCES runs(id), position INTEGER NOT NULL,"
     "  file TEXT NOT NULL, digest TEXT NOT NULL REFERENCES spec_texts(digest),"
     "  PRIMARY KEY(run_id, position)) STRICT, WITHOUT ROWID;"
     "CREATE TABLE steps("
     "  run_id INTEGER NOT NULL REFERENCES runs(id), step_id INTEGER NOT NULL,"
     "  op TEXT NOT NULL, address TEXT NOT NULL, host TEXT, reason TEXT NOT NULL,"
     "  started TEXT NOT NULL, ended TEXT, outcome TEXT, error TEXT,"
     "  bytes_sent INTEGER NOT NULL DEFAULT 0, elapsed_ms INTEGER NOT NULL DEFAULT 0,"
     "  PRIMARY KEY(run_id, step_id)) STRICT, WITHOUT ROWID;"
     "CREATE TABLE resources("
     "  address TEXT PRIMARY KEY, host TEXT, prevent_destroy INTEGER NOT NULL DEFAULT 0,"
     "  uncertain_op TEXT) STRICT, WITHOUT ROWID;"
     "CREATE TABLE attributes("
     "  address TEXT NOT NULL REFERENCES resources(address) ON DELETE CASCADE,"
     "  name TEXT NOT NULL, value TEXT NOT NULL,"
     "  PRIMARY KEY(address, name)) STRICT, WITHOUT ROWID;"
     "CREATE TABLE hosts("
     "  name TEXT PRIMARY KEY, address TEXT NOT NULL, executor TEXT NOT NULL, user TEXT,"
     "  port INTEGER NOT NULL, identity_file TEXT, known_hosts TEXT, proxy_jump TEXT,"
     "  become TEXT NOT NULL, connect_timeout_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
     "CREATE TABLE builds("
     "  package TEXT NOT NULL, rule INTEGER NOT NULL, digest TEXT NOT NULL,"
     "  PRIMARY KEY(package, rule)) STRICT, WITHOUT ROWID;"},
};
const int migration_count = sizeof(migrations) / sizeof(*migrations);

static int apply_row(struct statedb *db, const struct migration *row, int version,
                     struct diags *diags)
{
    char pragma[96];
    int64_t found;

    if (database_begin(db, true, diags))
        return -1;
    if (database_number(db, diags, "PRAGMA user_version", &found))
        return database_end(db, -1, diags);
    if (found >= version)
        return database_end(db, 0, diags);
    snprintf(pragma, sizeof(pragma), "PRAGMA application_id = %d; PRAGMA user_version = %d;",
             STATEDB_APPLICATION_ID, version);
    if (database_exec(db, diags, row->sql) || database_exec(db, diags, pragma))
        return database_end(db, -1, diags);
    return database_end(db, 0, diags);
}

int migrations_apply(struct statedb *db, const struct migration *rows, int count,
                     struct diags *diags)
{
    int64_t version;

    if (database_number(db, diags, "PRAGMA user_version", &version))
        return -1;
    for (int i = (int)version; i < count; i++)
        if (apply_row(db, &rows[i], i + 1, diags))
            return -1;
    return 0;
}
