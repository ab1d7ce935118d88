#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cacheserver/command/meta_flags.h"

static struct meta meta;
static struct words words;

static const char *parse(const char *line)
{
    clock_start();
    words_split(&words, line, strlen(line));
    return meta_parse(&meta, &words, 2);
}

static void every_flag_finds_its_place(void **state)
{
    (void)state;
    assert_null(parse("mg k C1 E2 D3 J4 F5 T0 N-1 MA q v"));
    assert_true(meta.cas == 1 && meta.unique == 2 && meta.delta == 3 && meta.initial == 4);
    assert_true(meta.client_flags == 5 && meta.mode == 'A');
    assert_true(meta.exptime == CLOCK_NEVER && meta.create_exptime == CLOCK_STICKY);
    assert_true(meta_has(&meta, 'q') && meta_has(&meta, 'C') && !meta_has(&meta, 'c'));
    assert_null(parse("mg k R30"));
    assert_int_equal(meta.renew_before, clock_now() + 30);
    assert_int_equal(meta.delta, 1);
}

static void the_order_of_two_flags_is_known(void **state)
{
    (void)state;
    assert_null(parse("mg k v T1 c t"));
    assert_true(meta_is_before(&meta, 'T', 't'));
    assert_false(meta_is_before(&meta, 't', 'T'));
}

static void a_key_in_base64_is_decoded(void **state)
{
    (void)state;
    assert_null(parse("mg Zm9v b"));
    assert_int_equal(meta.key_len, 3);
    assert_memory_equal(meta.key, "foo", 3);
    assert_string_equal(parse("mg Zm9 b"), "CLIENT_ERROR error decoding key\r\n");
    assert_null(parse("mg Zm9"));
}

static void the_longest_reply_fits_what_is_reserved(void **state)
{
    char room[4096], *at = room;

    (void)state;
    assert_null(parse("mg akeyinbase640123 O01234567890123456789012345678901 k b s t c f l h"));
    for (unsigned i = 2; i < words.count; i++) {
        char *next = meta_put_echo(at, &meta, &words.word[i]);
        at = next != at ? next : meta_put_number(at, words.word[i].at[0], UINT64_MAX);
    }
    assert_true((size_t)(at - room) + strlen("VA 12345678 Z X W\r\n") <= meta_reply_max(&meta));
}

static void a_time_is_never_negative_except_for_ever(void **state)
{
    char room[64];

    (void)state;
    *meta_put_ttl(room, 50, 20) = '\0';
    assert_string_equal(room, " t30");
    *meta_put_ttl(room, 20, 50) = '\0';
    assert_string_equal(room, " t0");
    *meta_put_ttl(room, CLOCK_NEVER, 50) = '\0';
    assert_string_equal(room, " t-1");
    *meta_put_ttl(room, CLOCK_STICKY, 50) = '\0';
    assert_string_equal(room, " t-1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_flag_finds_its_place),
        cmocka_unit_test(the_order_of_two_flags_is_known),
        cmocka_unit_test(a_key_in_base64_is_decoded),
        cmocka_unit_test(the_longest_reply_fits_what_is_reserved),
        cmocka_unit_test(a_time_is_never_negative_except_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
