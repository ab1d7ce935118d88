/* Values that passed the check are put where the tables say. Which C type a field has follows from
 * the kind: text is a const char *, a truth value a bool, everything else an int or an enum. */
#include "planner/spec/scalar.h"
#include "planner/spec/schema.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static void store(const struct schema_key *key, const char *text, long long number, void *into)
{
    char *field = (char *)into + key->field;
    int value = (int)number;

    _Static_assert(sizeof(enum executor) == sizeof(int), "enums are stored as int");
    if (key->type.kind == SCHEMA_TEXT)
        memcpy(field, &text, sizeof(text));
    else if (key->type.kind == SCHEMA_BOOL)
        *(bool *)field = number != 0;
    else
        memcpy(field, &value, sizeof(value));
}

/* The default as number; it is right by construction (a test reads them all). */
static long long fallback_number(const struct schema_key *key)
{
    long long number = 0;
    struct fault fault;

    if (key->type.kind != SCHEMA_TEXT) {
        int result = scalar_parse(&key->type, key->fallback, &number, &fault);

        assert(result == 0);
        (void)result;
    }
    return number;
}

void schema_read_defaults(const struct schema_key *keys, void *into)
{
    for (; keys->name; keys++)
        if (keys->has_field && keys->fallback)
            store(keys, keys->fallback, fallback_number(keys), into);
}

static bool is_usable(const struct tree *value)
{
    return value && value->kind == TREE_SCALAR && !value->is_broken;
}

void schema_read(const struct schema_key *keys, const struct tree *map, void *into)
{
    for (; keys->name; keys++) {
        const struct tree *value = keys->has_field ? tree_get(map, keys->name) : NULL;

        if (is_usable(value))
            store(keys, value->text, value->number, into);
    }
}

static void add_setting(struct arena *arena, const struct schema_key *key,
                        const struct tree_entry *entry, struct setting *setting)
{
    const char *name = entry ? entry->key : key->name;
    long long number = 0;

    *setting = (struct setting){.key = name};
    if (entry)
        setting->at = entry->value->at;
    if (!key || key->type.kind == SCHEMA_TEXT) {
        setting->value = entry ? entry->value->text : key->fallback;
        return;
    }
    number = entry ? entry->value->number : fallback_number(key);
    setting->value = arena_printf(arena, "%lld", number);
}

static int setting_compare(const void *left, const void *right)
{
    const struct setting *a = left, *b = right;

    return strcmp(a->key, b->key);
}

static bool has_setting(const struct setting *items, size_t count, const char *key)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(items[i].key, key) == 0)
            return true;
    return false;
}

struct settings schema_settings(const struct schema_key *keys, const struct tree *const *maps,
                                size_t count, bool with_defaults, struct arena *arena)
{
    vec_of(struct setting) found = {0};

    for (size_t i = 0; i < count; i++) {
        size_t earlier = found.count;

        if (!maps[i] || maps[i]->kind != TREE_MAP)
            continue;
        vec_each(entry, &maps[i]->entries)
            if (is_usable(entry->value) &&
                (!earlier || !has_setting(found.items, earlier, entry->key)))
                add_setting(arena, schema_find(keys, entry->key), entry, vec_push(arena, &found));
    }
    for (; with_defaults && keys->name; keys++)
        if (keys->fallback && !has_setting(found.items, found.count, keys->name))
            add_setting(arena, keys, NULL, vec_push(arena, &found));
    if (found.count)
        qsort(found.items, found.count, sizeof(*found.items), setting_compare);
    return (struct settings){found.items, found.count};
}
