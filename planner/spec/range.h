#pragma once

#include "planner/base/arena.h"
#include "planner/base/diag.h"

#include <stdbool.h>
#include <stddef.h>

/* Names with ranges in brackets: cache[001-003].arcus stands for three names. Several ranges in
 * one name stand for every combination, the last one running fastest. Leading zeros are kept. */

enum { RANGE_MOST = 10000 }; /* names that one pattern may stand for */

struct range_part {
    const char *text; /* before the range */
    size_t length;
    long low, high; /* low > high: no range follows */
    int width;      /* digits at least */
};

struct range {
    struct range_part parts[4];
    size_t part_count;
    size_t count; /* names; 1 without brackets */
};

/* Takes a pattern apart; the range refers to its text. -1 with fault set (DIAG_SPEC_RANGE), and
 * *offset is the byte of the pattern where the trouble is. */
int range_parse(const char *pattern, struct range *range, size_t *offset, struct fault *fault);

/* The name number index, from 0. */
const char *range_name(const struct range *range, size_t index, struct arena *arena);

/* PORT or FIRST-LAST. -1 with fault set. */
int range_parse_ports(const char *text, int *first, int *last, struct fault *fault);
