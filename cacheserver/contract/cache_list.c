/* jansson does the syntax: it refuses what is not UTF-8, NULs in strings and deep nesting, so that
 * all that is left here is to pick out the known keys and to copy them into the arena. Objects are
 * printed in the order in which arcus.sh's own configuration files have their keys; readers do not
 * depend on it, but the same cloud always gives the same bytes. */
#include "cacheserver/contract/cache_list.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static json_t *load_object(const char *text, size_t length, struct arena *arena,
                           const char **problem)
{
    json_error_t error;
    json_t *root = json_loadb(text, length, JSON_DECODE_ANY, &error);

    if (!root) {
        *problem = arena_printf(arena, "line %d: %s", error.line, error.text);
        return NULL;
    }
    if (!json_is_object(root)) {
        *problem = "expected a JSON object";
        json_decref(root);
        return NULL;
    }
    return root;
}

/* The text of a scalar; NULL for anything else. */
static const char *scalar_text(const json_t *value, struct arena *arena)
{
    switch (json_typeof(value)) {
    case JSON_STRING:
        return arena_strdup(arena, json_string_value(value));
    case JSON_INTEGER:
        return arena_printf(arena, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    case JSON_REAL:
        return arena_printf(arena, "%.15g", json_real_value(value));
    case JSON_TRUE:
        return "true";
    case JSON_FALSE:
        return "false";
    default:
        return NULL;
    }
}

static int compare_settings(const void *left, const void *right)
{
    const struct cache_setting *a = left, *b = right;

    return strcmp(a->key, b->key);
}

static bool read_settings(const json_t *object, struct arena *arena,
                          struct cache_settings *settings, const char **problem)
{
    const char *key;
    json_t *value;

    *settings = (struct cache_settings){0};
    if (!object)
        return true;
    if (!json_is_object(object)) {
        *problem = "\"config\" is not an object";
        return false;
    }
    settings->items = arena_array_of(arena, struct cache_setting, json_object_size(object));
    json_object_foreach((json_t *)object, key, value)
    {
        const char *text = scalar_text(value, arena);

        if (!text) {
            *problem = arena_printf(arena, "the setting \"%s\" is not text", key);
            return false;
        }
        settings->items[settings->count++] =
            (struct cache_setting){.key = arena_strdup(arena, key), .value = text};
    }
    qsort(settings->items, settings->count, sizeof(*settings->items), compare_settings);
    return true;
}

/* The text under key, or NULL when it is missing or no scalar. */
static const char *read_text(const json_t *object, const char *key, struct arena *arena)
{
    const json_t *value = json_object_get(object, key);

    return value ? scalar_text(value, arena) : NULL;
}

static bool read_server(const json_t *object, struct arena *arena, struct cache_list_server *server,
                        const char **problem)
{
    if (!json_is_object(object) || !(server->ip = read_text(object, "ip", arena))) {
        *problem = "a server in \"servers\" has no \"ip\"";
        return false;
    }
    server->hostname = read_text(object, "hostname", arena);
    if (!server->hostname)
        server->hostname = "";
    return read_settings(json_object_get(object, "config"), arena, &server->config, problem);
}

static bool read_servers(const json_t *array, struct arena *arena, struct cache_list *list,
                         const char **problem)
{
    size_t index;
    json_t *value;

    if (!array)
        return true;
    if (!json_is_array(array)) {
        *problem = "\"servers\" is not an array";
        return false;
    }
    list->servers = arena_array_of(arena, struct cache_list_server, json_array_size(array));
    json_array_foreach((json_t *)array, index, value)
    {
        if (!read_server(value, arena, &list->servers[index], problem))
            return false;
        list->server_count++;
    }
    return true;
}

static bool read_list(const json_t *root, struct arena *arena, struct cache_list *list,
                      const char **problem)
{
    list->service_code = read_text(root, "serviceCode", arena);
    if (!list->service_code) {
        *problem = "\"serviceCode\" is missing";
        return false;
    }
    list->created = read_text(root, "created", arena);
    list->modified = read_text(root, "modified", arena);
    return read_settings(json_object_get(root, "config"), arena, &list->config, problem) &&
           read_servers(json_object_get(root, "servers"), arena, list, problem);
}

bool cache_list_parse(const char *text, size_t length, struct arena *arena, struct cache_list *list,
                      const char **problem)
{
    json_t *root = load_object(text, length, arena, problem);
    bool is_read;

    *list = (struct cache_list){0};
    if (!root)
        return false;
    is_read = read_list(root, arena, list, problem);
    json_decref(root);
    return is_read;
}

bool cache_settings_parse(const char *text, size_t length, struct arena *arena,
                          struct cache_settings *settings, const char **problem)
{
    json_t *root = load_object(text, length, arena, problem);
    bool is_read;

    *settings = (struct cache_settings){0};
    if (!root)
        return false;
    is_read = read_settings(root, arena, settings, problem);
    json_decref(root);
    return is_read;
}

const char *cache_settings_get(const struct cache_settings *settings, const char *key)
{
    for (size_t i = 0; i < settings->count; i++)
        if (strcmp(settings->items[i].key, key) == 0)
            return settings->items[i].value;
    return NULL;
}

static const char *ascii_only(const char *text, struct arena *arena)
{
    char *copy = arena_strdup(arena, text);

    for (char *c = copy; *c; c++)
        if ((unsigned char)*c >= 0x80)
            *c = '?';
    return copy;
}

static json_t *text_to_json(const char *text, struct arena *arena)
{
    json_t *value = json_string(text);

    return value ? value : json_string(ascii_only(text, arena));
}

static json_t *settings_to_json(const struct cache_settings *settings, struct arena *arena)
{
    json_t *object = json_object();

    for (size_t i = 0; i < settings->count; i++) {
        const struct cache_setting *setting = &settings->items[i];
        json_t *value = text_to_json(setting->value, arena);

        if (json_object_set(object, setting->key, value) < 0)
            json_object_set(object, ascii_only(setting->key, arena), value);
        json_decref(value);
    }
    return object;
}

/* Frees root. */
static char *print_json(json_t *root, struct arena *arena)
{
    char *text = json_dumps(root, JSON_PRESERVE_ORDER | JSON_ENSURE_ASCII);
    char *copy = arena_strdup(arena, text ? text : "{}");

    free(text);
    json_decref(root);
    return copy;
}

static json_t *server_to_json(const struct cache_list_server *server, struct arena *arena)
{
    json_t *object = json_object();

    json_object_set_new(object, "hostname", text_to_json(server->hostname, arena));
    json_object_set_new(object, "ip", text_to_json(server->ip, arena));
    json_object_set_new(object, "config", settings_to_json(&server->config, arena));
    return object;
}

char *cache_list_print(const struct cache_list *list, struct arena *arena)
{
    json_t *root = json_object();
    json_t *servers = json_array();

    for (size_t i = 0; i < list->server_count; i++)
        json_array_append_new(servers, server_to_json(&list->servers[i], arena));
    json_object_set_new(root, "serviceCode", text_to_json(list->service_code, arena));
    json_object_set_new(root, "servers", servers);
    json_object_set_new(root, "config", settings_to_json(&list->config, arena));
    if (list->created)
        json_object_set_new(root, "created", text_to_json(list->created, arena));
    if (list->modified)
        json_object_set_new(root, "modified", text_to_json(list->modified, arena));
    return print_json(root, arena);
}

char *cache_settings_print(const struct cache_settings *settings, struct arena *arena)
{
    return print_json(settings_to_json(settings, arena), arena);
}
