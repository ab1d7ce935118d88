/* Messages are kept in the order of their arrival and sorted by place when they are printed; the
 * sort is stable because arrival breaks ties. Source lines come from texts registered before. */
#include "planner/base/diag.h"

#include "planner/base/utf8.h"
#include "planner/base/vec.h"

#include <stdlib.h>

struct note {
    struct srcloc at;
    const char *text;
};

struct diag {
    enum diag_code code;
    bool is_warning;
    struct srcloc at;
    const char *text;
    const char *hint;
    vec_of(struct note) notes;
    size_t arrival;
};

struct source {
    const char *file;
    const char *text;
    size_t length;
    vec_of(size_t) lines; /* where each line starts, once somebody asked */
};

struct diags {
    struct arena *arena;
    vec_of(struct diag *) items;
    vec_of(struct source) sources;
};

static const struct diag_code_info codes[DIAG_COUNT] = {
#define DIAG(name, number, exit_status, sentence) {#name, number, exit_status, sentence},
#include "planner/base/diag_codes.def"
#undef DIAG
};

const struct diag_code_info *diag_code_info(enum diag_code code)
{
    return &codes[code];
}

int fault_set(struct fault *fault, enum diag_code code, const char *format, ...)
{
    char text[sizeof(fault->text)];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    fault->code = code;
    fault->hint[0] = '\0';
    memcpy(fault->text, text, sizeof(text));
    return -1;
}

int fault_hint(struct fault *fault, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(fault->hint, sizeof(fault->hint), format, args);
    va_end(args);
    return -1;
}

struct diags *diags_new(struct arena *arena)
{
    struct diags *diags = arena_new_of(arena, struct diags);

    diags->arena = arena;
    return diags;
}

void diags_add_source(struct diags *diags, const char *file, const char *text, size_t length)
{
    *vec_push(diags->arena, &diags->sources) =
        (struct source){.file = file, .text = text, .length = length};
}

static struct diag *diag_add(struct diags *diags, enum diag_code code, struct srcloc at,
                             const char *text)
{
    struct diag *diag = arena_new_of(diags->arena, struct diag);

    diag->code = code;
    diag->at = at;
    diag->text = text;
    diag->arrival = diags->items.count;
    *vec_push(diags->arena, &diags->items) = diag;
    return diag;
}

struct diag *diag_error(struct diags *diags, enum diag_code code, struct srcloc at,
                        const char *format, ...)
{
    va_list args;
    struct diag *diag;

    va_start(args, format);
    diag = diag_add(diags, code, at, arena_vprintf(diags->arena, format, args));
    va_end(args);
    return diag;
}

struct diag *diag_warning(struct diags *diags, enum diag_code code, struct srcloc at,
                          const char *format, ...)
{
    va_list args;
    struct diag *diag;

    va_start(args, format);
    diag = diag_add(diags, code, at, arena_vprintf(diags->arena, format, args));
    va_end(args);
    diag->is_warning = true;
    return diag;
}

struct diag *diag_fault(struct diags *diags, struct srcloc at, const struct fault *fault)
{
    struct diag *diag = diag_add(diags, fault->code, at, arena_strdup(diags->arena, fault->text));

    if (fault->hint[0])
        diag->hint = arena_strdup(diags->arena, fault->hint);
    return diag;
}

void diag_note(struct diags *diags, struct diag *diag, struct srcloc at, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    *vec_push(diags->arena, &diag->notes) =
        (struct note){at, arena_vprintf(diags->arena, format, args)};
    va_end(args);
}

void diag_hint(struct diags *diags, struct diag *diag, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    diag->hint = arena_vprintf(diags->arena, format, args);
    va_end(args);
}

size_t diags_count_errors(const struct diags *diags)
{
    size_t count = 0;

    vec_each(item, &diags->items)
        count += !(*item)->is_warning;
    return count;
}

bool diags_has_errors(const struct diags *diags)
{
    return diags_count_errors(diags) > 0;
}

static int diag_compare(const void *left, const void *right)
{
    const struct diag *a = *(struct diag *const *)left;
    const struct diag *b = *(struct diag *const *)right;
    int order = srcloc_compare(&a->at, &b->at);

    return order ? order : (a->arrival > b->arrival) - (a->arrival < b->arrival);
}

int diags_exit_status(const struct diags *diags)
{
    const struct diag *first = NULL;

    vec_each(item, &diags->items)
        if (!(*item)->is_warning && (!first || diag_compare(item, &first) < 0))
            first = *item;
    return first ? codes[first->code].exit_status : 0;
}

/* Neither a control character, C1 among them, nor one that turns the direction of writing. */
static bool is_printable(unsigned code)
{
    return code >= 0x20 && !(code >= 0x7f && code < 0xa0) && !(code >= 0x202a && code <= 0x202e) &&
           !(code >= 0x2066 && code <= 0x2069);
}

/* Text may come from a host or a damaged file: nothing in it may drive the terminal. */
static void print_text(FILE *out, const char *text)
{
    size_t left = strlen(text);
    unsigned code;

    for (size_t step; left; text += step, left -= step) {
        step = utf8_decode(text, left, &code);
        if (*text == '\n') {
            fputs("\\n", out);
        } else if (step && is_printable(code)) {
            fwrite(text, 1, step, out);
        } else {
            fprintf(out, "\\x%02x", (unsigned char)*text);
            step = 1;
        }
    }
}

static void print_place(FILE *out, const struct srcloc *at)
{
    if (!at->file)
        return;
    print_text(out, at->file);
    if (at->line)
        fprintf(out, ":%d:%d", at->line, at->column);
    fputs(": ", out);
}

/* A byte order mark takes no column, and begins no line. */
static void find_lines(struct arena *arena, struct source *source)
{
    const char *at = source->text;
    const char *end = source->text + source->length;

    if (end - at >= 3 && memcmp(at, "\xef\xbb\xbf", 3) == 0)
        at += 3;
    while (at) {
        *vec_push(arena, &source->lines) = (size_t)(at - source->text);
        at = memchr(at, '\n', (size_t)(end - at));
        at = at ? at + 1 : NULL;
    }
}

/* Finds line number line of a text; false when the text has fewer lines. */
static bool find_line(struct arena *arena, struct source *source, int line, const char **start,
                      size_t *length)
{
    size_t at, stop;

    if (!source->lines.count)
        find_lines(arena, source);
    if (line < 1 || (size_t)line > source->lines.count)
        return false;
    at = source->lines.items[line - 1];
    stop = (size_t)line < source->lines.count ? source->lines.items[line] - 1 : source->length;
    *start = source->text + at;
    *length = stop - at;
    if (*length && (*start)[*length - 1] == '\r')
        --*length;
    return true;
}

static void print_source_line(FILE *out, const struct diags *diags, const struct srcloc *at)
{
    enum { WIDEST = 160 };
    struct source *source = NULL;
    const char *text;
    size_t length;
    unsigned code;
    int indent = 0;

    vec_each(item, &diags->sources)
        if (at->file && at->line && strcmp(item->file, at->file) == 0)
            source = item;
    if (!source || !find_line(diags->arena, source, at->line, &text, &length) ||
        at->column > WIDEST)
        return;
    fprintf(out, "%5d | ", at->line);
    for (int column = 1; length && column <= WIDEST; column++) {
        size_t step = utf8_decode(text, length, &code);

        if (column < at->column)
            indent += step ? utf8_width(code) : 1;
        if (step && is_printable(code))
            fwrite(text, 1, step, out);
        else
            fputc(step ? ' ' : '?', out);
        text += step ? step : 1;
        length -= step ? step : 1;
    }
    fprintf(out, "\n      | %*s\n", indent + 1, "^");
}

static void print_diag(const struct diags *diags, const struct diag *diag, FILE *out, bool color)
{
    const char *bold = color ? "\033[1m" : "", *off = color ? "\033[0m" : "";
    const char *tint = !color ? "" : diag->is_warning ? "\033[1;33m" : "\033[1;31m";

    fputs(bold, out);
    print_place(out, &diag->at);
    fprintf(out, "%s%s[%c%04d]:%s ", tint, diag->is_warning ? "warning" : "error",
            diag->is_warning ? 'W' : 'E', codes[diag->code].number, off);
    print_text(out, diag->text);
    fputc('\n', out);
    print_source_line(out, diags, &diag->at);
    vec_each(note, &diag->notes) {
        print_place(out, &note->at);
        fputs("note: ", out);
        print_text(out, note->text);
        fputc('\n', out);
        print_source_line(out, diags, &note->at);
    }
    if (diag->hint) {
        fputs("hint: ", out);
        print_text(out, diag->hint);
        fputc('\n', out);
    }
}

/* What stands behind several aliases is checked once for each of them. */
static bool is_same(const struct diag *a, const struct diag *b)
{
    return a->code == b->code && a->at.line && srcloc_compare(&a->at, &b->at) == 0 &&
           strcmp(a->text, b->text) == 0;
}

void diags_print(struct diags *diags, FILE *out, bool color)
{
    const struct diag *last = NULL;

    if (diags->items.count)
        qsort(diags->items.items, diags->items.count, sizeof(*diags->items.items), diag_compare);
    vec_each(item, &diags->items) {
        if (!last || !is_same(last, *item))
            print_diag(diags, *item, out, color);
        last = *item;
    }
    diags->items.count = 0;
}
