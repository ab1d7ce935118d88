/* Facts are looked up by address while the world is put together and walked in order afterwards,
 * hence a map beside the vector. */
#include "planner/model/fact.h"

#include "planner/base/digest.h"

#include <stdlib.h>

void world_init(struct world *world, struct arena *arena)
{
    *world = (struct world){0};
    map_init(&world->by_address, arena);
}

void world_deinit(struct world *world)
{
    map_deinit(&world->by_address);
}

struct fact *world_fact(struct world *world, const char *address)
{
    struct arena *arena = world->by_address.arena;
    struct fact *fact = map_get(&world->by_address, address);

    if (fact)
        return fact;
    fact = arena_new_of(arena, struct fact);
    fact->address = arena_strdup(arena, address);
    map_put(&world->by_address, fact->address, fact);
    *vec_push(arena, &world->facts) = fact;
    return fact;
}

const struct fact *world_find(const struct world *world, const char *address)
{
    return map_get(&world->by_address, address);
}

const struct host_fact *world_find_host(const struct world *world, const char *name)
{
    vec_each(host, &world->hosts)
        if (!strcmp((*host)->host->name, name))
            return *host;
    return NULL;
}

static int fact_compare(const void *a, const void *b)
{
    const struct fact *const *x = a;
    const struct fact *const *y = b;

    return name_compare((*x)->address, (*y)->address);
}

static int host_fact_compare(const void *a, const void *b)
{
    const struct host_fact *const *x = a;
    const struct host_fact *const *y = b;

    return name_compare((*x)->host->name, (*y)->host->name);
}

static const char *fact_digest(struct arena *arena, const struct fact *fact)
{
    static const char *const words[] = {
        [PRESENCE_UNKNOWN] = "unknown",
        [PRESENCE_ABSENT] = "absent",
        [PRESENCE_PRESENT] = "present",
    };
    char hex[DIGEST_HEX_SIZE];
    struct digest *digest = digest_new();

    digest_add_string(digest, words[fact->presence]);
    vec_each(attr, &fact->attrs) {
        if (!strncmp(attr->name, "live.", 5))
            continue;
        digest_add_string(digest, attr->name);
        digest_add_string(digest, attr->value ? attr->value : "");
    }
    digest_finish(digest, hex);
    return arena_strdup(arena, hex);
}

void world_finish(struct world *world)
{
    if (world->facts.count > 1)
        qsort(world->facts.items, world->facts.count, sizeof(*world->facts.items), fact_compare);
    if (world->hosts.count > 1)
        qsort(world->hosts.items, world->hosts.count, sizeof(*world->hosts.items),
              host_fact_compare);
    vec_each(fact, &world->facts) {
        attrs_sort(&(*fact)->attrs);
        (*fact)->digest = fact_digest(world->by_address.arena, *fact);
    }
    vec_each(host, &world->hosts)
        attrs_sort(&(*host)->attrs);
}
