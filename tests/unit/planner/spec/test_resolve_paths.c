#include "planner/spec/resolve.h"

#include "tests/unit/planner/spec/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static struct resolver resolver_of(struct fixture *fixture)
{
    static const struct spec_input input = {.home = "/home/op"};

    return (struct resolver){.input = &input, .arena = fixture->arena, .diags = fixture->diags};
}

static struct tree value_of(const char *text)
{
    return (struct tree){
        .kind = TREE_SCALAR, .at = {"dir/a.yaml", 1, 1}, .text = text, .shown = text};
}

static const char *local(struct fixture *fixture, const char *text)
{
    struct resolver resolver = resolver_of(fixture);
    struct tree value = value_of(text);

    return resolve_local_path(&resolver, &value);
}

static const char *remote(struct fixture *fixture, const char *text)
{
    struct resolver resolver = resolver_of(fixture);
    struct tree value = value_of(text);

    return resolve_remote_path(&resolver, &value);
}

static const char *inner(struct fixture *fixture, const char *text)
{
    struct resolver resolver = resolver_of(fixture);
    struct tree value = value_of(text);

    return resolve_inner_path(&resolver, &value);
}

static void directories_of_files(void **state)
{
    struct fixture *fixture = *state;

    assert_string_equal(resolve_directory_of(fixture->arena, "a.yaml"), ".");
    assert_string_equal(resolve_directory_of(fixture->arena, "x/y/a.yaml"), "x/y");
    assert_string_equal(resolve_directory_of(fixture->arena, "/a.yaml"), "/");
    assert_string_equal(resolve_directory_of(fixture->arena, "../a.yaml"), "..");
}

static void below_means_whole_parts(void **state)
{
    (void)state;
    assert_true(resolve_is_below("/opt/arcus", "/opt/arcus"));
    assert_true(resolve_is_below("/opt/arcus/x", "/opt/arcus"));
    assert_false(resolve_is_below("/opt/arcus2", "/opt/arcus"));
    assert_false(resolve_is_below("/opt", "/opt/arcus"));
}

static void local_paths_know_home_and_the_spec(void **state)
{
    assert_string_equal(local(*state, "~/.ssh/id"), "/home/op/.ssh/id");
    assert_string_equal(local(*state, "~"), "/home/op");
    assert_string_equal(local(*state, "/etc/key"), "/etc/key");
    assert_string_equal(local(*state, "keys/id"), "dir/keys/id");
    assert_string_equal(local(*state, "../id"), "dir/../id");
    assert_null(local(*state, "~root/id"));
    assert_int_equal(diags_count_errors(((struct fixture *)*state)->diags), 1);
}

static void remote_paths_lose_the_slash_at_their_end(void **state)
{
    assert_string_equal(remote(*state, "/opt/arcus"), "/opt/arcus");
    assert_string_equal(remote(*state, "/opt/arcus/"), "/opt/arcus");
    assert_string_equal(remote(*state, "/arcus"), "/arcus");
    assert_string_equal(remote(*state, "/home/arcus"), "/home/arcus");
    assert_string_equal(remote(*state, "/usr/local/arcus"), "/usr/local/arcus");
}

static void remote_paths_are_plain_and_not_the_systems(void **state)
{
    static const char *const bad[] = {"/",           "//",       "arcus",    "/opt/../etc",
                                      "/opt/./x",    "/opt//x",  "/usr",     "/etc/",
                                      "/proc/arcus", "/dev/shm", "/sys",     "/home",
                                      "/root",       "/var/lib", "/opt/x//", "/tmp"};
    struct fixture *fixture = *state;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (remote(fixture, bad[i]))
            fail_msg("%s was taken", bad[i]);
    assert_int_equal(diags_count_errors(fixture->diags), sizeof(bad) / sizeof(bad[0]));
}

static void other_paths_of_a_host_may_be_the_systems(void **state)
{
    struct resolver resolver = resolver_of(*state);
    struct tree good = value_of("/usr/"), bad = value_of("/usr/../x");

    assert_string_equal(resolve_absolute_path(&resolver, &good), "/usr");
    assert_null(resolve_absolute_path(&resolver, &bad));
}

static void inner_paths_do_not_leave(void **state)
{
    assert_string_equal(inner(*state, "bin/server"), "bin/server");
    assert_string_equal(inner(*state, "**/*.c"), "**/*.c");
    assert_null(inner(*state, "/bin"));
    assert_null(inner(*state, "a/../../b"));
    assert_null(inner(*state, "a/./b"));
    assert_null(inner(*state, "a/"));
}

static void broken_and_missing_values_have_no_path(void **state)
{
    struct resolver resolver = resolver_of(*state);
    struct tree broken = value_of("x");

    broken.is_broken = true;
    assert_null(resolve_local_path(&resolver, &broken));
    assert_null(resolve_local_path(&resolver, NULL));
    assert_null(resolve_remote_path(&resolver, &broken));
    assert_null(resolve_inner_path(&resolver, NULL));
    assert_false(diags_has_errors(resolver.diags));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        FIXTURE_TEST(directories_of_files),
        FIXTURE_TEST(below_means_whole_parts),
        FIXTURE_TEST(local_paths_know_home_and_the_spec),
        FIXTURE_TEST(remote_paths_lose_the_slash_at_their_end),
        FIXTURE_TEST(remote_paths_are_plain_and_not_the_systems),
        FIXTURE_TEST(other_paths_of_a_host_may_be_the_systems),
        FIXTURE_TEST(inner_paths_do_not_leave),
        FIXTURE_TEST(broken_and_missing_values_have_no_path),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
