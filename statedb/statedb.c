/* Opening. The file itself is only ever touched through sqlite: closing any other descriptor of it
 * would drop sqlite's locks. Whose file it is, is asked before anything is written to it. A program
 * that only reads opens it for writing all the same where it may (with query_only set), because
 * reading a WAL database needs its -shm file; where it may not write, and no WAL is left to be
 * read, sqlite is told that the file does not change. A missing state, and one of an older version
 * that must not be migrated, are held in memory. */
#include "statedb/statedb.h"

#include "statedb/database.h"
#include "statedb/migrations.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUSY_TIMEOUT_MS = 5000 };

static const char hint_rebuild[] =
    "move the file away: the next apply rebuilds it from the hosts and ZooKeeper";

/* 1 there, 0 missing, -1 reported. */
static int state_file_exists(const char *path, struct diags *diags)
{
    struct stat info;

    if (stat(path, &info)) {
        if (errno == ENOENT)
            return 0;
        diag_error(diags, DIAG_STATE_OPEN, SRCLOC_NONE, "%s: %s", path, strerror(errno));
        return -1;
    }
    if (S_ISREG(info.st_mode))
        return 1;
    diag_error(diags, DIAG_STATE_OPEN, SRCLOC_NONE, "%s: expected a file, found %s", path,
               S_ISDIR(info.st_mode) ? "a directory" : "something else");
    return -1;
}

/* "file:…?immutable=1" with the path's special characters escaped. */
static char *immutable_uri(const char *path)
{
    char *uri = calloc(1, strlen(path) * 3 + 32);
    char *at = uri;

    if (!uri)
        return NULL;
    at += sprintf(at, "file:");
    for (; *path; path++)
        at += sprintf(at, strchr("?#%", *path) ? "%%%02x" : "%c", (unsigned char)*path);
    sprintf(at, "?immutable=1");
    return uri;
}

static bool has_wal(const char *path)
{
    char *wal = NULL;
    struct stat info;
    bool is_there;

    if (asprintf(&wal, "%s-wal", path) < 0)
        return true;
    is_there = stat(wal, &info) == 0 && info.st_size > 0;
    free(wal);
    return is_there;
}

static int open_file(struct statedb *db, const char *name, int flags)
{
    sqlite3_close(db->sqlite);
    db->sqlite = NULL;
    if (sqlite3_open_v2(name, &db->sqlite, flags, NULL) != SQLITE_OK)
        return -1;
    sqlite3_extended_result_codes(db->sqlite, 1);
    sqlite3_busy_timeout(db->sqlite, BUSY_TIMEOUT_MS);
    sqlite3_db_config(db->sqlite, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db->sqlite, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    return sqlite3_exec(db->sqlite,
                        "PRAGMA cell_size_check = ON; PRAGMA foreign_keys = ON;"
                        "SELECT count(*) FROM sqlite_schema;",
                        NULL, NULL, NULL) == SQLITE_OK
               ? 0
               : -1;
}

static int open_for_reading(struct statedb *db, struct diags *diags)
{
    char *uri;
    int status;

    if (open_file(db, db->path, SQLITE_OPEN_READWRITE) == 0)
        return database_exec(db, diags, "PRAGMA query_only = ON");
    status = sqlite3_errcode(db->sqlite) & 0xff;
    if ((status != SQLITE_CANTOPEN && status != SQLITE_READONLY) || has_wal(db->path))
        return database_fail(db, diags, "opening");
    uri = immutable_uri(db->path);
    status = uri ? open_file(db, uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI) : -1;
    free(uri);
    return status ? database_fail(db, diags, "opening") : 0;
}

/* Whether the file is ours: 1 an empty new one, 0 yes, -1 reported. */
static int check_owner(struct statedb *db, struct diags *diags, int64_t *version)
{
    int64_t id, objects;
    struct diag *diag;

    if (database_number(db, diags, "PRAGMA application_id", &id) ||
        database_number(db, diags, "PRAGMA user_version", version) ||
        database_number(db, diags, "SELECT count(*) FROM sqlite_schema", &objects))
        return -1;
    if (id == 0 && *version == 0 && objects == 0)
        return 1;
    if (id != STATEDB_APPLICATION_ID) {
        diag = diag_error(diags, DIAG_STATE_DAMAGED, SRCLOC_NONE,
                          "%s: expected a state database, found a database of another program",
                          db->path);
        diag_hint(diags, diag, "name the right file with --state, or move this one away");
        return -1;
    }
    if (*version >= 0 && *version <= migration_count)
        return 0;
    if (*version < 0) {
        diag = diag_error(diags, DIAG_STATE_DAMAGED, SRCLOC_NONE, "%s: has the format number %lld",
                          db->path, (long long)*version);
        diag_hint(diags, diag, "%s", hint_rebuild);
        return -1;
    }
    diag = diag_error(diags, DIAG_STATE_NEWER, SRCLOC_NONE,
                      "%s: has format %lld, this arcusplan knows formats up to %d", db->path,
                      (long long)*version, migration_count);
    diag_hint(diags, diag, "use the newer arcusplan that wrote it");
    return -1;
}

static int copy_to_memory(struct statedb *db, struct diags *diags)
{
    sqlite3 *file = db->sqlite;
    sqlite3_backup *backup;
    int status = -1;

    db->sqlite = NULL;
    if (open_file(db, ":memory:", SQLITE_OPEN_READWRITE) == 0) {
        backup = sqlite3_backup_init(db->sqlite, "main", file, "main");
        if (backup) {
            sqlite3_backup_step(backup, -1);
            status = sqlite3_backup_finish(backup) == SQLITE_OK ? 0 : -1;
        }
    }
    if (status)
        database_fail(db, diags, "reading");
    sqlite3_close(file);
    return status;
}

static int open_read_only(struct statedb *db, struct diags *diags)
{
    int64_t version = 0;
    int is_there = state_file_exists(db->path, diags);

    if (is_there < 0)
        return -1;
    if (!is_there) {
        if (open_file(db, ":memory:", SQLITE_OPEN_READWRITE))
            return database_fail(db, diags, "opening");
    } else if (open_for_reading(db, diags) || check_owner(db, diags, &version) < 0) {
        return -1;
    } else if (version == migration_count) {
        return 0;
    } else if (copy_to_memory(db, diags)) {
        return -1;
    }
    return migrations_apply(db, migrations, migration_count, diags);
}

/* WAL needs shared memory, which some file systems lack; a rollback journal is as safe there. */
static int set_journal(struct statedb *db, struct diags *diags)
{
    sqlite3_stmt *stmt = NULL;
    char mode[16] = "";

    if (sqlite3_prepare_v2(db->sqlite, "PRAGMA journal_mode = WAL", -1, &stmt, NULL) == SQLITE_OK &&
        sqlite3_step(stmt) == SQLITE_ROW)
        snprintf(mode, sizeof(mode), "%s", (const char *)sqlite3_column_text(stmt, 0));
    if (sqlite3_finalize(stmt) != SQLITE_OK)
        return database_fail(db, diags, "preparing the database");
    if (strcmp(mode, "wal") != 0 && strcmp(mode, "memory") != 0) {
        if (database_exec(db, diags, "PRAGMA journal_mode = DELETE"))
            return -1;
        diag_warning(diags, DIAG_STATE_OPEN, SRCLOC_NONE,
                     "%s: no write-ahead log can be had on this file system, a rollback journal is "
                     "used instead",
                     db->path);
    }
    return database_exec(db, diags, "PRAGMA synchronous = FULL");
}

/* Nothing is written into a file whose structure is broken already. */
static int check_structure(struct statedb *db, struct diags *diags)
{
    sqlite3_stmt *stmt = NULL;
    struct diag *diag;
    int status = sqlite3_prepare_v2(db->sqlite, "PRAGMA quick_check(1)", -1, &stmt, NULL);

    if (status == SQLITE_OK)
        status = sqlite3_step(stmt);
    if (status == SQLITE_ROW && strcmp((const char *)sqlite3_column_text(stmt, 0), "ok") == 0) {
        sqlite3_finalize(stmt);
        return 0;
    }
    if (status == SQLITE_ROW) {
        diag = diag_error(diags, DIAG_STATE_DAMAGED, SRCLOC_NONE, "%s: %s", db->path,
                          (const char *)sqlite3_column_text(stmt, 0));
        diag_hint(diags, diag, "%s", hint_rebuild);
    } else {
        database_fail(db, diags, "checking");
    }
    sqlite3_finalize(stmt);
    return -1;
}

static int open_read_write(struct statedb *db, struct diags *diags)
{
    int64_t version;

    if (state_file_exists(db->path, diags) < 0 || database_make_directory(db->path, diags))
        return -1;
    if (open_file(db, db->path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE))
        return database_fail(db, diags, "opening");
    if (check_owner(db, diags, &version) < 0)
        return -1;
    if (sqlite3_db_readonly(db->sqlite, "main") > 0) {
        diag_error(diags, DIAG_STATE_WRITE, SRCLOC_NONE, "%s: the file is not writable", db->path);
        return -1;
    }
    if (set_journal(db, diags) || check_structure(db, diags))
        return -1;
    return migrations_apply(db, migrations, migration_count, diags);
}

int statedb_open(const char *path, bool read_only, struct diags *diags, struct statedb **db)
{
    struct statedb *opened = calloc(1, sizeof(*opened));
    int status;

    *db = NULL;
    if (opened)
        opened->path = strdup(path);
    if (!opened || !opened->path) {
        free(opened);
        diag_error(diags, DIAG_STATE_OPEN, SRCLOC_NONE, "%s: out of memory", path);
        return -1;
    }
    opened->read_only = read_only;
    status = read_only ? open_read_only(opened, diags) : open_read_write(opened, diags);
    if (status) {
        statedb_close(opened);
        return -1;
    }
    *db = opened;
    return 0;
}

void statedb_close(struct statedb *db)
{
    if (!db)
        return;
    for (int i = 0; i < db->statement_count; i++)
        sqlite3_finalize(db->statements[i].stmt);
    sqlite3_close(db->sqlite);
    free(db->path);
    free(db);
}
