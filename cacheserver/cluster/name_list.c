/* Clouds have tens of members, so looking at each is quick enough. */
#include "cacheserver/cluster/name_list.h"

#include <stdlib.h>
#include <string.h>

static unsigned find(const struct name_list *list, const char *name)
{
    unsigned i = 0;

    while (i < list->count && strcmp(list->names[i], name) != 0)
        i++;
    return i;
}

bool name_list_has(const struct name_list *list, const char *name)
{
    return find(list, name) < list->count;
}

static bool make_room(struct name_list *list)
{
    unsigned capacity = list->capacity ? 2 * list->capacity : 8;

    if (list->count < list->capacity)
        return true;
    char **grown = realloc(list->names, capacity * sizeof(*grown));
    if (!grown)
        return false;
    list->names = grown;
    list->capacity = capacity;
    return true;
}

bool name_list_add(struct name_list *list, const char *name)
{
    if (name_list_has(list, name))
        return true;
    char *copy = make_room(list) ? strdup(name) : NULL;
    if (!copy)
        return false;
    list->names[list->count++] = copy;
    return true;
}

bool name_list_add_all(struct name_list *list, const struct name_list *more)
{
    bool complete = true;

    for (unsigned i = 0; i < more->count; i++)
        complete = name_list_add(list, more->names[i]) && complete;
    return complete;
}

void name_list_remove(struct name_list *list, const char *name)
{
    unsigned i = find(list, name);

    if (i == list->count)
        return;
    free(list->names[i]);
    list->names[i] = list->names[--list->count];
}

void name_list_clear(struct name_list *list)
{
    for (unsigned i = 0; i < list->count; i++)
        free(list->names[i]);
    free(list->names);
    *list = (struct name_list){0};
}
