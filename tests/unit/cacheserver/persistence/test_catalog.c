#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/cacheserver/persistence/fixture.h"

static struct kept kept;
static char said[512];

static int set_up(void **state)
{
    (void)state;
    kept_init(&kept);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    kept_deinit(&kept);
    return 0;
}

static int open_catalog(struct catalog *catalog, const char *data, const char *logs)
{
    FILE *errors = fmemopen(said, sizeof(said), "w");
    int failed = catalog_open(catalog, &disk_system, data, logs, errors);

    fclose(errors);
    return failed;
}

static void make(const struct catalog *catalog, enum file_kind kind, uint64_t stamp,
                 bool incomplete)
{
    struct frame_writer writer;
    char path[CATALOG_PATH_MAX];

    catalog_path(catalog, kind, stamp, incomplete, path);
    assert_int_equal(frame_create(&writer, &disk_system, path, kind, stamp), 0);
    frame_close(&writer);
}

static bool exists(const struct catalog *catalog, enum file_kind kind, uint64_t stamp,
                   bool incomplete)
{
    char path[CATALOG_PATH_MAX];

    catalog_path(catalog, kind, stamp, incomplete, path);
    return !access(path, F_OK);
}

static void directories_must_exist_and_are_locked(void **state)
{
    struct catalog first, second;
    char other[128];

    (void)state;
    assert_int_equal(open_catalog(&first, "/nowhere/at/all", kept.directory), -1);
    assert_non_null(strstr(said, "data_path /nowhere/at/all is not a directory"));
    assert_int_equal(open_catalog(&first, kept.directory, "/etc/passwd"), -1);
    assert_non_null(strstr(said, "logs_path /etc/passwd is not a directory"));
    assert_int_equal(open_catalog(&first, kept.directory, kept.directory), 0);
    assert_int_equal(open_catalog(&second, kept.directory, kept.directory), -1);
    assert_non_null(strstr(said, "another process uses"));
    catalog_close(&first);
    snprintf(other, sizeof(other), "%s-other", kept.directory);
    assert_int_equal(mkdir(other, 0700), 0);
    assert_int_equal(open_catalog(&first, other, kept.directory), 0);
    assert_int_equal(open_catalog(&second, kept.directory, kept.directory), -1);
    catalog_close(&first);
    strcat(other, "/cacheserver.lock");
    unlink(other);
    *strrchr(other, '/') = '\0';
    rmdir(other);
}

static void only_names_of_the_right_form_are_seen(void **state)
{
    static const char *const others[] = {
        "snapshot_2026", "snapshot_20270102030405x", "snapshot_2027010203040a", "cmdlog_",
        "lost+found",    "xsnapshot_20270102030405"};
    struct catalog catalog;
    char path[256];

    (void)state;
    assert_int_equal(open_catalog(&catalog, kept.directory, kept.directory), 0);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", kept.directory, others[i]);
        fclose(fopen(path, "w"));
    }
    assert_int_equal(catalog_look(&catalog, stderr), 0);
    assert_int_equal(catalog.newest_snapshot, 0);
    assert_int_equal(catalog.newest_log, 0);
    make(&catalog, FILE_SNAPSHOT, 20260102030405, false);
    make(&catalog, FILE_SNAPSHOT, 20260102030406, false);
    make(&catalog, FILE_SNAPSHOT, 20260102030407, true);
    make(&catalog, FILE_COMMAND_LOG, 20260102030406, false);
    assert_int_equal(catalog_look(&catalog, stderr), 0);
    assert_int_equal(catalog.newest_snapshot, 20260102030406);
    assert_int_equal(catalog.newest_log, 20260102030406);
    assert_int_equal(catalog.log_count, 1);
    catalog_clean(&catalog, 20260102030406);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", kept.directory, others[i]);
        assert_int_equal(access(path, F_OK), 0);
    }
    catalog_close(&catalog);
}

static void stamps_rise_even_if_the_clock_does_not(void **state)
{
    struct catalog catalog = {.newest_snapshot = 20990102030405};

    (void)state;
    assert_int_equal(catalog_new_stamp(&catalog), 20990102030406);
    assert_int_equal(catalog_new_stamp(&catalog), 20990102030407);
    catalog = (struct catalog){0};
    uint64_t stamp = catalog_new_stamp(&catalog);
    assert_in_range(stamp, 20200101000000, 20990102030405);
    assert_true(catalog_new_stamp(&catalog) > stamp);
}

static void a_commit_gives_both_files_their_names(void **state)
{
    struct catalog catalog;
    bool undecided;

    (void)state;
    assert_int_equal(open_catalog(&catalog, kept.directory, kept.directory), 0);
    make(&catalog, FILE_SNAPSHOT, 20260102030405, true);
    make(&catalog, FILE_COMMAND_LOG, 20260102030405, true);
    assert_int_equal(catalog_commit(&catalog, 20260102030405, &undecided), 0);
    assert_true(exists(&catalog, FILE_SNAPSHOT, 20260102030405, false));
    assert_true(exists(&catalog, FILE_COMMAND_LOG, 20260102030405, false));
    assert_false(exists(&catalog, FILE_SNAPSHOT, 20260102030405, true));
    assert_int_equal(catalog_commit(&catalog, 20260102030406, &undecided), -1);
    assert_false(undecided);
    catalog_close(&catalog);
}

static void cleaning_takes_old_pairs_and_leftovers_of_ours_only(void **state)
{
    struct catalog catalog;
    char path[CATALOG_PATH_MAX];

    (void)state;
    assert_int_equal(open_catalog(&catalog, kept.directory, kept.directory), 0);
    for (uint64_t stamp = 20260102030401; stamp <= 20260102030403; stamp++) {
        make(&catalog, FILE_SNAPSHOT, stamp, false);
        make(&catalog, FILE_COMMAND_LOG, stamp, false);
    }
    make(&catalog, FILE_COMMAND_LOG, 20260102030404, false);
    make(&catalog, FILE_SNAPSHOT, 20260102030404, true);
    catalog_path(&catalog, FILE_SNAPSHOT, 20250102030401, false, path);
    FILE *foreign = fopen(path, "w");
    fputs("not one of ours at all, and long enough to have a header of its own ......", foreign);
    fclose(foreign);
    catalog_clean(&catalog, 20260102030403);
    assert_false(exists(&catalog, FILE_SNAPSHOT, 20260102030401, false));
    assert_false(exists(&catalog, FILE_COMMAND_LOG, 20260102030402, false));
    assert_true(exists(&catalog, FILE_SNAPSHOT, 20260102030403, false));
    assert_true(exists(&catalog, FILE_COMMAND_LOG, 20260102030403, false));
    assert_false(exists(&catalog, FILE_COMMAND_LOG, 20260102030404, false));
    assert_false(exists(&catalog, FILE_SNAPSHOT, 20260102030404, true));
    assert_true(exists(&catalog, FILE_SNAPSHOT, 20250102030401, false));
    catalog_close(&catalog);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(directories_must_exist_and_are_locked),
        TEST(only_names_of_the_right_form_are_seen),
        TEST(stamps_rise_even_if_the_clock_does_not),
        TEST(a_commit_gives_both_files_their_names),
        TEST(cleaning_takes_old_pairs_and_leftovers_of_ours_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
