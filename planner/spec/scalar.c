/* YAML's own rules for plain words (0o17, 1_000, yes, 1e3) differ from version to version and from
 * what operators expect: here every type says itself what it reads, and nothing else counts. */
#include "planner/spec/scalar.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

struct unit {
    const char *name;
    long long factor;
};

static const struct unit duration_units[] = {
    {"ms", 1}, {"s", 1000}, {"m", 60 * 1000}, {"h", 60 * 60 * 1000}, {NULL, 0}};
static const struct unit size_units[] = {{"", 1},      {"MB", 1},   {"M", 1},
                                         {"GB", 1024}, {"G", 1024}, {NULL, 0}};
static const struct unit no_units[] = {{"", 1}, {NULL, 0}};

/* Reads digits without leading zeros and one of units. false: it is something else. */
static bool read_quantity(const char *text, const struct unit *units, long long *number)
{
    const char *at = text + (*text == '-');
    long long value = 0;

    if (*at < '0' || *at > '9' || (at[0] == '0' && at[1] >= '0' && at[1] <= '9'))
        return false;
    for (; *at >= '0' && *at <= '9'; at++)
        if (value < LLONG_MAX / 100)
            value = value * 10 + (*at - '0');
    for (; units->name; units++)
        if (strcmp(at, units->name) == 0) {
            if (__builtin_mul_overflow(value, units->factor, number))
                *number = LLONG_MAX;
            if (*text == '-')
                *number = -*number;
            return true;
        }
    return false;
}

static const char *word_of_ms(long long ms, char *text, size_t size)
{
    if (ms % (60 * 60 * 1000) == 0 && ms)
        snprintf(text, size, "%lldh", ms / (60 * 60 * 1000));
    else if (ms % (60 * 1000) == 0 && ms)
        snprintf(text, size, "%lldm", ms / (60 * 1000));
    else if (ms % 1000 == 0)
        snprintf(text, size, "%llds", ms / 1000);
    else
        snprintf(text, size, "%lldms", ms);
    return text;
}

static const char *word_of_mb(long long mb, char *text, size_t size)
{
    if (mb % 1024 == 0 && mb)
        snprintf(text, size, "%lldGB", mb / 1024);
    else
        snprintf(text, size, "%lldMB", mb);
    return text;
}

static void describe_words(const char *const *words, char *text, size_t size)
{
    size_t used = 0;

    text[0] = '\0';
    for (size_t i = 0; words[i] && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%s",
                                 !i             ? ""
                                 : words[i + 1] ? ", "
                                                : " or ",
                                 words[i]);
}

void scalar_describe(const struct schema_type *type, char *text, size_t size)
{
    char low[32], high[32];

    switch (type->kind) {
    case SCHEMA_INT:
        if (type->low == type->high)
            snprintf(text, size, "the number %lld", type->low);
        else
            snprintf(text, size, "a number from %lld to %lld", type->low, type->high);
        break;
    case SCHEMA_BOOL:
        snprintf(text, size, "true or false");
        break;
    case SCHEMA_DURATION:
        snprintf(text, size, "a duration from %s to %s", word_of_ms(type->low, low, sizeof(low)),
                 word_of_ms(type->high, high, sizeof(high)));
        break;
    case SCHEMA_SIZE:
        snprintf(text, size, "a size from %s to %s", word_of_mb(type->low, low, sizeof(low)),
                 word_of_mb(type->high, high, sizeof(high)));
        break;
    case SCHEMA_MODE:
        snprintf(text, size, "permissions in octal like \"0755\"");
        break;
    case SCHEMA_ENUM:
        describe_words(type->words, text, size);
        break;
    case SCHEMA_TEXT:
        snprintf(text, size, "%s", type->form->what);
        break;
    case SCHEMA_LIST:
        snprintf(text, size, "a list");
        break;
    case SCHEMA_MAP:
        snprintf(text, size, "a map");
        break;
    }
}

static int fail(const struct schema_type *type, enum diag_code code, struct fault *fault)
{
    char expected[256];

    scalar_describe(type, expected, sizeof(expected));
    return fault_set(fault, code, "expected %s", expected);
}

static int parse_quantity(const struct schema_type *type, const struct unit *units,
                          const char *text, long long *number, struct fault *fault)
{
    static const char *const examples[] = {
        [SCHEMA_INT] = "write it in decimal digits, without leading zeros",
        [SCHEMA_DURATION] = "write it like 500ms, 10s, 5m or 1h",
        [SCHEMA_SIZE] = "write it like 100MB or 2GB; a plain number counts MB",
    };

    if (!read_quantity(text, units, number)) {
        fail(type, DIAG_SPEC_TYPE, fault);
        return fault_hint(fault, "%s", examples[type->kind]);
    }
    if (*number < type->low || *number > type->high)
        return fail(type, DIAG_SPEC_VALUE, fault);
    return 0;
}

static int parse_bool(const struct schema_type *type, const char *text, long long *number,
                      struct fault *fault)
{
    *number = strcmp(text, "true") == 0;
    if (*number || strcmp(text, "false") == 0)
        return 0;
    return fail(type, DIAG_SPEC_TYPE, fault);
}

static int parse_mode(const struct schema_type *type, const char *text, long long *number,
                      struct fault *fault)
{
    size_t length = strlen(text);

    if (length < 3 || length > 4 || strspn(text, "01234567") != length)
        return fail(type, DIAG_SPEC_TYPE, fault);
    *number = 0;
    for (; *text; text++)
        *number = *number * 8 + (*text - '0');
    if (*number <= 0777)
        return 0;
    fail(type, DIAG_SPEC_VALUE, fault);
    return fault_hint(fault, "set-user-id, set-group-id and sticky bits are never deployed");
}

static int parse_word(const struct schema_type *type, const char *text, long long *number,
                      struct fault *fault)
{
    for (size_t i = 0; type->words[i]; i++)
        if (strcmp(type->words[i], text) == 0) {
            *number = (long long)i;
            return 0;
        }
    return fail(type, DIAG_SPEC_VALUE, fault);
}

int scalar_parse(const struct schema_type *type, const char *text, long long *number,
                 struct fault *fault)
{
    switch (type->kind) {
    case SCHEMA_INT:
        return parse_quantity(type, no_units, text, number, fault);
    case SCHEMA_DURATION:
        return parse_quantity(type, duration_units, text, number, fault);
    case SCHEMA_SIZE:
        return parse_quantity(type, size_units, text, number, fault);
    case SCHEMA_BOOL:
        return parse_bool(type, text, number, fault);
    case SCHEMA_MODE:
        return parse_mode(type, text, number, fault);
    case SCHEMA_ENUM:
        return parse_word(type, text, number, fault);
    case SCHEMA_TEXT:
    case SCHEMA_LIST:
    case SCHEMA_MAP:
        break;
    }
    return fail(type, DIAG_SPEC_TYPE, fault);
}
