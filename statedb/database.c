/* Every sqlite call can fail in the same few ways (full disk, damaged file, locked by another
 * process), so all of them end in database_fail, which turns sqlite's code into one of ours with a
 * hint. A statement is looked up by the address of its literal, which costs nothing and makes bulk
 * writes quick without handles being carried around. */
#include "statedb/database.h"

#include "planner/base/utf8.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void hint_damaged(struct diags *diags, struct diag *diag, const char *path)
{
    diag_hint(diags, diag,
              "`arcusplan state verify` says more; or move %s away: the next apply rebuilds it "
              "from the hosts and ZooKeeper",
              path);
}

static int fail_disk(struct statedb *db, struct diags *diags, const char *doing, int code)
{
    struct diag *diag =
        diag_error(diags, db->read_only ? DIAG_STATE_OPEN : DIAG_STATE_WRITE, SRCLOC_NONE,
                   "%s: %s failed: %s", db->path, doing, sqlite3_errmsg(db->sqlite));

    if (code == SQLITE_FULL)
        diag_hint(diags, diag, "make room on the disk that holds the state database");
    if (code == SQLITE_READONLY)
        diag_hint(diags, diag, "the file and its directory must be writable");
    return -1;
}

int database_fail(struct statedb *db, struct diags *diags, const char *doing)
{
    int code = sqlite3_errcode(db->sqlite);
    const char *message = sqlite3_errmsg(db->sqlite);
    struct diag *diag;

    switch (code & 0xff) {
    case SQLITE_NOTADB:
        diag = diag_error(diags, DIAG_STATE_DAMAGED, SRCLOC_NONE,
                          "%s: %s failed: this is not a state database", db->path, doing);
        hint_damaged(diags, diag, db->path);
        return -1;
    case SQLITE_CORRUPT:
    case SQLITE_ERROR: /* our statements are right: the schema is not */
    case SQLITE_SCHEMA:
        diag = diag_error(diags, DIAG_STATE_DAMAGED, SRCLOC_NONE, "%s: %s failed: %s", db->path,
                          doing, message);
        hint_damaged(diags, diag, db->path);
        return -1;
    case SQLITE_CONSTRAINT:
        diag = diag_error(diags, DIAG_STATE_DAMAGED, SRCLOC_NONE,
                          "%s: %s contradicts what is recorded: %s", db->path, doing, message);
        hint_damaged(diags, diag, db->path);
        return -1;
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        diag_error(diags, DIAG_STATE_OPEN, SRCLOC_NONE, "%s: %s failed: %s", db->path, doing,
                   message);
        return -1;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        diag = diag_error(diags, db->read_only ? DIAG_STATE_OPEN : DIAG_STATE_WRITE, SRCLOC_NONE,
                          "%s: %s failed: another process is using the file", db->path, doing);
        diag_hint(diags, diag, "`arcusplan lock list` shows who works on it");
        return -1;
    default:
        return fail_disk(db, diags, doing, code & 0xff);
    }
}

static sqlite3_stmt *find_statement(struct statedb *db, const char *sql)
{
    sqlite3_stmt *stmt = NULL;

    for (int i = 0; i < db->statement_count; i++)
        if (db->statements[i].sql == sql)
            return db->statements[i].stmt;
    assert(db->statement_count < DATABASE_STATEMENTS);
    if (sqlite3_prepare_v3(db->sqlite, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL))
        return NULL;
    db->statements[db->statement_count].sql = sql;
    db->statements[db->statement_count++].stmt = stmt;
    return stmt;
}

static int bind_values(sqlite3_stmt *stmt, const char *format, va_list args)
{
    int status = SQLITE_OK;

    for (int i = 1; *format && status == SQLITE_OK; format++, i++) {
        if (*format == 's') {
            status = sqlite3_bind_text(stmt, i, va_arg(args, const char *), -1, SQLITE_TRANSIENT);
        } else if (*format == 'i') {
            status = sqlite3_bind_int64(stmt, i, va_arg(args, int64_t));
        } else if (*format == 'd') {
            status = sqlite3_bind_int(stmt, i, va_arg(args, int));
        } else {
            const void *bytes = va_arg(args, const void *);

            status = sqlite3_bind_blob64(stmt, i, bytes, va_arg(args, size_t), SQLITE_TRANSIENT);
        }
    }
    return status;
}

static sqlite3_stmt *prepare(struct statedb *db, struct diags *diags, const char *sql,
                             const char *format, va_list args)
{
    sqlite3_stmt *stmt = find_statement(db, sql);

    if (stmt && bind_values(stmt, format, args) == SQLITE_OK)
        return stmt;
    database_fail(db, diags, db->read_only ? "reading" : "preparing a statement");
    database_release(stmt);
    return NULL;
}

sqlite3_stmt *database_prepare(struct statedb *db, struct diags *diags, const char *sql,
                               const char *format, ...)
{
    va_list args;
    sqlite3_stmt *stmt;

    va_start(args, format);
    stmt = prepare(db, diags, sql, format, args);
    va_end(args);
    return stmt;
}

int database_step(struct statedb *db, struct diags *diags, sqlite3_stmt *stmt)
{
    int status = sqlite3_step(stmt);

    if (status == SQLITE_ROW)
        return 1;
    if (status == SQLITE_DONE)
        return 0;
    return database_fail(db, diags, sqlite3_stmt_readonly(stmt) ? "reading" : "writing");
}

void database_release(sqlite3_stmt *stmt)
{
    if (!stmt)
        return;
    sqlite3_reset(stmt);
    sqlite3_clear_bindings(stmt);
}

int database_run(struct statedb *db, struct diags *diags, const char *sql, const char *format, ...)
{
    va_list args;
    sqlite3_stmt *stmt;
    int status;

    va_start(args, format);
    stmt = prepare(db, diags, sql, format, args);
    va_end(args);
    if (!stmt)
        return -1;
    while ((status = database_step(db, diags, stmt)) > 0)
        continue;
    database_release(stmt);
    return status;
}

int database_begin(struct statedb *db, bool writes, struct diags *diags)
{
    return database_run(db, diags, writes ? "BEGIN IMMEDIATE" : "BEGIN", "");
}

int database_end(struct statedb *db, int result, struct diags *diags)
{
    if (result == 0 && database_run(db, diags, "COMMIT", "") == 0)
        return 0;
    /* Some failures have already rolled back; then there is nothing left to end. */
    if (!sqlite3_get_autocommit(db->sqlite))
        sqlite3_exec(db->sqlite, "ROLLBACK", NULL, NULL, NULL);
    return result ? result : -1;
}

const char *database_text(sqlite3_stmt *stmt, int column, struct arena *arena)
{
    const char *text = (const char *)sqlite3_column_text(stmt, column);

    return text ? utf8_clean(arena, arena_strdup(arena, text)) : NULL;
}

int database_number(struct statedb *db, struct diags *diags, const char *sql, int64_t *value)
{
    sqlite3_stmt *stmt = NULL;
    int status;

    *value = 0;
    if (sqlite3_prepare_v2(db->sqlite, sql, -1, &stmt, NULL)) {
        database_fail(db, diags, "reading");
        sqlite3_finalize(stmt);
        return -1;
    }
    status = database_step(db, diags, stmt);
    if (status > 0)
        *value = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    return status < 0 ? -1 : 0;
}

int database_exec(struct statedb *db, struct diags *diags, const char *sql)
{
    if (sqlite3_exec(db->sqlite, sql, NULL, NULL, NULL) == SQLITE_OK)
        return 0;
    return database_fail(db, diags, "preparing the database");
}

int database_make_directory(const char *path, struct diags *diags)
{
    char directory[PATH_MAX];
    size_t length = strlen(path);

    if (length >= sizeof(directory)) {
        diag_error(diags, DIAG_STATE_OPEN, SRCLOC_NONE, "%.60s…: the path is too long", path);
        return -1;
    }
    for (size_t i = 1; i < length; i++) {
        if (path[i] != '/')
            continue;
        memcpy(directory, path, i);
        directory[i] = '\0';
        if (mkdir(directory, 0777) && errno != EEXIST) {
            diag_error(diags, DIAG_STATE_OPEN, SRCLOC_NONE, "cannot make the directory %s: %s",
                       directory, strerror(errno));
            return -1;
        }
    }
    return 0;
}
