/* Values of vars may use other variables: each is replaced when it is first asked for, and one
 * that is asked for while it is being replaced refers to itself. What came from the environment is
 * never quoted in messages: it may be a secret. */
#include "planner/spec/vars.h"

#include "planner/base/map.h"
#include "planner/base/str.h"
#include "planner/spec/nearest.h"

#include <stdarg.h>
#include <string.h>

enum {
    DEPTH_MOST = 64,  /* variables that stand for others */
    HINTS_MOST = 100, /* searching names for the nearest one takes time */
};

enum variable_state { VARIABLE_RAW, VARIABLE_BUSY, VARIABLE_DONE };

struct variable {
    const char *name;
    struct tree *node; /* in vars; NULL for one given with --var */
    const char *value; /* of one given with --var */
    enum variable_state state;
    bool is_used;
};

struct replacer {
    const struct spec_input *input;
    struct arena *arena;
    struct diags *diags;
    struct map variables;
    vec_of(struct variable *) all;
    size_t total_bytes;
    size_t undefined_count;
    int depth; /* of variables that are being replaced for others */
};

/* One value being replaced. */
struct value {
    struct tree *node;
    struct str text;
    bool has_environment;
};

static bool is_name(const char *name, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        char c = name[i];
        bool is_letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';

        if (!is_letter && !(i && ((c >= '0' && c <= '9') || c == '-')))
            return false;
    }
    return length > 0;
}

static void add_variable(struct replacer *replacer, const char *name, struct tree *node,
                         const char *value)
{
    struct variable *variable = map_get(&replacer->variables, name);

    if (!variable) {
        variable = arena_new_of(replacer->arena, struct variable);
        *vec_push(replacer->arena, &replacer->all) = variable;
        map_put(&replacer->variables, name, variable);
    }
    *variable = (struct variable){.name = name, .node = node, .value = value};
}

static struct diag *report(struct replacer *replacer, const struct value *value, size_t offset,
                           const char *format, ...) __attribute__((format(printf, 4, 5)));

static struct diag *report(struct replacer *replacer, const struct value *value, size_t offset,
                           const char *format, ...)
{
    va_list args;
    const char *text;

    va_start(args, format);
    text = arena_vprintf(replacer->arena, format, args);
    va_end(args);
    value->node->is_broken = true;
    return diag_error(replacer->diags, DIAG_SPEC_VARIABLE, tree_place_in(value->node, offset), "%s",
                      text);
}

static int report_undefined(struct replacer *replacer, const struct value *value, size_t offset,
                            const char *name)
{
    struct diag *diag = report(replacer, value, offset, "variable %s is not defined", name);
    struct nearest nearest = {.wrong = name};

    if (++replacer->undefined_count <= HINTS_MOST)
        vec_each(variable, &replacer->all)
            nearest_offer(&nearest, (*variable)->name);
    if (nearest_found(&nearest))
        diag_hint(replacer->diags, diag, "did you mean ${%s}?", nearest_found(&nearest));
    else
        diag_hint(replacer->diags, diag,
                  "define it under vars or with --var %s=VALUE, or write $${%s} to mean the text",
                  name, name);
    return -1;
}

static int add_environment(struct replacer *replacer, struct value *value, size_t offset,
                           const char *name)
{
    const char *found = replacer->input->environment && is_name(name, strlen(name))
                            ? replacer->input->environment(name)
                            : NULL;

    value->has_environment = true;
    if (!found) {
        report(replacer, value, offset, "environment variable %s is not set", name);
        return -1;
    }
    str_puts(&value->text, found);
    return 0;
}

static int replace_value(struct replacer *replacer, struct tree *node);

static int add_variable_value(struct replacer *replacer, struct value *value, size_t offset,
                              const char *name)
{
    struct variable *variable = map_get(&replacer->variables, name);

    if (!variable)
        return report_undefined(replacer, value, offset, name);
    variable->is_used = true;
    if (!variable->node) {
        str_puts(&value->text, variable->value);
        return 0;
    }
    if (variable->state == VARIABLE_BUSY || replacer->depth > DEPTH_MOST) {
        report(replacer, value, offset,
               variable->state == VARIABLE_BUSY ? "variable %s refers to itself"
                                                : "variable %s stands at the end of a chain of "
                                                  "too many others",
               name);
        return -1;
    }
    if (variable->state == VARIABLE_RAW) {
        variable->state = VARIABLE_BUSY;
        replacer->depth++;
        replace_value(replacer, variable->node);
        replacer->depth--;
        variable->state = VARIABLE_DONE;
    }
    if (variable->node->is_broken || variable->node->kind != TREE_SCALAR) {
        value->node->is_broken = true;
        return -1;
    }
    value->has_environment |= variable->node->text != variable->node->shown;
    str_puts(&value->text, variable->node->text);
    return 0;
}

/* Replaces the reference that starts at text[*at] and moves *at behind it. */
static int add_reference(struct replacer *replacer, struct value *value, size_t *at)
{
    const char *start = value->node->text + *at + 2;
    const char *end = strchr(start, '}');
    size_t offset = *at;
    char *name;

    if (!end) {
        *at += strlen(start) + 2;
        diag_hint(replacer->diags, report(replacer, value, offset, "expected a } after ${"),
                  "write $${ to mean the text ${");
        return -1;
    }
    name = arena_strndup(replacer->arena, start, (size_t)(end - start));
    *at = (size_t)(end + 1 - value->node->text);
    if (strncmp(name, "env:", 4) == 0)
        return add_environment(replacer, value, offset, name + 4);
    if (is_name(name, strlen(name)))
        return add_variable_value(replacer, value, offset, name);
    diag_hint(
        replacer->diags,
        report(replacer, value, offset, "expected ${NAME} or ${env:NAME}, found ${%.60s}", name),
        "write $${ to mean the text ${");
    return -1;
}

static int add_text(struct replacer *replacer, struct value *value)
{
    const char *text = value->node->text;
    size_t at = 0;
    int result = 0;

    while (text[at]) {
        size_t plain = strcspn(text + at, "$");

        str_add(&value->text, text + at, plain);
        at += plain;
        if (strncmp(text + at, "$${", 3) == 0) {
            str_puts(&value->text, "${");
            at += 3;
        } else if (strncmp(text + at, "${", 2) == 0) {
            if (add_reference(replacer, value, &at) < 0)
                result = -1;
        } else if (text[at]) {
            str_add(&value->text, text + at++, 1);
        }
        if (value->text.length > VARS_MOST_BYTES) {
            report(replacer, value, 0, "expected at most %d bytes after variables were replaced",
                   VARS_MOST_BYTES);
            return -1;
        }
    }
    return result;
}

static int replace_value(struct replacer *replacer, struct tree *node)
{
    struct value value = {.node = node};
    int result;

    if (node->kind != TREE_SCALAR || node->is_broken || !strchr(node->text, '$'))
        return 0;
    result = add_text(replacer, &value);
    replacer->total_bytes += value.text.length;
    if (result == 0 && replacer->total_bytes > VARS_MOST_TOTAL) {
        report(replacer, &value, 0, "expected at most %d bytes from all variables together",
               VARS_MOST_TOTAL);
        result = -1;
    }
    if (result == 0) {
        const char *raw = node->text;

        node->text = arena_strdup(replacer->arena, str_text(&value.text));
        node->shown = value.has_environment ? raw : node->text;
        node->text_column = 0;
    }
    str_deinit(&value.text);
    return result;
}

static void replace_below(struct replacer *replacer, struct tree *node)
{
    replace_value(replacer, node);
    vec_each(item, &node->items)
        replace_below(replacer, *item);
    vec_each(entry, &node->entries)
        replace_below(replacer, entry->value);
}

/* Each of vars once, also those that nothing refers to. */
static void replace_variables(struct replacer *replacer)
{
    vec_each(item, &replacer->all) {
        struct variable *variable = *item;

        if (!variable->node || variable->state == VARIABLE_DONE)
            continue;
        variable->state = VARIABLE_BUSY;
        replace_value(replacer, variable->node);
        variable->state = VARIABLE_DONE;
    }
}

/* A variable given with --var that nothing uses is most likely a misspelled one. */
static void warn_of_unused(struct replacer *replacer)
{
    vec_each(item, &replacer->all) {
        struct nearest nearest = {.wrong = (*item)->name};
        struct diag *diag;

        if ((*item)->node || (*item)->is_used)
            continue;
        diag = diag_warning(replacer->diags, DIAG_SPEC_VARIABLE, SRCLOC_NONE,
                            "variable %s, given with --var, is used nowhere", (*item)->name);
        vec_each(other, &replacer->all)
            if (*other != *item)
                nearest_offer(&nearest, (*other)->name);
        if (nearest_found(&nearest))
            diag_hint(replacer->diags, diag, "did you mean %s?", nearest_found(&nearest));
    }
}

void vars_replace(struct tree *root, const struct spec_input *input, struct arena *arena,
                  struct diags *diags)
{
    struct replacer replacer = {.input = input, .arena = arena, .diags = diags};
    struct tree *vars = tree_get(root, "vars");

    if (root->kind != TREE_MAP)
        return;
    map_init(&replacer.variables, arena);
    if (vars)
        vec_each(entry, &vars->entries)
            add_variable(&replacer, entry->key, entry->value, NULL);
    for (size_t i = 0; i < input->variable_count; i++)
        add_variable(&replacer, input->variables[i].name, NULL, input->variables[i].value);
    replace_variables(&replacer);
    vec_each(entry, &root->entries)
        if (entry->value != vars)
            replace_below(&replacer, entry->value);
    warn_of_unused(&replacer);
    map_deinit(&replacer.variables);
}
