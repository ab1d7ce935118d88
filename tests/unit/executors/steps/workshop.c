#include "tests/unit/executors/steps/workshop.h"

#include "planner/base/str.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static int get(void *data, const char *package, int rule, char digest[DIGEST_HEX_SIZE])
{
    struct workshop *workshop = data;
    const char *found;

    if (statedb_build_get(workshop->db, package, rule, workshop->arena, workshop->diags, &found))
        return -1;
    snprintf(digest, DIGEST_HEX_SIZE, "%s", found ? found : "");
    return 0;
}

static int put(void *data, const char *package, int rule, const char *digest)
{
    struct workshop *workshop = data;

    return statedb_build_put(workshop->db, package, rule, digest, workshop->diags);
}

int workshop_setup(void **state)
{
    struct arena *arena = arena_new();
    struct workshop *workshop = arena_new_of(arena, struct workshop);

    workshop->arena = arena;
    workshop->diags = diags_new(arena);
    snprintf(workshop->directory, sizeof(workshop->directory), "/tmp/test-steps-XXXXXX");
    if (!mkdtemp(workshop->directory))
        return -1;
    workshop->cache = workshop_path(workshop, "state/cache");
    if (statedb_open(workshop_path(workshop, "state/state.db"), false, workshop->diags,
                     &workshop->db))
        return -1;
    workshop->record = (struct build_record){get, put, workshop};
    workshop->place =
        (struct package_place){.cache_dir = workshop->cache, .record = &workshop->record};
    workshop->package = (struct spec_package){.name = "tool",
                                              .version = "1.0",
                                              .base_dir = workshop->directory,
                                              .source = PACKAGE_FILES,
                                              .at = {"cluster.yaml", 10, 3}};
    workshop->spec = (struct spec){.packages = &workshop->package, .package_count = 1};
    *state = workshop;
    return 0;
}

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *ftw)
{
    (void)info;
    (void)type;
    (void)ftw;
    return remove(path);
}

int workshop_teardown(void **state)
{
    struct workshop *workshop = *state;

    statedb_close(workshop->db);
    nftw(workshop->directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    arena_free(workshop->arena);
    return 0;
}

const char *workshop_path(struct workshop *workshop, const char *name)
{
    return arena_printf(workshop->arena, "%s/%s", workshop->directory, name);
}

void workshop_write(struct workshop *workshop, const char *name, const char *text)
{
    const char *path = workshop_path(workshop, name);
    FILE *out;

    for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/'))
        mkdir(arena_strndup(workshop->arena, path, (size_t)(slash - path)), 0755);
    out = fopen(path, "w");
    assert_non_null(out);
    fputs(text, out);
    assert_int_equal(fclose(out), 0);
}

static const char *read_all(struct workshop *workshop, FILE *in, size_t *size)
{
    struct str text = {0};
    char buffer[4096];
    size_t got;
    const char *copy;

    while ((got = fread(buffer, 1, sizeof(buffer), in)) > 0)
        str_add(&text, buffer, got);
    if (size)
        *size = text.length;
    copy = arena_strndup(workshop->arena, str_text(&text), text.length);
    str_deinit(&text);
    return copy;
}

const char *workshop_read(struct workshop *workshop, const char *path, size_t *size)
{
    FILE *in = fopen(path, "r");
    const char *text;

    if (!in)
        fail_msg("%s cannot be read", path);
    text = read_all(workshop, in, size);
    fclose(in);
    return text;
}

const char *workshop_output(struct workshop *workshop, const char *format, ...)
{
    va_list args;
    const char *script, *text;
    size_t size;
    FILE *in;

    va_start(args, format);
    script = arena_printf(workshop->arena, "cd %s && %s", workshop->directory,
                          arena_vprintf(workshop->arena, format, args));
    va_end(args);
    in = popen(script, "r");
    assert_non_null(in);
    text = read_all(workshop, in, &size);
    if (pclose(in))
        fail_msg("%s failed", script);
    if (size && text[size - 1] == '\n')
        size--;
    return arena_strndup(workshop->arena, text, size);
}

void workshop_run(struct workshop *workshop, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    workshop_output(workshop, "%s", arena_vprintf(workshop->arena, format, args));
    va_end(args);
}

void workshop_add_file(struct workshop *workshop, const char *from, const char *to, int mode)
{
    struct spec_package *package = &workshop->package;
    struct spec_file *files =
        arena_array_of(workshop->arena, struct spec_file, package->file_count + 1);

    if (package->file_count)
        memcpy(files, package->files, package->file_count * sizeof(*files));
    files[package->file_count] =
        (struct spec_file){from, to, mode, {"cluster.yaml", 20 + (int)package->file_count, 9}};
    package->files = files;
    package->file_count++;
}

void workshop_add_rule(struct workshop *workshop, const char *run, const char *input,
                       const char *output)
{
    struct spec_package *package = &workshop->package;
    struct spec_build_rule *rules =
        arena_array_of(workshop->arena, struct spec_build_rule, package->rule_count + 1);
    const char **globs = arena_array_of(workshop->arena, const char *, 2);

    globs[0] = input;
    globs[1] = output;
    if (package->rule_count)
        memcpy(rules, package->rules, package->rule_count * sizeof(*rules));
    rules[package->rule_count] = (struct spec_build_rule){
        run, globs, 1, globs + 1, 1, {"cluster.yaml", 30 + (int)package->rule_count, 9}};
    package->rules = rules;
    package->rule_count++;
}

struct package_look workshop_look(struct workshop *workshop)
{
    struct package_look look;

    if (package_look(&workshop->place, &workshop->package, workshop->arena, &look, &workshop->at,
                     &workshop->fault))
        fail_msg("%s", workshop->fault.text);
    return look;
}

struct package_look workshop_build(struct workshop *workshop)
{
    struct package_look look;

    if (package_build(&workshop->place, &workshop->package, false, workshop->arena, &look,
                      &workshop->at, &workshop->fault))
        fail_msg("%s", workshop->fault.text);
    return look;
}

void workshop_assert_fault(struct workshop *workshop, enum diag_code code, const char *part)
{
    assert_string_equal(diag_code_info(workshop->fault.code)->name, diag_code_info(code)->name);
    if (!strstr(workshop->fault.text, part))
        fail_msg("'%s' does not say '%s'", workshop->fault.text, part);
}
