/* The rows of one resource are replaced as a whole: attributes that are gone must not stay. */
#include "statedb/record.h"

#include "statedb/database.h"

#include <string.h>

bool record_keeps(const struct attr *attr)
{
    return attr->value && strncmp(attr->name, "live.", 5) != 0;
}

int record_resource(struct statedb *db, const char *address, const struct spec_host *host,
                    const struct attrs *attrs, struct diags *diags)
{
    if (database_run(db, diags,
                     "INSERT INTO resources(address, host) VALUES(?, ?) ON CONFLICT(address)"
                     " DO UPDATE SET uncertain_op = NULL, host = coalesce(excluded.host, host)",
                     "ss", address, host ? host->name : NULL) ||
        database_run(db, diags, "DELETE FROM attributes WHERE address = ?", "s", address))
        return -1;
    vec_each(attr, attrs)
        if (record_keeps(attr) &&
            database_run(db, diags,
                         "INSERT OR REPLACE INTO attributes(address, name, value) VALUES(?, ?, ?)",
                         "sss", address, attr->name, attr->value))
            return -1;
    return 0;
}

int record_forget(struct statedb *db, const char *address, struct diags *diags)
{
    return database_run(db, diags, "DELETE FROM resources WHERE address = ?", "s", address);
}

int record_protection(struct statedb *db, const char *address, bool prevent_destroy,
                      struct diags *diags)
{
    return database_run(db, diags,
                        "UPDATE resources SET prevent_destroy = ?1"
                        " WHERE address = ?2 AND prevent_destroy <> ?1",
                        "ds", (int)prevent_destroy, address);
}

int record_host(struct statedb *db, const struct spec_host *host, struct diags *diags)
{
    return database_run(
        db, diags,
        "INSERT INTO hosts(name, address, executor, user, port, identity_file, known_hosts,"
        " proxy_jump, become, connect_timeout_ms) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT(name) DO UPDATE SET address = excluded.address,"
        " executor = excluded.executor, user = excluded.user, port = excluded.port,"
        " identity_file = excluded.identity_file, known_hosts = excluded.known_hosts,"
        " proxy_jump = excluded.proxy_jump, become = excluded.become,"
        " connect_timeout_ms = excluded.connect_timeout_ms",
        "ssssdssssd", host->name, host->address, host->executor == EXECUTOR_LOCAL ? "local" : "ssh",
        host->ssh.user, host->ssh.port, host->ssh.identity_file, host->ssh.known_hosts,
        host->ssh.proxy_jump, host->ssh.become == BECOME_SUDO ? "sudo" : "none",
        host->ssh.connect_timeout_ms);
}

int record_serial(struct statedb *db, struct diags *diags)
{
    return database_run(db, diags, "UPDATE counters SET value = value + 1 WHERE name = 'serial'",
                        "");
}
