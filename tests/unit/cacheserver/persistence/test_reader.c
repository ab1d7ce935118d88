#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cacheserver/persistence/bytes.h"
#include "cacheserver/persistence/reader.h"

/* A file with some frames, of which the bytes can be changed. */
#define STAMP 20260102030405u

struct bench {
    char path[64];
    struct frame_writer writer;
};

static int set_up(void **state)
{
    struct bench *b = calloc(1, sizeof(*b));

    snprintf(b->path, sizeof(b->path), "/tmp/test-reader-XXXXXX");
    int fd = mkstemp(b->path);
    close(fd);
    unlink(b->path);
    assert_int_equal(frame_create(&b->writer, &disk_system, b->path, FILE_COMMAND_LOG, STAMP), 0);
    *state = b;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *b = *state;

    frame_close(&b->writer);
    unlink(b->path);
    free(b);
    return 0;
}

/* Returns where it is in the file. */
static uint64_t add_frame(struct bench *b, const char *text, bool synced)
{
    char frame[FRAME_HEADER_BYTES + 256];
    uint64_t at = b->writer.size;

    memcpy(frame + FRAME_HEADER_BYTES, text, strlen(text));
    assert_int_equal(frame_write(&b->writer, FRAME_RECORDS, frame, strlen(text)), 0);
    if (synced)
        assert_int_equal(frame_sync(&b->writer), 0);
    return at;
}

static void flip(struct bench *b, uint64_t at)
{
    unsigned char byte;
    int fd = open(b->path, O_RDWR);

    assert_int_equal(pread(fd, &byte, 1, (off_t)at), 1);
    byte ^= 0x10;
    assert_int_equal(pwrite(fd, &byte, 1, (off_t)at), 1);
    close(fd);
}

/* Reads to the end; *good: where the last good frame ends. */
static enum reader_outcome read_all(struct bench *b, unsigned *frames, uint64_t *good)
{
    struct reader reader;
    const char *records;
    size_t len;
    enum reader_outcome outcome = reader_open(&reader, b->path);

    *frames = 0;
    while (outcome == READER_OK) {
        outcome = reader_next(&reader, &records, &len);
        *frames += outcome == READER_OK;
    }
    *good = reader.at;
    reader_close(&reader);
    return outcome;
}

static void frames_are_read_in_order_to_the_end(void **state)
{
    struct bench *b = *state;
    struct reader reader;
    const char *records;
    size_t len;

    add_frame(b, "one", true);
    add_frame(b, "", false);
    add_frame(b, "three", true);
    assert_int_equal(reader_open(&reader, b->path), READER_OK);
    assert_int_equal(reader.kind, FILE_COMMAND_LOG);
    assert_int_equal(reader.stamp, STAMP);
    assert_int_equal(reader_next(&reader, &records, &len), READER_OK);
    assert_memory_equal(records, "one", len);
    assert_int_equal(reader_next(&reader, &records, &len), READER_OK);
    assert_int_equal(len, 0);
    assert_int_equal(reader_next(&reader, &records, &len), READER_OK);
    assert_memory_equal(records, "three", len);
    assert_int_equal(reader_next(&reader, &records, &len), READER_END);
    reader_close(&reader);
}

static void a_file_that_is_continued_reads_as_one(void **state)
{
    struct bench *b = *state;
    unsigned frames;
    uint64_t good;

    add_frame(b, "one", true);
    uint64_t salt = b->writer.salt, size = b->writer.size;
    frame_close(&b->writer);
    assert_int_equal(frame_continue(&b->writer, &disk_system, b->path, salt, size), 0);
    add_frame(b, "two", true);
    assert_int_equal(read_all(b, &frames, &good), READER_END);
    assert_int_equal(frames, 2);
}

static void zeros_may_follow_the_frames_of_a_log(void **state)
{
    struct bench *b = *state;
    unsigned frames;
    uint64_t good;

    add_frame(b, "one", true);
    uint64_t end = b->writer.size;
    for (off_t zeros = 0; zeros < 3000000; zeros = 7 * zeros + 1) {
        assert_int_equal(truncate(b->path, (off_t)end + zeros), 0);
        assert_int_equal(read_all(b, &frames, &good), READER_END);
        assert_int_equal(frames, 1);
        assert_int_equal(good, end);
        if (zeros) {
            flip(b, end + (uint64_t)zeros - 1);
            assert_int_equal(read_all(b, &frames, &good), READER_CUT_SHORT);
            flip(b, end + (uint64_t)zeros - 1);
        }
    }
    frame_prepare(&b->writer, 4);
    add_frame(b, "two", true);
    assert_int_equal(read_all(b, &frames, &good), READER_END);
    assert_int_equal(frames, 2);
}

static void a_file_cut_at_any_byte_is_good_up_to_its_last_whole_frame(void **state)
{
    struct bench *b = *state;
    unsigned frames;
    uint64_t good, second, end;

    add_frame(b, "one", true);
    second = add_frame(b, "two", true);
    end = b->writer.size;
    for (uint64_t size = end - 1; size > FILE_HEADER_BYTES; size--) {
        assert_int_equal(truncate(b->path, (off_t)size), 0);
        bool whole = size == second;
        assert_int_equal(read_all(b, &frames, &good), whole ? READER_END : READER_CUT_SHORT);
        assert_int_equal(good, size >= second ? second : FILE_HEADER_BYTES);
    }
    for (uint64_t size = FILE_HEADER_BYTES - 1; size > 0; size--) {
        assert_int_equal(truncate(b->path, (off_t)size), 0);
        assert_int_equal(read_all(b, &frames, &good), READER_NOT_OURS);
    }
}

static void a_changed_bit_that_was_on_disk_is_damage_wherever_it_is(void **state)
{
    struct bench *b = *state;
    unsigned frames;
    uint64_t good, first, third;

    first = add_frame(b, "one", true);
    add_frame(b, "two", true);
    third = add_frame(b, "three", true);
    for (uint64_t at = first; at < third; at++) {
        flip(b, at);
        assert_int_equal(read_all(b, &frames, &good), READER_DAMAGED);
        flip(b, at);
    }
    assert_int_equal(read_all(b, &frames, &good), READER_END);
}

static void a_changed_bit_at_the_end_is_a_write_that_was_cut_short(void **state)
{
    struct bench *b = *state;
    unsigned frames;
    uint64_t good, last;

    add_frame(b, "one", true);
    last = add_frame(b, "two", true);
    for (uint64_t at = last; at < b->writer.size; at++) {
        flip(b, at);
        assert_int_equal(read_all(b, &frames, &good), READER_CUT_SHORT);
        assert_int_equal(good, last);
        flip(b, at);
    }
}

/* The system may write later pages before earlier ones. */
static void good_frames_behind_a_hole_that_was_never_on_disk_are_cut_off_with_it(void **state)
{
    struct bench *b = *state;
    unsigned frames;
    uint64_t good, hole;

    add_frame(b, "one", true);
    hole = add_frame(b, "two", false);
    add_frame(b, "three", false);
    flip(b, hole + FRAME_HEADER_BYTES);
    assert_int_equal(read_all(b, &frames, &good), READER_CUT_SHORT);
    assert_int_equal(frames, 1);
    assert_int_equal(good, hole);
}

static void a_changed_bit_in_the_header_is_damage_or_no_file_of_ours(void **state)
{
    struct bench *b = *state;
    unsigned frames;
    uint64_t good;

    for (uint64_t at = 0; at < FILE_HEADER_BYTES; at++) {
        flip(b, at);
        assert_int_equal(read_all(b, &frames, &good), at < 8 ? READER_NOT_OURS : READER_DAMAGED);
        flip(b, at);
    }
}

static void later_versions_are_told_apart_from_damage(void **state)
{
    struct bench *b = *state;
    char header[FILE_HEADER_BYTES];
    struct reader reader;
    int fd = open(b->path, O_RDWR);

    assert_int_equal(read(fd, header, sizeof(header)), sizeof(header));
    put_u32(header + 8, FILE_VERSION + 1);
    put_u32(header + FILE_HEADER_BYTES - 4, frame_file_checksum(header));
    assert_int_equal(pwrite(fd, header, sizeof(header), 0), sizeof(header));
    close(fd);
    assert_int_equal(reader_open(&reader, b->path), READER_NEW_VERSION);
    reader_close(&reader);
    assert_string_equal(reader_complaint(READER_NEW_VERSION),
                        "was written by a later version of this server");
}

static void a_snapshot_needs_its_end(void **state)
{
    struct bench *b = *state;
    char end[FRAME_HEADER_BYTES];
    unsigned frames;
    uint64_t good;

    frame_close(&b->writer);
    unlink(b->path);
    assert_int_equal(frame_create(&b->writer, &disk_system, b->path, FILE_SNAPSHOT, STAMP), 0);
    add_frame(b, "one", true);
    assert_int_equal(read_all(b, &frames, &good), READER_CUT_SHORT);
    assert_int_equal(frame_write(&b->writer, FRAME_END, end, 0), 0);
    assert_int_equal(read_all(b, &frames, &good), READER_END);
    add_frame(b, "more", true);
    assert_int_equal(read_all(b, &frames, &good), READER_DAMAGED);
}

/* What a client stores cannot look like a frame: it would have to know its place and the salt. */
static void values_that_look_like_frames_are_none(void **state)
{
    struct bench *b = *state;
    char frame[FRAME_HEADER_BYTES + 256], value[FRAME_HEADER_BYTES + 8];
    unsigned frames;
    uint64_t good, last;

    add_frame(b, "one", true);
    last = b->writer.size;
    struct frame_writer forger = b->writer;
    forger.size = last + FRAME_HEADER_BYTES;
    forger.synced = last + 8;
    forger.salt ^= 1;
    forger.fd = open("/dev/null", O_WRONLY);
    assert_int_equal(frame_write(&forger, FRAME_RECORDS, value, 8), 0);
    frame_close(&forger);
    memcpy(frame + FRAME_HEADER_BYTES, value, sizeof(value));
    assert_int_equal(frame_write(&b->writer, FRAME_RECORDS, frame, sizeof(value)), 0);
    flip(b, last);
    assert_int_equal(read_all(b, &frames, &good), READER_CUT_SHORT);
    assert_int_equal(good, last);
}

static void what_cannot_be_read_is_said(void **state)
{
    struct reader reader;

    (void)state;
    assert_int_equal(reader_open(&reader, "/nowhere/at/all"), READER_FAILED);
    assert_string_equal(reader_complaint(READER_FAILED), "No such file or directory");
    reader_close(&reader);
    assert_int_equal(reader_open(&reader, "/tmp"), READER_NOT_OURS);
    reader_close(&reader);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(frames_are_read_in_order_to_the_end),
        TEST(a_file_that_is_continued_reads_as_one),
        TEST(zeros_may_follow_the_frames_of_a_log),
        TEST(a_file_cut_at_any_byte_is_good_up_to_its_last_whole_frame),
        TEST(a_changed_bit_that_was_on_disk_is_damage_wherever_it_is),
        TEST(a_changed_bit_at_the_end_is_a_write_that_was_cut_short),
        TEST(good_frames_behind_a_hole_that_was_never_on_disk_are_cut_off_with_it),
        TEST(a_changed_bit_in_the_header_is_damage_or_no_file_of_ours),
        TEST(later_versions_are_told_apart_from_damage),
        TEST(a_snapshot_needs_its_end),
        TEST(values_that_look_like_frames_are_none),
        TEST(what_cannot_be_read_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
