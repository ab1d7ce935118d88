/* A pattern is a row of parts, each literal text followed by one range. Name number i is found by
 * dividing i by the sizes of the ranges, from the last to the first, like the digits of a number
 * with a different base at each place; nothing is expanded that nobody asks for. */
#include "planner/spec/range.h"

#include "planner/base/str.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_DIGITS = 9 };

/* Reads digits at *at. Their count, or 0 when there are none or too many. */
static int read_number(const char **at, long *number)
{
    int digits = 0;

    *number = 0;
    for (; **at >= '0' && **at <= '9'; ++*at)
        if (++digits <= MOST_DIGITS)
            *number = *number * 10 + (**at - '0');
    return digits <= MOST_DIGITS ? digits : 0;
}

/* Reads "LOW-HIGH]" at *at. */
static int read_range(const char **at, struct range_part *part, struct fault *fault)
{
    const char *low_text = *at, *high_text;
    int low_digits = read_number(at, &part->low), high_digits = 0;

    high_text = *at + 1;
    if (low_digits && **at == '-') {
        ++*at;
        high_digits = read_number(at, &part->high);
    }
    if (!high_digits || **at != ']')
        return fault_set(fault, DIAG_SPEC_RANGE, "expected a range like [001-003]");
    ++*at;
    if (part->low > part->high)
        return fault_set(fault, DIAG_SPEC_RANGE, "expected a range that rises, found [%.*s-%.*s]",
                         low_digits, low_text, high_digits, high_text);
    if (low_digits != high_digits && high_text[0] == '0')
        return fault_set(fault, DIAG_SPEC_RANGE,
                         "expected the same number of digits on both sides, found [%.*s-%.*s]",
                         low_digits, low_text, high_digits, high_text);
    part->width = low_text[0] == '0' || low_digits == high_digits ? low_digits : 1;
    return 0;
}

static int add_part(struct range *range, const struct range_part *part, struct fault *fault)
{
    const size_t most = sizeof(range->parts) / sizeof(range->parts[0]);

    if (range->part_count == most - (part->low <= part->high))
        return fault_set(fault, DIAG_SPEC_RANGE, "expected at most %zu ranges in a name", most - 1);
    range->parts[range->part_count++] = *part;
    if (part->low > part->high)
        return 0;
    if (part->high - part->low >= RANGE_MOST ||
        range->count * (size_t)(part->high - part->low + 1) > RANGE_MOST)
        return fault_set(fault, DIAG_SPEC_RANGE, "expected at most %d names, found more",
                         RANGE_MOST);
    range->count *= (size_t)(part->high - part->low + 1);
    return 0;
}

int range_parse(const char *pattern, struct range *range, size_t *offset, struct fault *fault)
{
    const char *at = pattern;

    *range = (struct range){.count = 1};
    for (;;) {
        struct range_part part = {.text = at, .low = 1, .high = 0};

        part.length = strcspn(at, "[]");
        at += part.length;
        *offset = (size_t)(at - pattern);
        if (*at == ']')
            return fault_set(fault, DIAG_SPEC_RANGE, "expected a [ before this ]");
        if (*at == '\0')
            return part.length || !range->part_count ? add_part(range, &part, fault) : 0;
        at++;
        if (read_range(&at, &part, fault) < 0 || add_part(range, &part, fault) < 0)
            return -1;
    }
}

const char *range_name(const struct range *range, size_t index, struct arena *arena)
{
    long numbers[sizeof(range->parts) / sizeof(range->parts[0])] = {0};
    struct str text = {0};
    const char *name;

    for (size_t i = range->part_count; i-- > 0;) {
        const struct range_part *part = &range->parts[i];
        size_t size = part->low > part->high ? 1 : (size_t)(part->high - part->low + 1);

        numbers[i] = part->low + (long)(index % size);
        index /= size;
    }
    for (size_t i = 0; i < range->part_count; i++) {
        const struct range_part *part = &range->parts[i];

        str_add(&text, part->text, part->length);
        if (part->low <= part->high)
            str_printf(&text, "%0*ld", part->width, numbers[i]);
    }
    name = arena_strdup(arena, str_text(&text));
    str_deinit(&text);
    return name;
}

int range_parse_ports(const char *text, int *first, int *last, struct fault *fault)
{
    const char *at = text;
    long low = 0, high;
    int low_digits = read_number(&at, &low), high_digits = low_digits;
    bool has_zero = *text == '0';

    high = low;
    if (low_digits && *at == '-') {
        at++;
        has_zero |= *at == '0';
        high_digits = read_number(&at, &high);
    }
    if (!low_digits || !high_digits || *at || has_zero || high > 65535)
        return fault_set(fault, DIAG_SPEC_VALUE,
                         "expected a port from 1 to 65535, or two like 11211-11212");
    if (low > high)
        return fault_set(fault, DIAG_SPEC_RANGE, "expected a range that rises");
    *first = (int)low;
    *last = (int)high;
    return 0;
}
