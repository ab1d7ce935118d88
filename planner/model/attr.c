/* Attributes are kept in a plain array and looked up one by one: a resource has a dozen of them.
 * Only a cloud has thousands; who compares those walks two sorted lists side by side. */
#include "planner/model/attr.h"

#include <ctype.h>
#include <stdlib.h>

static struct attr *attrs_push(struct arena *arena, struct attrs *attrs, const char *name,
                               struct srcloc at)
{
    struct attr *attr = vec_push(arena, attrs);

    attr->name = arena_strdup(arena, name);
    attr->at = at;
    return attr;
}

void attrs_add(struct arena *arena, struct attrs *attrs, const char *name, const char *value,
               struct srcloc at)
{
    attrs_push(arena, attrs, name, at)->value = value ? arena_strdup(arena, value) : NULL;
}

void attrs_add_ref(struct arena *arena, struct attrs *attrs, const char *name, const char *ref,
                   const char *ref_attr, struct srcloc at)
{
    struct attr *attr = attrs_push(arena, attrs, name, at);

    attr->ref = arena_strdup(arena, ref);
    attr->ref_attr = arena_strdup(arena, ref_attr);
}

static size_t digits_skip_zeros(const char **text)
{
    size_t length = 0;

    while (**text == '0' && isdigit((unsigned char)(*text)[1]))
        ++*text;
    while (isdigit((unsigned char)(*text)[length]))
        length++;
    return length;
}

int name_compare(const char *a, const char *b)
{
    const char *x = a;
    const char *y = b;

    while (*x && *y) {
        if (isdigit((unsigned char)*x) && isdigit((unsigned char)*y)) {
            size_t x_length = digits_skip_zeros(&x);
            size_t y_length = digits_skip_zeros(&y);
            int order = x_length == y_length ? memcmp(x, y, x_length) : 0;

            if (x_length != y_length)
                return x_length < y_length ? -1 : 1;
            if (order)
                return order;
            x += x_length;
            y += y_length;
        } else if (*x != *y) {
            return (unsigned char)*x < (unsigned char)*y ? -1 : 1;
        } else {
            x++;
            y++;
        }
    }
    if (*x || *y)
        return *x ? 1 : -1;
    return strcmp(a, b);
}

static int attr_compare(const void *a, const void *b)
{
    const struct attr *x = a;
    const struct attr *y = b;
    int order = name_compare(x->name, y->name);

    return order ? order : strcmp(x->value ? x->value : "", y->value ? y->value : "");
}

void attrs_sort(struct attrs *attrs)
{
    if (attrs->count > 1)
        qsort(attrs->items, attrs->count, sizeof(*attrs->items), attr_compare);
}

const struct attr *attrs_find(const struct attrs *attrs, const char *name)
{
    vec_each(attr, attrs)
        if (!strcmp(attr->name, name))
            return attr;
    return NULL;
}

const char *attrs_value(const struct attrs *attrs, const char *name)
{
    const struct attr *attr = attrs_find(attrs, name);

    return attr ? attr->value : NULL;
}
