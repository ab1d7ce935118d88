#include "planner/plan/reason.h"

#include "planner/base/str.h"

#include <ctype.h>

enum { SHOWN_MAX = 3, VALUE_MAX = 60 };

const char *place_text(struct arena *arena, struct srcloc at)
{
    return at.line && at.file ? arena_printf(arena, " (%s:%d:%d)", at.file, at.line, at.column)
                              : "";
}

const char *attr_short_name(const char *name)
{
    static const char *const groups[] = {"set.", "cfg.", "config.", "mapping."};

    for (size_t i = 0; i < sizeof(groups) / sizeof(*groups); i++)
        if (!strncmp(name, groups[i], strlen(groups[i])))
            return name + strlen(groups[i]);
    return name;
}

static bool is_digest(const char *text)
{
    size_t length = 0;

    while (isxdigit((unsigned char)text[length]))
        length++;
    return length == 64 && !text[length];
}

static void add_value(struct str *text, const char *value)
{
    size_t length = strlen(value);

    if (is_digest(value))
        str_add(text, value, 12);
    else if (length > VALUE_MAX)
        str_printf(text, "%.*s...", VALUE_MAX, value);
    else
        str_puts(text, length ? value : "\"\"");
}

static void add_attr(struct str *text, const struct attr_change *attr)
{
    str_puts(text, attr_short_name(attr->name));
    str_puts(text, " ");
    if (attr->old)
        add_value(text, attr->old);
    else
        str_puts(text, "(none)");
    str_puts(text, " -> ");
    if (attr->new)
        add_value(text, attr->new);
    else
        str_puts(text, attr->is_computed ? "(known after the build)" : "(none)");
}

/* One cloud may have thousands of changed attributes; of those the count says more. */
static void add_members(struct str *text, const struct change *change)
{
    int added = 0;
    int removed = 0;
    int changed = 0;

    vec_each(attr, &change->attrs) {
        if (strncmp(attr->name, "mapping.", strlen("mapping.")))
            continue;
        if (!attr->old)
            added++;
        else if (!attr->new)
            removed++;
        else
            changed++;
    }
    if (added)
        str_printf(text, "%s%d node%s added", text->length ? ", " : "", added,
                   added > 1 ? "s" : "");
    if (removed)
        str_printf(text, "%s%d node%s removed", text->length ? ", " : "", removed,
                   removed > 1 ? "s" : "");
    if (changed)
        str_printf(text, "%s%d node%s changed", text->length ? ", " : "", changed,
                   changed > 1 ? "s" : "");
}

/* "mapping.*" is told by add_members, and where it is, "node.*" only repeats it. */
static bool is_told_already(const struct change *change, const struct attr_change *attr)
{
    if (!strncmp(attr->name, "mapping.", strlen("mapping.")))
        return true;
    if (strncmp(attr->name, "node.", strlen("node.")))
        return false;
    vec_each(other, &change->attrs)
        if (!strncmp(other->name, "mapping.", strlen("mapping.")))
            return true;
    return false;
}

static void add_attrs(struct str *text, const struct change *change)
{
    int shown = 0;
    int more = 0;

    add_members(text, change);
    vec_each(attr, &change->attrs) {
        if (is_told_already(change, attr))
            continue;
        if (shown == SHOWN_MAX) {
            more++;
            continue;
        }
        str_puts(text, text->length ? ", " : "");
        add_attr(text, attr);
        shown++;
    }
    if (more)
        str_printf(text, " and %d more", more);
}

static const char *create_text(const struct change *change)
{
    bool is_process = change->type->on_restart != OP_NONE;
    bool was_there = change->recorded && !change->recorded->is_uncertain;

    const char *build = change->fact ? attrs_value(&change->fact->attrs, "build") : NULL;

    if (change->seen)
        return "not running";
    if (build)
        return build;
    if (was_there)
        return is_process ? "not running any more" : "missing";
    return "new";
}

static const char *update_text(struct arena *arena, const struct change *change)
{
    struct str text = {0};
    const char *copy;

    if (change->attrs.count == 1 && !strcmp(change->attrs.items[0].name, "online"))
        return "runs, but is not in the cache list";
    if (change->attrs.count == 1 && !strcmp(change->attrs.items[0].name, "build") &&
        change->attrs.items[0].old)
        return change->attrs.items[0].old;
    add_attrs(&text, change);
    if (change->is_forced)
        str_puts(&text, text.length ? ", asked for" : "asked for");
    copy = arena_strdup(arena, str_text(&text));
    str_deinit(&text);
    return copy;
}

const char *reason_text(struct arena *arena, const struct change *change)
{
    const char *what = change->verb == VERB_CREATE   ? create_text(change)
                       : change->verb == VERB_DELETE ? "not in the spec any more"
                                                     : update_text(arena, change);

    if (change->verb == VERB_DELETE && change->resource)
        what = "asked for";
    return arena_printf(arena, "%s%s%s%s", what, place_text(arena, change->at),
                        change->note ? "; " : "", change->note ? change->note : "");
}
