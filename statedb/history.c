/* What past runs left: read back in the form that `history` prints. */
#include "statedb/database.h"

#include "planner/base/utf8.h"

static const char *text_or_empty(sqlite3_stmt *stmt, int column, struct arena *arena)
{
    const char *text = database_text(stmt, column, arena);

    return text ? text : "";
}

int statedb_runs(struct statedb *db, struct arena *arena, struct diags *diags,
                 struct run_list *runs)
{
    vec_of(struct run_info) found = {0};
    sqlite3_stmt *stmt = database_prepare(
        db, diags,
        "SELECT id, command, user, runs.started, runs.ended, result, spec_digest,"
        " count(step_id), total(outcome IN ('done', 'unchanged')), total(outcome = 'failed'),"
        " total(outcome = 'skipped')"
        " FROM runs LEFT JOIN steps ON run_id = id GROUP BY id ORDER BY id DESC",
        "");
    int status = -1;

    while (stmt && (status = database_step(db, diags, stmt)) > 0)
        *vec_push(arena, &found) = (struct run_info){
            .id = sqlite3_column_int64(stmt, 0),
            .command = text_or_empty(stmt, 1, arena),
            .user = text_or_empty(stmt, 2, arena),
            .started = text_or_empty(stmt, 3, arena),
            .ended = database_text(stmt, 4, arena),
            .result = database_text(stmt, 5, arena),
            .spec_digest = text_or_empty(stmt, 6, arena),
            .steps = sqlite3_column_int(stmt, 7),
            .done = sqlite3_column_int(stmt, 8),
            .failed = sqlite3_column_int(stmt, 9),
            .skipped = sqlite3_column_int(stmt, 10),
        };
    database_release(stmt);
    *runs = (struct run_list){found.items, found.count};
    return status;
}

static int check_run(struct statedb *db, int64_t run_id, struct diags *diags)
{
    sqlite3_stmt *stmt =
        database_prepare(db, diags, "SELECT 1 FROM runs WHERE id = ?", "i", run_id);
    int status = stmt ? database_step(db, diags, stmt) : -1;
    struct diag *diag;

    database_release(stmt);
    if (status)
        return status > 0 ? 0 : -1;
    diag = diag_error(diags, DIAG_STATE_NOT_FOUND, SRCLOC_NONE, "no run %lld is recorded",
                      (long long)run_id);
    diag_hint(diags, diag, "`arcusplan history` lists the runs");
    return -1;
}

int statedb_run_steps(struct statedb *db, int64_t run_id, struct arena *arena, struct diags *diags,
                      struct run_step_list *steps)
{
    vec_of(struct run_step) found = {0};
    sqlite3_stmt *stmt;
    int status = -1;

    if (check_run(db, run_id, diags))
        return -1;
    stmt = database_prepare(db, diags,
                            "SELECT step_id, op, address, host, reason, started, ended, outcome,"
                            " error FROM steps WHERE run_id = ? ORDER BY step_id",
                            "i", run_id);
    while (stmt && (status = database_step(db, diags, stmt)) > 0)
        *vec_push(arena, &found) = (struct run_step){
            .id = sqlite3_column_int(stmt, 0),
            .op = text_or_empty(stmt, 1, arena),
            .address = text_or_empty(stmt, 2, arena),
            .host = database_text(stmt, 3, arena),
            .reason = text_or_empty(stmt, 4, arena),
            .started = text_or_empty(stmt, 5, arena),
            .ended = database_text(stmt, 6, arena),
            .outcome = database_text(stmt, 7, arena),
            .error = database_text(stmt, 8, arena),
        };
    database_release(stmt);
    *steps = (struct run_step_list){found.items, found.count};
    return status;
}

int statedb_run_sources(struct statedb *db, int64_t run_id, struct arena *arena,
                        struct diags *diags, struct spec_source **sources, size_t *count)
{
    vec_of(struct spec_source) found = {0};
    sqlite3_stmt *stmt;
    int status = -1;

    if (check_run(db, run_id, diags))
        return -1;
    stmt = database_prepare(db, diags,
                            "SELECT file, text FROM run_sources JOIN spec_texts USING(digest)"
                            " WHERE run_id = ? ORDER BY position",
                            "i", run_id);
    while (stmt && (status = database_step(db, diags, stmt)) > 0) {
        struct spec_source *source = vec_push(arena, &found);
        const char *text = sqlite3_column_blob(stmt, 1);

        source->file = text_or_empty(stmt, 0, arena);
        source->length = (size_t)sqlite3_column_bytes(stmt, 1);
        source->text = arena_strndup(arena, text ? text : "", source->length);
    }
    database_release(stmt);
    *sources = found.items;
    *count = found.count;
    return status;
}

int statedb_build_get(struct statedb *db, const char *package, int rule, struct arena *arena,
                      struct diags *diags, const char **digest)
{
    sqlite3_stmt *stmt = database_prepare(
        db, diags, "SELECT digest FROM builds WHERE package = ? AND rule = ?", "sd", package, rule);
    int status = stmt ? database_step(db, diags, stmt) : -1;

    *digest = status > 0 ? database_text(stmt, 0, arena) : NULL;
    database_release(stmt);
    return status < 0 ? -1 : 0;
}

int statedb_build_put(struct statedb *db, const char *package, int rule, const char *digest,
                      struct diags *diags)
{
    return database_run(db, diags,
                        "INSERT OR REPLACE INTO builds(package, rule, digest) VALUES(?, ?, ?)",
                        "sds", package, rule, digest);
}
