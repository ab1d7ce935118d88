#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cacheserver/command/cmdlog.h"
#include "cacheserver/command/moment.h"
#include "tests/unit/cacheserver/store/fixture.h"

static struct cmdlog_status look(struct cmdlog *cmdlog)
{
    struct cmdlog_status status;
    cmdlog_look(cmdlog, &status);
    return status;
}

static void path_of(struct cmdlog *cmdlog, unsigned file, char *path, size_t size)
{
    char begun[MOMENT_TEXT];
    struct cmdlog_status status = look(cmdlog);

    snprintf(path, size, "%s/command_7_%s_%u.log", status.directory,
             moment_numbers(status.begun_s, begun), file);
}

static void remove_files(struct cmdlog *cmdlog, char *directory)
{
    char path[512];

    for (unsigned i = 0; i < 10; i++) {
        path_of(cmdlog, i, path, sizeof(path));
        unlink(path);
    }
    rmdir(directory);
}

static enum cmdlog_outcome start(struct cmdlog *cmdlog, const char *directory)
{
    return cmdlog_start(cmdlog, directory, strlen(directory));
}

static long size_of(const char *path)
{
    struct stat status;
    return stat(path, &status) ? -1 : (long)status.st_size;
}

static void lines_go_to_a_file(void **state)
{
    char directory[] = "/tmp/cacheserver-cmdlog-XXXXXX", path[512], line[1024];
    struct cmdlog *cmdlog = cmdlog_new(7);
    char *longest = malloc(1000);

    (void)state;
    memset(longest, 'x', 1000);
    assert_non_null(mkdtemp(directory));
    assert_false(cmdlog_is_on(cmdlog));
    assert_int_equal(start(cmdlog, directory), CMDLOG_DONE);
    assert_int_equal(start(cmdlog, directory), CMDLOG_WAS_SO);
    assert_true(cmdlog_is_on(cmdlog));
    cmdlog_enter(cmdlog, "1.2.3.4", "get key", 7);
    cmdlog_enter(cmdlog, "::1", longest, 1000);
    assert_int_equal(cmdlog_stop(cmdlog), CMDLOG_DONE);
    assert_int_equal(cmdlog_stop(cmdlog), CMDLOG_WAS_SO);
    assert_int_equal(look(cmdlog).entered, 2);
    assert_int_equal(look(cmdlog).files, 1);
    path_of(cmdlog, 0, path, sizeof(path));
    size_t wanted =
        strlen("hh:mm:ss.uuuuuu 1.2.3.4 get key\n") + strlen("hh:mm:ss.uuuuuu ::1 ..\n") + 400;
    assert_true(eventually(size_of(path) == (long)wanted));
    FILE *file = fopen(path, "r");
    assert_non_null(fgets(line, sizeof(line), file));
    assert_string_equal(line + strlen("hh:mm:ss.uuuuuu "), "1.2.3.4 get key\n");
    assert_non_null(fgets(line, sizeof(line), file));
    assert_string_equal(line + strlen(line) - 4, "x..\n");
    fclose(file);
    remove_files(cmdlog, directory);
    cmdlog_free(cmdlog);
    free(longest);
}

static void it_stops_when_ten_files_are_full(void **state)
{
    char directory[] = "/tmp/cacheserver-cmdlog-XXXXXX", path[512];
    struct cmdlog *cmdlog = cmdlog_new(7);
    char *line = calloc(1, 500);

    (void)state;
    memset(line, 'x', 400);
    assert_non_null(mkdtemp(directory));
    assert_int_equal(start(cmdlog, directory), CMDLOG_DONE);
    uint64_t until_ms = clock_coarse_ms() + 60000;
    while (cmdlog_is_on(cmdlog) && clock_coarse_ms() < until_ms)
        cmdlog_enter(cmdlog, "1.2.3.4", line, 400);
    assert_int_equal(look(cmdlog).state, CMDLOG_FULL);
    assert_int_equal(look(cmdlog).files, 10);
    path_of(cmdlog, 9, path, sizeof(path));
    assert_int_equal(access(path, R_OK), 0);
    FILE *file = fopen(path, "r");
    fseek(file, 0, SEEK_END);
    assert_int_equal(ftell(file), 10 * 1024 * 1024);
    fclose(file);
    remove_files(cmdlog, directory);
    cmdlog_free(cmdlog);
    free(line);
}

static void a_directory_that_is_not_there_is_refused(void **state)
{
    struct cmdlog *cmdlog = cmdlog_new(7);
    char path[200];

    (void)state;
    memset(path, '/', sizeof(path));
    assert_int_equal(start(cmdlog, "/nonexistent"), CMDLOG_REFUSED);
    assert_int_equal(cmdlog_start(cmdlog, path, CMDLOG_DIRECTORY_MAX + 1), CMDLOG_REFUSED);
    assert_false(cmdlog_is_on(cmdlog));
    assert_int_equal(look(cmdlog).state, CMDLOG_OFF);
    cmdlog_enter(cmdlog, "x", "late", 4);
    assert_int_equal(look(cmdlog).entered, 0);
    cmdlog_free(cmdlog);
    assert_false(cmdlog_is_on(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_go_to_a_file),
        cmocka_unit_test(it_stops_when_ten_files_are_full),
        cmocka_unit_test(a_directory_that_is_not_there_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
