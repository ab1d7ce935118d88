#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "cacheserver/protocol/limits.h"
#include "cacheserver/protocol/reply.h"
#include "tests/unit/cacheserver/store/fixture.h"

/* Takes at most `step` bytes at a time out of the reply, from at most `vectors` pieces. */
static size_t drain(struct reply *reply, char *out, size_t step, int vectors)
{
    struct iovec vector[8];
    size_t len = 0;
    int count;

    while ((count = reply_vectors(reply, vector, vectors)) > 0) {
        size_t left = step;
        for (int i = 0; i < count && left > 0; i++) {
            size_t n = vector[i].iov_len < left ? vector[i].iov_len : left;
            memcpy(out + len, vector[i].iov_base, n);
            len += n;
            left -= n;
        }
        reply_sent(reply, step - left);
    }
    return len;
}

static struct item *pinned_item(struct fixture *f, const char *value)
{
    struct store_request request = {.key = "k", .key_len = 1, .value_len = strlen(value)};
    struct item_cursor cursor;
    struct item *item;

    assert_int_equal(store_prepare(f->thread, &request, &item), STORE_OK);
    item_cursor_start(&cursor, item);
    item_cursor_write(&cursor, value, strlen(value));
    return item;
}

static void short_replies_leave_as_one_piece(void **state)
{
    struct fixture *f = fixture_new((size_t)8 << 20, true);
    struct reply *reply = reply_new();
    struct iovec vectors[4];

    (void)state;
    assert_true(reply_is_empty(reply));
    reply_text(reply, "STORED\r\n");
    reply_bytes(reply, "END\r\n", 5);
    reply_format(reply, "%d\r\n", 42);
    assert_int_equal(reply_vectors(reply, vectors, 4), 1);
    assert_int_equal(vectors[0].iov_len, 17);
    assert_memory_equal(vectors[0].iov_base, "STORED\r\nEND\r\n42\r\n", 17);
    reply_sent(reply, 17);
    assert_int_equal(reply_vectors(reply, vectors, 4), 0);
    reply_free(reply, f->thread);
    fixture_free(f);
}

static void pieces_come_in_order_however_they_are_sent(void **state)
{
    static char large[40001], out[200000], expected[200000];
    struct fixture *f = fixture_new((size_t)8 << 20, true);
    const size_t steps[] = {1, 7, 1000, 16376, 100000};

    (void)state;
    memset(large, 'L', sizeof(large) - 1);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        struct reply *reply = reply_new();
        reply_text(reply, "first\r\n");
        reply_value(reply, pinned_item(f, large));
        reply_text(reply, "\r\nsecond\r\n");
        reply_value(reply, pinned_item(f, large));
        reply_text(reply, "\r\nEND\r\n");
        size_t n =
            (size_t)sprintf(expected, "first\r\n%s\r\nsecond\r\n%s\r\nEND\r\n", large, large);
        assert_int_equal(drain(reply, out, steps[i], (int)i + 1), n);
        assert_memory_equal(out, expected, n);
        reply_free(reply, f->thread);
    }
    assert_int_equal(count_of(f, STORE_ITEMS), 0);
    fixture_free(f);
}

static void a_reply_is_full_by_bytes_by_pieces_or_by_what_it_pins(void **state)
{
    static char value[1 << 20];
    struct fixture *f = fixture_new((size_t)64 << 20, true);
    struct reply *reply = reply_new();

    (void)state;
    while (!reply_is_full(reply))
        reply_text(reply, "x");
    assert_int_equal(reply->len, LIMIT_REPLY_BUFFERED);
    reply_reset(reply, f->thread);
    assert_false(reply_is_full(reply));

    memset(value, 'v', sizeof(value) - 1);
    for (unsigned i = 0; i < LIMIT_REPLY_PINNED >> 20; i++) {
        assert_false(reply_is_full(reply));
        reply_value(reply, pinned_item(f, value));
    }
    reply_value(reply, pinned_item(f, value));
    assert_true(reply_is_full(reply));
    reply_free(reply, f->thread);
    fixture_free(f);
}

static void a_reply_can_be_used_again(void **state)
{
    struct fixture *f = fixture_new((size_t)8 << 20, true);
    struct reply *reply = reply_new();
    static char out[1 << 20];

    (void)state;
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < 50000; i++)
            reply_text(reply, "0123456789");
        assert_int_equal(drain(reply, out, 999, 1), 500000);
        reply_reset(reply, f->thread);
        assert_true(reply_is_empty(reply));
        assert_true(reply->capacity <= 4 * LIMIT_REPLY_BUFFERED);
    }
    reply_free(reply, f->thread);
    reply_free(NULL, f->thread);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(short_replies_leave_as_one_piece),
        cmocka_unit_test(pieces_come_in_order_however_they_are_sent),
        cmocka_unit_test(a_reply_is_full_by_bytes_by_pieces_or_by_what_it_pins),
        cmocka_unit_test(a_reply_can_be_used_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
