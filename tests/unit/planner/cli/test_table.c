#include "planner/cli/table.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void assert_printed(const struct table *table, bool color, const char *expected)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    assert_non_null(out);
    table_print(table, out, color);
    fclose(out);
    assert_string_equal(text, expected);
    free(text);
}

static void columns_are_as_wide_as_their_widest_cell(void **state)
{
    struct arena *arena = arena_new();
    struct table table;

    (void)state;
    table_init(&table, arena, 0x2, "NAME", "ITEMS", "NOTE", NULL);
    table_add(&table, "a", "7", "x");
    table_add(&table, "longer", "1234567", "y");
    assert_printed(&table, false,
                   "NAME      ITEMS  NOTE\n"
                   "a             7  x\n"
                   "longer  1234567  y\n");
    arena_free(arena);
}

static void missing_cells_show_as_a_dash(void **state)
{
    struct arena *arena = arena_new();
    struct table table;

    (void)state;
    table_init(&table, arena, 0, "A", "B", NULL);
    table_add(&table, NULL, "");
    assert_printed(&table, false, "A  B\n-  -\n");
    arena_free(arena);
}

static void cells_cannot_drive_the_terminal(void **state)
{
    struct arena *arena = arena_new();
    struct table table;

    (void)state;
    table_init(&table, arena, 0, "A", NULL);
    table_add(&table, "x\033[2J\n");
    assert_printed(&table, false, "A\nx?[2J?\n");
    arena_free(arena);
}

static void wide_characters_take_two_columns(void **state)
{
    struct arena *arena = arena_new();
    struct table table;

    (void)state;
    if (!setlocale(LC_CTYPE, "C.UTF-8"))
        skip();
    table_init(&table, arena, 0, "A", "B", NULL);
    table_add(&table, "\xec\x95\x84", "x");
    table_add(&table, "abc", "y");
    assert_printed(&table, false, "A    B\n\xec\x95\x84   x\nabc  y\n");
    arena_free(arena);
}

static void rows_are_coloured_only_when_asked(void **state)
{
    struct arena *arena = arena_new();
    struct table table;

    (void)state;
    table_init(&table, arena, 0, "A", NULL);
    table_add(&table, "x")->color = "\033[31m";
    assert_printed(&table, false, "A\nx\n");
    assert_printed(&table, true, "A\n\033[31mx\033[0m\n");
    arena_free(arena);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_as_wide_as_their_widest_cell),
        cmocka_unit_test(missing_cells_show_as_a_dash),
        cmocka_unit_test(cells_cannot_drive_the_terminal),
        cmocka_unit_test(wide_characters_take_two_columns),
        cmocka_unit_test(rows_are_coloured_only_when_asked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
