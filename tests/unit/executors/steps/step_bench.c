/* Cutting a script: shims for the programs that scripts use count their calls and, at the chosen
 * one, kill the process group of the script instead of running. */
#include "tests/unit/executors/steps/step_bench.h"

#include "planner/base/clock.h"
#include "planner/base/digest.h"
#include "tests/unit/executors/transport/sshd.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { MOST_CUTS = 200 };

static const char *const shimmed[] = {
    "cat", "chmod", "cp",    "env",       "head",  "kill", "ln",   "ls",  "mkdir", "mkfifo",
    "mv",  "rm",    "rmdir", "sha256sum", "sleep", "sync", "tail", "tar", "tee",   "tr"};

/* The count is the length of a line: appending to it is atomic, and some programs run at once. */
static void make_shims(struct step_bench *bench)
{
    shell("mkdir %s/shims", bench->directory);
    for (size_t i = 0; i < sizeof(shimmed) / sizeof(*shimmed); i++)
        shell("{ echo '#!/bin/sh'; echo 'printf x >>%s/count; read -r n <%s/count';"
              " echo '[ ${#n} -ne ${SHIM_CUT:-0} ] || kill -9 0'; echo 'exec /usr/bin/%s \"$@\"'; }"
              " >%s/shims/%s; chmod +x %s/shims/%s",
              bench->directory, bench->directory, shimmed[i], bench->directory, shimmed[i],
              bench->directory, shimmed[i]);
}

void step_bench_open(struct step_bench *bench)
{
    struct fault fault;

    memset(bench, 0, sizeof(*bench));
    bench->arena = arena_new();
    snprintf(bench->directory, sizeof(bench->directory), "/tmp/arcusplan-steps-XXXXXX");
    assert_non_null(mkdtemp(bench->directory));
    chmod(bench->directory, 0755);
    make_shims(bench);
    assert_int_equal(transport_init(&fault), 0);
    bench->host = (struct spec_host){
        .name = "here.arcus", .address = "127.0.0.1", .executor = EXECUTOR_LOCAL};
    bench->package = (struct spec_package){.name = "arcus",
                                           .version = "1.0",
                                           .install_dir = step_bench_path(bench, "opt"),
                                           .keep_releases = 2};
    bench->cloud = (struct spec_cloud){
        .code = "test", .package = &bench->package, .update = {.health_timeout_ms = 60000}};
    assert_int_equal(
        transport_open(&bench->host, clock_deadline_ms(60000), NULL, &bench->transport, &fault), 0);
    bench->artifacts = artifacts_new();
}

void step_bench_close(struct step_bench *bench)
{
    transport_close(bench->transport);
    artifacts_free(bench->artifacts);
    shell("rm -rf %s", bench->directory);
    arena_free(bench->arena);
}

void step_bench_pack(struct step_bench *bench, const char *name)
{
    struct artifact artifact = {.package = "arcus"};
    struct stat status;
    int fd;

    artifact.archive = step_bench_path(bench, "%s.tar.gz", name);
    shell("cd %s/%s && tar -czf %s *", bench->directory, name, artifact.archive);
    fd = open(artifact.archive, O_RDONLY | O_CLOEXEC);
    assert_int_equal(digest_of_fd(fd, artifact.digest), 0);
    assert_int_equal(fstat(fd, &status), 0);
    close(fd);
    artifact.bytes = status.st_size;
    artifacts_put(bench->artifacts, &artifact);
}

static void add_attrs(struct step_bench *bench, struct attrs *attrs, va_list args)
{
    const char *name;

    while ((name = va_arg(args, const char *)))
        attrs_add(bench->arena, attrs, name, va_arg(args, const char *), SRCLOC_NONE);
    attrs_sort(attrs);
}

static struct change *make_step(struct step_bench *bench, enum op op, const char *address,
                                struct step **step)
{
    struct change *change = arena_new_of(bench->arena, struct change);

    change->address = arena_strdup(bench->arena, address);
    change->host = &bench->host;
    *step = arena_new_of(bench->arena, struct step);
    (*step)->op = op;
    (*step)->change = change;
    (*step)->host = &bench->host;
    return change;
}

struct step *step_bench_step(struct step_bench *bench, enum op op, const char *address, ...)
{
    struct resource *resource = arena_new_of(bench->arena, struct resource);
    struct step *step;
    struct change *change = make_step(bench, op, address, &step);
    va_list args;

    resource->address = change->address;
    resource->host = &bench->host;
    resource->package = &bench->package;
    resource->cloud = &bench->cloud;
    va_start(args, address);
    add_attrs(bench, &resource->attrs, args);
    va_end(args);
    change->resource = resource;
    return step;
}

struct step *step_bench_removal(struct step_bench *bench, enum op op, const char *address, ...)
{
    struct attrs *seen = arena_new_of(bench->arena, struct attrs);
    struct step *step;
    struct change *change = make_step(bench, op, address, &step);
    va_list args;

    va_start(args, address);
    add_attrs(bench, seen, args);
    va_end(args);
    change->seen = seen;
    return step;
}

static int give_session(void *data, int64_t deadline_ms, struct zk_session **session,
                        struct fault *fault)
{
    struct step_bench *bench = data;

    (void)deadline_ms;
    *session = bench->session;
    return bench->session ? 0 : fault_set(fault, DIAG_ZK_CONNECT, "no ensemble in this test");
}

struct outcome step_bench_run(struct step_bench *bench, const struct step *step)
{
    struct step_context context = {.spec = &bench->spec,
                                   .step = step,
                                   .arena = bench->arena,
                                   .transport = bench->transport,
                                   .zookeeper = give_session,
                                   .data = bench,
                                   .artifacts = bench->artifacts};
    struct outcome outcome;

    step_execute(&context, &outcome);
    return outcome;
}

void step_bench_expect(struct step_bench *bench, const struct step *step, enum outcome_kind kind)
{
    struct outcome outcome = step_bench_run(bench, step);

    if (outcome.kind != kind)
        fail_msg("%s %s: %s, not %s: %s", op_word(step->op), step->change->address,
                 outcome_word(outcome.kind), outcome_word(kind), outcome.fault.text);
}

struct fault step_bench_refuse(struct step_bench *bench, const struct step *step,
                               enum diag_code code)
{
    struct outcome outcome = step_bench_run(bench, step);

    if (outcome.kind != OUTCOME_FAILED || outcome.fault.code != code)
        fail_msg("%s %s: %s, %s: %s", op_word(step->op), step->change->address,
                 outcome_word(outcome.kind), diag_code_info(outcome.fault.code)->name,
                 outcome.fault.text);
    return outcome.fault;
}

/* Whether the chosen call was reached. */
static bool run_cut(struct step_bench *bench, const struct step *step, int call)
{
    char *path = strdup(getenv("PATH"));
    char number[16];
    struct stat count;

    shell(": >%s/count", bench->directory);
    snprintf(number, sizeof(number), "%d", call);
    setenv("SHIM_CUT", number, 1);
    setenv("PATH", arena_printf(bench->arena, "%s/shims:%s", bench->directory, path), 1);
    step_bench_run(bench, step);
    setenv("PATH", path, 1);
    unsetenv("SHIM_CUT");
    free(path);
    assert_int_equal(stat(step_bench_path(bench, "count"), &count), 0);
    return count.st_size >= call;
}

void step_bench_cut(struct step_bench *bench, const struct step *step, void (*prepare)(void *data),
                    void (*check)(void *data), void *data)
{
    int call = 0;

    do {
        struct outcome outcome;

        prepare(data);
        assert_true(++call < MOST_CUTS);
        if (!run_cut(bench, step, call))
            break;
        outcome = step_bench_run(bench, step);
        if (outcome.kind != OUTCOME_DONE && outcome.kind != OUTCOME_UNCHANGED)
            fail_msg("%s after cut %d: %s", op_word(step->op), call, outcome.fault.text);
        check(data);
        step_bench_expect(bench, step, OUTCOME_UNCHANGED);
    } while (true);
    assert_true(call > 1);
}

char *step_bench_path(struct step_bench *bench, const char *format, ...)
{
    va_list args;
    char *name;

    va_start(args, format);
    name = arena_vprintf(bench->arena, format, args);
    va_end(args);
    return arena_printf(bench->arena, "%s/%s", bench->directory, name);
}

bool step_bench_runs(int pid)
{
    char path[64], state = 'X';
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    file = fopen(path, "re");
    if (!file)
        return false;
    if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
        state = 'X';
    fclose(file);
    return state != 'Z' && state != 'X';
}

bool step_bench_has(struct step_bench *bench, const char *path)
{
    struct stat status;

    return lstat(step_bench_path(bench, "%s", path), &status) == 0;
}

char *step_bench_read(struct step_bench *bench, const char *path)
{
    FILE *file = fopen(step_bench_path(bench, "%s", path), "re");
    char *text = arena_alloc(bench->arena, 65536);

    if (!file)
        fail_msg("%s is not there", path);
    fread(text, 1, 65535, file);
    fclose(file);
    return text;
}
