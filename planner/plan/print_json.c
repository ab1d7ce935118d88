/* Objects keep the order in which members are added, so the same plan gives the same bytes. Text
 * that came from hosts or ZooKeeper may be no UTF-8; it is then shown with its odd bytes replaced,
 * since JSON cannot carry them. */
#include "planner/plan/print_json.h"

#include "planner/base/str.h"
#include "planner/base/utf8.h"

#include <math.h>
#include <stdlib.h>

json_t *json_text(const char *text)
{
    struct str clean = {0};
    json_t *value;

    if (!text)
        return json_null();
    value = json_string(text);
    if (value)
        return value;
    while (*text) {
        unsigned code;
        size_t length = utf8_decode(text, strlen(text), &code);

        if (length)
            str_add(&clean, text, length);
        else
            str_puts(&clean, "\xef\xbf\xbd");
        text += length ? length : 1;
    }
    value = json_string(str_text(&clean));
    str_deinit(&clean);
    return value;
}

static json_t *json_amount(int64_t amount)
{
    return amount < 0 ? json_null() : json_integer(amount);
}

static json_t *place_to_json(struct srcloc at)
{
    json_t *object;

    if (!at.line)
        return json_null();
    object = json_object();
    json_object_set_new(object, "file", json_text(at.file));
    json_object_set_new(object, "line", json_integer(at.line));
    json_object_set_new(object, "column", json_integer(at.column));
    return object;
}

static json_t *changes_to_json(const struct change *change)
{
    json_t *array = json_array();

    vec_each(attr, &change->attrs) {
        json_t *object = json_object();

        json_object_set_new(object, "attribute", json_text(attr->name));
        json_object_set_new(object, "old", json_text(attr->old));
        json_object_set_new(object, "new", json_text(attr->new));
        if (attr->is_computed)
            json_object_set_new(object, "computed", json_true());
        json_object_set_new(object, "source", place_to_json(attr->at));
        json_array_append_new(array, object);
    }
    return array;
}

static json_t *ids_to_json(const int *ids, size_t count)
{
    json_t *array = json_array();

    for (size_t i = 0; i < count; i++)
        json_array_append_new(array, json_integer(ids[i]));
    return array;
}

static json_t *step_to_json(const struct step *step)
{
    const struct change *change = step->change;
    json_t *object = json_object();

    json_object_set_new(object, "id", json_integer(step->id));
    json_object_set_new(object, "op", json_text(op_word(step->op)));
    json_object_set_new(object, "resource", json_text(change->address));
    json_object_set_new(object, "verb", json_text(verb_word(change->verb)));
    json_object_set_new(object, "host", json_text(step->host ? step->host->name : NULL));
    json_object_set_new(object, "needs", ids_to_json(step->needs.items, step->needs.count));
    json_object_set_new(object, "after", ids_to_json(step->after.items, step->after.count));
    json_object_set_new(object, "reason", json_text(step->reason));
    json_object_set_new(object, "note", json_text(change->note));
    json_object_set_new(object, "bytes_to_send", json_amount(step->bytes_to_send));
    json_object_set_new(object, "items_dropped", json_amount(step->items_dropped));
    json_object_set_new(object, "changes", changes_to_json(change));
    json_object_set_new(object, "source", place_to_json(change->at));
    return object;
}

static json_t *summary_to_json(const struct plan_summary *summary)
{
    json_t *object = json_object();

    json_object_set_new(object, "create", json_integer(summary->create));
    json_object_set_new(object, "update", json_integer(summary->update));
    json_object_set_new(object, "restart", json_integer(summary->restart));
    json_object_set_new(object, "delete", json_integer(summary->delete));
    json_object_set_new(object, "unchanged", json_integer(summary->unchanged));
    json_object_set_new(object, "steps", json_integer(summary->steps));
    return object;
}

static json_t *impacts_to_json(const struct plan *plan)
{
    json_t *object = json_object();

    vec_each(impact, &plan->impacts) {
        json_t *one = json_object();

        json_object_set_new(one, "keys_moved", json_real(round(impact->keys_moved * 1e6) / 1e6));
        json_object_set_new(one, "items_dropped", json_amount(impact->items_dropped));
        json_object_set_new(one, "bytes_to_send", json_amount(impact->bytes_to_send));
        json_object_set_new(object, impact->cloud, one);
    }
    return object;
}

json_t *plan_to_json(const struct plan *plan)
{
    json_t *object = json_object();
    json_t *specs = json_array();
    json_t *steps = json_array();

    for (size_t i = 0; i < plan->spec->source_count; i++)
        json_array_append_new(specs, json_text(plan->spec->sources[i].file));
    vec_each(step, &plan->steps)
        json_array_append_new(steps, step_to_json(*step));
    json_object_set_new(object, "format_version", json_integer(PLAN_FORMAT_VERSION));
    json_object_set_new(object, "specs", specs);
    json_object_set_new(object, "state_serial", json_integer(plan->recorded->serial));
    json_object_set_new(object, "summary", summary_to_json(&plan->summary));
    json_object_set_new(object, "impact", impacts_to_json(plan));
    json_object_set_new(object, "steps", steps);
    return object;
}

int plan_json_dump(const json_t *object, FILE *out)
{
    int failed = json_dumpf(object, out, JSON_INDENT(2) | JSON_REAL_PRECISION(6));

    return failed || putc('\n', out) == EOF ? -1 : 0;
}

void plan_print_json(const struct plan *plan, FILE *out)
{
    json_t *object = plan_to_json(plan);

    plan_json_dump(object, out);
    json_decref(object);
}
