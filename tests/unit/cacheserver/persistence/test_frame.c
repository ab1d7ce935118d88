#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cacheserver/persistence/bytes.h"
#include "cacheserver/persistence/frame.h"
#include "tests/unit/cacheserver/persistence/frail_disk.h"

static const char path[] = "/tmp/test-frame-file";

static void a_file_must_not_exist_before(void **state)
{
    struct frame_writer writer;

    (void)state;
    unlink(path);
    assert_int_equal(frame_create(&writer, &disk_system, path, FILE_SNAPSHOT, 1), 0);
    frame_close(&writer);
    assert_int_equal(frame_create(&writer, &disk_system, path, FILE_SNAPSHOT, 1), -1);
    assert_int_equal(errno, EEXIST);
    unlink(path);
}

static void a_frame_names_itself_and_what_was_on_disk_before_it(void **state)
{
    struct frame_writer writer;
    char frame[FRAME_HEADER_BYTES + 4] = "";

    (void)state;
    assert_int_equal(frame_create(&writer, &disk_system, path, FILE_SNAPSHOT, 1), 0);
    memcpy(frame + FRAME_HEADER_BYTES, "abcd", 4);
    assert_int_equal(frame_write(&writer, FRAME_RECORDS, frame, 4), 0);
    assert_int_equal(get_u64(frame + 16), FILE_HEADER_BYTES);
    assert_int_equal(get_u64(frame + 24), 0);
    assert_int_equal(frame_sync(&writer), 0);
    assert_int_equal(frame_write(&writer, FRAME_RECORDS, frame, 4), 0);
    assert_int_equal(get_u64(frame + 16), FILE_HEADER_BYTES + sizeof(frame));
    assert_int_equal(get_u64(frame + 24), FILE_HEADER_BYTES + sizeof(frame));
    assert_int_equal(get_u32(frame + 36), frame_checksum(frame, 4));
    frame_close(&writer);
    unlink(path);
}

static void nothing_is_synced_twice(void **state)
{
    struct frail_disk frail;
    struct frame_writer writer;

    (void)state;
    frail_disk_init(&frail, FRAIL_NOT, 0);
    assert_int_equal(frame_create(&writer, &frail.disk, path, FILE_SNAPSHOT, 1), 0);
    assert_int_equal(frame_sync(&writer), 0);
    unsigned calls = frail.calls;
    assert_int_equal(frame_sync(&writer), 0);
    assert_int_equal(frail.calls, calls);
    frame_close(&writer);
    unlink(path);
}

static void failures_are_told(void **state)
{
    struct frail_disk frail;
    struct frame_writer writer;
    char frame[FRAME_HEADER_BYTES + 4] = "";

    (void)state;
    for (unsigned call = 1; call <= 4; call++) {
        unlink(path);
        frail_disk_init(&frail, FRAIL_FAILS, call);
        int failed = frame_create(&writer, &frail.disk, path, FILE_SNAPSHOT, 1) ||
                     frame_write(&writer, FRAME_RECORDS, frame, 4) || frame_sync(&writer);
        assert_true(failed);
        assert_int_equal(errno, ENOSPC);
        frame_close(&writer);
        if (call == 4)
            break;
    }
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_must_not_exist_before),
        cmocka_unit_test(a_frame_names_itself_and_what_was_on_disk_before_it),
        cmocka_unit_test(nothing_is_synced_twice),
        cmocka_unit_test(failures_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
