/* The helpers through which all other files speak to sqlite. */
#include "statedb/database.h"

#include "tests/unit/statedb/fixture.h"

#include <setjmp.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

static const char insert_build[] = "INSERT INTO builds(package, rule, digest) VALUES(?, ?, ?)";

static int64_t count_builds(struct fixture *fixture, struct statedb *db)
{
    int64_t count;

    assert_int_equal(database_number(db, fixture->diags, "SELECT count(*) FROM builds", &count), 0);
    return count;
}

static void values_are_bound_by_their_letters(void **state)
{
    struct fixture *fixture = *state;
    struct statedb *db = fixture_open(fixture);
    sqlite3_stmt *stmt;

    assert_non_null(stmt = database_prepare(db, fixture->diags, "SELECT ?, ?, ?, ?, ?", "sidbs",
                                            "x", (int64_t)1 << 40, 7, "\0y", (size_t)2,
                                            (const char *)NULL));
    assert_int_equal(database_step(db, fixture->diags, stmt), 1);
    assert_string_equal(database_text(stmt, 0, fixture->arena), "x");
    assert_true(sqlite3_column_int64(stmt, 1) == (int64_t)1 << 40);
    assert_int_equal(sqlite3_column_int(stmt, 2), 7);
    assert_int_equal(sqlite3_column_bytes(stmt, 3), 2);
    assert_null(database_text(stmt, 4, fixture->arena));
    assert_int_equal(database_step(db, fixture->diags, stmt), 0);
    database_release(stmt);
    statedb_close(db);
}

static void a_statement_is_prepared_once(void **state)
{
    struct fixture *fixture = *state;
    struct statedb *db = fixture_open(fixture);
    int before = db->statement_count;

    for (int i = 0; i < 3; i++)
        assert_int_equal(database_run(db, fixture->diags, insert_build, "sds", "p", i, "d"), 0);
    assert_int_equal(db->statement_count, before + 1);
    assert_int_equal(count_builds(fixture, db), 3);
    statedb_close(db);
}

static void a_transaction_that_failed_leaves_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct statedb *db = fixture_open(fixture);

    assert_int_equal(database_begin(db, true, fixture->diags), 0);
    assert_int_equal(database_run(db, fixture->diags, insert_build, "sds", "p", 1, "d"), 0);
    assert_int_equal(database_end(db, -1, fixture->diags), -1);
    assert_int_equal(count_builds(fixture, db), 0);
    assert_int_equal(database_begin(db, true, fixture->diags), 0);
    assert_int_equal(database_run(db, fixture->diags, insert_build, "sds", "p", 1, "d"), 0);
    assert_int_equal(database_end(db, 0, fixture->diags), 0);
    assert_int_equal(count_builds(fixture, db), 1);
    statedb_close(db);
}

static void a_contradiction_is_damage(void **state)
{
    struct fixture *fixture = *state;
    struct statedb *db = fixture_open(fixture);

    assert_int_equal(database_run(db, fixture->diags, insert_build, "sds", "p", 1, "d"), 0);
    assert_int_equal(database_run(db, fixture->diags, insert_build, "sds", "p", 1, "d"), -1);
    fixture_assert_error(fixture, DIAG_STATE_DAMAGED, "contradicts what is recorded");
    statedb_close(db);
}

static void a_statement_that_the_schema_does_not_know_is_damage(void **state)
{
    struct fixture *fixture = *state;
    struct statedb *db = fixture_open(fixture);
    int64_t number;

    assert_null(database_prepare(db, fixture->diags, "SELECT 1 FROM missing", ""));
    fixture_assert_error(fixture, DIAG_STATE_DAMAGED, "state verify");
    assert_int_equal(database_number(db, fixture->diags, "SELECT 1 FROM missing", &number), -1);
    fixture_assert_error(fixture, DIAG_STATE_DAMAGED, "no such table");
    assert_int_equal(database_exec(db, fixture->diags, "SELECT 1 FROM missing"), -1);
    fixture_assert_error(fixture, DIAG_STATE_DAMAGED, "no such table");
    statedb_close(db);
}

static void directories_are_made_down_to_the_file(void **state)
{
    struct fixture *fixture = *state;
    struct stat info;

    assert_int_equal(
        database_make_directory(fixture_path(fixture, "a/b/c/state.db"), fixture->diags), 0);
    assert_int_equal(stat(fixture_path(fixture, "a/b/c"), &info), 0);
    assert_int_equal(stat(fixture_path(fixture, "a/b/c/state.db"), &info), -1);
    assert_int_equal(database_make_directory("plain.db", fixture->diags), 0);
}

static void a_path_through_a_file_or_too_long_a_one_is_an_error(void **state)
{
    struct fixture *fixture = *state;
    char *longest = arena_alloc(fixture->arena, 6001);

    fixture_write(fixture_path(fixture, "file"), "x", 1);
    assert_int_equal(
        database_make_directory(fixture_path(fixture, "file/b/state.db"), fixture->diags), -1);
    fixture_assert_error(fixture, DIAG_STATE_OPEN, "cannot make the directory");
    memset(longest, '/', 6000);
    assert_int_equal(database_make_directory(longest, fixture->diags), -1);
    fixture_assert_error(fixture, DIAG_STATE_OPEN, "too long");
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    static const struct CMUnitTest tests[] = {
        CASE(values_are_bound_by_their_letters),
        CASE(a_statement_is_prepared_once),
        CASE(a_transaction_that_failed_leaves_nothing),
        CASE(a_contradiction_is_damage),
        CASE(a_statement_that_the_schema_does_not_know_is_damage),
        CASE(directories_are_made_down_to_the_file),
        CASE(a_path_through_a_file_or_too_long_a_one_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
