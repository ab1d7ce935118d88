#include "tests/unit/statedb/fixture.h"

#include <setjmp.h>
#include <sqlite3.h>
#include <string.h>

#include <cmocka.h>

static void run_sql(struct fixture *fixture, const char *sql)
{
    char *problem = NULL;
    sqlite3 *sqlite;

    statedb_close(fixture_open(fixture));
    assert_int_equal(sqlite3_open(fixture->path, &sqlite), SQLITE_OK);
    if (sqlite3_exec(sqlite, sql, NULL, NULL, &problem) != SQLITE_OK)
        fail_msg("%s", problem);
    sqlite3_close(sqlite);
}

static void take(struct fixture *fixture, struct recorded *recorded)
{
    struct statedb *db = fixture_open(fixture);

    assert_int_equal(statedb_snapshot(db, fixture->arena, fixture->diags, recorded), 0);
    statedb_close(db);
}

static void resources_come_in_the_order_of_their_numbers(void **state)
{
    struct fixture *fixture = *state;
    struct recorded recorded;

    run_sql(fixture, "INSERT INTO resources(address) VALUES('node/t/10.0.0.10:1'),"
                     "('node/t/10.0.0.9:1'), ('cloud/t')");
    take(fixture, &recorded);
    assert_int_equal(recorded.resources.count, 3);
    assert_string_equal(recorded.resources.items[0]->address, "cloud/t");
    assert_string_equal(recorded.resources.items[1]->address, "node/t/10.0.0.9:1");
    assert_string_equal(recorded.resources.items[2]->address, "node/t/10.0.0.10:1");
    assert_non_null(recorded_find(&recorded, "cloud/t"));
    recorded_deinit(&recorded);
}

static void each_resource_has_its_own_attributes(void **state)
{
    struct fixture *fixture = *state;
    struct recorded recorded;
    const struct recorded_resource *resource;

    run_sql(fixture,
            "WITH RECURSIVE n(i) AS (VALUES(0) UNION ALL SELECT i + 1 FROM n WHERE i < 999)"
            " INSERT INTO resources(address) SELECT 'node/t/h:' || i FROM n;"
            "INSERT INTO attributes SELECT address, 'port', address FROM resources;"
            "INSERT INTO attributes SELECT address, 'even', 'yes' FROM resources"
            " WHERE address LIKE '%0';");
    take(fixture, &recorded);
    assert_int_equal(recorded.resources.count, 1000);
    vec_each(slot, &recorded.resources)
        assert_string_equal(attrs_value(&(*slot)->attrs, "port"), (*slot)->address);
    resource = recorded_find(&recorded, "node/t/h:330");
    assert_int_equal(resource->attrs.count, 2);
    assert_string_equal(attrs_value(&resource->attrs, "even"), "yes");
    assert_int_equal(recorded_find(&recorded, "node/t/h:333")->attrs.count, 1);
    recorded_deinit(&recorded);
}

static void text_that_is_none_is_cleaned(void **state)
{
    struct fixture *fixture = *state;
    struct recorded recorded;

    run_sql(fixture, "INSERT INTO resources(address, host) VALUES('a/b', CAST(x'41ff1b' AS TEXT))");
    take(fixture, &recorded);
    assert_string_equal(recorded.resources.items[0]->host, "A??");
    recorded_deinit(&recorded);
}

static void attributes_of_nobody_are_left_alone(void **state)
{
    struct fixture *fixture = *state;
    struct recorded recorded;

    run_sql(fixture, "PRAGMA foreign_keys = OFF; INSERT INTO resources(address) VALUES('b/b');"
                     "INSERT INTO attributes VALUES('a/a', 'x', '1'), ('b/b', 'x', '2'),"
                     "('c/c', 'x', '3')");
    take(fixture, &recorded);
    assert_int_equal(recorded.resources.count, 1);
    assert_string_equal(attrs_value(&recorded.resources.items[0]->attrs, "x"), "2");
    recorded_deinit(&recorded);
}

static void the_serial_is_read(void **state)
{
    struct fixture *fixture = *state;
    struct recorded recorded;

    run_sql(fixture, "UPDATE counters SET value = 41");
    take(fixture, &recorded);
    assert_int_equal(recorded.serial, 41);
    recorded_deinit(&recorded);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    static const struct CMUnitTest tests[] = {
        CASE(resources_come_in_the_order_of_their_numbers),
        CASE(each_resource_has_its_own_attributes),
        CASE(text_that_is_none_is_cleaned),
        CASE(attributes_of_nobody_are_left_alone),
        CASE(the_serial_is_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
