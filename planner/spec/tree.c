/* Maps of a spec are small where they are asked for by key and large only where they are walked
 * (hosts), so that a list of entries does. Merging large maps goes through a hash map. */
#include "planner/spec/tree.h"

#include "planner/base/map.h"
#include "planner/base/utf8.h"

#include <string.h>

const struct tree_entry *tree_entry(const struct tree *map, const char *key)
{
    if (!map || map->kind != TREE_MAP)
        return NULL;
    vec_each(entry, &map->entries)
        if (strcmp(entry->key, key) == 0)
            return entry;
    return NULL;
}

struct tree *tree_get(const struct tree *map, const char *key)
{
    const struct tree_entry *entry = tree_entry(map, key);

    return entry ? entry->value : NULL;
}

struct tree *tree_merge(struct arena *arena, struct tree *base, struct tree *over)
{
    struct map positions;
    size_t count;

    if (!base || !over || base->kind != TREE_MAP || over->kind != TREE_MAP)
        return over ? over : base;
    map_init(&positions, arena);
    count = base->entries.count;
    for (size_t i = 0; i < count; i++) {
        size_t *position = arena_new_of(arena, size_t);

        *position = i;
        map_put(&positions, base->entries.items[i].key, position);
    }
    vec_each(entry, &over->entries) {
        const size_t *position = map_get(&positions, entry->key);

        if (position) {
            struct tree_entry *old = &base->entries.items[*position];
            struct tree *merged = tree_merge(arena, old->value, entry->value);

            if (merged == entry->value)
                old->at = entry->at;
            old->value = merged;
        } else {
            *vec_push(arena, &base->entries) = *entry;
        }
    }
    map_deinit(&positions);
    return base;
}

struct srcloc tree_place_in(const struct tree *scalar, size_t offset)
{
    struct srcloc at = scalar->at;

    if (offset && scalar->text_column)
        at.column = scalar->text_column + (int)utf8_count(scalar->text, offset);
    return at;
}
