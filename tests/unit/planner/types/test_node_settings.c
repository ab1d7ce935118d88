#include "planner/types/node_settings.h"
#include "tests/unit/planner/types/declared.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct declared declared;

static int setup(void **state)
{
    (void)state;
    declared_init(&declared, declared_site);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    declared_deinit(&declared);
    return 0;
}

static void settings_are_one_line_sorted_by_key(void **state)
{
    const struct settings none = {0};
    const struct spec_cloud *cloud = spec_find_cloud(declared.spec, "alpha");

    (void)state;
    assert_string_equal(settings_text(declared.arena, &none), "");
    assert_string_equal(settings_text(declared.arena, &cloud->config),
                        "connections=1000 memlimit=100 threads=6");
}

static void the_port_stands_among_the_settings_in_order(void **state)
{
    const struct setting low[] = {{"a", "1", {0}}, {"port", "9", {0}}};
    const struct setting high[] = {{"threads", "2", {0}}};
    struct spec_node node = {.port = 11211, .config = {low, 2}};

    (void)state;
    assert_string_equal(node_mapping_text(declared.arena, &node), "a=1 port=11211");
    node.config = (struct settings){high, 1};
    assert_string_equal(node_mapping_text(declared.arena, &node), "port=11211 threads=2");
    node.config = (struct settings){0};
    assert_string_equal(node_mapping_text(declared.arena, &node), "port=11211");
}

static void a_listed_node_shows_only_what_is_its_own(void **state)
{
    const struct spec_cloud *cloud = spec_find_cloud(declared.spec, "alpha");

    (void)state;
    assert_string_equal(node_listed_text(declared.arena, &cloud->nodes[0]), "one.arcus");
    assert_string_equal(node_listed_text(declared.arena, &cloud->nodes[2]), "two.arcus threads=4");
}

static void a_node_is_known_by_address_and_port(void **state)
{
    const struct spec_cloud *cloud = spec_find_cloud(declared.spec, "alpha");

    (void)state;
    assert_string_equal(node_address_text(declared.arena, &cloud->nodes[2]), "10.0.0.2:11212");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(settings_are_one_line_sorted_by_key, setup, teardown),
        cmocka_unit_test_setup_teardown(the_port_stands_among_the_settings_in_order, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_listed_node_shows_only_what_is_its_own, setup, teardown),
        cmocka_unit_test_setup_teardown(a_node_is_known_by_address_and_port, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
