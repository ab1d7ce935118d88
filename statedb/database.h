#pragma once

#include "statedb/statedb.h"

#include <sqlite3.h>

/* The sqlite handle behind struct statedb, and the only helpers through which the module's other
 * files speak to sqlite. Statements are prepared once per handle and kept. */

enum { DATABASE_STATEMENTS = 48 };

struct statedb {
    sqlite3 *sqlite;
    char *path; /* as given; heap */
    bool read_only;
    struct {
        const char *sql;
        sqlite3_stmt *stmt;
    } statements[DATABASE_STATEMENTS];
    int statement_count;
};

/* Reports what sqlite last said while doing ("reading", "recording a run"); -1. */
int database_fail(struct statedb *db, struct diags *diags, const char *doing);

/* The statement with its values bound; NULL when reported. sql must be a literal. format has one
 * letter per parameter: s text (NULL allowed), i int64_t, d int, b blob (pointer, size_t). Given
 * back with database_release. */
sqlite3_stmt *database_prepare(struct statedb *db, struct diags *diags, const char *sql,
                               const char *format, ...);
/* 1 a row, 0 the end, -1 reported. */
int database_step(struct statedb *db, struct diags *diags, sqlite3_stmt *stmt);
void database_release(sqlite3_stmt *stmt); /* takes NULL */

/* One statement run to its end. */
int database_run(struct statedb *db, struct diags *diags, const char *sql, const char *format, ...);

/* Begins a transaction that writes (or one that only reads), and ends it: commits when result is
 * 0, otherwise rolls back. Returns result, or -1 when committing fails. */
int database_begin(struct statedb *db, bool writes, struct diags *diags);
int database_end(struct statedb *db, int result, struct diags *diags);

/* A column as clean text (utf8.h) in the arena; NULL for SQL NULL. */
const char *database_text(sqlite3_stmt *stmt, int column, struct arena *arena);

/* One number; -1 when reported, 0 otherwise. */
int database_number(struct statedb *db, struct diags *diags, const char *sql, int64_t *value);

/* A statement whose text changes or that is needed only once, e.g. a PRAGMA. */
int database_exec(struct statedb *db, struct diags *diags, const char *sql);

/* The directory of path, made with its parents when missing. -1: reported. */
int database_make_directory(const char *path, struct diags *diags);
