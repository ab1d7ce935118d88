#pragma once

#include "planner/base/arena.h"
#include "planner/base/vec.h"

#include <stdbool.h>
#include <stdio.h>

/* Text in aligned columns. Cells are cleaned of what would drive a terminal. */
enum { TABLE_COLUMNS = 10 };

struct table_row {
    const char *cells[TABLE_COLUMNS];
    const char *color; /* an ANSI sequence for the row; NULL */
};

struct table {
    struct arena *arena;
    int columns;
    unsigned right; /* bit n: column n is aligned to the right */
    vec_of(struct table_row) rows;
};

/* The headings are the first row; NULL ends them. */
void table_init(struct table *table, struct arena *arena, unsigned right, ...)
    __attribute__((sentinel));
/* As many cells as columns; NULL cells show as "-". Valid until the next row is added. */
struct table_row *table_add(struct table *table, ...);
void table_print(const struct table *table, FILE *out, bool color);
