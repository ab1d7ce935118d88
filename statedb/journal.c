/* Intents and outcomes. An intent marks the resource uncertain and is durable before the step acts;
 * the outcome takes the mark away together with writing the new attributes. A program killed in
 * between therefore leaves exactly the resources whose truth only the world knows. */
#include "statedb/database.h"

#include "planner/base/clock.h"
#include "planner/base/digest.h"
#include "planner/base/utf8.h"
#include "statedb/record.h"

static int store_source(struct statedb *db, int64_t run_id, int position,
                        const struct spec_source *source, struct diags *diags)
{
    char digest[DIGEST_HEX_SIZE];

    digest_of(source->text, source->length, digest);
    if (database_run(db, diags,
                     "INSERT INTO spec_texts(digest, text) VALUES(?, ?)"
                     " ON CONFLICT(digest) DO NOTHING",
                     "sb", digest, source->text, source->length))
        return -1;
    return database_run(db, diags,
                        "INSERT INTO run_sources(run_id, position, file, digest)"
                        " VALUES(?, ?, ?, ?)",
                        "idss", run_id, position, source->file, digest);
}

static int insert_run(struct statedb *db, const char *command, const char *user,
                      const struct spec *spec, struct diags *diags, int64_t *run_id)
{
    char now[CLOCK_TEXT_SIZE];

    clock_wall_text(now);
    if (database_run(db, diags,
                     "INSERT INTO runs(command, user, started, spec_digest) VALUES(?, ?, ?, ?)",
                     "ssss", command, user, now, spec->digest))
        return -1;
    *run_id = sqlite3_last_insert_rowid(db->sqlite);
    for (size_t i = 0; i < spec->source_count; i++)
        if (store_source(db, *run_id, (int)i, &spec->sources[i], diags))
            return -1;
    return 0;
}

int statedb_run_begin(struct statedb *db, const char *command, const char *user,
                      const struct spec *spec, struct diags *diags, int64_t *run_id)
{
    if (database_begin(db, true, diags))
        return -1;
    return database_end(db, insert_run(db, command, user, spec, diags, run_id), diags);
}

int statedb_run_end(struct statedb *db, int64_t run_id, const char *result, struct diags *diags)
{
    char now[CLOCK_TEXT_SIZE];

    clock_wall_text(now);
    return database_run(db, diags, "UPDATE runs SET ended = ?, result = ? WHERE id = ?", "ssi", now,
                        result, run_id);
}

static int insert_step(struct statedb *db, int64_t run_id, const struct step *step,
                       struct diags *diags)
{
    char now[CLOCK_TEXT_SIZE];

    clock_wall_text(now);
    return database_run(db, diags,
                        "INSERT INTO steps(run_id, step_id, op, address, host, reason, started)"
                        " VALUES(?, ?, ?, ?, ?, ?, ?) ON CONFLICT(run_id, step_id) DO NOTHING",
                        "idsssss", run_id, step->id, op_word(step->op), step->change->address,
                        step->host ? step->host->name : NULL, step->reason ? step->reason : "",
                        now);
}

int statedb_intent(struct statedb *db, int64_t run_id, const struct step *step, struct diags *diags)
{
    int status;

    if (database_begin(db, true, diags))
        return -1;
    status = insert_step(db, run_id, step, diags);
    if (status == 0)
        status = database_run(db, diags,
                              "INSERT INTO resources(address, host, uncertain_op) VALUES(?, ?, ?)"
                              " ON CONFLICT(address) DO UPDATE SET"
                              " uncertain_op = excluded.uncertain_op,"
                              " host = coalesce(excluded.host, host)",
                              "sss", step->change->address, step->host ? step->host->name : NULL,
                              op_word(step->op));
    return database_end(db, status, diags);
}

static int store_result(struct statedb *db, const struct step *step, const struct outcome *outcome,
                        struct diags *diags)
{
    const struct change *change = step->change;

    if (outcome->kind != OUTCOME_DONE && outcome->kind != OUTCOME_UNCHANGED)
        return 0;
    if (change->verb == VERB_DELETE)
        return record_forget(db, change->address, diags);
    if (record_resource(db, change->address, step->host, &outcome->attrs, diags))
        return -1;
    if (!change->resource || !change->resource->cloud || change->resource->node)
        return 0;
    return record_protection(db, change->address, change->resource->cloud->prevent_destroy, diags);
}

static int finish_step(struct statedb *db, int64_t run_id, const struct step *step,
                       const struct outcome *outcome, struct diags *diags)
{
    char now[CLOCK_TEXT_SIZE];
    struct arena *arena = arena_new();
    bool has_error = outcome->kind == OUTCOME_FAILED || outcome->kind == OUTCOME_SKIPPED;
    int status;

    clock_wall_text(now);
    status = database_run(
        db, diags,
        "UPDATE steps SET ended = ?, outcome = ?, error = ?, bytes_sent = ?,"
        " elapsed_ms = ? WHERE run_id = ? AND step_id = ?",
        "sssiiid", now, outcome_word(outcome->kind),
        has_error && outcome->fault.text[0] ? utf8_clean(arena, outcome->fault.text) : NULL,
        outcome->bytes_sent, outcome->elapsed_ms, run_id, step->id);
    arena_free(arena);
    return status;
}

int statedb_outcome(struct statedb *db, int64_t run_id, const struct step *step,
                    const struct outcome *outcome, struct diags *diags)
{
    int status;

    if (database_begin(db, true, diags))
        return -1;
    /* A skipped step has no intent. */
    status = insert_step(db, run_id, step, diags);
    if (status == 0)
        status = finish_step(db, run_id, step, outcome, diags);
    if (status == 0)
        status = store_result(db, step, outcome, diags);
    if (status == 0)
        status = record_serial(db, diags);
    return database_end(db, status, diags);
}
