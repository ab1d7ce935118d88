#include "statedb/migrations.h"

#include "tests/unit/statedb/fixture.h"

#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

static const struct migration rows[] = {
    {"first", "CREATE TABLE a(x) ; INSERT INTO a VALUES(1);"},
    {"second", "CREATE TABLE b(x); INSERT INTO b SELECT x + 1 FROM a;"},
    {"broken", "CREATE TABLE c(x); INSERT INTO missing VALUES(1);"},
};

static struct statedb *memory(void)
{
    static struct statedb db;

    db = (struct statedb){.path = (char *)"memory"};
    assert_int_equal(sqlite3_open(":memory:", &db.sqlite), SQLITE_OK);
    return &db;
}

static int64_t number(struct fixture *fixture, struct statedb *db, const char *sql)
{
    int64_t value;

    assert_int_equal(database_number(db, fixture->diags, sql, &value), 0);
    return value;
}

static void rows_are_applied_in_order_and_only_once(void **state)
{
    struct fixture *fixture = *state;
    struct statedb *db = memory();

    assert_int_equal(migrations_apply(db, rows, 1, fixture->diags), 0);
    assert_int_equal(number(fixture, db, "PRAGMA user_version"), 1);
    assert_int_equal(migrations_apply(db, rows, 2, fixture->diags), 0);
    assert_int_equal(migrations_apply(db, rows, 2, fixture->diags), 0);
    assert_int_equal(number(fixture, db, "PRAGMA user_version"), 2);
    assert_int_equal(number(fixture, db, "SELECT count(*) FROM a"), 1);
    assert_int_equal(number(fixture, db, "SELECT x FROM b"), 2);
    assert_int_equal(number(fixture, db, "PRAGMA application_id"), STATEDB_APPLICATION_ID);
    for (int i = 0; i < db->statement_count; i++)
        sqlite3_finalize(db->statements[i].stmt);
    sqlite3_close(db->sqlite);
}

static void a_row_that_fails_leaves_the_version_before_it(void **state)
{
    struct fixture *fixture = *state;
    struct statedb *db = memory();

    assert_int_equal(migrations_apply(db, rows, 3, fixture->diags), -1);
    fixture_assert_error(fixture, DIAG_STATE_DAMAGED, "no such table: missing");
    assert_int_equal(number(fixture, db, "PRAGMA user_version"), 2);
    assert_int_equal(number(fixture, db, "SELECT count(*) FROM sqlite_schema WHERE name = 'c'"), 0);
    for (int i = 0; i < db->statement_count; i++)
        sqlite3_finalize(db->statements[i].stmt);
    sqlite3_close(db->sqlite);
}

static void every_row_says_what_it_does(void **state)
{
    (void)state;
    for (int i = 0; i < migration_count; i++)
        assert_true(migrations[i].what[0] && migrations[i].sql[0]);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    static const struct CMUnitTest tests[] = {
        CASE(rows_are_applied_in_order_and_only_once),
        CASE(a_row_that_fails_leaves_the_version_before_it),
        CASE(every_row_says_what_it_does),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
