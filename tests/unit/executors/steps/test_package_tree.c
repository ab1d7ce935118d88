#include "executors/steps/package_tree.h"
#include "planner/base/str.h"

#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

struct case_state {
    struct arena *arena;
    struct package_tree tree;
    struct fault fault;
};

static int setup(void **state)
{
    struct arena *arena = arena_new();
    struct case_state *test = arena_new_of(arena, struct case_state);

    test->arena = arena;
    package_tree_init(&test->tree, arena);
    *state = test;
    return 0;
}

static int teardown(void **state)
{
    struct case_state *test = *state;

    package_tree_deinit(&test->tree);
    arena_free(test->arena);
    return 0;
}

static int add_file(struct case_state *test, const char *path)
{
    struct package_entry entry = {
        .path = path, .kind = PACKAGE_ENTRY_FILE, .mode = 0644, .size = 3, .digest = "abc"};

    return package_tree_add(&test->tree, &entry, DIAG_PACKAGE_INPUT, &test->fault);
}

static int add_link(struct case_state *test, const char *path, const char *target)
{
    struct package_entry entry = {.path = path, .kind = PACKAGE_ENTRY_LINK, .link = target};

    return package_tree_add(&test->tree, &entry, DIAG_PACKAGE_INPUT, &test->fault);
}

static int finish(struct case_state *test)
{
    return package_tree_finish(&test->tree, DIAG_PACKAGE_INPUT, &test->fault);
}

/* Paths, directories with a slash at the end. */
static const char *listing(struct case_state *test)
{
    struct str text = {0};
    const char *copy;

    vec_each(entry, &test->tree.entries)
        str_printf(&text, "%s%s%s", text.length ? " " : "", entry->path,
                   entry->kind == PACKAGE_ENTRY_DIRECTORY ? "/" : "");
    copy = arena_strdup(test->arena, str_text(&text));
    str_deinit(&text);
    return copy;
}

static void entries_are_sorted_with_their_parents(void **state)
{
    struct case_state *test = *state;

    assert_int_equal(add_file(test, "b/c/d"), 0);
    assert_int_equal(add_file(test, "a"), 0);
    assert_int_equal(add_file(test, "./b//c/./a"), 0);
    assert_int_equal(add_file(test, "b-x/y"), 0);
    assert_int_equal(add_file(test, "."), 0);
    assert_int_equal(finish(test), 0);
    assert_string_equal(listing(test), "a b/ b/c/ b/c/a b/c/d b-x/ b-x/y");
    assert_int_equal(test->tree.bytes, 12);
}

static void of_equal_paths_the_last_one_counts(void **state)
{
    struct case_state *test = *state;

    assert_int_equal(add_file(test, "a/b"), 0);
    assert_int_equal(add_link(test, "a/b", "c"), 0);
    assert_int_equal(finish(test), 0);
    assert_string_equal(listing(test), "a/ a/b");
    assert_string_equal(test->tree.entries.items[1].link, "c");
    assert_int_equal(test->tree.bytes, 0);
}

static void an_explicit_directory_is_not_doubled(void **state)
{
    struct case_state *test = *state;
    struct package_entry entry = {.path = "a/", .kind = PACKAGE_ENTRY_DIRECTORY, .mode = 0700};

    assert_int_equal(add_file(test, "a/b"), 0);
    assert_int_equal(package_tree_add(&test->tree, &entry, DIAG_PACKAGE_INPUT, &test->fault), 0);
    assert_int_equal(finish(test), 0);
    assert_string_equal(listing(test), "a/ a/b");
    assert_int_equal(test->tree.entries.items[0].mode, 0700);
}

static void paths_that_leave_the_package_are_refused(void **state)
{
    static const char *const paths[] = {"/etc/passwd", "../x", "a/../../x",
                                        "a/..",        "a\nb", "a\033b"};

    for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
        assert_int_equal(add_file(*state, paths[i]), -1);
        assert_int_equal(((struct case_state *)*state)->fault.code, DIAG_PACKAGE_INPUT);
    }
    assert_int_equal(((struct case_state *)*state)->tree.entries.count, 0);
}

static void links_may_point_inside(void **state)
{
    assert_int_equal(add_link(*state, "lib/x.so", "x.so.1"), 0);
    assert_int_equal(add_link(*state, "lib/a/b", "../../bin/./tool"), 0);
    assert_int_equal(add_link(*state, "top", "lib/a"), 0);
}

static void links_that_leave_the_package_are_refused(void **state)
{
    assert_int_equal(add_link(*state, "a", "/etc/passwd"), -1);
    assert_int_equal(add_link(*state, "a", ".."), -1);
    assert_int_equal(add_link(*state, "a/b", "../../x"), -1);
    assert_int_equal(add_link(*state, "a", ""), -1);
    assert_int_equal(add_link(*state, "a", "x\001"), -1);
}

/* a/b/up -> ../.. is the top, so that a/b/up/../x would be above it. */
static void a_link_that_climbs_after_it_went_down_is_refused(void **state)
{
    assert_int_equal(add_link(*state, "a/b/up", "../.."), 0);
    assert_int_equal(add_link(*state, "escape", "a/b/up/../x"), -1);
}

static void nothing_lies_below_what_is_no_directory(void **state)
{
    struct case_state *test = *state;

    assert_int_equal(add_link(test, "a", "b"), 0);
    assert_int_equal(add_file(test, "a/x"), 0);
    assert_int_equal(finish(test), -1);
    assert_non_null(strstr(test->fault.text, "a/x lies below a"));
}

static void more_bytes_than_the_limit_are_refused(void **state)
{
    struct case_state *test = *state;
    struct package_entry entry = {
        .path = "a", .kind = PACKAGE_ENTRY_FILE, .size = PACKAGE_BYTES_MAX - 1};

    assert_int_equal(package_tree_add(&test->tree, &entry, DIAG_PACKAGE_INPUT, &test->fault), 0);
    assert_int_equal(add_file(test, "b"), -1);
    assert_non_null(strstr(test->fault.text, "more than"));
}

static void more_entries_than_the_limit_are_refused(void **state)
{
    struct case_state *test = *state;

    for (int i = 0; i < PACKAGE_ENTRIES_MAX; i++)
        assert_int_equal(add_file(test, "a"), 0);
    assert_int_equal(add_file(test, "a"), -1);
}

static void digest_one(struct case_state *test, const char *path, const char *digest, int mode,
                       char hex[DIGEST_HEX_SIZE])
{
    struct package_entry entry = {.path = path, .kind = PACKAGE_ENTRY_FILE, .mode = mode};
    struct package_tree tree;

    snprintf(entry.digest, sizeof(entry.digest), "%s", digest);
    package_tree_init(&tree, test->arena);
    assert_int_equal(package_tree_add(&tree, &entry, DIAG_PACKAGE_INPUT, &test->fault), 0);
    assert_int_equal(package_tree_finish(&tree, DIAG_PACKAGE_INPUT, &test->fault), 0);
    package_tree_digest(&tree, hex);
    package_tree_deinit(&tree);
}

static void the_digest_is_over_path_mode_and_content(void **state)
{
    char hex[5][DIGEST_HEX_SIZE];

    digest_one(*state, "a/b", "one", 0755, hex[0]);
    digest_one(*state, "./a//b", "one", 0755, hex[1]);
    assert_string_equal(hex[0], hex[1]);
    digest_one(*state, "a/c", "one", 0755, hex[2]);
    digest_one(*state, "a/b", "two", 0755, hex[3]);
    digest_one(*state, "a/b", "one", 0700, hex[4]);
    for (int i = 2; i < 5; i++)
        assert_string_not_equal(hex[0], hex[i]);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    static const struct CMUnitTest tests[] = {
        CASE(entries_are_sorted_with_their_parents),
        CASE(of_equal_paths_the_last_one_counts),
        CASE(an_explicit_directory_is_not_doubled),
        CASE(paths_that_leave_the_package_are_refused),
        CASE(links_may_point_inside),
        CASE(links_that_leave_the_package_are_refused),
        CASE(a_link_that_climbs_after_it_went_down_is_refused),
        CASE(nothing_lies_below_what_is_no_directory),
        CASE(more_bytes_than_the_limit_are_refused),
        CASE(more_entries_than_the_limit_are_refused),
        CASE(the_digest_is_over_path_mode_and_content),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
