#include "tests/unit/planner/types/declared.h"

#include <stdlib.h>
#include <string.h>

const char declared_site[] = "arcusplan: 1\n"
                             "hosts:\n"
                             "  one.arcus: { address: 10.0.0.1 }\n"
                             "  two.arcus: { address: 10.0.0.2 }\n"
                             "packages:\n"
                             "  arcus:\n"
                             "    version: \"1.0\"\n"
                             "    directory: dist\n"
                             "    install_dir: /opt/arcus\n"
                             "zookeeper:\n"
                             "  hosts: [two.arcus, one.arcus]\n"
                             "  home: /usr/share/zookeeper\n"
                             "  data_dir: /var/lib/zk\n"
                             "clouds:\n"
                             "  alpha:\n"
                             "    package: arcus\n"
                             "    config: { threads: 6, memlimit: 100MB, connections: 1000 }\n"
                             "    nodes:\n"
                             "      - hosts: [one.arcus, two.arcus]\n"
                             "        ports: [11211]\n"
                             "      - hosts: [two.arcus]\n"
                             "        ports: [11212]\n"
                             "        config: { threads: 4 }\n";

static void give_up(struct declared *declared, const char *what)
{
    fprintf(stderr, "declared: %s\n", what);
    diags_print(declared->diags, stderr, false);
    abort();
}

static void declare(struct declared *declared)
{
    struct declare_input input = {.spec = declared->spec, .diags = declared->diags};
    static int myids[16];

    for (int i = 0; i < 16; i++)
        myids[i] = i + 1;
    input.myids = myids;
    if (graph_build(&input, declared->arena, &declared->graph))
        give_up(declared, "the spec declares nonsense");
}

void declared_init(struct declared *declared, const char *text)
{
    struct spec_source *source;
    struct spec_input input = {.source_count = 1, .home = "/home/op"};

    *declared = (struct declared){.arena = arena_new()};
    declared->diags = diags_new(declared->arena);
    source = arena_new_of(declared->arena, struct spec_source);
    *source = (struct spec_source){"site.yaml", text, strlen(text)};
    input.sources = source;
    diags_add_source(declared->diags, source->file, text, source->length);
    if (spec_load(&input, declared->arena, declared->diags, &declared->spec))
        give_up(declared, "the text is no spec");
    declare(declared);
}

void declared_deinit(struct declared *declared)
{
    graph_deinit(declared->graph);
    arena_free(declared->arena);
}

const struct resource *declared_find(const struct declared *declared, const char *address)
{
    return graph_find(declared->graph, address);
}

const char *declared_value(const struct declared *declared, const char *address, const char *name)
{
    const struct resource *resource = declared_find(declared, address);
    const char *value = resource ? attrs_value(&resource->attrs, name) : NULL;

    return value ? value : "";
}

const struct dependency *declared_dependency(const struct declared *declared, const char *address,
                                             const char *on)
{
    const struct resource *resource = declared_find(declared, address);

    if (resource)
        vec_each(dependency, &resource->dependencies)
            if (!strcmp(dependency->address, on))
                return dependency;
    return NULL;
}

size_t declared_count(const struct declared *declared, const char *type)
{
    size_t count = 0;

    vec_each(resource, &declared->graph->resources)
        count += !strcmp((*resource)->type->name, type);
    return count;
}
