/* Prints the schema tables as the key list of arcusplan-spec(5). Each table becomes a subsection
 * under the path where it is met first; where it is met again, the text refers to that path. */
#include "planner/base/str.h"
#include "planner/spec/scalar.h"
#include "planner/spec/schema.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { LINE_MOST = 78, TABLES_MOST = 32 };

struct section {
    const struct schema_key *keys;
    char path[128];
};

struct printer {
    struct section sections[TABLES_MOST]; /* in the order in which they are printed */
    size_t count;
};

/* Prints a phrase as a sentence, filled, keeping what mdoc would take for a request away from the
 * starts of lines. */
static void print_sentence(const char *phrase)
{
    struct str sentence = {0};
    const char *text;
    size_t column = 0;

    str_printf(&sentence, "%c%s.", toupper((unsigned char)phrase[0]), phrase + 1);
    text = str_text(&sentence);
    while (*text) {
        size_t length = strcspn(text, " ");

        if (column && column + 1 + length > LINE_MOST) {
            putchar('\n');
            column = 0;
        } else if (column) {
            putchar(' ');
            column++;
        }
        if (!column && (*text == '.' || *text == '\''))
            column += (size_t)printf("\\&");
        column += (size_t)printf("%.*s", (int)length, text);
        text += length;
        text += strspn(text, " ");
    }
    putchar('\n');
    str_deinit(&sentence);
}

/* The path of a table's section, which is added when the table is new. */
static const char *section_path(struct printer *printer, const struct schema_key *keys,
                                const char *path, const char *name, const char *suffix)
{
    struct section *section;

    for (size_t i = 0; i < printer->count; i++)
        if (printer->sections[i].keys == keys)
            return printer->sections[i].path;
    if (printer->count == TABLES_MOST)
        return path;
    section = &printer->sections[printer->count++];
    section->keys = keys;
    snprintf(section->path, sizeof(section->path), "%s%s%s%s", path, *path ? "." : "", name,
             suffix);
    return section->path;
}

static void describe_type(struct printer *printer, const struct schema_type *type, const char *path,
                          const char *name, struct str *text)
{
    char words[512];

    if (type->kind == SCHEMA_MAP && type->keys)
        str_printf(text, "a map: see %s", section_path(printer, type->keys, path, name, ""));
    else if (type->kind == SCHEMA_MAP && type->item->keys)
        str_printf(text, "a map from names to maps: see %s",
                   section_path(printer, type->item->keys, path, name, ".NAME"));
    else if (type->kind == SCHEMA_MAP)
        str_printf(text, "a map from %s to %s", type->form->what, type->item->form->what);
    else if (type->kind == SCHEMA_LIST && type->item->keys)
        str_printf(text, "a list of maps: see %s",
                   section_path(printer, type->item->keys, path, name, " items"));
    else if (type->kind == SCHEMA_LIST)
        str_printf(text, "%sa list; an item is %s", type->is_lone_item_ok ? "one item or " : "",
                   type->item->form->what);
    else {
        scalar_describe(type, words, sizeof(words));
        str_printf(text, "%s%s",
                   type->kind == SCHEMA_ENUM   ? "the word "
                   : type->kind == SCHEMA_BOOL ? "either "
                                               : "",
                   words);
    }
}

static void print_key(struct printer *printer, const struct schema_key *key, const char *path)
{
    struct str text = {0};

    printf(".It Cm %s\n", key->name);
    print_sentence(key->help);
    printf(".br\n");
    describe_type(printer, &key->type, path, key->name, &text);
    if (key->is_required)
        str_puts(&text, "; required");
    if (key->fallback)
        str_printf(&text, "; default %s", key->fallback);
    print_sentence(str_text(&text));
    str_deinit(&text);
}

int main(void)
{
    struct printer printer = {.sections = {{.keys = schema_spec.keys}}, .count = 1};

    for (size_t i = 0; i < printer.count; i++) {
        const struct section *section = &printer.sections[i];

        printf(".Ss %s\n", *section->path ? section->path : "The file");
        printf(".Bl -tag -width Ds\n");
        for (const struct schema_key *key = section->keys; key->name; key++)
            print_key(&printer, key, section->path);
        printf(".El\n");
    }
    return fflush(stdout) == 0 ? 0 : 1;
}
