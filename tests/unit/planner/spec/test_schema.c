#include "planner/spec/schema.h"

#include "planner/spec/scalar.h"
#include "tests/unit/planner/spec/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <regex.h>
#include <string.h>

enum { DEEPEST = 8 };

/* Calls check for every row of the tables below type. */
static void each_key(const struct schema_type *type, int depth,
                     void (*check)(const struct schema_key *key))
{
    assert_true(depth < DEEPEST);
    for (const struct schema_key *key = type->keys; key && key->name; key++) {
        check(key);
        each_key(&key->type, depth + 1, check);
    }
    if (type->item)
        each_key(type->item, depth + 1, check);
}

static void check_default(const struct schema_key *key)
{
    struct fault fault;
    long long number;

    if (!key->fallback || key->type.kind == SCHEMA_TEXT)
        return;
    if (scalar_parse(&key->type, key->fallback, &number, &fault) < 0)
        fail_msg("%s: default %s: %s", key->name, key->fallback, fault.text);
}

static void every_default_is_a_value_of_its_type(void **state)
{
    (void)state;
    each_key(&schema_spec, 0, check_default);
}

static void check_sentences(const struct schema_key *key)
{
    assert_non_null(key->help);
    if (!islower((unsigned char)key->help[0]) && strncmp(key->help, "ZooKeeper", 9) != 0)
        fail_msg("%s: the phrase starts in upper case", key->name);
    if (key->help[strlen(key->help) - 1] == '.')
        fail_msg("%s: the phrase ends with a full stop", key->name);
    assert_false(key->is_required && key->fallback);
}

static void every_key_is_described(void **state)
{
    (void)state;
    each_key(&schema_spec, 0, check_sentences);
}

static void check_order(const struct schema_key *key)
{
    const struct schema_type *type = &key->type;

    if (type->kind == SCHEMA_INT || type->kind == SCHEMA_DURATION || type->kind == SCHEMA_SIZE)
        assert_true(type->low <= type->high && type->high <= INT32_MAX);
    if (type->kind == SCHEMA_ENUM)
        assert_true(type->words[0] != NULL);
    if (type->kind == SCHEMA_LIST)
        assert_non_null(type->item);
    if (type->kind == SCHEMA_MAP)
        assert_true(type->keys || type->item);
    if (type->kind == SCHEMA_MAP && type->item)
        assert_non_null(type->form);
}

static void every_type_is_complete_and_fits_an_int(void **state)
{
    (void)state;
    each_key(&schema_spec, 0, check_order);
}

static void check_unique(const struct schema_key *key)
{
    for (const struct schema_key *one = key->type.keys; one && one->name; one++)
        assert_ptr_equal(schema_find(key->type.keys, one->name), one);
}

static void no_key_is_twice_in_a_table(void **state)
{
    const struct schema_key whole = {"file", {SCHEMA_MAP, .keys = schema_spec.keys}};

    (void)state;
    check_unique(&whole);
    each_key(&schema_spec, 0, check_unique);
}

static void check_pattern(const struct schema_form *form)
{
    regex_t compiled;

    if (!form || !form->pattern)
        return;
    assert_int_equal(regcomp(&compiled, form->pattern, REG_EXTENDED | REG_NOSUB), 0);
    assert_int_not_equal(regexec(&compiled, "", 0, NULL, 0), 0);
    assert_int_not_equal(regexec(&compiled, "a b/\n^", 0, NULL, 0), 0);
    assert_int_equal(form->pattern[0], '^');
    assert_int_equal(form->pattern[strlen(form->pattern) - 1], '$');
    regfree(&compiled);
}

static void check_patterns(const struct schema_key *key)
{
    check_pattern(key->type.form);
    if (key->type.item)
        check_pattern(key->type.item->form);
}

static void patterns_compile_and_cover_the_whole_text(void **state)
{
    (void)state;
    each_key(&schema_spec, 0, check_patterns);
}

static void an_unknown_key_is_not_found(void **state)
{
    (void)state;
    assert_null(schema_find(schema_ssh_keys, "prot"));
    assert_null(schema_find(schema_ssh_keys, ""));
    assert_null(schema_find(NULL, "port"));
    assert_string_equal(schema_find(schema_ssh_keys, "port")->fallback, "22");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        FIXTURE_TEST(every_default_is_a_value_of_its_type),
        FIXTURE_TEST(every_key_is_described),
        FIXTURE_TEST(every_type_is_complete_and_fits_an_int),
        FIXTURE_TEST(no_key_is_twice_in_a_table),
        FIXTURE_TEST(patterns_compile_and_cover_the_whole_text),
        FIXTURE_TEST(an_unknown_key_is_not_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
