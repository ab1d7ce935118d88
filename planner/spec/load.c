/* The whole way from texts to struct spec. Files that cannot be parsed end it, because nothing
 * sensible can be said about a half-read map; everything after that is reported together. */
#include "planner/base/digest.h"
#include "planner/spec/check.h"
#include "planner/spec/resolve.h"
#include "planner/spec/schema.h"
#include "planner/spec/vars.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Reads at most one byte more than a spec may have; the parser then says so. -1 with errno. */
static int read_text(int fd, struct arena *arena, const char **text, size_t *length)
{
    size_t room = 16 * 1024;
    char *buffer = arena_alloc(arena, room + 1);

    *length = 0;
    while (*length <= TREE_MOST_BYTES) {
        ssize_t got = read(fd, buffer + *length, room - *length);

        if (got < 0 && errno != EINTR)
            return -1;
        if (got == 0)
            break;
        if (got > 0)
            *length += (size_t)got;
        if (*length == room) {
            char *larger = arena_alloc(arena, 2 * room + 1);

            memcpy(larger, buffer, room);
            buffer = larger;
            room *= 2;
        }
    }
    buffer[*length] = '\0';
    *text = buffer;
    return 0;
}

static int read_source(const char *path, struct arena *arena, struct diags *diags,
                       struct spec_source *source)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int result = -1;

    source->file = arena_strdup(arena, path);
    source->text = "";
    source->length = 0;
    if (fd >= 0) {
        result = read_text(fd, arena, &source->text, &source->length);
        if (result < 0)
            source->length = 0;
    }
    if (result < 0)
        diag_error(diags, DIAG_FILE_READ, (struct srcloc){source->file, 0, 0}, "cannot read: %s",
                   strerror(errno));
    if (fd >= 0)
        close(fd);
    diags_add_source(diags, source->file, source->text, source->length);
    return result;
}

int spec_read_files(const char *const *paths, size_t count, struct arena *arena,
                    struct diags *diags, struct spec_source **sources)
{
    int result = 0;

    *sources = arena_array_of(arena, struct spec_source, count);
    for (size_t i = 0; i < count; i++)
        if (read_source(paths[i], arena, diags, &(*sources)[i]) < 0)
            result = -1;
    return result;
}

/* Parses all files and merges them. */
static int load_tree(const struct spec_input *input, struct arena *arena, struct diags *diags,
                     struct tree **merged)
{
    int result = 0;

    *merged = NULL;
    for (size_t i = 0; i < input->source_count; i++) {
        struct tree *root;

        if (tree_parse(&input->sources[i], arena, diags, &root) < 0) {
            result = -1;
        } else if (root->kind != TREE_MAP && root->kind != TREE_NOTHING) {
            diag_error(diags, DIAG_SPEC_TYPE, root->at, "expected a map of sections, found %s",
                       root->kind == TREE_LIST ? "a list" : "a single value");
            result = -1;
        } else if (!*merged || (*merged)->kind == TREE_NOTHING) {
            *merged = root;
        } else if (root->kind == TREE_MAP) {
            *merged = tree_merge(arena, *merged, root);
        }
    }
    return result;
}

static int variable_compare(const void *left, const void *right)
{
    const struct spec_variable *a = left, *b = right;
    int order = strcmp(a->name, b->name);

    return order ? order : strcmp(a->value, b->value);
}

static const char *digest_input(const struct spec_input *input, struct arena *arena)
{
    struct spec_variable *variables =
        arena_array_of(arena, struct spec_variable, input->variable_count);
    struct digest *digest = digest_new();
    char hex[DIGEST_HEX_SIZE];

    for (size_t i = 0; i < input->source_count; i++)
        digest_add_string(digest, input->sources[i].text);
    if (input->variable_count) {
        memcpy(variables, input->variables, input->variable_count * sizeof(*variables));
        qsort(variables, input->variable_count, sizeof(*variables), variable_compare);
    }
    for (size_t i = 0; i < input->variable_count; i++) {
        digest_add_string(digest, variables[i].name);
        digest_add_string(digest, variables[i].value);
    }
    digest_finish(digest, hex);
    return arena_strdup(arena, hex);
}

static struct spec *resolve(const struct spec_input *input, const struct tree *root,
                            struct arena *arena, struct diags *diags)
{
    struct spec *spec = arena_new_of(arena, struct spec);
    struct resolver resolver = {.input = input, .arena = arena, .diags = diags, .spec = spec};

    map_init(&resolver.hosts, arena);
    map_init(&resolver.addresses, arena);
    map_init(&resolver.packages, arena);
    map_init(&resolver.claims, arena);
    map_init(&resolver.conflicts, arena);
    resolve_hosts(&resolver, root);
    resolve_packages(&resolver, root);
    resolve_zookeeper(&resolver, root);
    resolve_clouds(&resolver, root);
    map_deinit(&resolver.hosts);
    map_deinit(&resolver.addresses);
    map_deinit(&resolver.packages);
    map_deinit(&resolver.claims);
    map_deinit(&resolver.conflicts);
    spec->sources = input->sources;
    spec->source_count = input->source_count;
    spec->digest = digest_input(input, arena);
    return spec;
}

int spec_load(const struct spec_input *input, struct arena *arena, struct diags *diags,
              const struct spec **spec)
{
    size_t errors_before = diags_count_errors(diags);
    struct tree *root;
    const struct spec *resolved;

    assert(input->source_count > 0 && input->home);
    *spec = NULL;
    if (load_tree(input, arena, diags, &root) < 0)
        return -1;
    vars_replace(root, input, arena, diags);
    check_tree(&schema_spec, root, diags);
    resolved = resolve(input, root, arena, diags);
    if (diags_count_errors(diags) != errors_before)
        return -1;
    *spec = resolved;
    return 0;
}

const char *settings_get(const struct settings *settings, const char *key)
{
    for (size_t i = 0; i < settings->count; i++)
        if (strcmp(settings->items[i].key, key) == 0)
            return settings->items[i].value;
    return NULL;
}

const struct spec_host *spec_find_host(const struct spec *spec, const char *name)
{
    for (size_t i = 0; i < spec->host_count; i++)
        if (strcmp(spec->hosts[i].name, name) == 0)
            return &spec->hosts[i];
    return NULL;
}

const struct spec_package *spec_find_package(const struct spec *spec, const char *name)
{
    for (size_t i = 0; i < spec->package_count; i++)
        if (strcmp(spec->packages[i].name, name) == 0)
            return &spec->packages[i];
    return NULL;
}

const struct spec_cloud *spec_find_cloud(const struct spec *spec, const char *code)
{
    for (size_t i = 0; i < spec->cloud_count; i++)
        if (strcmp(spec->clouds[i].code, code) == 0)
            return &spec->clouds[i];
    return NULL;
}
