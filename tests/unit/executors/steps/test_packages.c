#include "executors/steps/packages.h"
#include "tests/unit/executors/steps/workshop.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void use_directory(struct workshop *workshop)
{
    workshop_write(workshop, "dist/bin/tool", "tool");
    workshop_run(workshop, "chmod 755 dist/bin/tool");
    workshop->package.source = PACKAGE_DIRECTORY;
    workshop->package.path = "dist";
}

static void a_package_without_rules_is_known_before_it_is_packed(void **state)
{
    struct workshop *workshop = *state;
    struct package_look before, packed, after;

    use_directory(workshop);
    before = workshop_look(workshop);
    assert_string_equal(before.build, "not packed");
    assert_true(before.is_first);
    assert_true(before.is_built);
    packed = workshop_build(workshop);
    assert_string_equal(packed.digest, before.digest);
    assert_string_equal(packed.archive, before.archive);
    after = workshop_look(workshop);
    assert_string_equal(after.build, "up to date");
    assert_true(after.is_packed);
    assert_false(after.is_first);
    assert_int_equal(after.bytes, packed.bytes);
    assert_true(after.bytes > 0);
}

static void the_archive_is_named_by_its_content(void **state)
{
    struct workshop *workshop = *state;
    struct package_look look;

    use_directory(workshop);
    look = workshop_build(workshop);
    assert_string_equal(look.archive, arena_printf(workshop->arena, "%s/tool/tool-1.0-%.12s.tar.gz",
                                                   workshop->cache, look.digest));
    assert_string_equal(workshop_output(workshop, "ls state/cache/tool"),
                        strrchr(look.archive, '/') + 1);
}

static void two_packings_are_the_same_bytes(void **state)
{
    struct workshop *workshop = *state;
    const char *first, *second;
    struct package_look look;
    size_t size, again;

    use_directory(workshop);
    look = workshop_build(workshop);
    first = workshop_read(workshop, look.archive, &size);
    workshop_run(workshop, "touch -d 2001-01-01 dist dist/bin dist/bin/tool; rm -r state/cache");
    second = workshop_read(workshop, workshop_build(workshop).archive, &again);
    assert_int_equal(size, again);
    assert_memory_equal(first, second, size);
}

static void the_way_it_was_given_does_not_matter(void **state)
{
    struct workshop *workshop = *state;
    struct package_look directory, archive, files;

    use_directory(workshop);
    directory = workshop_look(workshop);
    workshop_run(workshop, "tar -cJf x.tar -C dist bin/tool");
    workshop->package.source = PACKAGE_ARCHIVE;
    workshop->package.path = "x.tar";
    archive = workshop_build(workshop);
    assert_string_equal(archive.digest, directory.digest);
    workshop->package.source = PACKAGE_FILES;
    workshop_add_file(workshop, "dist/bin/tool", "bin/tool", -1);
    files = workshop_look(workshop);
    assert_string_equal(files.digest, directory.digest);
    assert_true(files.is_packed);
}

static void a_changed_file_gives_another_archive(void **state)
{
    struct workshop *workshop = *state;
    struct package_look first, second;

    use_directory(workshop);
    first = workshop_build(workshop);
    workshop_write(workshop, "dist/bin/tool", "TOOL");
    assert_string_equal(workshop_look(workshop).build, "not packed");
    second = workshop_build(workshop);
    assert_string_not_equal(first.digest, second.digest);
    assert_string_not_equal(first.archive, second.archive);
}

static void use_rules(struct workshop *workshop)
{
    workshop_write(workshop, "a.in", "A");
    workshop_add_rule(workshop, "echo one >> log; sed s/A/B/ a.in > b.mid", "a.in", "b.mid");
    workshop_add_rule(workshop, "echo two >> log; sed s/B/C/ b.mid > c.out", "b.mid", "c.out");
    workshop_add_file(workshop, "c.out", "c", 0644);
}

static void rules_run_in_order_and_once(void **state)
{
    struct workshop *workshop = *state;
    struct package_look look;

    use_rules(workshop);
    look = workshop_look(workshop);
    assert_string_equal(look.build, "never built");
    assert_true(look.is_first);
    assert_false(look.is_built);
    assert_null(look.archive);
    look = workshop_build(workshop);
    assert_string_equal(look.build, "up to date");
    assert_string_equal(workshop_look(workshop).digest, look.digest);
    workshop_build(workshop);
    assert_string_equal(workshop_output(workshop, "cat log"), "one\ntwo");
    assert_string_equal(workshop_output(workshop, "tar -xOzf %s c", look.archive), "C");
}

static void only_the_rules_that_a_change_reaches_run_again(void **state)
{
    struct workshop *workshop = *state;

    use_rules(workshop);
    workshop_build(workshop);
    workshop_write(workshop, "b.mid", "BB");
    assert_string_equal(workshop_look(workshop).build, "inputs changed: b.mid");
    workshop_build(workshop);
    assert_string_equal(workshop_output(workshop, "cat log"), "one\ntwo\ntwo");
    workshop_write(workshop, "a.in", "A B");
    workshop_build(workshop);
    assert_string_equal(workshop_output(workshop, "cat log"), "one\ntwo\ntwo\none\ntwo");
}

static void a_rule_that_makes_the_same_stops_there(void **state)
{
    struct workshop *workshop = *state;

    use_rules(workshop);
    workshop_build(workshop);
    workshop->package.rule_count = 0;
    workshop_add_rule(workshop, "echo one >> log; sed s/A/B/ a.in > b.mid # same", "a.in", "b.mid");
    workshop_add_rule(workshop, "echo two >> log; sed s/B/C/ b.mid > c.out", "b.mid", "c.out");
    workshop_build(workshop);
    assert_string_equal(workshop_output(workshop, "cat log"), "one\ntwo\none");
}

static void forced_runs_every_rule(void **state)
{
    struct workshop *workshop = *state;
    struct package_look look;

    use_rules(workshop);
    workshop_build(workshop);
    assert_int_equal(package_build(&workshop->place, &workshop->package, true, workshop->arena,
                                   &look, &workshop->at, &workshop->fault),
                     0);
    assert_string_equal(workshop_output(workshop, "cat log"), "one\ntwo\none\ntwo");
}

static void a_failing_rule_leaves_no_archive(void **state)
{
    struct workshop *workshop = *state;
    struct package_look look;

    use_rules(workshop);
    workshop_add_rule(workshop, "echo broken; exit 7", "c.out", "d.out");
    assert_int_equal(package_build(&workshop->place, &workshop->package, false, workshop->arena,
                                   &look, &workshop->at, &workshop->fault),
                     -1);
    workshop_assert_fault(workshop, DIAG_PACKAGE_BUILD, "ended with status 7: broken");
    assert_int_equal(workshop->at.line, 32);
    assert_string_equal(workshop_output(workshop, "ls state/cache/tool | grep -v build || true"),
                        "");
}

static void old_archives_go(void **state)
{
    struct workshop *workshop = *state;
    struct package_look look = {0};

    use_directory(workshop);
    workshop->package.keep_releases = 2;
    for (int i = 0; i < 4; i++) {
        workshop_write(workshop, "dist/bin/tool", arena_printf(workshop->arena, "%d", i));
        look = workshop_build(workshop);
    }
    assert_string_equal(workshop_output(workshop, "ls state/cache/tool | wc -l"), "2");
    assert_int_equal(access(look.archive, F_OK), 0);
}

static void a_full_cache_leaves_nothing_behind(void **state)
{
    struct workshop *workshop = *state;
    struct package_look look;

    use_directory(workshop);
    workshop->place.cache_dir = "/proc/arcusplan";
    assert_int_equal(package_build(&workshop->place, &workshop->package, false, workshop->arena,
                                   &look, &workshop->at, &workshop->fault),
                     -1);
    workshop_assert_fault(workshop, DIAG_FILE_WRITE, "/proc/arcusplan");
}

static const struct fact *observe(struct workshop *workshop, struct world *world,
                                  struct diags *diags, int status)
{
    world_init(world, workshop->arena);
    assert_int_equal(packages_observe(&workshop->spec, workshop->db, workshop->cache,
                                      workshop->arena, diags, world),
                     status);
    world_finish(world);
    return world_find(world, "package/tool");
}

static void facts_tell_how_a_package_stands(void **state)
{
    struct workshop *workshop = *state;
    struct package_look look;
    const struct fact *fact;
    struct world world;

    use_rules(workshop);
    fact = observe(workshop, &world, workshop->diags, 0);
    assert_int_equal(fact->presence, PRESENCE_ABSENT);
    assert_int_equal(fact->said_by, WITNESS_LOCAL);
    assert_null(attrs_value(&fact->attrs, "digest"));
    world_deinit(&world);
    look = workshop_build(workshop);
    fact = observe(workshop, &world, workshop->diags, 0);
    assert_int_equal(fact->presence, PRESENCE_PRESENT);
    assert_string_equal(attrs_value(&fact->attrs, "version"), "1.0");
    assert_string_equal(attrs_value(&fact->attrs, "build"), "up to date");
    assert_string_equal(attrs_value(&fact->attrs, "digest"), look.digest);
    assert_string_equal(attrs_value(&fact->attrs, "bytes"),
                        arena_printf(workshop->arena, "%lld", (long long)look.bytes));
    world_deinit(&world);
    workshop_write(workshop, "a.in", "AA");
    fact = observe(workshop, &world, workshop->diags, 0);
    assert_int_equal(fact->presence, PRESENCE_PRESENT);
    assert_string_equal(attrs_value(&fact->attrs, "build"), "inputs changed: a.in");
    assert_null(attrs_value(&fact->attrs, "digest"));
    world_deinit(&world);
}

static void a_digest_is_told_before_the_first_packing(void **state)
{
    struct workshop *workshop = *state;
    const struct fact *fact;
    struct world world;

    use_directory(workshop);
    fact = observe(workshop, &world, workshop->diags, 0);
    assert_int_equal(fact->presence, PRESENCE_ABSENT);
    assert_string_equal(attrs_value(&fact->attrs, "digest"), workshop_look(workshop).digest);
    assert_null(attrs_value(&fact->attrs, "bytes"));
    assert_int_equal(access(workshop->cache, F_OK), -1);
    world_deinit(&world);
}

static void trouble_is_an_error_at_its_place_or_a_note(void **state)
{
    struct workshop *workshop = *state;
    const struct fact *fact;
    struct world world;
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    workshop_add_file(workshop, "gone", "b", -1);
    observe(workshop, &world, workshop->diags, -1);
    diags_print(workshop->diags, out, false);
    fclose(out);
    assert_non_null(strstr(text, "cluster.yaml:20:9: error[E0301]: "));
    assert_non_null(strstr(text, "gone: No such file"));
    free(text);
    world_deinit(&world);
    fact = observe(workshop, &world, NULL, 0);
    assert_int_equal(fact->presence, PRESENCE_UNKNOWN);
    assert_non_null(strstr(fact->note, "gone: No such file"));
    world_deinit(&world);
}

static void packed_packages_are_collected(void **state)
{
    struct workshop *workshop = *state;
    struct artifacts *artifacts = artifacts_new();
    struct package_look look;
    struct artifact artifact;
    struct world world;

    use_directory(workshop);
    observe(workshop, &world, workshop->diags, 0);
    packages_collect(&workshop->spec, &world, workshop->cache, workshop->arena, artifacts);
    assert_false(artifacts_get(artifacts, "tool", &artifact));
    world_deinit(&world);
    look = workshop_build(workshop);
    observe(workshop, &world, workshop->diags, 0);
    packages_collect(&workshop->spec, &world, workshop->cache, workshop->arena, artifacts);
    assert_true(artifacts_get(artifacts, "tool", &artifact));
    assert_string_equal(artifact.archive, look.archive);
    assert_string_equal(artifact.digest, look.digest);
    assert_int_equal(artifact.bytes, look.bytes);
    world_deinit(&world);
    artifacts_free(artifacts);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, workshop_setup, workshop_teardown)
    static const struct CMUnitTest tests[] = {
        CASE(a_package_without_rules_is_known_before_it_is_packed),
        CASE(the_archive_is_named_by_its_content),
        CASE(two_packings_are_the_same_bytes),
        CASE(the_way_it_was_given_does_not_matter),
        CASE(a_changed_file_gives_another_archive),
        CASE(rules_run_in_order_and_once),
        CASE(only_the_rules_that_a_change_reaches_run_again),
        CASE(a_rule_that_makes_the_same_stops_there),
        CASE(forced_runs_every_rule),
        CASE(a_failing_rule_leaves_no_archive),
        CASE(old_archives_go),
        CASE(a_full_cache_leaves_nothing_behind),
        CASE(facts_tell_how_a_package_stands),
        CASE(a_digest_is_told_before_the_first_packing),
        CASE(trouble_is_an_error_at_its_place_or_a_note),
        CASE(packed_packages_are_collected),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
