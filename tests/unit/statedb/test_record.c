#include "statedb/record.h"

#include "tests/unit/statedb/fixture.h"

#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

static void a_resource_is_replaced_as_a_whole(void **state)
{
    struct fixture *fixture = *state;
    struct statedb *db = fixture_open(fixture);
    struct attrs first = fixture_attrs(fixture, "a", "1", "b", "2", NULL);
    struct attrs second = fixture_attrs(fixture, "b", "3", "live.items", "9", NULL);

    assert_int_equal(record_resource(db, "x/y", &fixture->hosts[0], &first, fixture->diags), 0);
    assert_int_equal(record_resource(db, "x/y", NULL, &second, fixture->diags), 0);
    statedb_close(db);
    assert_string_equal(fixture_dump(fixture), "serial 0\nx/y on cache001\n  b=3\n");
}

static void what_is_live_or_not_known_yet_is_not_kept(void **state)
{
    struct attr live = {.name = "live.uptime", .value = "3"};
    struct attr computed = {.name = "digest"};
    struct attr plain = {.name = "liver", .value = "3"};

    (void)state;
    assert_false(record_keeps(&live));
    assert_false(record_keeps(&computed));
    assert_true(record_keeps(&plain));
}

static void protection_needs_a_record(void **state)
{
    struct fixture *fixture = *state;
    struct statedb *db = fixture_open(fixture);
    struct attrs none = {0};

    assert_int_equal(record_protection(db, "cloud/t", true, fixture->diags), 0);
    assert_string_equal(fixture_dump(fixture), "serial 0\n");
    assert_int_equal(record_resource(db, "cloud/t", NULL, &none, fixture->diags), 0);
    assert_int_equal(record_protection(db, "cloud/t", true, fixture->diags), 0);
    assert_string_equal(fixture_dump(fixture), "serial 0\ncloud/t on - protected\n");
    assert_int_equal(record_forget(db, "cloud/t", fixture->diags), 0);
    assert_string_equal(fixture_dump(fixture), "serial 0\n");
    statedb_close(db);
}

static void a_host_is_recorded_once_as_it_is_now(void **state)
{
    struct fixture *fixture = *state;
    struct statedb *db = fixture_open(fixture);

    assert_int_equal(record_host(db, &fixture->hosts[0], fixture->diags), 0);
    fixture->hosts[0].address = "10.9.9.9";
    fixture->hosts[0].ssh.port = 24;
    assert_int_equal(record_host(db, &fixture->hosts[0], fixture->diags), 0);
    statedb_close(db);
    assert_string_equal(fixture_dump(fixture), "serial 0\nhost cache001 10.9.9.9 24\n");
}

static void the_serial_grows_by_one(void **state)
{
    struct fixture *fixture = *state;
    struct statedb *db = fixture_open(fixture);

    assert_int_equal(record_serial(db, fixture->diags), 0);
    assert_int_equal(record_serial(db, fixture->diags), 0);
    statedb_close(db);
    assert_string_equal(fixture_dump(fixture), "serial 2\n");
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    static const struct CMUnitTest tests[] = {
        CASE(a_resource_is_replaced_as_a_whole), CASE(what_is_live_or_not_known_yet_is_not_kept),
        CASE(protection_needs_a_record),         CASE(a_host_is_recorded_once_as_it_is_now),
        CASE(the_serial_grows_by_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
