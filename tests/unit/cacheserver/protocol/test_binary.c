#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cacheserver/protocol/binary.h"

static void a_request_header_is_read(void **state)
{
    static const char bytes[BINARY_HEADER_BYTES] = {
        (char)0x80, 0x01, 0x01, 0x02, 0x08, 0, 0, 0, 0, 0, 0x02, 0x0a,
        'o',        'p',  'a',  'q',  0,    0, 0, 0, 0, 0, 0x01, 0x00};
    struct binary_header header;

    (void)state;
    assert_true(binary_header_read(bytes, &header));
    assert_int_equal(header.echo.opcode, 1);
    assert_memory_equal(&header.echo.opaque, "opaq", 4);
    assert_int_equal(header.key_len, 258);
    assert_int_equal(header.extras_len, 8);
    assert_int_equal(header.value_len, 522 - 266);
    assert_int_equal(header.cas, 256);
}

static void a_header_that_contradicts_itself_is_refused(void **state)
{
    char bytes[BINARY_HEADER_BYTES] = {(char)0x80};
    struct binary_header header;

    (void)state;
    assert_true(binary_header_read(bytes, &header));
    bytes[3] = 1;
    assert_false(binary_header_read(bytes, &header));
    bytes[11] = 1;
    assert_true(binary_header_read(bytes, &header));
    bytes[4] = (char)0xff;
    assert_false(binary_header_read(bytes, &header));
    bytes[4] = 0;
    bytes[0] = (char)0x81;
    assert_false(binary_header_read(bytes, &header));
}

static void a_response_is_laid_out_as_the_protocol_says(void **state)
{
    static const char wanted[] = "\x81\x05\x00\x02\x01\x00\x00\x02\x00\x00\x00\x08"
                                 "abcd\x01\x02\x03\x04\x05\x06\x07\x08"
                                 "e"
                                 "ke"
                                 "value";
    struct reply *reply = reply_new();
    struct binary_echo echo = {.opcode = 5};

    (void)state;
    memcpy(&echo.opaque, "abcd", 4);
    binary_respond(reply, echo,
                   (struct binary_response){.status = BINARY_EXISTS,
                                            .extras = "e",
                                            .extras_len = 1,
                                            .key = "ke",
                                            .key_len = 2,
                                            .value_len = 5,
                                            .cas = 0x0102030405060708},
                   "value");
    assert_int_equal(reply->len, sizeof(wanted) - 1);
    assert_memory_equal(reply->buffer, wanted, sizeof(wanted) - 1);
    reply_free(reply, NULL);
}

static void a_status_comes_with_its_text(void **state)
{
    struct reply *reply = reply_new();

    (void)state;
    binary_respond_status(reply, (struct binary_echo){0}, BINARY_NOT_FOUND);
    assert_int_equal(reply->len, BINARY_HEADER_BYTES + strlen("Not found"));
    assert_memory_equal(reply->buffer + BINARY_HEADER_BYTES, "Not found", strlen("Not found"));
    reply_reset(reply, NULL);
    binary_respond_status(reply, (struct binary_echo){0}, BINARY_OK);
    assert_int_equal(reply->len, BINARY_HEADER_BYTES);
    reply_free(reply, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_header_is_read),
        cmocka_unit_test(a_header_that_contradicts_itself_is_refused),
        cmocka_unit_test(a_response_is_laid_out_as_the_protocol_says),
        cmocka_unit_test(a_status_comes_with_its_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
