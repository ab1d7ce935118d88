/* Widths are counted in columns of the terminal, not in bytes; the last column is not padded. */
#include "planner/cli/table.h"

#include "planner/base/utf8.h"

#include <stdarg.h>

static struct table_row *new_row(struct table *table)
{
    return vec_push(table->arena, &table->rows);
}

void table_init(struct table *table, struct arena *arena, unsigned right, ...)
{
    struct table_row *row;
    const char *heading;
    va_list args;

    *table = (struct table){.arena = arena, .right = right};
    row = new_row(table);
    va_start(args, right);
    while ((heading = va_arg(args, const char *)) && table->columns < TABLE_COLUMNS)
        row->cells[table->columns++] = heading;
    va_end(args);
}

struct table_row *table_add(struct table *table, ...)
{
    struct table_row *row = new_row(table);
    va_list args;

    va_start(args, table);
    for (int i = 0; i < table->columns; i++) {
        const char *cell = va_arg(args, const char *);

        row->cells[i] = cell && cell[0] ? utf8_clean(table->arena, cell) : "-";
    }
    va_end(args);
    return row;
}

static void print_row(const struct table *table, const struct table_row *row, const int *widths,
                      FILE *out, bool color)
{
    if (color && row->color)
        fputs(row->color, out);
    for (int i = 0; i < table->columns; i++) {
        int padding = widths[i] - utf8_columns(row->cells[i]);
        bool is_right = table->right >> i & 1, is_last = i + 1 == table->columns;

        fprintf(out, "%s%*s%s", i ? "  " : "", is_right ? padding : 0, "", row->cells[i]);
        if (!is_right && !is_last)
            fprintf(out, "%*s", padding, "");
    }
    if (color && row->color)
        fputs("\033[0m", out);
    fputc('\n', out);
}

void table_print(const struct table *table, FILE *out, bool color)
{
    int widths[TABLE_COLUMNS] = {0};

    vec_each(row, &table->rows)
        for (int i = 0; i < table->columns; i++) {
            int width = utf8_columns(row->cells[i]);

            widths[i] = width > widths[i] ? width : widths[i];
        }
    vec_each(row, &table->rows)
        print_row(table, row, widths, out, color);
}
