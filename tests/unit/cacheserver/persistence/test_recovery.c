#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/stat.h>

#include "cacheserver/persistence/recovery.h"
#include "tests/unit/cacheserver/persistence/fixture.h"

static struct kept kept;

static int set_up(void **state)
{
    (void)state;
    kept_init(&kept);
    assert_true(kept_start(&kept));
    put(kept.base, "k", "v");
    kept_stop(&kept);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    kept_deinit(&kept);
    return 0;
}

static void copy_file(const char *from, const char *to)
{
    char command[1200];

    snprintf(command, sizeof(command), "cp '%s' '%s'", from, to);
    assert_int_equal(system(command), 0);
}

/* The file of this kind, and a name beside it with another stamp. */
static void name_of(const char *kind, const char *stamp, char *path, char *other)
{
    assert_true(kept_find(&kept, kind, path, 512));
    snprintf(other, 512, "%s/%s%s", kept.directory, kind, stamp);
}

static void expect_refusal(const char *complaint)
{
    assert_false(kept_start(&kept));
    if (!strstr(kept.errors, complaint))
        fail_msg("%s", kept.errors);
}

static void the_newest_pair_counts(void **state)
{
    char path[512], other[512];
    uint64_t stamp;

    (void)state;
    assert_true(kept_start(&kept));
    stamp = kept.persistence->stamp;
    put(kept.base, "k", "newer");
    assert_int_equal(persistence_checkpoint(kept.persistence), 0);
    assert_true(kept.persistence->stamp > stamp);
    kept_stop(&kept);
    name_of("snapshot_", "20200102030405", path, other);
    copy_file(path, other);
    assert_true(kept_start(&kept));
    assert_true(holds(kept.base, "k", "newer"));
    assert_true(kept_find(&kept, "snapshot_", path, sizeof(path)));
}

static void a_snapshot_whose_log_is_missing_is_refused(void **state)
{
    char path[512], other[512];

    (void)state;
    name_of("cmdlog_", "20200102030405", path, other);
    unlink(path);
    expect_refusal("No such file or directory");
}

static void files_under_another_time_are_refused(void **state)
{
    char path[512], other[512];

    (void)state;
    name_of("snapshot_", "20990102030405", path, other);
    copy_file(path, other);
    expect_refusal("was not written by this server");
    unlink(other);
    assert_true(kept_start(&kept));
}

static void a_log_in_place_of_a_snapshot_is_refused(void **state)
{
    char snapshot[512], log[512], other[512];

    (void)state;
    name_of("cmdlog_", "x", log, other);
    name_of("snapshot_", "x", snapshot, other);
    copy_file(log, snapshot);
    expect_refusal("was not written by this server");
}

static void a_snapshot_that_ends_early_is_refused_and_stays(void **state)
{
    char path[512], other[512];
    struct stat status;

    (void)state;
    name_of("snapshot_", "x", path, other);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(truncate(path, status.st_size - 1), 0);
    expect_refusal("ends too early");
    assert_int_equal(stat(path, &status), 0);
}

static void leftovers_of_a_checkpoint_go(void **state)
{
    char path[512], other[512];

    (void)state;
    name_of("snapshot_", "20990102030405.incomplete", path, other);
    copy_file(path, other);
    assert_true(kept_start(&kept));
    assert_int_equal(access(other, F_OK), -1);
    assert_true(holds(kept.base, "k", "v"));
}

static void two_logs_without_a_snapshot_are_refused(void **state)
{
    char path[512], other[512];

    (void)state;
    name_of("cmdlog_", "20990102030405", path, other);
    copy_file(path, other);
    assert_true(kept_find(&kept, "snapshot_", path, sizeof(path)));
    unlink(path);
    assert_false(kept_start(&kept));
    assert_int_equal(access(other, F_OK), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_newest_pair_counts),
        TEST(a_snapshot_whose_log_is_missing_is_refused),
        TEST(files_under_another_time_are_refused),
        TEST(a_log_in_place_of_a_snapshot_is_refused),
        TEST(a_snapshot_that_ends_early_is_refused_and_stays),
        TEST(leftovers_of_a_checkpoint_go),
        TEST(two_logs_without_a_snapshot_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
