#include "tests/unit/planner/types/declared.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct restype type = {.name = "thing"};
static struct resource_set set;
static struct diags *diags;
static struct graph *graph;

static int setup(void **state)
{
    (void)state;
    set = (struct resource_set){.arena = arena_new()};
    diags = diags_new(set.arena);
    graph = NULL;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    graph_deinit(graph);
    arena_free(set.arena);
    return 0;
}

static struct resource *thing(const char *name, int line)
{
    return resource_declare(&set, &type, (struct srcloc){"a.yaml", line, 3}, "thing/%s", name);
}

static void needs(struct resource *resource, const char *name)
{
    resource_depend(&set, resource, DEPENDENCY_NEEDS, "thing/%s", name);
}

static char *errors(void)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);

    assert_non_null(out);
    diags_print(diags, out, false);
    fclose(out);
    return text;
}

static void assert_error(const char *part)
{
    char *text = errors();

    if (!strstr(text, part))
        fail_msg("%s is not in: %s", part, text);
    free(text);
}

static void resources_are_sorted_and_found_and_their_dependencies_resolved(void **state)
{
    struct resource *ten = thing("10", 1);

    (void)state;
    thing("2", 2);
    needs(ten, "2");
    assert_int_equal(graph_link(&set, diags, &graph), 0);
    assert_string_equal(graph->resources.items[0]->address, "thing/2");
    assert_string_equal(graph->resources.items[1]->address, "thing/10");
    assert_ptr_equal(ten->dependencies.items[0].resource, graph_find(graph, "thing/2"));
    assert_null(graph_find(graph, "thing/3"));
}

static void wanted_attributes_are_sorted(void **state)
{
    struct resource *resource = thing("a", 1);

    (void)state;
    attrs_add(set.arena, &resource->attrs, "z", "1", SRCLOC_NONE);
    attrs_add(set.arena, &resource->attrs, "a", "1", SRCLOC_NONE);
    assert_int_equal(graph_link(&set, diags, &graph), 0);
    assert_string_equal(resource->attrs.items[0].name, "a");
}

static void an_address_twice_is_an_error_that_names_both_places(void **state)
{
    (void)state;
    thing("a", 4);
    thing("a", 9);
    assert_int_equal(graph_link(&set, diags, &graph), -1);
    assert_null(graph);
    assert_error("a.yaml:9:3: error[E0208]: thing/a is there twice\na.yaml:4:3: note: first here");
}

static void a_dependency_on_nothing_is_an_error(void **state)
{
    (void)state;
    needs(thing("a", 4), "b");
    assert_int_equal(graph_link(&set, diags, &graph), -1);
    assert_error("a.yaml:4:3: error[E0209]: thing/a waits for thing/b, which is not there");
}

static void a_cycle_is_named_with_all_its_places_and_without_its_approach(void **state)
{
    char *text;

    (void)state;
    needs(thing("0", 1), "a");
    needs(thing("a", 2), "b");
    needs(thing("b", 3), "c");
    needs(thing("c", 4), "a");
    assert_int_equal(graph_link(&set, diags, &graph), -1);
    text = errors();
    assert_non_null(strstr(text, "a.yaml:2:3: error[E0704]: thing/a waits for itself"));
    assert_non_null(strstr(text, "a.yaml:2:3: note: thing/a waits for thing/b"));
    assert_non_null(strstr(text, "a.yaml:3:3: note: thing/b waits for thing/c"));
    assert_non_null(strstr(text, "a.yaml:4:3: note: thing/c waits for thing/a"));
    assert_null(strstr(text, "thing/0"));
    free(text);
}

static void a_resource_may_not_wait_for_itself(void **state)
{
    (void)state;
    needs(thing("a", 2), "a");
    assert_int_equal(graph_link(&set, diags, &graph), -1);
    assert_error("thing/a waits for itself");
}

static void two_cycles_are_reported_at_once(void **state)
{
    (void)state;
    needs(thing("a", 1), "b");
    needs(thing("b", 2), "a");
    needs(thing("x", 3), "y");
    needs(thing("y", 4), "x");
    assert_int_equal(graph_link(&set, diags, &graph), -1);
    assert_int_equal(diags_count_errors(diags), 2);
}

static void a_diamond_is_no_cycle(void **state)
{
    struct resource *top = thing("top", 1);

    (void)state;
    needs(top, "left");
    needs(top, "right");
    needs(thing("left", 2), "bottom");
    needs(thing("right", 3), "bottom");
    thing("bottom", 4);
    assert_int_equal(graph_link(&set, diags, &graph), 0);
    assert_int_equal(graph->resources.count, 4);
}

static void a_very_long_chain_needs_no_deep_stack(void **state)
{
    const int length = 100000;

    (void)state;
    for (int i = 0; i < length; i++) {
        struct resource *resource = thing(arena_printf(set.arena, "%d", i), 1);

        if (i + 1 < length)
            needs(resource, arena_printf(set.arena, "%d", i + 1));
    }
    assert_int_equal(graph_link(&set, diags, &graph), 0);
}

static void no_resources_make_an_empty_graph(void **state)
{
    (void)state;
    assert_int_equal(graph_link(&set, diags, &graph), 0);
    assert_int_equal(graph->resources.count, 0);
    graph_deinit(NULL);
}

static void a_spec_is_built_into_resources_of_all_its_types(void **state)
{
    struct declared declared;

    (void)state;
    declared_init(&declared, declared_site);
    assert_int_equal(declared.graph->resources.count, 1 + 2 + 2 + 2 + 1 + 1 + 3);
    vec_each(resource, &declared.graph->resources)
        vec_each(dependency, &(*resource)->dependencies)
            assert_ptr_equal(dependency->resource, declared_find(&declared, dependency->address));
    declared_deinit(&declared);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            resources_are_sorted_and_found_and_their_dependencies_resolved, setup, teardown),
        cmocka_unit_test_setup_teardown(wanted_attributes_are_sorted, setup, teardown),
        cmocka_unit_test_setup_teardown(an_address_twice_is_an_error_that_names_both_places, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_dependency_on_nothing_is_an_error, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_cycle_is_named_with_all_its_places_and_without_its_approach, setup, teardown),
        cmocka_unit_test_setup_teardown(a_resource_may_not_wait_for_itself, setup, teardown),
        cmocka_unit_test_setup_teardown(two_cycles_are_reported_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(a_diamond_is_no_cycle, setup, teardown),
        cmocka_unit_test_setup_teardown(a_very_long_chain_needs_no_deep_stack, setup, teardown),
        cmocka_unit_test_setup_teardown(no_resources_make_an_empty_graph, setup, teardown),
        cmocka_unit_test_setup_teardown(a_spec_is_built_into_resources_of_all_its_types, setup,
                                        teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
