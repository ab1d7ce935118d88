/* uthash does the hashing; only its bucket table is on the heap. */
#include "planner/base/map.h"

#include <string.h>
#include <uthash.h>

struct map_entry {
    const char *key;
    void *value;
    UT_hash_handle hh;
};

void map_init(struct map *map, struct arena *arena)
{
    map->arena = arena;
    map->entries = NULL;
}

void map_deinit(struct map *map)
{
    HASH_CLEAR(hh, map->entries);
}

static struct map_entry *map_find(const struct map *map, const char *key)
{
    struct map_entry *entry;

    HASH_FIND(hh, map->entries, key, strlen(key), entry);
    return entry;
}

void *map_get(const struct map *map, const char *key)
{
    struct map_entry *entry = map_find(map, key);

    return entry ? entry->value : NULL;
}

void *map_put(struct map *map, const char *key, void *value)
{
    struct map_entry *entry = map_find(map, key);
    void *old = entry ? entry->value : NULL;

    if (!entry) {
        entry = arena_new_of(map->arena, struct map_entry);
        entry->key = key;
        HASH_ADD_KEYPTR(hh, map->entries, key, strlen(key), entry);
    }
    entry->value = value;
    return old;
}
