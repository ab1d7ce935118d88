#include "planner/model/recorded.h"

#include <stdlib.h>

void recorded_init(struct recorded *recorded, struct arena *arena)
{
    *recorded = (struct recorded){0};
    map_init(&recorded->by_address, arena);
}

void recorded_deinit(struct recorded *recorded)
{
    map_deinit(&recorded->by_address);
}

struct recorded_resource *recorded_add(struct recorded *recorded, const char *address)
{
    struct arena *arena = recorded->by_address.arena;
    struct recorded_resource *resource = map_get(&recorded->by_address, address);

    if (resource)
        return resource;
    resource = arena_new_of(arena, struct recorded_resource);
    resource->address = arena_strdup(arena, address);
    map_put(&recorded->by_address, resource->address, resource);
    *vec_push(arena, &recorded->resources) = resource;
    return resource;
}

static int recorded_compare(const void *a, const void *b)
{
    const struct recorded_resource *const *x = a;
    const struct recorded_resource *const *y = b;

    return name_compare((*x)->address, (*y)->address);
}

void recorded_finish(struct recorded *recorded)
{
    if (recorded->resources.count > 1)
        qsort(recorded->resources.items, recorded->resources.count,
              sizeof(*recorded->resources.items), recorded_compare);
    vec_each(resource, &recorded->resources)
        attrs_sort(&(*resource)->attrs);
}

const struct recorded_resource *recorded_find(const struct recorded *recorded, const char *address)
{
    return map_get(&recorded->by_address, address);
}

const struct spec_host *recorded_find_host(const struct recorded *recorded, const char *name)
{
    vec_each(host, &recorded->hosts)
        if (!strcmp((*host)->name, name))
            return *host;
    return NULL;
}
