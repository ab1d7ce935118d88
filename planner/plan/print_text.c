/* One block for each operation, one line for each step: symbol, number, address, reason; what it
 * waits for and what it costs stand on a line below, dimmed, because they are read second. */
#include "planner/plan/print.h"

#include <string.h>

enum { ADDRESS_WIDTH_MAX = 44 };

struct printer {
    FILE *out;
    bool color;
    int address_width;
    int id_width;
};

static const char *const color_reset = "\033[0m";
static const char *const color_dim = "\033[2m";
static const char *const color_bold = "\033[1m";

static const char *verb_color(enum verb verb)
{
    switch (verb) {
    case VERB_CREATE:
        return "\033[32m";
    case VERB_DELETE:
        return "\033[31m";
    case VERB_RESTART:
        return "\033[35m";
    default:
        return "\033[33m";
    }
}

static void color_on(const struct printer *printer, const char *color)
{
    if (printer->color)
        fputs(color, printer->out);
}

static void color_off(const struct printer *printer)
{
    color_on(printer, color_reset);
}

static void print_lines(const struct printer *printer, const char *prefix, const char *lines)
{
    while (*lines) {
        size_t length = strcspn(lines, "\n");

        fputs(prefix, printer->out);
        print_safe_bytes(printer->out, lines, length);
        putc('\n', printer->out);
        lines += length + (lines[length] == '\n');
    }
}

static void print_details(const struct printer *printer, const struct step *step)
{
    struct str text = {0};

    if (step->needs.count) {
        str_puts(&text, "waits for ");
        print_ids(&text, step->needs.items, step->needs.count);
    }
    if (step->after.count) {
        str_puts(&text, text.length ? "; comes after " : "comes after ");
        print_ids(&text, step->after.items, step->after.count);
    }
    if (text.length && (step->bytes_to_send || step->items_dropped))
        str_puts(&text, "; ");
    print_costs(&text, step);
    if (text.length) {
        color_on(printer, color_dim);
        fprintf(printer->out, "      %*s %s", printer->id_width, "", str_text(&text));
        color_off(printer);
        putc('\n', printer->out);
    }
    str_deinit(&text);
}

static void print_step(const struct printer *printer, const struct step *step)
{
    int padding = printer->address_width - (int)strlen(step->change->address);

    color_on(printer, verb_color(step->change->verb));
    fprintf(printer->out, "  %-3s", verb_symbol(step->change->verb));
    color_off(printer);
    fprintf(printer->out, " %*d ", printer->id_width, step->id);
    print_safe(printer->out, step->change->address);
    fprintf(printer->out, "%*s  ", padding > 0 ? padding : 0, "");
    print_safe(printer->out, step->reason);
    putc('\n', printer->out);
    print_details(printer, step);
}

static void print_steps(const struct printer *printer, const struct plan *plan, bool is_first)
{
    enum op op = OP_NONE;

    vec_each(slot, &plan->steps) {
        if ((*slot)->op != op) {
            if (op != OP_NONE || !is_first)
                putc('\n', printer->out);
            op = (*slot)->op;
            color_on(printer, color_bold);
            fputs(op_word(op), printer->out);
            color_off(printer);
            fprintf(printer->out, ": %s\n", op_sentence(op));
        }
        print_step(printer, *slot);
    }
}

static void print_impacts(const struct printer *printer, const struct plan *plan)
{
    if (plan->impacts.count)
        putc('\n', printer->out);
    vec_each(impact, &plan->impacts) {
        struct str text = {0};

        print_impact(&text, impact);
        fputs("cloud ", printer->out);
        print_safe(printer->out, impact->cloud);
        fprintf(printer->out, ": %s\n", str_text(&text));
        str_deinit(&text);
    }
}

static void measure(struct printer *printer, const struct plan *plan)
{
    char id[32];

    printer->id_width = snprintf(id, sizeof(id), "%zu", plan->steps.count);
    vec_each(step, &plan->steps) {
        size_t length = strlen((*step)->change->address);

        if (length <= ADDRESS_WIDTH_MAX && (int)length > printer->address_width)
            printer->address_width = (int)length;
    }
}

static void print_end(const struct printer *printer, const struct plan *plan)
{
    struct str text = {0};

    if (plan->steps.count) {
        print_summary(&text, &plan->summary);
        fprintf(printer->out, "\n%s\n", str_text(&text));
    } else {
        print_spec_names(&text, plan->spec);
        fprintf(printer->out, "nothing to do: %d resource%s as %s wants %s\n",
                plan->summary.unchanged, plan->summary.unchanged == 1 ? " is" : "s are",
                str_text(&text), plan->summary.unchanged == 1 ? "it" : "them");
    }
    str_deinit(&text);
}

void plan_print_text(const struct plan *plan, FILE *out, bool color)
{
    struct printer printer = {.out = out, .color = color};
    struct str caveats = {0};

    measure(&printer, plan);
    print_caveats(&caveats, plan);
    print_lines(&printer, "note: ", str_text(&caveats));
    print_steps(&printer, plan, !caveats.length);
    str_deinit(&caveats);
    print_impacts(&printer, plan);
    print_end(&printer, plan);
}
