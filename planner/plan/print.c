#include "planner/plan/print.h"

const char *verb_symbol(enum verb verb)
{
    static const char *const symbols[] = {
        [VERB_KEEP] = "=",   [VERB_UPDATE] = "~", [VERB_TUNE] = "~",   [VERB_RESTART] = "-/+",
        [VERB_CREATE] = "+", [VERB_DELETE] = "-", [VERB_FORGET] = "-",
    };

    return symbols[verb];
}

void print_ids(struct str *text, const int *ids, size_t count)
{
    for (size_t i = 0, end; i < count; i = end) {
        for (end = i + 1; end < count && ids[end] == ids[end - 1] + 1; end++)
            ;
        str_printf(text, "%s%d", i ? ", " : "", ids[i]);
        if (end > i + 1)
            str_printf(text, "%s%d", end > i + 2 ? "-" : ", ", ids[end - 1]);
    }
}

void print_count(struct str *text, int64_t count)
{
    char digits[32];
    int length = snprintf(digits, sizeof(digits), "%lld", (long long)count);

    if (count < 0) {
        str_puts(text, "an unknown number of");
        return;
    }
    for (int i = 0; i < length; i++)
        str_printf(text, "%s%c", i && (length - i) % 3 == 0 ? "," : "", digits[i]);
}

void print_bytes(struct str *text, int64_t bytes)
{
    static const char *const units[] = {"kB", "MB", "GB", "TB"};
    double amount = (double)bytes / 1000;
    size_t unit = 0;

    if (bytes < 0) {
        str_puts(text, "an unknown amount");
        return;
    }
    if (bytes < 1000) {
        str_printf(text, "%d bytes", (int)bytes);
        return;
    }
    while (amount >= 999.95 && unit + 1 < sizeof(units) / sizeof(*units)) {
        amount /= 1000;
        unit++;
    }
    str_printf(text, "%.1f %s", amount, units[unit]);
}

static void separate(struct str *text, size_t start, const char *separator)
{
    if (text->length > start)
        str_puts(text, separator);
}

void print_costs(struct str *text, const struct step *step)
{
    size_t start = text->length;

    if (step->bytes_to_send) {
        str_puts(text, "sends ");
        print_bytes(text, step->bytes_to_send);
    }
    if (step->items_dropped) {
        separate(text, start, "; ");
        str_puts(text, "drops ");
        print_count(text, step->items_dropped);
        str_puts(text, step->items_dropped == 1 ? " item" : " items");
    }
}

void print_impact(struct str *text, const struct plan_impact *impact)
{
    size_t start = text->length;

    if (impact->keys_moved > 0)
        str_printf(text, "%.1f%% of the key space moves", impact->keys_moved * 100);
    if (impact->items_dropped) {
        separate(text, start, ", ");
        print_count(text, impact->items_dropped);
        str_puts(text, impact->items_dropped == 1 ? " item dropped" : " items dropped");
    }
    if (impact->bytes_to_send) {
        separate(text, start, ", ");
        print_bytes(text, impact->bytes_to_send);
        str_puts(text, " to send");
    }
    if (text->length == start)
        str_puts(text, "no key moves, no item is dropped");
}

void print_summary(struct str *text, const struct plan_summary *summary)
{
    str_printf(text,
               "%d to create, %d to update, %d to restart, %d to delete, %d unchanged: %d step%s",
               summary->create, summary->update, summary->restart, summary->delete,
               summary->unchanged, summary->steps, summary->steps == 1 ? "" : "s");
}

void print_spec_names(struct str *text, const struct spec *spec)
{
    for (size_t i = 0; i < spec->source_count; i++)
        str_printf(text, "%s%s", i ? ", " : "", spec->sources[i].file);
}

/* An ensemble that the plan is about to start is expected not to answer. */
static bool is_ensemble_expected(const struct plan *plan)
{
    if (!plan->spec->zookeeper)
        return false;
    vec_each(step, &plan->steps)
        if ((*step)->op == OP_ZK_START)
            return false;
    return true;
}

void print_caveats(struct str *text, const struct plan *plan)
{
    const struct world *world = plan->world;

    if (world->is_offline)
        str_puts(text, "made from the state alone: no host and no ensemble was looked at\n");
    vec_each(host, &world->hosts)
        if (!(*host)->is_reachable && !world->is_offline)
            str_printf(text, "host %s cannot be reached: %s\n", (*host)->host->name,
                       (*host)->fault.text);
    if (!world->is_offline && !world->zookeeper.is_connected && is_ensemble_expected(plan))
        str_printf(text, "ZooKeeper cannot be read: %s\n", world->zookeeper.fault.text);
    if (plan->left_out)
        str_printf(text, "%d step%s left out by --target or --exclude\n", plan->left_out,
                   plan->left_out == 1 ? " is" : "s are");
}

void print_safe_bytes(FILE *out, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)text[i];

        if (byte < 0x20 || byte == 0x7f)
            fprintf(out, "\\x%02x", byte);
        else
            putc(byte, out);
    }
}

void print_safe(FILE *out, const char *text)
{
    print_safe_bytes(out, text, strlen(text));
}
