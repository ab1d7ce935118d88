/* What an operator does to the state by hand: forget, back up, verify. */
#include "statedb/database.h"

#include "planner/base/utf8.h"
#include "planner/model/restype.h"
#include "statedb/record.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int forget(struct statedb *db, const char *address, struct diags *diags)
{
    struct diag *diag;

    if (record_forget(db, address, diags))
        return -1;
    if (sqlite3_changes(db->sqlite) == 0) {
        diag = diag_error(diags, DIAG_STATE_NOT_FOUND, SRCLOC_NONE, "%s is not recorded", address);
        diag_hint(diags, diag, "`arcusplan state list` shows what is");
        return -1;
    }
    return record_serial(db, diags);
}

int statedb_forget(struct statedb *db, const char *address, struct diags *diags)
{
    if (database_begin(db, true, diags))
        return -1;
    return database_end(db, forget(db, address, diags), diags);
}

/* One file without a log beside it, whatever the journal of the original. */
static int copy_into(struct statedb *db, const char *path, struct diags *diags)
{
    struct statedb target = {.path = (char *)path};
    sqlite3_backup *backup = NULL;
    int status =
        sqlite3_open_v2(path, &target.sqlite, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);

    if (status == SQLITE_OK)
        backup = sqlite3_backup_init(target.sqlite, "main", db->sqlite, "main");
    if (backup) {
        sqlite3_backup_step(backup, -1);
        status = sqlite3_backup_finish(backup);
    }
    if (!backup || status != SQLITE_OK)
        status = database_fail(&target, diags, "writing the backup");
    else
        status = database_exec(&target, diags, "PRAGMA journal_mode = DELETE");
    sqlite3_close(target.sqlite);
    return status;
}

int statedb_backup(struct statedb *db, const char *path, struct diags *diags)
{
    struct diag *diag;

    if (access(path, F_OK) == 0) {
        diag = diag_error(diags, DIAG_FILE_WRITE, SRCLOC_NONE, "%s exists already", path);
        diag_hint(diags, diag, "name another file: a backup never replaces one");
        return -1;
    }
    if (copy_into(db, path, diags)) {
        unlink(path);
        return -1;
    }
    return 0;
}

static int check_file(struct statedb *db, struct diags *diags)
{
    struct arena *arena = arena_new();
    sqlite3_stmt *stmt = database_prepare(db, diags, "PRAGMA integrity_check(20)", "");
    int status = -1, findings = 0;

    while (stmt && (status = database_step(db, diags, stmt)) > 0) {
        const char *text = database_text(stmt, 0, arena);

        if (text && strcmp(text, "ok") == 0)
            continue;
        diag_error(diags, DIAG_STATE_DAMAGED, SRCLOC_NONE, "%s: %s", db->path, text ? text : "?");
        findings++;
    }
    database_release(stmt);
    arena_free(arena);
    return status < 0 || findings ? -1 : 0;
}

static int check_references(struct statedb *db, struct diags *diags)
{
    struct arena *arena = arena_new();
    sqlite3_stmt *stmt = database_prepare(db, diags, "PRAGMA foreign_key_check", "");
    int status = -1, findings = 0;

    while (stmt && (status = database_step(db, diags, stmt)) > 0) {
        const char *table = database_text(stmt, 0, arena), *parent = database_text(stmt, 2, arena);

        diag_error(diags, DIAG_STATE_DAMAGED, SRCLOC_NONE,
                   "%s: a row of table %s refers to a missing row of %s", db->path,
                   table ? table : "?", parent ? parent : "?");
        findings++;
    }
    database_release(stmt);
    arena_free(arena);
    return status < 0 || findings ? -1 : 0;
}

static const char *resource_fault(sqlite3_stmt *stmt)
{
    const char *address = (const char *)sqlite3_column_text(stmt, 0);
    const char *op = (const char *)sqlite3_column_text(stmt, 1);
    size_t length = (size_t)sqlite3_column_bytes(stmt, 0);

    if (!address || !address[0])
        return "has no address";
    if (strlen(address) != length || !utf8_is_valid(address, length))
        return "has an address that is not text";
    if (!strchr(address, '/'))
        return "has an address without a type";
    if (op && op_from_word(op) == OP_NONE)
        return "has an intent of an unknown kind";
    return NULL;
}

static int check_resources(struct statedb *db, struct diags *diags)
{
    struct arena *arena = arena_new();
    sqlite3_stmt *stmt =
        database_prepare(db, diags, "SELECT address, uncertain_op FROM resources", "");
    int status = -1, findings = 0;

    while (stmt && (status = database_step(db, diags, stmt)) > 0) {
        const char *fault = resource_fault(stmt), *address = database_text(stmt, 0, arena);

        if (!fault)
            continue;
        diag_error(diags, DIAG_STATE_DAMAGED, SRCLOC_NONE, "%s: resource '%s' %s", db->path,
                   address ? address : "", fault);
        findings++;
    }
    database_release(stmt);
    arena_free(arena);
    return status < 0 || findings ? -1 : 0;
}

int statedb_verify(struct statedb *db, struct diags *diags)
{
    if (check_file(db, diags))
        return -1;
    /* Both, so that one run shows all there is to find. */
    return check_references(db, diags) | check_resources(db, diags);
}
