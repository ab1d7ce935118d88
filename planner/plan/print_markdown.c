/* A table of steps for a pull request. Cells hold text from specs, hosts and ZooKeeper, so all
 * that Markdown or HTML would read as markup is escaped. */
#include "planner/plan/print.h"

#include <stdlib.h>
#include <string.h>

static void print_cell(FILE *out, const char *text)
{
    for (; *text; text++) {
        unsigned char byte = (unsigned char)*text;

        if (byte < 0x20 || byte == 0x7f)
            fprintf(out, "\\\\x%02x", byte);
        else if (byte == '<')
            fputs("&lt;", out);
        else if (byte == '&')
            fputs("&amp;", out);
        else if (strchr("\\`*_|[]#", byte))
            fprintf(out, "\\%c", byte);
        else
            putc(byte, out);
    }
}

static void print_row(FILE *out, const struct step *step)
{
    struct str waits = {0};
    struct str costs = {0};

    print_ids(&waits, step->needs.items, step->needs.count);
    print_costs(&costs, step);
    fprintf(out, "| %d | %s | %s | ", step->id, verb_symbol(step->change->verb), op_word(step->op));
    print_cell(out, step->change->address);
    fputs(" | ", out);
    print_cell(out, step->reason);
    fprintf(out, " | %s | %s |\n", str_text(&waits), str_text(&costs));
    str_deinit(&waits);
    str_deinit(&costs);
}

static void print_impacts(FILE *out, const struct plan *plan)
{
    vec_each(impact, &plan->impacts) {
        struct str text = {0};

        print_impact(&text, impact);
        fputs("* cloud ", out);
        print_cell(out, impact->cloud);
        fprintf(out, ": %s\n", str_text(&text));
        str_deinit(&text);
    }
    if (plan->impacts.count)
        putc('\n', out);
}

static void print_notes(FILE *out, const struct plan *plan)
{
    struct str caveats = {0};
    const char *line;

    print_caveats(&caveats, plan);
    for (line = str_text(&caveats); *line; line = strchr(line, '\n') + 1) {
        char *copy = strndup(line, strcspn(line, "\n"));

        fputs("> ", out);
        print_cell(out, copy ? copy : "");
        fputs("\n>\n", out);
        free(copy);
    }
    if (caveats.length)
        putc('\n', out);
    str_deinit(&caveats);
}

void plan_print_markdown(const struct plan *plan, FILE *out)
{
    struct str names = {0};
    struct str summary = {0};

    print_spec_names(&names, plan->spec);
    fputs("### arcusplan: ", out);
    print_cell(out, str_text(&names));
    fputs("\n\n", out);
    print_notes(out, plan);
    print_summary(&summary, &plan->summary);
    fprintf(out, "%s\n\n", plan->steps.count ? str_text(&summary) : "nothing to do");
    print_impacts(out, plan);
    if (plan->steps.count)
        fputs("| # | | step | resource | why | waits for | costs |\n"
              "|--:|---|---|---|---|---|---|\n",
              out);
    vec_each(step, &plan->steps)
        print_row(out, *step);
    str_deinit(&names);
    str_deinit(&summary);
}
