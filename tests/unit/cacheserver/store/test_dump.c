#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <unistd.h>

#include "cacheserver/store/internal.h"
#include "cacheserver/store/maintenance.h"
#include "tests/unit/cacheserver/store/fixture.h"

static struct dump_status look(struct fixture *f)
{
    struct dump_status status;
    dump_look(f->store, &status);
    return status;
}

static void make_path(char *path)
{
    strcpy(path, "/tmp/cacheserver-dump-XXXXXX");
    close(mkstemp(path));
}

/* The file's lines: whether one of them is there, and how many there are. */
static bool has_line(const char *path, const char *wanted, unsigned *lines)
{
    char line[512];
    bool found = false;
    FILE *file = fopen(path, "r");

    for (*lines = 0; fgets(line, sizeof(line), file); ++*lines)
        found |= !strcmp(line, wanted);
    fclose(file);
    return found;
}

static enum dump_outcome start(struct fixture *f, const char *prefix, const char *path)
{
    return dump_start(f->store, prefix, prefix ? strlen(prefix) : 0, path, strlen(path));
}

static void a_dump_writes_a_line_for_every_key(void **state)
{
    struct fixture *f = fixture_new((size_t)64 << 20, true);
    char path[64], key[32], line[128];
    unsigned lines;

    (void)state;
    make_path(path);
    for (unsigned i = 0; i < 5000; i++) {
        snprintf(key, sizeof(key), "key%u", i);
        put(f, key, "x");
    }
    put_value(f, STORE_SET, "sticky", "x", 1, CLOCK_STICKY);
    put_value(f, STORE_SET, "later", "x", 1, f->thread->now + 100);
    put_value(f, STORE_SET, "dead", "x", 1, 1);
    put(f, "arcus:zk-ping", "1");
    maintenance_start(f->store);
    assert_int_equal(start(f, NULL, path), DUMP_STARTED);
    assert_true(eventually(!look(f).running));
    assert_true(look(f).succeeded);
    assert_int_equal(look(f).dumped, 5002);
    assert_string_equal(look(f).prefix, "<all>");
    assert_string_equal(look(f).path, path);
    assert_true(has_line(path, "K key7 0\n", &lines));
    assert_int_equal(lines, 5003);
    assert_true(has_line(path, "K sticky -1\n", &lines));
    snprintf(line, sizeof(line), "K later %lld\n", (long long)clock_to_unix(f->thread->now + 100));
    assert_true(has_line(path, line, &lines));
    snprintf(line, sizeof(line), "DUMP SUMMARY: { prefix=<all>, count=5002, elapsed=%llu }\n",
             (unsigned long long)(look(f).ended_s - look(f).started_s));
    assert_true(has_line(path, line, &lines));
    maintenance_stop(f->store);
    unlink(path);
    fixture_free(f);
}

static void a_dump_of_one_prefix_has_its_keys_only(void **state)
{
    struct fixture *f = fixture_new((size_t)64 << 20, true);
    char path[64];
    unsigned lines;

    (void)state;
    make_path(path);
    put(f, "a:1", "x");
    put(f, "ab:1", "x");
    put(f, "plain", "x");
    maintenance_start(f->store);
    assert_int_equal(start(f, "a", path), DUMP_STARTED);
    assert_true(eventually(!look(f).running));
    assert_true(has_line(path, "K a:1 0\n", &lines));
    assert_int_equal(lines, 2);
    assert_int_equal(start(f, "", path), DUMP_STARTED);
    assert_true(eventually(!look(f).running));
    assert_string_equal(look(f).prefix, "<null>");
    assert_true(has_line(path, "K plain 0\n", &lines));
    assert_int_equal(lines, 2);
    maintenance_stop(f->store);
    unlink(path);
    fixture_free(f);
}

static void a_file_that_cannot_be_written_is_said_at_once_or_in_the_status(void **state)
{
    struct fixture *f = fixture_new((size_t)64 << 20, true);

    (void)state;
    put(f, "key", "x");
    assert_int_equal(start(f, NULL, "/tmp/x"), DUMP_FAILED);
    maintenance_start(f->store);
    assert_int_equal(start(f, NULL, "/nonexistent/file"), DUMP_FAILED);
    assert_false(look(f).ever_ran);
    assert_int_equal(start(f, NULL, "/dev/full"), DUMP_STARTED);
    assert_true(eventually(!look(f).running));
    assert_false(look(f).succeeded);
    maintenance_stop(f->store);
    fixture_free(f);
}

static void a_dump_that_is_stopped_has_not_succeeded(void **state)
{
    struct fixture *f = fixture_new((size_t)64 << 20, true);
    char path[64], key[32];

    (void)state;
    make_path(path);
    for (unsigned i = 0; i < 100000; i++) {
        snprintf(key, sizeof(key), "key%u", i);
        put(f, key, "x");
    }
    maintenance_start(f->store);
    assert_int_equal(start(f, NULL, path), DUMP_STARTED);
    dump_stop(f->store);
    assert_true(eventually(!look(f).running));
    assert_false(look(f).succeeded);
    maintenance_stop(f->store);
    unlink(path);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_dump_writes_a_line_for_every_key),
        cmocka_unit_test(a_dump_of_one_prefix_has_its_keys_only),
        cmocka_unit_test(a_file_that_cannot_be_written_is_said_at_once_or_in_the_status),
        cmocka_unit_test(a_dump_that_is_stopped_has_not_succeeded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
