/* Places are compared by name, line and column, so that messages come out in reading order. */
#include "planner/base/srcloc.h"

#include <string.h>

int srcloc_compare(const struct srcloc *a, const struct srcloc *b)
{
    int order = strcmp(a->file ? a->file : "", b->file ? b->file : "");

    if (order)
        return order;
    if (a->line != b->line)
        return a->line < b->line ? -1 : 1;
    return (a->column > b->column) - (a->column < b->column);
}
