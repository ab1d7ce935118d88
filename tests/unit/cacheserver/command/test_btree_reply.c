#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "cacheserver/command/btree_reply.h"

static const unsigned char bkey_bytes[] = {0x12, 0x34}, eflag_bytes[] = {0xab};

static struct btree_element element_of(const char *value, size_t len)
{
    return (struct btree_element){.kind = BKEY_NUMBER,
                                  .bkey = bkey_bytes,
                                  .bkey_len = 2,
                                  .eflag = eflag_bytes,
                                  .eflag_len = 1,
                                  .value = value,
                                  .value_len = len};
}

static void check_head(const char *head, size_t gap)
{
    struct reply *reply = reply_new();
    struct btree_reply out;
    struct btree_element element = element_of("abc", 3);
    char expected[256];

    reply_text(reply, "before\r\n");
    btree_reply_begin(&out, reply, "- ", gap);
    assert_true(btree_reply_element(&out, &element));
    assert_true(btree_reply_element(&out, &element));
    char *at = btree_reply_head(&out, strlen(head));
    assert_non_null(at);
    put_text(at, head);
    reply_text(reply, "END\r\n");
    int n = snprintf(expected, sizeof(expected), "before\r\n%s%s%sEND\r\n", head,
                     "- 4660 0xAB 3 abc\r\n", "- 4660 0xAB 3 abc\r\n");
    assert_int_equal(reply->len, n);
    assert_memory_equal(reply->buffer, expected, (size_t)n);
    reply_free(reply, NULL);
}

static void a_head_is_put_in_front_whatever_its_length(void **state)
{
    (void)state;
    check_head("VALUE 0 2\r\n", 11);
    check_head("VALUE 4294967295 50000\r\n", 11);
    check_head("V\r\n", 11);
    check_head("VALUE 0 2\r\n", 0);
}

static void hexadecimal_bkeys_and_missing_eflags(void **state)
{
    struct btree_element element = element_of("", 0);
    char line[BTREE_LINE_MAX];

    (void)state;
    element.kind = BKEY_HEX;
    element.eflag_len = 0;
    char *end = put_element(line, &element);
    assert_int_equal(end - line, strlen("0x1234 0 \r\n"));
    assert_memory_equal(line, "0x1234 0 \r\n", strlen("0x1234 0 \r\n"));
}

static void what_was_written_is_taken_back(void **state)
{
    struct reply *reply = reply_new();
    struct btree_reply out;
    struct btree_element element = element_of("abc", 3);

    (void)state;
    reply_text(reply, "before\r\n");
    btree_reply_begin(&out, reply, "", 11);
    assert_true(btree_reply_element(&out, &element));
    btree_reply_undo(&out);
    assert_int_equal(reply->len, strlen("before\r\n"));
    reply_free(reply, NULL);
}

static void a_reply_does_not_grow_without_a_limit(void **state)
{
    static char value[32000];
    struct reply *reply = reply_new();
    struct btree_reply out;
    struct btree_element element = element_of(value, sizeof(value));
    size_t n = 0;

    (void)state;
    btree_reply_begin(&out, reply, "", 11);
    while (btree_reply_element(&out, &element))
        n++;
    assert_true(out.too_large);
    assert_in_range(n * sizeof(value), STORE_REPLY_MAX - (1 << 20), STORE_REPLY_MAX);
    assert_in_range(reply->len, 1, STORE_REPLY_MAX);
    reply_free(reply, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_head_is_put_in_front_whatever_its_length),
        cmocka_unit_test(hexadecimal_bkeys_and_missing_eflags),
        cmocka_unit_test(what_was_written_is_taken_back),
        cmocka_unit_test(a_reply_does_not_grow_without_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
