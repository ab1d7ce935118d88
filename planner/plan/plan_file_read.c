/* A plan file may hold anything. Each member is fetched by a function that says what it expected;
 * the first that is not there ends the reading, since nothing after it can be trusted. */
#include "planner/plan/plan_file.h"

#include "planner/base/str.h"
#include "planner/plan/plan_file_keys.h"
#include "planner/plan/print_json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { PLAN_FILE_LIMIT = 256 * 1024 * 1024 };

const char *const plan_intent_words[] = {"converge", "destroy", "stop", "start", "restart", NULL};

struct reader {
    const char *path;
    struct arena *arena;
    struct diags *diags;
    struct plan_file *file;
    bool has_failed;
};

static void reader_fail(struct reader *reader, const char *key, const char *expected)
{
    struct srcloc at = {reader->path, 0, 0};
    struct diag *diag;

    if (reader->has_failed)
        return;
    diag = diag_error(reader->diags, DIAG_PLAN_FORMAT, at, "expected %s at \"%s\"", expected, key);
    diag_hint(reader->diags, diag, "make the plan file again with 'arcusplan plan --out'");
    reader->has_failed = true;
}

static const json_t *get(struct reader *reader, const json_t *object, const char *key,
                         json_type type, const char *expected)
{
    const json_t *value = json_object_get(object, key);

    if (value && json_typeof(value) == type)
        return value;
    reader_fail(reader, key, expected);
    return NULL;
}

static const char *get_text(struct reader *reader, const json_t *object, const char *key)
{
    const json_t *value = get(reader, object, key, JSON_STRING, "a string");

    return value ? arena_strdup(reader->arena, json_string_value(value)) : "";
}

static int64_t get_integer(struct reader *reader, const json_t *object, const char *key)
{
    const json_t *value = get(reader, object, key, JSON_INTEGER, "an integer");

    return value ? json_integer_value(value) : 0;
}

static void read_version(struct reader *reader, const json_t *root)
{
    int64_t version = get_integer(reader, root, KEY_FORMAT_VERSION);

    if (!reader->has_failed && version != PLAN_FORMAT_VERSION)
        reader_fail(reader, KEY_FORMAT_VERSION, "version 1");
}

static void read_sources(struct reader *reader, const json_t *root)
{
    const json_t *array = get(reader, root, KEY_SOURCES, JSON_ARRAY, "an array");
    size_t count = json_array_size(array);

    if (array && !count)
        reader_fail(reader, KEY_SOURCES, "at least one spec");
    if (reader->has_failed)
        return;
    reader->file->sources = arena_array_of(reader->arena, struct spec_source, count);
    reader->file->source_count = count;
    for (size_t i = 0; i < count; i++) {
        const json_t *object = json_array_get(array, i);
        struct spec_source *source = &reader->file->sources[i];
        const json_t *text;

        source->file = get_text(reader, object, KEY_FILE);
        text = get(reader, object, KEY_TEXT, JSON_STRING, "a string");
        if (!text)
            return;
        source->length = json_string_length(text);
        source->text = arena_strndup(reader->arena, json_string_value(text), source->length);
    }
}

static void read_variables(struct reader *reader, const json_t *root)
{
    json_t *object = (json_t *)get(reader, root, KEY_VARIABLES, JSON_OBJECT, "an object");
    struct spec_variable *variables =
        arena_array_of(reader->arena, struct spec_variable, json_object_size(object));
    const char *name;
    json_t *value;

    reader->file->variables = variables;
    json_object_foreach(object, name, value)
    {
        if (!json_is_string(value)) {
            reader_fail(reader, name, "a string");
            return;
        }
        variables->name = arena_strdup(reader->arena, name);
        variables->value = arena_strdup(reader->arena, json_string_value(value));
        variables++;
        reader->file->variable_count++;
    }
}

static void read_patterns(struct reader *reader, const json_t *options, const char *key,
                          struct plan_patterns *patterns)
{
    const json_t *array = get(reader, options, key, JSON_ARRAY, "an array");
    size_t count = json_array_size(array);
    const char **items = arena_array_of(reader->arena, const char *, count);

    for (size_t i = 0; i < count; i++) {
        const char *text = json_string_value(json_array_get(array, i));

        if (!text) {
            reader_fail(reader, key, "strings");
            return;
        }
        items[i] = arena_strdup(reader->arena, text);
    }
    patterns->items = items;
    patterns->count = count;
}

static void read_options(struct reader *reader, const json_t *root)
{
    const json_t *object = get(reader, root, KEY_OPTIONS, JSON_OBJECT, "an object");
    struct plan_options *options = &reader->file->options;
    const char *intent = get_text(reader, object, KEY_INTENT);
    int i = 0;

    while (plan_intent_words[i] && strcmp(plan_intent_words[i], intent))
        i++;
    if (!plan_intent_words[i])
        reader_fail(reader, KEY_INTENT, "what the plan is for");
    options->intent = (enum plan_intent)i;
    read_patterns(reader, object, KEY_TARGETS, &options->targets);
    read_patterns(reader, object, KEY_EXCLUDES, &options->excludes);
    read_patterns(reader, object, KEY_REPLACES, &options->replaces);
    read_patterns(reader, object, KEY_ALLOW_DESTROY, &options->allow_destroy);
}

static void read_refresh(struct reader *reader, const json_t *root)
{
    const char *refresh = get_text(reader, root, KEY_REFRESH);

    if (strcmp(refresh, "full") && strcmp(refresh, "zookeeper") && strcmp(refresh, "none"))
        reader_fail(reader, KEY_REFRESH, "\"full\", \"zookeeper\" or \"none\"");
    reader->file->refresh = refresh;
}

static int binding_compare(const void *a, const void *b)
{
    const struct plan_binding *x = a;
    const struct plan_binding *y = b;

    return strcmp(x->name, y->name);
}

static void read_bindings(struct reader *reader, const json_t *world, const char *key,
                          struct plan_bindings *bindings)
{
    json_t *object = (json_t *)get(reader, world, key, JSON_OBJECT, "an object");
    const char *name;
    json_t *value;

    json_object_foreach(object, name, value)
    {
        struct plan_binding *binding;

        if (!json_is_string(value)) {
            reader_fail(reader, name, "a digest");
            return;
        }
        binding = vec_push(reader->arena, bindings);
        binding->name = arena_strdup(reader->arena, name);
        binding->digest = arena_strdup(reader->arena, json_string_value(value));
    }
    if (bindings->count > 1)
        qsort(bindings->items, bindings->count, sizeof(*bindings->items), binding_compare);
}

static void read_root(struct reader *reader, const json_t *root)
{
    const json_t *world;

    read_version(reader, root);
    if (reader->has_failed)
        return;
    reader->file->path = reader->path;
    reader->file->spec_digest = get_text(reader, root, KEY_SPEC_DIGEST);
    reader->file->state_serial = get_integer(reader, root, KEY_STATE_SERIAL);
    read_sources(reader, root);
    read_variables(reader, root);
    read_options(reader, root);
    read_refresh(reader, root);
    world = get(reader, root, KEY_WORLD, JSON_OBJECT, "an object");
    read_bindings(reader, world, KEY_FACTS, &reader->file->facts);
    read_bindings(reader, world, KEY_HOSTS, &reader->file->hosts);
}

bool plan_file_is_one(const char *text, size_t length)
{
    static const char key[] = "\"" KEY_FORMAT_VERSION "\"";
    size_t i = 1;

    if (!length || text[0] != '{')
        return false;
    while (i < length && strchr(" \t\r\n", text[i]) && text[i])
        i++;
    return length - i >= strlen(key) && !memcmp(text + i, key, strlen(key));
}

int plan_file_parse(const char *path, const char *text, size_t length, struct arena *arena,
                    struct diags *diags, const struct plan_file **file)
{
    struct reader reader = {.path = path, .arena = arena, .diags = diags};
    json_error_t error;
    json_t *root = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);

    *file = NULL;
    if (!root) {
        diag_error(diags, DIAG_PLAN_FORMAT, (struct srcloc){path, 0, 0},
                   "not a plan file: %s in line %d", error.text, error.line);
        return -1;
    }
    reader.file = arena_new_of(arena, struct plan_file);
    read_root(&reader, root);
    json_decref(root);
    if (reader.has_failed)
        return -1;
    *file = reader.file;
    return 0;
}

static int read_all(FILE *in, struct str *text)
{
    char block[65536];
    size_t length;

    while ((length = fread(block, 1, sizeof(block), in)) > 0) {
        if (text->length + length > PLAN_FILE_LIMIT) {
            errno = EFBIG;
            return -1;
        }
        str_add(text, block, length);
    }
    return ferror(in) ? -1 : 0;
}

int plan_file_read(const char *path, struct arena *arena, struct diags *diags,
                   const struct plan_file **file)
{
    FILE *in = fopen(path, "re");
    struct str text = {0};
    int failed = !in || read_all(in, &text);

    *file = NULL;
    if (failed)
        diag_error(diags, DIAG_FILE_READ, SRCLOC_NONE, "plan file %s cannot be read: %s", path,
                   strerror(errno));
    else
        failed = plan_file_parse(path, str_text(&text), text.length, arena, diags, file);
    if (in)
        fclose(in);
    str_deinit(&text);
    return failed ? -1 : 0;
}
