#include "tests/unit/statedb/fixture.h"

#include "planner/base/str.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const struct spec_source sources[] = {
    {"cluster.yaml", "arcusplan: 1\n", 13},
    {"prod.yaml", "hosts: {}\n", 10},
};

int fixture_setup(void **state)
{
    struct arena *arena = arena_new();
    struct fixture *fixture = arena_new_of(arena, struct fixture);

    fixture->arena = arena;
    fixture->diags = diags_new(arena);
    snprintf(fixture->directory, sizeof(fixture->directory), "/tmp/test-statedb-XXXXXX");
    if (!mkdtemp(fixture->directory))
        return -1;
    fixture->path = fixture_path(fixture, ".arcusplan/state.db");
    fixture->hosts = arena_array_of(arena, struct spec_host, 2);
    fixture->hosts[0] = (struct spec_host){
        .name = "cache001",
        .address = "10.0.0.1",
        .ssh = {.user = "arcus", .port = 2222, .become = BECOME_SUDO, .connect_timeout_ms = 5000}};
    fixture->hosts[1] = (struct spec_host){.name = "cache002",
                                           .address = "127.0.0.1",
                                           .executor = EXECUTOR_LOCAL,
                                           .ssh = {.port = 22}};
    fixture->cloud = (struct spec_cloud){.code = "test", .prevent_destroy = true};
    fixture->spec = (struct spec){.sources = sources,
                                  .source_count = 2,
                                  .digest = "0123abcd",
                                  .hosts = fixture->hosts,
                                  .host_count = 2};
    *state = fixture;
    return 0;
}

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *ftw)
{
    (void)info;
    (void)type;
    (void)ftw;
    return remove(path);
}

int fixture_teardown(void **state)
{
    struct fixture *fixture = *state;

    nftw(fixture->directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    arena_free(fixture->arena);
    return 0;
}

const char *fixture_path(struct fixture *fixture, const char *name)
{
    return arena_printf(fixture->arena, "%s/%s", fixture->directory, name);
}

struct statedb *fixture_open(struct fixture *fixture)
{
    struct statedb *db;

    if (statedb_open(fixture->path, false, fixture->diags, &db)) {
        diags_print(fixture->diags, stderr, false);
        fail_msg("cannot open %s", fixture->path);
    }
    return db;
}

static char *printed(struct fixture *fixture)
{
    char *text = NULL, *copy;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    diags_print(fixture->diags, out, false);
    fclose(out);
    copy = arena_strdup(fixture->arena, text);
    free(text);
    return copy;
}

void fixture_assert_error(struct fixture *fixture, enum diag_code code, const char *part)
{
    char number[16];
    char *text = printed(fixture);

    snprintf(number, sizeof(number), "E%04d", diag_code_info(code)->number);
    if (!strstr(text, number) || !strstr(text, part))
        fail_msg("expected %s with '%s', found: %s", number, part, text);
}

void fixture_assert_no_error(struct fixture *fixture)
{
    if (diags_has_errors(fixture->diags))
        fail_msg("%s", printed(fixture));
}

struct step *fixture_step(struct fixture *fixture, int id, enum op op, enum verb verb,
                          const char *address, const struct spec_host *host)
{
    struct change *change = arena_new_of(fixture->arena, struct change);
    struct step *step = arena_new_of(fixture->arena, struct step);

    change->address = address;
    change->verb = verb;
    change->host = host;
    *step = (struct step){.id = id, .op = op, .change = change, .host = host, .reason = "because"};
    return step;
}

struct attrs fixture_attrs(struct fixture *fixture, ...)
{
    struct attrs attrs = {0};
    const char *name;
    va_list args;

    va_start(args, fixture);
    while ((name = va_arg(args, const char *)))
        attrs_add(fixture->arena, &attrs, name, va_arg(args, const char *), SRCLOC_NONE);
    va_end(args);
    attrs_sort(&attrs);
    return attrs;
}

struct outcome fixture_outcome(enum outcome_kind kind, struct attrs attrs)
{
    struct outcome outcome = {.kind = kind, .bytes_sent = 7, .elapsed_ms = 12, .attrs = attrs};

    if (kind == OUTCOME_FAILED || kind == OUTCOME_SKIPPED)
        fault_set(&outcome.fault, DIAG_HOST_TIMEOUT, "no answer in 10s");
    return outcome;
}

static void dump_resources(const struct recorded *recorded, struct str *text)
{
    str_printf(text, "serial %lld\n", (long long)recorded->serial);
    vec_each(item, &recorded->resources) {
        const struct recorded_resource *resource = *item;

        str_printf(text, "%s on %s%s%s%s\n", resource->address,
                   resource->host ? resource->host : "-",
                   resource->prevent_destroy ? " protected" : "",
                   resource->is_uncertain ? " uncertain " : "",
                   resource->is_uncertain ? resource->uncertain_op : "");
        vec_each(attr, &resource->attrs)
            str_printf(text, "  %s=%s\n", attr->name, attr->value);
    }
    vec_each(host, &recorded->hosts)
        str_printf(text, "host %s %s %d\n", (*host)->name, (*host)->address, (*host)->ssh.port);
}

static int dump_runs(struct fixture *fixture, struct statedb *db, struct str *text)
{
    struct run_list runs;
    struct run_step_list steps;

    if (statedb_runs(db, fixture->arena, fixture->diags, &runs))
        return -1;
    vec_each(run, &runs) {
        str_printf(text, "run %lld %s %s\n", (long long)run->id, run->command,
                   run->result ? run->result : "open");
        if (statedb_run_steps(db, run->id, fixture->arena, fixture->diags, &steps))
            return -1;
        vec_each(step, &steps)
            str_printf(text, "  %d %s %s %s\n", step->id, step->op, step->address,
                       step->outcome ? step->outcome : "open");
    }
    return 0;
}

const char *fixture_dump(struct fixture *fixture)
{
    struct recorded recorded;
    struct statedb *db;
    struct str text = {0};
    const char *copy = NULL;

    if (statedb_open(fixture->path, true, fixture->diags, &db))
        return NULL;
    if (statedb_snapshot(db, fixture->arena, fixture->diags, &recorded) == 0) {
        dump_resources(&recorded, &text);
        if (dump_runs(fixture, db, &text) == 0)
            copy = arena_strdup(fixture->arena, str_text(&text));
    }
    recorded_deinit(&recorded);
    str_deinit(&text);
    statedb_close(db);
    return copy;
}

char *fixture_read(struct fixture *fixture, const char *path, size_t *length)
{
    FILE *file = fopen(path, "rb");
    char *bytes;

    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    *length = (size_t)ftell(file);
    rewind(file);
    bytes = arena_alloc(fixture->arena, *length + 1);
    assert_int_equal(fread(bytes, 1, *length, file), *length);
    fclose(file);
    return bytes;
}

void fixture_write(const char *path, const char *bytes, size_t length)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}
