#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cacheserver/persistence/disk.h"

static const struct disk *const disk = &disk_system;
static char directory[] = "/tmp/test-disk-XXXXXX";
static char path[64], other[64];

static int set_up(void **state)
{
    (void)state;
    if (!mkdtemp(directory))
        return -1;
    snprintf(path, sizeof(path), "%s/file", directory);
    snprintf(other, sizeof(other), "%s/other", directory);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(path);
    unlink(other);
    return rmdir(directory);
}

static int open_new(void)
{
    unlink(path);
    int fd = disk->open(disk, path, O_CREAT | O_EXCL);
    assert_true(fd >= 0);
    return fd;
}

static void expect(const char *bytes, size_t n)
{
    char found[64] = "";
    int fd = open(path, O_RDONLY);

    assert_int_equal(read(fd, found, sizeof(found)), n);
    assert_memory_equal(found, bytes, n);
    close(fd);
}

static void files_are_made_only_when_that_is_asked_for_and_never_twice(void **state)
{
    struct stat status;

    (void)state;
    unlink(path);
    assert_int_equal(disk->open(disk, path, 0), -1);
    assert_int_equal(errno, ENOENT);
    close(open_new());
    assert_int_equal(disk->open(disk, path, O_CREAT | O_EXCL), -1);
    assert_int_equal(errno, EEXIST);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07, 0);
}

static void a_file_is_not_left_to_other_programs(void **state)
{
    int fd = open_new();

    (void)state;
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    close(fd);
}

static void bytes_are_written_where_the_offset_says(void **state)
{
    int fd = open_new();

    (void)state;
    assert_int_equal(disk->write(disk, fd, 0, "abcdef", 6), 0);
    assert_int_equal(disk->write(disk, fd, 2, "CD", 2), 0);
    assert_int_equal(disk->write(disk, fd, 8, "i", 1), 0);
    assert_int_equal(disk->write(disk, fd, 100, "", 0), 0);
    assert_int_equal(disk->sync(disk, fd), 0);
    expect("abCDef\0\0i", 9);
    assert_int_equal(disk->cut(disk, fd, 3), 0);
    expect("abC", 3);
    close(fd);
    fd = disk->open(disk, path, 0);
    assert_int_equal(disk->write(disk, fd, 3, "d", 1), 0);
    expect("abCd", 4);
    close(fd);
}

static void half_a_write_is_a_failure(void **state)
{
    const struct rlimit limit = {.rlim_cur = 3, .rlim_max = RLIM_INFINITY};
    const struct rlimit none = {.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};
    int fd = open_new();

    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    int failed = disk->write(disk, fd, 0, "abcdef", 6);
    int error = errno;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    assert_int_equal(failed, -1);
    assert_int_equal(error, EFBIG);
    expect("abc", 3);
    close(fd);
}

static void names_change_and_go(void **state)
{
    (void)state;
    close(open_new());
    assert_int_equal(disk->rename(disk, path, other), 0);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(disk->sync_directory(disk, directory), 0);
    assert_int_equal(disk->remove(disk, other), 0);
    assert_int_equal(access(other, F_OK), -1);
    assert_int_equal(disk->remove(disk, other), -1);
    assert_int_equal(errno, ENOENT);
    assert_int_equal(disk->rename(disk, path, other), -1);
    assert_int_equal(errno, ENOENT);
}

static void what_cannot_be_done_says_why(void **state)
{
    (void)state;
    close(open_new());
    assert_int_equal(disk->sync_directory(disk, "/nowhere/at/all"), -1);
    assert_int_equal(errno, ENOENT);
    assert_int_equal(disk->sync_directory(disk, path), -1);
    assert_int_equal(errno, ENOTDIR);
    assert_int_equal(disk->write(disk, -1, 0, "a", 1), -1);
    assert_int_equal(errno, EBADF);
    assert_int_equal(disk->sync(disk, -1), -1);
    assert_int_equal(errno, EBADF);
    assert_int_equal(disk->cut(disk, -1, 0), -1);
    assert_int_equal(errno, EBADF);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_made_only_when_that_is_asked_for_and_never_twice),
        cmocka_unit_test(a_file_is_not_left_to_other_programs),
        cmocka_unit_test(bytes_are_written_where_the_offset_says),
        cmocka_unit_test(half_a_write_is_a_failure),
        cmocka_unit_test(names_change_and_go),
        cmocka_unit_test(what_cannot_be_done_says_why),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
