#include "planner/model/resource.h"

#include <stdarg.h>

struct resource *resource_declare(struct resource_set *set, const struct restype *type,
                                  struct srcloc at, const char *address_format, ...)
{
    struct resource *resource = arena_new_of(set->arena, struct resource);
    va_list args;

    va_start(args, address_format);
    resource->address = arena_vprintf(set->arena, address_format, args);
    va_end(args);
    resource->type = type;
    resource->at = at;
    *vec_push(set->arena, &set->items) = resource;
    return resource;
}

void resource_depend(struct resource_set *set, struct resource *resource, enum dependency_kind kind,
                     const char *address_format, ...)
{
    struct dependency *dependency = vec_push(set->arena, &resource->dependencies);
    va_list args;

    va_start(args, address_format);
    dependency->address = arena_vprintf(set->arena, address_format, args);
    va_end(args);
    dependency->kind = kind;
}
