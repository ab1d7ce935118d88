#include "executors/steps/release_delta.h"

#include "tests/unit/executors/steps/step_bench.h"
#include "tests/unit/executors/transport/sshd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct step_bench bench;

static int start(void **state)
{
    (void)state;
    step_bench_open(&bench);
    shell("cd %s && mkdir -p p/bin p/empty && head -c 20000 /dev/urandom >p/bin/a && "
          "head -c 20000 /dev/urandom >p/b && ln -s bin/a p/link && chmod 755 p/bin/a && chmod 644 "
          "p/b",
          bench.directory);
    step_bench_pack(&bench, "p");
    return 0;
}

static int stop(void **state)
{
    (void)state;
    step_bench_close(&bench);
    return 0;
}

static const char *archive(void)
{
    return step_bench_path(&bench, "p.tar.gz");
}

static char *digest_of_file(const char *name)
{
    shell("sha256sum <%s/p/%s >%s/sum", bench.directory, name, bench.directory);
    return arena_strndup(bench.arena, step_bench_read(&bench, "sum"), 64);
}

static void what_the_host_has_is_left_out_wherever_it_lies(void **state)
{
    const char *sum = digest_of_file("bin/a");
    char *have = arena_printf(bench.arena, "current arcus 1 x\nfile %s 0600 old place/a\n", sum);
    struct release_delta delta;
    struct fault fault;

    (void)state;
    assert_int_equal(release_delta_make(archive(), have, NULL, bench.arena, &delta, &fault), 0);
    assert_string_equal(delta.kept, arena_printf(bench.arena, "%s 0755 bin/a\nold place/a\n", sum));
    shell("tar -tzf /proc/%d/fd/%d | sort | tr '\\n' ' ' >%s/list", getpid(), delta.fd,
          bench.directory);
    assert_string_equal(step_bench_read(&bench, "list"), "b bin/ empty/ link ");
    assert_true(delta.size > 20000 && delta.size < 22000);
    close(delta.fd);
}

static void a_host_with_nothing_of_it_gets_all(void **state)
{
    static const char *const cases[] = {
        "",
        "need\n",
        "file\nfile \nfile abc 0644 b\nfile  \n",
        "file 0000000000000000000000000000000000000000000000000000000000000000 0644 b\n",
        "file 0000000000000000000000000000000000000000000000000000000000000000 0644 \n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct release_delta delta;
        struct fault fault;

        assert_int_equal(release_delta_make(archive(), cases[i], NULL, bench.arena, &delta, &fault),
                         RELEASE_DELTA_NONE);
    }
}

static void an_archive_that_cannot_be_read_is_a_fault(void **state)
{
    char *have = arena_printf(bench.arena, "file %s 0644 b\n", digest_of_file("b"));
    struct release_delta delta;
    struct fault fault;

    (void)state;
    assert_int_equal(release_delta_make(step_bench_path(&bench, "none.tar.gz"), have, NULL,
                                        bench.arena, &delta, &fault),
                     -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_host_has_is_left_out_wherever_it_lies),
        cmocka_unit_test(a_host_with_nothing_of_it_gets_all),
        cmocka_unit_test(an_archive_that_cannot_be_read_is_a_fault),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
