#include "planner/spec/scalar.h"

#include "tests/unit/planner/spec/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static const struct schema_type port = {SCHEMA_INT, 1, 65535};
static const struct schema_type signed_number = {SCHEMA_INT, -5, 5};
static const struct schema_type duration = {SCHEMA_DURATION, 100, 3600000};
static const struct schema_type size = {SCHEMA_SIZE, 1, 1048576};
static const struct schema_type truth = {SCHEMA_BOOL};
static const struct schema_type mode = {SCHEMA_MODE};
static const char *const words[] = {"none", "sudo", "su", NULL};
static const struct schema_form form = {"a host", NULL};
static const struct schema_type text = {SCHEMA_TEXT, .form = &form};
static const struct schema_type list = {SCHEMA_LIST, .item = &text};
static const struct schema_type map = {SCHEMA_MAP};
static const struct schema_type word = {SCHEMA_ENUM, .words = words};

static long long parsed(const struct schema_type *type, const char *written)
{
    struct fault fault = {0};
    long long number = -1;

    if (scalar_parse(type, written, &number, &fault) < 0)
        fail_msg("%s: %s", written, fault.text);
    return number;
}

static void assert_refused(const struct schema_type *type, enum diag_code code, const char *written)
{
    struct fault fault;
    long long number;

    if (scalar_parse(type, written, &number, &fault) == 0)
        fail_msg("%s was taken", written);
    assert_int_equal(fault.code, code);
    assert_memory_equal(fault.text, "expected ", 9);
}

static void numbers_are_decimal_and_in_range(void **state)
{
    (void)state;
    assert_int_equal(parsed(&port, "1"), 1);
    assert_int_equal(parsed(&port, "65535"), 65535);
    assert_int_equal(parsed(&signed_number, "-5"), -5);
    assert_int_equal(parsed(&signed_number, "0"), 0);
    assert_refused(&port, DIAG_SPEC_VALUE, "0");
    assert_refused(&port, DIAG_SPEC_VALUE, "65536");
    assert_refused(&port, DIAG_SPEC_VALUE, "18446744073709551617");
    assert_refused(&signed_number, DIAG_SPEC_VALUE, "-6");
}

static void what_other_yaml_readers_take_for_a_number_is_refused(void **state)
{
    static const char *const texts[] = {"",    "x",  "0x10", "010",  "0o10", "1_000", "1e3",
                                        "1.0", "+1", " 1",   "1 ",   "--1",  "-",     "1,000",
                                        "٣",   ".5", "1M",   "true", "1\n"};

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_refused(&port, DIAG_SPEC_TYPE, texts[i]);
}

static void durations_need_their_unit(void **state)
{
    (void)state;
    assert_int_equal(parsed(&duration, "500ms"), 500);
    assert_int_equal(parsed(&duration, "10s"), 10000);
    assert_int_equal(parsed(&duration, "5m"), 300000);
    assert_int_equal(parsed(&duration, "1h"), 3600000);
    assert_refused(&duration, DIAG_SPEC_TYPE, "10");
    assert_refused(&duration, DIAG_SPEC_TYPE, "10 s");
    assert_refused(&duration, DIAG_SPEC_TYPE, "10S");
    assert_refused(&duration, DIAG_SPEC_TYPE, "1.5s");
    assert_refused(&duration, DIAG_SPEC_TYPE, "1m30s");
    assert_refused(&duration, DIAG_SPEC_VALUE, "99ms");
    assert_refused(&duration, DIAG_SPEC_VALUE, "61m");
    assert_refused(&duration, DIAG_SPEC_VALUE, "-1s");
    assert_refused(&duration, DIAG_SPEC_VALUE, "9223372036854775807h");
}

static void sizes_count_megabytes(void **state)
{
    (void)state;
    assert_int_equal(parsed(&size, "64"), 64);
    assert_int_equal(parsed(&size, "100MB"), 100);
    assert_int_equal(parsed(&size, "100M"), 100);
    assert_int_equal(parsed(&size, "2GB"), 2048);
    assert_int_equal(parsed(&size, "2G"), 2048);
    assert_refused(&size, DIAG_SPEC_TYPE, "100KB");
    assert_refused(&size, DIAG_SPEC_TYPE, "100mb");
    assert_refused(&size, DIAG_SPEC_TYPE, "MB");
    assert_refused(&size, DIAG_SPEC_VALUE, "0");
    assert_refused(&size, DIAG_SPEC_VALUE, "2048GB");
    assert_refused(&size, DIAG_SPEC_VALUE, "99999999999999999GB");
}

static void truth_is_true_or_false(void **state)
{
    (void)state;
    assert_int_equal(parsed(&truth, "true"), 1);
    assert_int_equal(parsed(&truth, "false"), 0);
    assert_refused(&truth, DIAG_SPEC_TYPE, "yes");
    assert_refused(&truth, DIAG_SPEC_TYPE, "True");
    assert_refused(&truth, DIAG_SPEC_TYPE, "1");
    assert_refused(&truth, DIAG_SPEC_TYPE, "");
}

static void modes_are_octal(void **state)
{
    (void)state;
    assert_int_equal(parsed(&mode, "0755"), 0755);
    assert_int_equal(parsed(&mode, "644"), 0644);
    assert_int_equal(parsed(&mode, "0000"), 0);
    assert_refused(&mode, DIAG_SPEC_TYPE, "0888");
    assert_refused(&mode, DIAG_SPEC_TYPE, "7");
    assert_refused(&mode, DIAG_SPEC_TYPE, "00755");
    assert_refused(&mode, DIAG_SPEC_TYPE, "rwxr-xr-x");
    assert_refused(&mode, DIAG_SPEC_VALUE, "4755");
}

static void words_give_their_position(void **state)
{
    (void)state;
    assert_int_equal(parsed(&word, "none"), 0);
    assert_int_equal(parsed(&word, "su"), 2);
    assert_refused(&word, DIAG_SPEC_VALUE, "Sudo");
    assert_refused(&word, DIAG_SPEC_VALUE, "sud");
    assert_refused(&word, DIAG_SPEC_VALUE, "");
}

static void assert_described(const struct schema_type *type, const char *expected)
{
    char described[256];

    scalar_describe(type, described, sizeof(described));
    assert_string_equal(described, expected);
}

static void types_are_described_as_a_user_writes_them(void **state)
{
    static const struct schema_type one = {SCHEMA_INT, 1, 1};

    (void)state;
    assert_described(&port, "a number from 1 to 65535");
    assert_described(&one, "the number 1");
    assert_described(&duration, "a duration from 100ms to 1h");
    assert_described(&size, "a size from 1MB to 1024GB");
    assert_described(&truth, "true or false");
    assert_described(&mode, "permissions in octal like \"0755\"");
    assert_described(&word, "none, sudo or su");
    assert_described(&text, "a host");
    assert_described(&list, "a list");
    assert_described(&map, "a map");
}

static void what_is_no_scalar_is_not_read(void **state)
{
    (void)state;
    assert_refused(&text, DIAG_SPEC_TYPE, "a");
    assert_refused(&list, DIAG_SPEC_TYPE, "a");
    assert_refused(&map, DIAG_SPEC_TYPE, "a");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        FIXTURE_TEST(numbers_are_decimal_and_in_range),
        FIXTURE_TEST(what_other_yaml_readers_take_for_a_number_is_refused),
        FIXTURE_TEST(durations_need_their_unit),
        FIXTURE_TEST(sizes_count_megabytes),
        FIXTURE_TEST(truth_is_true_or_false),
        FIXTURE_TEST(modes_are_octal),
        FIXTURE_TEST(words_give_their_position),
        FIXTURE_TEST(types_are_described_as_a_user_writes_them),
        FIXTURE_TEST(what_is_no_scalar_is_not_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
