/* Walks tree and schema together. Nothing stops the walk: whatever is wrong is reported and marked
 * broken, so that the later phases can still look at the rest without complaining twice. */
#include "planner/spec/check.h"

#include "planner/base/utf8.h"
#include "planner/spec/nearest.h"
#include "planner/spec/range.h"
#include "planner/spec/scalar.h"

#include <assert.h>
#include <regex.h>
#include <string.h>

enum { TEXT_MOST = 4096, SHOWN_MOST = 60, FORMS_MOST = 32 };

struct pattern {
    const struct schema_form *form;
    regex_t compiled;
};

struct checker {
    struct diags *diags;
    struct pattern patterns[FORMS_MOST]; /* of the forms seen so far */
    size_t pattern_count;
};

/* What a message says that it found; buffer is used when text must be cut. */
static const char *describe_found(const struct tree *node, char buffer[SHOWN_MOST + 8])
{
    size_t length;

    if (node->kind == TREE_NOTHING)
        return "nothing";
    if (node->kind == TREE_LIST)
        return "a list";
    if (node->kind == TREE_MAP)
        return "a map";
    length = strlen(node->shown);
    if (length > SHOWN_MOST) {
        length = SHOWN_MOST;
        while (length && ((unsigned char)node->shown[length] & 0xc0) == 0x80)
            length--;
    }
    snprintf(buffer, SHOWN_MOST + 8, "\"%.*s%s\"", (int)length, node->shown,
             node->shown[length] ? "..." : "");
    return buffer;
}

static struct diag *report_type(struct checker *checker, struct tree *node, const char *expected)
{
    char buffer[SHOWN_MOST + 8];

    node->is_broken = true;
    return diag_error(checker->diags, DIAG_SPEC_TYPE, node->at, "expected %s, found %s", expected,
                      describe_found(node, buffer));
}

static const regex_t *pattern_of(struct checker *checker, const struct schema_form *form)
{
    struct pattern *pattern;
    int result;

    for (size_t i = 0; i < checker->pattern_count; i++)
        if (checker->patterns[i].form == form)
            return &checker->patterns[i].compiled;
    assert(checker->pattern_count < FORMS_MOST);
    pattern = &checker->patterns[checker->pattern_count++];
    pattern->form = form;
    result = regcomp(&pattern->compiled, form->pattern, REG_EXTENDED | REG_NOSUB);
    assert(result == 0);
    (void)result;
    return &pattern->compiled;
}

/* Names the first thing in text that no text may hold; NULL when there is none. */
static const char *unfit_character(const struct schema_form *form, const char *text)
{
    size_t length = strlen(text);
    unsigned code;

    for (size_t at = 0, step; at < length; at += step) {
        step = utf8_decode(text + at, length - at, &code);
        if (!step)
            return "bytes that are no UTF-8";
        if (code == '\n' && !form->has_lines)
            return "several lines";
        if ((code < 0x20 && code != '\n' && code != '\t') || (code >= 0x7f && code < 0xa0))
            return "a control character";
    }
    return NULL;
}

/* Checks a word against a form. -1 with fault set; *offset is where in the text the trouble is. */
static int check_form(struct checker *checker, const struct schema_form *form, const char *text,
                      const char *shown, size_t *offset, struct fault *fault)
{
    const char *unfit = unfit_character(form, text);
    size_t most = form->most ? form->most : TEXT_MOST;
    struct range range;

    *offset = 0;
    if (unfit)
        return fault_set(fault, DIAG_SPEC_VALUE, "expected %s, found %s", form->what, unfit);
    if (!*text && !form->may_be_empty)
        return fault_set(fault, DIAG_SPEC_VALUE, "expected %s, found an empty text", form->what);
    if (strlen(text) > most)
        return fault_set(fault, DIAG_SPEC_VALUE, "expected %s of at most %zu bytes, found %zu",
                         form->what, most, strlen(text));
    if (form->has_ranges && range_parse(text, &range, offset, fault) < 0)
        return -1;
    *offset = 0;
    if (form->pattern && regexec(pattern_of(checker, form), text, 0, NULL, 0) != 0) {
        struct tree node = {.kind = TREE_SCALAR, .shown = shown};
        char buffer[SHOWN_MOST + 8];

        return fault_set(fault, DIAG_SPEC_VALUE, "expected %s, found %s", form->what,
                         describe_found(&node, buffer));
    }
    return 0;
}

static void check_text(struct checker *checker, const struct schema_type *type, struct tree *node)
{
    struct fault fault;
    size_t offset;

    if (node->kind != TREE_SCALAR) {
        report_type(checker, node, type->form->what);
        return;
    }
    if (check_form(checker, type->form, node->text, node->shown, &offset, &fault) < 0) {
        diag_fault(checker->diags, tree_place_in(node, offset), &fault);
        node->is_broken = true;
    }
}

static const char *bool_meant(const char *text)
{
    static const char *const words[][2] = {{"yes", "true"},   {"no", "false"},  {"on", "true"},
                                           {"off", "false"},  {"1", "true"},    {"0", "false"},
                                           {"True", "true"},  {"TRUE", "true"}, {"False", "false"},
                                           {"FALSE", "false"}};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcmp(words[i][0], text) == 0)
            return words[i][1];
    return NULL;
}

static const char *word_meant(const struct schema_type *type, const char *text)
{
    struct nearest nearest = {.wrong = text};

    if (type->kind == SCHEMA_BOOL)
        return bool_meant(text);
    for (size_t i = 0; type->words && type->words[i]; i++)
        nearest_offer(&nearest, type->words[i]);
    return nearest_found(&nearest);
}

static void check_scalar(struct checker *checker, const struct schema_type *type, struct tree *node)
{
    char expected[256], buffer[SHOWN_MOST + 8];
    const char *meant;
    struct fault fault;
    struct diag *diag;

    if (node->kind != TREE_SCALAR) {
        scalar_describe(type, expected, sizeof(expected));
        report_type(checker, node, expected);
        return;
    }
    if (scalar_parse(type, node->text, &node->number, &fault) == 0)
        return;
    node->is_broken = true;
    diag = diag_error(checker->diags, fault.code, node->at, "%s, found %s", fault.text,
                      describe_found(node, buffer));
    meant = word_meant(type, node->text);
    if (meant)
        diag_hint(checker->diags, diag, "did you mean %s?", meant);
    else if (fault.hint[0])
        diag_hint(checker->diags, diag, "%s", fault.hint);
}

static void check_value(struct checker *checker, const struct schema_type *type, struct tree *node);

static void check_list(struct checker *checker, const struct schema_type *type, struct tree *node)
{
    if (node->kind == TREE_SCALAR && type->is_lone_item_ok) {
        check_value(checker, type->item, node);
        return;
    }
    if (node->kind == TREE_NOTHING)
        node->kind = TREE_LIST;
    if (node->kind != TREE_LIST) {
        struct diag *diag = report_type(checker, node, "a list");

        if (node->kind == TREE_SCALAR)
            diag_hint(checker->diags, diag, "write [%s]", node->shown);
        return;
    }
    if (type->is_never_empty && !node->items.count) {
        diag_error(checker->diags, DIAG_SPEC_VALUE, node->at,
                   "expected a list of at least one item, found an empty one");
        node->is_broken = true;
    }
    vec_each(item, &node->items)
        check_value(checker, type->item, *item);
}

static void report_unknown_key(struct checker *checker, const struct schema_type *type,
                               const struct tree_entry *entry)
{
    struct nearest nearest = {.wrong = entry->key};
    struct diag *diag;

    entry->value->is_broken = true;
    diag = diag_error(checker->diags, DIAG_SPEC_UNKNOWN_KEY, entry->at,
                      "key %.*s is not known here", SHOWN_MOST, entry->key);
    for (const struct schema_key *key = type->keys; key->name; key++)
        nearest_offer(&nearest, key->name);
    if (nearest_found(&nearest)) {
        diag_hint(checker->diags, diag, "did you mean %s?", nearest_found(&nearest));
    } else {
        char known[512];
        size_t used = 0;

        for (const struct schema_key *key = type->keys; key->name && used < sizeof(known); key++)
            used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s",
                                     key == type->keys ? "" : ", ", key->name);
        diag_hint(checker->diags, diag, "known here: %s", known);
    }
}

/* A free key that looks like a known one with a slip in it. */
static void warn_of_near_key(struct checker *checker, const struct schema_type *type,
                             const struct tree_entry *entry)
{
    struct nearest nearest = {.wrong = entry->key};

    for (const struct schema_key *key = type->keys; key && key->name; key++)
        nearest_offer(&nearest, key->name);
    if (nearest_found(&nearest))
        diag_hint(checker->diags,
                  diag_warning(checker->diags, DIAG_SPEC_UNKNOWN_KEY, entry->at,
                               "key %.*s is passed on unchecked", SHOWN_MOST, entry->key),
                  "did you mean %s?", nearest_found(&nearest));
}

static void check_free_key(struct checker *checker, const struct schema_type *type,
                           struct tree_entry *entry)
{
    struct fault fault;
    size_t offset;

    if (check_form(checker, type->form, entry->key, entry->key, &offset, &fault) < 0) {
        struct diag *diag = diag_fault(checker->diags, entry->at, &fault);

        if (strstr(entry->key, "${"))
            diag_hint(checker->diags, diag, "variables are replaced in values only");
    } else {
        warn_of_near_key(checker, type, entry);
    }
    check_value(checker, type->item, entry->value);
}

static void check_required(struct checker *checker, const struct schema_type *type,
                           struct tree *node)
{
    for (const struct schema_key *key = type->keys; key && key->name; key++)
        if (key->is_required && !tree_get(node, key->name)) {
            diag_error(checker->diags, DIAG_SPEC_MISSING_KEY, node->at, "key %s is missing",
                       key->name);
            node->is_broken = true;
        }
}

static void check_map(struct checker *checker, const struct schema_type *type, struct tree *node)
{
    if (node->kind == TREE_NOTHING)
        node->kind = TREE_MAP;
    if (node->kind != TREE_MAP) {
        report_type(checker, node, "a map");
        return;
    }
    vec_each(entry, &node->entries) {
        const struct schema_key *key = schema_find(type->keys, entry->key);

        if (key)
            check_value(checker, &key->type, entry->value);
        else if (type->item)
            check_free_key(checker, type, entry);
        else
            report_unknown_key(checker, type, entry);
    }
    check_required(checker, type, node);
}

static void check_value(struct checker *checker, const struct schema_type *type, struct tree *node)
{
    if (node->is_broken)
        return;
    switch (type->kind) {
    case SCHEMA_MAP:
        check_map(checker, type, node);
        break;
    case SCHEMA_LIST:
        check_list(checker, type, node);
        break;
    case SCHEMA_TEXT:
        check_text(checker, type, node);
        break;
    default:
        check_scalar(checker, type, node);
        break;
    }
}

void check_tree(const struct schema_type *type, struct tree *root, struct diags *diags)
{
    struct checker checker = {.diags = diags};

    check_value(&checker, type, root);
    for (size_t i = 0; i < checker.pattern_count; i++)
        regfree(&checker.patterns[i].compiled);
}
