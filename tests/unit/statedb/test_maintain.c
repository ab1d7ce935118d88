#include "tests/unit/statedb/fixture.h"

#include <setjmp.h>
#include <sqlite3.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void make_state(struct fixture *fixture, struct statedb *db)
{
    struct step *step =
        fixture_step(fixture, 1, OP_DEPLOY, VERB_CREATE, "release/h/arcus", &fixture->hosts[0]);
    struct outcome outcome =
        fixture_outcome(OUTCOME_DONE, fixture_attrs(fixture, "version", "1.0", NULL));
    int64_t run_id;

    assert_int_equal(statedb_run_begin(db, "apply", "me", &fixture->spec, fixture->diags, &run_id),
                     0);
    assert_int_equal(statedb_outcome(db, run_id, step, &outcome, fixture->diags), 0);
}

static void run_sql(const char *path, const char *sql)
{
    sqlite3 *sqlite;

    assert_int_equal(sqlite3_open(path, &sqlite), SQLITE_OK);
    assert_int_equal(sqlite3_exec(sqlite, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(sqlite);
}

static void a_forgotten_resource_is_gone_with_its_attributes(void **state)
{
    struct fixture *fixture = *state;
    struct statedb *db = fixture_open(fixture);

    make_state(fixture, db);
    assert_int_equal(statedb_forget(db, "release/h/arcus", fixture->diags), 0);
    assert_int_equal(statedb_verify(db, fixture->diags), 0);
    statedb_close(db);
    assert_non_null(strstr(fixture_dump(fixture), "serial 2\nrun 1"));
}

static void forgetting_what_is_not_recorded_is_an_error(void **state)
{
    struct fixture *fixture = *state;
    struct statedb *db = fixture_open(fixture);

    assert_int_equal(statedb_forget(db, "release/h/other", fixture->diags), -1);
    fixture_assert_error(fixture, DIAG_STATE_NOT_FOUND, "release/h/other");
    statedb_close(db);
    assert_string_equal(fixture_dump(fixture), "serial 0\n");
}

static void a_backup_is_a_state_of_its_own_in_one_file(void **state)
{
    struct fixture *fixture = *state;
    struct statedb *db = fixture_open(fixture);
    const char *copy = fixture_path(fixture, "copy.db"), *before;

    make_state(fixture, db);
    before = fixture_dump(fixture);
    assert_int_equal(statedb_backup(db, copy, fixture->diags), 0);
    statedb_close(db);
    assert_int_equal(access(arena_printf(fixture->arena, "%s-wal", copy), F_OK), -1);
    fixture->path = copy;
    assert_string_equal(fixture_dump(fixture), before);
}

static void a_backup_replaces_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct statedb *db = fixture_open(fixture);
    const char *copy = fixture_path(fixture, "copy.db");
    size_t length;

    fixture_write(copy, "mine", 4);
    assert_int_equal(statedb_backup(db, copy, fixture->diags), -1);
    fixture_assert_error(fixture, DIAG_FILE_WRITE, "exists already");
    assert_string_equal(fixture_read(fixture, copy, &length), "mine");
    assert_int_equal(statedb_backup(db, fixture_path(fixture, "no/dir.db"), fixture->diags), -1);
    fixture_assert_error(fixture, DIAG_STATE_OPEN, "unable to open");
    statedb_close(db);
}

static void a_sound_state_verifies(void **state)
{
    struct fixture *fixture = *state;
    struct statedb *db = fixture_open(fixture);

    make_state(fixture, db);
    assert_int_equal(statedb_verify(db, fixture->diags), 0);
    fixture_assert_no_error(fixture);
    statedb_close(db);
}

static void assert_found(struct fixture *fixture, const char *sql, const char *part)
{
    struct statedb *db = fixture_open(fixture);

    make_state(fixture, db);
    statedb_close(db);
    run_sql(fixture->path, sql);
    db = fixture_open(fixture);
    assert_int_equal(statedb_verify(db, fixture->diags), -1);
    fixture_assert_error(fixture, DIAG_STATE_DAMAGED, part);
    statedb_close(db);
}

static void verify_finds_rows_without_their_parent(void **state)
{
    assert_found(*state, "DELETE FROM resources",
                 "attributes refers to a missing row of resources");
}

static void verify_finds_intents_of_no_known_kind(void **state)
{
    assert_found(*state, "UPDATE resources SET uncertain_op = 'dance'", "unknown kind");
}

static void verify_finds_addresses_that_are_none(void **state)
{
    assert_found(*state, "INSERT INTO resources(address) VALUES('plain')", "without a type");
}

static void verify_finds_addresses_that_are_not_text(void **state)
{
    assert_found(*state, "INSERT INTO resources(address) VALUES(CAST(x'612fff' AS TEXT))",
                 "not text");
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    static const struct CMUnitTest tests[] = {
        CASE(a_forgotten_resource_is_gone_with_its_attributes),
        CASE(forgetting_what_is_not_recorded_is_an_error),
        CASE(a_backup_is_a_state_of_its_own_in_one_file),
        CASE(a_backup_replaces_nothing),
        CASE(a_sound_state_verifies),
        CASE(verify_finds_rows_without_their_parent),
        CASE(verify_finds_intents_of_no_known_kind),
        CASE(verify_finds_addresses_that_are_none),
        CASE(verify_finds_addresses_that_are_not_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
