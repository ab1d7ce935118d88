/* Sources are not registered with diags, so that messages stay one line each and tests short. */
#include "tests/unit/planner/spec/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOSTS "arcusplan: 1\nhosts:\n  a: { address: 10.0.0.1 }\n  b: { address: 10.0.0.2 }\n"

const char fixture_hosts[] = HOSTS;
const char fixture_base[] =
    HOSTS "packages:\n  arcus: { version: \"1\", directory: dist, install_dir: /opt/arcus }\n"
          "zookeeper: { hosts: [a] }\n";

int fixture_set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    if (!fixture)
        return -1;
    fixture->arena = arena_new();
    fixture->diags = diags_new(fixture->arena);
    *state = fixture;
    return 0;
}

int fixture_tear_down(void **state)
{
    struct fixture *fixture = *state;

    free(fixture->text);
    arena_free(fixture->arena);
    free(fixture);
    return 0;
}

static const char *environment(const char *name)
{
    return strcmp(name, "SET") == 0 ? "value" : NULL;
}

static struct spec_source source_of(const char *file, const char *text)
{
    return (struct spec_source){file, text, strlen(text)};
}

int fixture_load_files(struct fixture *fixture, const char *const *texts, size_t count)
{
    static const char *const names[] = {"a.yaml", "b.yaml", "dir/c.yaml"};
    struct spec_source *sources = arena_array_of(fixture->arena, struct spec_source, count);
    struct spec_input input = {
        .sources = sources, .source_count = count, .environment = environment, .home = "/home/op"};

    for (size_t i = 0; i < count; i++)
        sources[i] = source_of(names[i], texts[i]);
    fixture->spec = NULL;
    return spec_load(&input, fixture->arena, fixture->diags, &fixture->spec);
}

int fixture_load(struct fixture *fixture, const char *text)
{
    return fixture_load_files(fixture, &text, 1);
}

int fixture_parse(struct fixture *fixture, const char *text)
{
    struct spec_source source = source_of("a.yaml", text);

    return tree_parse(&source, fixture->arena, fixture->diags, &fixture->tree);
}

const char *fixture_messages(struct fixture *fixture)
{
    size_t length;
    FILE *out;

    free(fixture->text);
    fixture->text = NULL;
    out = open_memstream(&fixture->text, &length);
    diags_print(fixture->diags, out, false);
    fclose(out);
    return fixture->text;
}

const char *fixture_join(struct fixture *fixture, const char *first, const char *second)
{
    return arena_printf(fixture->arena, "%s%s", first, second);
}
