#include "planner/spec/check.h"
#include "planner/spec/schema.h"

#include "tests/unit/planner/spec/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct schema_type ssh = {SCHEMA_MAP, .keys = schema_ssh_keys};
static const struct schema_type cloud = {SCHEMA_MAP, .keys = schema_cloud_keys};
static const struct schema_type cache = {SCHEMA_MAP, .keys = schema_cache_keys};

static struct tree *parse(struct fixture *fixture, const struct schema_type *type, const char *text)
{
    assert_int_equal(fixture_parse(fixture, text), 0);
    check_tree(type, fixture->tree, fixture->diags);
    return fixture->tree;
}

static void defaults_fill_their_fields_and_leave_the_others(void **state)
{
    struct spec_ssh read = {.user = "before", .port = 1};

    (void)state;
    schema_read_defaults(schema_ssh_keys, &read);
    assert_string_equal(read.user, "before");
    assert_int_equal(read.port, 22);
    assert_string_equal(read.known_hosts, "~/.ssh/known_hosts");
    assert_int_equal(read.become, BECOME_NONE);
    assert_int_equal(read.connect_timeout_ms, 10000);
}

static void values_of_every_kind_reach_their_fields(void **state)
{
    struct fixture *fixture = *state;
    struct spec_ssh read_ssh = {0};
    struct spec_cloud read_cloud = {0};

    schema_read(schema_ssh_keys,
                parse(fixture, &ssh, "{ user: me, port: 2222, become: sudo, connect_timeout: 2m }"),
                &read_ssh);
    assert_string_equal(read_ssh.user, "me");
    assert_int_equal(read_ssh.port, 2222);
    assert_int_equal(read_ssh.become, BECOME_SUDO);
    assert_int_equal(read_ssh.connect_timeout_ms, 120000);
    schema_read(schema_cloud_keys,
                parse(fixture, &cloud, "{ server: arcus-memcached, prevent_destroy: true }"),
                &read_cloud);
    assert_int_equal(read_cloud.server, SERVER_ARCUS_MEMCACHED);
    assert_true(read_cloud.prevent_destroy);
}

static void keys_that_are_not_there_or_broken_change_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct spec_ssh read = {.port = 7, .become = BECOME_SUDO};

    schema_read(schema_ssh_keys, parse(fixture, &ssh, "{ port: x, become: }"), &read);
    schema_read(schema_ssh_keys, NULL, &read);
    assert_int_equal(read.port, 7);
    assert_int_equal(read.become, BECOME_SUDO);
    assert_int_equal(diags_count_errors(fixture->diags), 2);
}

static void settings_are_sorted_and_canonical(void **state)
{
    struct fixture *fixture = *state;
    const struct tree *map =
        parse(fixture, &cache, "{ threads: 6, memlimit: 2GB, connections: 1000 }");
    struct settings settings = schema_settings(schema_cache_keys, &map, 1, false, fixture->arena);

    assert_int_equal(settings.count, 3);
    assert_string_equal(settings.items[0].key, "connections");
    assert_string_equal(settings.items[0].value, "1000");
    assert_string_equal(settings.items[1].key, "memlimit");
    assert_string_equal(settings.items[1].value, "2048");
    assert_string_equal(settings.items[2].key, "threads");
    assert_int_equal(settings.items[2].at.column, 12);
}

static void earlier_maps_win_and_defaults_come_last(void **state)
{
    struct fixture *fixture = *state;
    const struct tree *own = parse(fixture, &cache, "{ threads: 8 }");
    const struct tree *all = parse(fixture, &cache, "{ threads: 6, verbosity: 1 }");
    const struct tree *maps[] = {own, NULL, all};
    struct settings settings = schema_settings(schema_cache_keys, maps, 3, true, fixture->arena);

    assert_int_equal(settings.count, 4);
    assert_string_equal(settings_get(&settings, "threads"), "8");
    assert_string_equal(settings_get(&settings, "verbosity"), "1");
    assert_string_equal(settings_get(&settings, "memlimit"), "64");
    assert_string_equal(settings_get(&settings, "connections"), "1024");
    assert_null(settings_get(&settings, "sticky_limit"));
}

static void no_maps_and_no_defaults_give_no_settings(void **state)
{
    struct fixture *fixture = *state;
    struct settings settings = schema_settings(schema_cache_keys, NULL, 0, false, fixture->arena);

    assert_int_equal(settings.count, 0);
    assert_null(settings_get(&settings, "threads"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        FIXTURE_TEST(defaults_fill_their_fields_and_leave_the_others),
        FIXTURE_TEST(values_of_every_kind_reach_their_fields),
        FIXTURE_TEST(keys_that_are_not_there_or_broken_change_nothing),
        FIXTURE_TEST(settings_are_sorted_and_canonical),
        FIXTURE_TEST(earlier_maps_win_and_defaults_come_last),
        FIXTURE_TEST(no_maps_and_no_defaults_give_no_settings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
