#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cacheserver/persistence/log.h"
#include "cacheserver/persistence/reader.h"
#include "tests/unit/cacheserver/persistence/frail_disk.h"

struct bench {
    struct frail_disk frail;
    char paths[2][64];
    struct log log;
};

static void create(struct bench *b, unsigned which, struct frame_writer *writer)
{
    snprintf(b->paths[which], sizeof(b->paths[which]), "/tmp/test-log-%d-%u", getpid(), which);
    unlink(b->paths[which]);
    assert_int_equal(
        frame_create(writer, &b->frail.disk, b->paths[which], FILE_COMMAND_LOG, which + 1), 0);
}

static int set_up(void **state)
{
    struct bench *b = calloc(1, sizeof(*b));
    struct frame_writer writer;

    frail_disk_init(&b->frail, FRAIL_NOT, 0);
    create(b, 0, &writer);
    assert_int_equal(log_init(&b->log, &writer), 0);
    *state = b;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *b = *state;

    log_deinit(&b->log);
    unlink(b->paths[0]);
    unlink(b->paths[1]);
    free(b);
    return 0;
}

static uint64_t add(struct bench *b, const char *text, bool copy)
{
    size_t len = strlen(text);
    char *room = log_begin(&b->log, len);

    memcpy(room, text, len);
    return log_end(&b->log, room, len, copy ? room : NULL);
}

static bool is_durable(struct bench *b, uint64_t number)
{
    return atomic_load(&b->log.durable) >= number;
}

/* Everything in the file, without the frames. */
static void expect(struct bench *b, unsigned which, const char *text)
{
    struct reader reader;
    const char *records;
    char all[4096] = "";
    size_t len, total = 0;

    assert_int_equal(reader_open(&reader, b->paths[which]), READER_OK);
    while (reader_next(&reader, &records, &len) == READER_OK) {
        memcpy(all + total, records, len);
        total += len;
    }
    reader_close(&reader);
    all[total] = '\0';
    assert_string_equal(all, text);
}

static void fail_at(struct bench *b, unsigned call)
{
    b->frail.frailty = FRAIL_FAILS;
    b->frail.countdown = call;
}

static void records_are_durable_when_they_are_flushed_and_not_before(void **state)
{
    struct bench *b = *state;

    assert_int_equal(add(b, "a", false), 1);
    assert_int_equal(add(b, "b", true), 2);
    assert_false(is_durable(b, 1));
    unsigned calls = b->frail.calls;
    assert_int_equal(log_flush(&b->log), 0);
    assert_int_equal(b->frail.calls - calls, 2); /* one write and one sync for both */
    assert_true(is_durable(b, 2));
    expect(b, 0, "ab");
    assert_int_equal(atomic_load(&b->log.backlog), 0);
    assert_int_equal(log_flush(&b->log), 0);
    assert_int_equal(b->frail.calls - calls, 2);
}

static void records_that_somebody_waits_for_take_the_place_of_zeros(void **state)
{
    struct bench *b = *state;
    struct stat before, after;

    for (unsigned i = 0; i < 2; i++) {
        log_ask(&b->log, add(b, "a", false));
        unsigned calls = b->frail.calls;
        assert_int_equal(log_flush(&b->log), 0);
        assert_int_equal(b->frail.calls - calls, i == 0 ? 3 : 2);
        assert_int_equal(stat(b->paths[0], i == 0 ? &before : &after), 0);
    }
    assert_int_equal(before.st_size, after.st_size);
    expect(b, 0, "aa");
    char *room = log_begin(&b->log, (size_t)before.st_size);
    memset(room, 'x', (size_t)before.st_size);
    log_ask(&b->log, log_end(&b->log, room, (size_t)before.st_size, NULL));
    assert_int_equal(log_flush(&b->log), 0);
    assert_int_equal(stat(b->paths[0], &after), 0);
    assert_true(after.st_size > 2 * before.st_size);
}

static void no_room_for_zeros_is_no_failure(void **state)
{
    struct bench *b = *state;

    fail_at(b, 1);
    uint64_t number = add(b, "a", false);
    log_ask(&b->log, number);
    assert_int_equal(log_flush(&b->log), 0);
    assert_true(is_durable(b, number));
    assert_true(frail_disk_fired(&b->frail));
}

static void records_larger_than_a_chunk_are_whole(void **state)
{
    struct bench *b = *state;
    size_t len = 3 << 20;

    add(b, "a", false);
    char *room = log_begin(&b->log, len);
    memset(room, 'x', len);
    uint64_t number = log_end(&b->log, room, len, NULL);
    add(b, "b", false);
    assert_int_equal(log_flush(&b->log), 0);
    assert_true(is_durable(b, number + 1));
    struct reader reader;
    const char *records;
    size_t frame_len, total = 0;
    assert_int_equal(reader_open(&reader, b->paths[0]), READER_OK);
    while (reader_next(&reader, &records, &frame_len) == READER_OK)
        total += frame_len;
    reader_close(&reader);
    assert_int_equal(total, len + 2);
}

static void a_failed_write_or_sync_is_final(void **state)
{
    struct bench *b = *state;

    for (unsigned call = 1; call <= 2; call++) {
        fail_at(b, call);
        uint64_t number = add(b, "a", false);
        assert_int_equal(log_flush(&b->log), -1);
        assert_false(is_durable(b, number));
        assert_int_equal(atomic_load(&b->log.failed), ENOSPC);
        number = add(b, "b", false);
        assert_int_equal(log_flush(&b->log), -1);
        assert_false(is_durable(b, number));
        tear_down(state);
        set_up(state);
        b = *state;
    }
}

static void whoever_waits_is_woken_once(void **state)
{
    struct bench *b = *state;
    struct log_waiter waiter = {.wake_fd = eventfd(0, EFD_NONBLOCK)};
    uint64_t count;

    log_add_waiter(&b->log, &waiter);
    add(b, "a", false);
    log_flush(&b->log);
    assert_int_equal(read(waiter.wake_fd, &count, sizeof(count)), -1);
    atomic_store(&waiter.armed, true);
    add(b, "b", false);
    log_flush(&b->log);
    assert_int_equal(read(waiter.wake_fd, &count, sizeof(count)), sizeof(count));
    assert_false(atomic_load(&waiter.armed));
    close(waiter.wake_fd);
}

static void waiting_ends_when_somebody_asks_or_the_time_is_over(void **state)
{
    struct bench *b = *state;

    add(b, "a", false);
    assert_true(log_wait(&b->log, 1));
    log_ask(&b->log, 1);
    assert_true(log_wait(&b->log, 1000000));
    log_flush(&b->log);
    log_ask(&b->log, 1); /* is durable already: asks for nothing */
    assert_false(b->log.asked);
    log_stop(&b->log);
    assert_false(log_wait(&b->log, 1000000));
}

static void the_next_file_gets_what_it_is_meant_to_get(void **state)
{
    struct bench *b = *state;
    struct frame_writer next;

    add(b, "a", true);
    create(b, 1, &next);
    log_start_next(&b->log, &next);
    add(b, "b", false);
    add(b, "c", true);
    char *room = log_begin(&b->log, 1);
    *room = 'd';
    log_end(&b->log, room, 1, "D");
    log_flush(&b->log);
    log_start_both(&b->log);
    uint64_t number = add(b, "e", false);
    assert_int_equal(log_start_commit(&b->log), 0);
    assert_true(is_durable(b, number));
    expect(b, 0, "abcde");
    expect(b, 1, "cDe");
    add(b, "f", false);
    log_switch(&b->log);
    number = add(b, "g", false);
    assert_int_equal(log_flush(&b->log), 0);
    assert_true(is_durable(b, number));
    expect(b, 1, "cDefg");
    assert_int_equal(atomic_load(&b->log.backlog), 0);
}

static void a_next_file_that_fails_early_does_no_harm(void **state)
{
    struct bench *b = *state;
    struct frame_writer next;

    create(b, 1, &next);
    log_start_next(&b->log, &next);
    add(b, "a", true);
    fail_at(b, 3); /* write, sync, then the next file's write */
    assert_int_equal(log_flush(&b->log), 0);
    log_start_both(&b->log);
    uint64_t number = add(b, "b", false);
    errno = 0;
    assert_int_equal(log_start_commit(&b->log), -1);
    assert_int_equal(errno, ENOSPC);
    assert_true(is_durable(b, number));
    log_drop_next(&b->log);
    number = add(b, "c", true);
    assert_int_equal(log_flush(&b->log), 0);
    assert_true(is_durable(b, number));
    expect(b, 0, "abc");
    assert_int_equal(atomic_load(&b->log.backlog), 0);
}

static void a_next_file_that_fails_after_the_commit_began_is_a_failure(void **state)
{
    struct bench *b = *state;
    struct frame_writer next;

    create(b, 1, &next);
    log_start_next(&b->log, &next);
    log_start_both(&b->log);
    assert_int_equal(log_start_commit(&b->log), 0);
    uint64_t number = add(b, "a", false);
    fail_at(b, 4);
    assert_int_equal(log_flush(&b->log), -1);
    assert_false(is_durable(b, number));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(records_are_durable_when_they_are_flushed_and_not_before),
        TEST(records_that_somebody_waits_for_take_the_place_of_zeros),
        TEST(no_room_for_zeros_is_no_failure),
        TEST(records_larger_than_a_chunk_are_whole),
        TEST(a_failed_write_or_sync_is_final),
        TEST(whoever_waits_is_woken_once),
        TEST(waiting_ends_when_somebody_asks_or_the_time_is_over),
        TEST(the_next_file_gets_what_it_is_meant_to_get),
        TEST(a_next_file_that_fails_early_does_no_harm),
        TEST(a_next_file_that_fails_after_the_commit_began_is_a_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
