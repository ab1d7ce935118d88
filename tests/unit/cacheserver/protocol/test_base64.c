#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cacheserver/protocol/base64.h"

static bool decodes(const char *text, const char *bytes, size_t len)
{
    char out[64];
    size_t count;

    return base64_decode(text, strlen(text), out, sizeof(out), &count) && count == len &&
           !memcmp(out, bytes, len);
}

static void every_length_is_decoded(void **state)
{
    (void)state;
    assert_true(decodes("", "", 0));
    assert_true(decodes("Zg==", "f", 1));
    assert_true(decodes("Zm8=", "fo", 2));
    assert_true(decodes("Zm9v", "foo", 3));
    assert_true(decodes("Zm9vYg==", "foob", 4));
    assert_true(decodes("AP8QIA==", "\x00\xff\x10\x20", 4));
    assert_true(decodes("+/+/", "\xfb\xff\xbf", 3));
}

static void what_was_never_encoded_is_refused(void **state)
{
    const char *const texts[] = {"Z",    "Zg",   "Zg=",  "Zh==",     "Zm9=", "=m9v",
                                 "Z===", "====", "Zm 9", "Zg==Zg==", "Zm9-", "Zm9v\n"};
    char out[64];
    size_t count;

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_false(base64_decode(texts[i], strlen(texts[i]), out, sizeof(out), &count));
}

static void no_more_than_the_room_is_written(void **state)
{
    char out[4] = {'x', 'x', 'x', 'x'};
    size_t count;

    (void)state;
    assert_false(base64_decode("Zm9v", 4, out, 2, &count));
    assert_true(base64_decode("Zm9v", 4, out, 3, &count));
    assert_int_equal(out[3], 'x');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_length_is_decoded),
        cmocka_unit_test(what_was_never_encoded_is_refused),
        cmocka_unit_test(no_more_than_the_room_is_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
