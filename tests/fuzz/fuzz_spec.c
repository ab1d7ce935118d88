/* Any bytes as spec files: the loader must answer, and its messages must be printable. A line
 * "%%%%" separates files that are merged. */
#include "planner/spec/spec.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { FILES_MOST = 4 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *environment(const char *name)
{
    if (strcmp(name, "BYTES") == 0)
        return "\x1b\xff";
    return strcmp(name, "SET") == 0 ? "7" : NULL;
}

static size_t split(struct arena *arena, struct diags *diags, const uint8_t *data, size_t size,
                    struct spec_source sources[FILES_MOST])
{
    static const char separator[] = "%%%%\n";
    const char *at = arena_strndup(arena, (const char *)data, size), *end = at + size;
    size_t count = 0;

    for (; count < FILES_MOST; count++) {
        const char *stop = memmem(at, (size_t)(end - at), separator, strlen(separator));

        if (!stop || count == FILES_MOST - 1)
            stop = end;
        sources[count].file = arena_printf(arena, "dir/%zu.yaml", count);
        sources[count].length = (size_t)(stop - at);
        sources[count].text = arena_strndup(arena, at, sources[count].length);
        diags_add_source(diags, sources[count].file, sources[count].text, sources[count].length);
        if (stop == end)
            return count + 1;
        at = stop + strlen(separator);
    }
    return count;
}

/* What every spec that loads promises to those that use it. */
static void check_spec(const struct spec *spec)
{
    for (size_t i = 0; i < spec->host_count && i < 100; i++)
        assert(spec_find_host(spec, spec->hosts[i].name) == &spec->hosts[i]);
    for (size_t i = 0; i < spec->package_count; i++)
        assert(spec->packages[i].version && spec->packages[i].install_dir[0] == '/');
    for (size_t i = 0; i < spec->cloud_count; i++) {
        const struct spec_cloud *cloud = &spec->clouds[i];

        assert(cloud->package && cloud->node_count && spec->zookeeper->connect[0]);
        for (size_t j = 0; j < cloud->node_count; j++) {
            assert(cloud->nodes[j].host->address && cloud->nodes[j].port > 0);
            assert(settings_get(&cloud->nodes[j].config, "memlimit"));
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct spec_variable variables[] = {{"given", "10.0.0.1"}};
    struct arena *arena = arena_new();
    struct diags *diags = diags_new(arena);
    struct spec_source sources[FILES_MOST];
    struct spec_input input = {.sources = sources,
                               .variables = variables,
                               .variable_count = 1,
                               .environment = environment,
                               .home = "/home/op"};
    const struct spec *spec;
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);

    input.source_count = split(arena, diags, data, size, sources);
    if (spec_load(&input, arena, diags, &spec) == 0)
        check_spec(spec);
    else
        assert(diags_has_errors(diags) && !spec);
    diags_print(diags, out, false);
    fclose(out);
    assert(!memchr(text, '\x1b', length));
    free(text);
    arena_free(arena);
    return 0;
}
