#include "tests/unit/executors/steps/step_bench.h"
#include "tests/unit/executors/transport/sshd.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static struct step_bench bench;

static int start(void **state)
{
    (void)state;
    step_bench_open(&bench);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    step_bench_close(&bench);
    return 0;
}

/* Makes a package whose program sleeps and whose other file says what is given. */
static void make_package(const char *name, const char *text)
{
    shell("cd %s && mkdir -p %s/bin %s/share/deep && cp /bin/sleep %s/bin/cacheserver && "
          "echo '%s' >%s/share/deep/text && chmod 600 %s/share/deep/text && "
          "ln -sf bin/cacheserver %s/link",
          bench.directory, name, name, name, text, name, name, name);
    step_bench_pack(&bench, name);
}

static struct step *make_step(void)
{
    struct step *step = step_bench_step(&bench, OP_DEPLOY, "release/here.arcus/arcus", "version",
                                        "1.0", "install_dir", bench.package.install_dir, NULL);

    attrs_add_ref(bench.arena, &((struct resource *)step->change->resource)->attrs, "digest",
                  "package/arcus", "digest", SRCLOC_NONE);
    return step;
}

static const char *digest(void)
{
    struct artifact artifact;

    assert_true(artifacts_get(bench.artifacts, "arcus", &artifact));
    return arena_strdup(bench.arena, artifact.digest);
}

static char *release_path(const char *hex)
{
    return arena_printf(bench.arena, "opt/releases/arcus-1.0-%.12s", hex);
}

static void check_installed(const char *text)
{
    char *manifest = step_bench_read(&bench, "opt/manifest");

    assert_string_equal(step_bench_read(&bench, "opt/current/share/deep/text"),
                        arena_printf(bench.arena, "%s\n", text));
    assert_true(step_bench_has(&bench, "opt/current/link"));
    shell("[ $(stat -L -c %%a %s/opt/current/share/deep/text) = 600 ]", bench.directory);
    assert_memory_equal(manifest, "arcusplan-manifest 1\n", 21);
    assert_non_null(strstr(manifest, arena_printf(bench.arena,
                                                  "\nrelease arcus 1.0 %s\ncurrent "
                                                  "arcus 1.0 %s\n",
                                                  digest(), digest())));
    assert_non_null(strstr(manifest, " 0600 share/deep/text\n"));
    shell("cd %s/opt/current && while read -r w h m p; do [ $w != file ] || echo \"$h  $p\"; done "
          "<../../manifest | sha256sum -c --quiet",
          bench.directory);
    shell("[ -z \"$(ls -d %s/opt/releases/.[!.]* %s/opt/*.new.* 2>/dev/null)\" ]", bench.directory,
          bench.directory);
}

static void a_release_is_installed_once(void **state)
{
    struct outcome outcome;

    (void)state;
    make_package("one", "first");
    outcome = step_bench_run(&bench, make_step());
    if (outcome.kind != OUTCOME_DONE)
        fail_msg("%s", outcome.fault.text);
    assert_true(outcome.bytes_sent > 1000);
    assert_string_equal(attrs_value(&outcome.attrs, "digest"), digest());
    check_installed("first");
    outcome = step_bench_run(&bench, make_step());
    assert_int_equal(outcome.kind, OUTCOME_UNCHANGED);
    assert_int_equal(outcome.bytes_sent, 0);
}

static void a_release_that_is_still_there_is_not_sent_again(void **state)
{
    const char *first = digest();
    struct artifact old;
    struct outcome outcome;

    (void)state;
    assert_true(artifacts_get(bench.artifacts, "arcus", &old));
    old.archive = arena_strdup(bench.arena, old.archive);
    make_package("two", "second");
    step_bench_expect(&bench, make_step(), OUTCOME_DONE);
    check_installed("second");
    assert_true(step_bench_has(&bench, release_path(first)));
    artifacts_put(bench.artifacts, &old);
    outcome = step_bench_run(&bench, make_step());
    assert_int_equal(outcome.kind, OUTCOME_DONE);
    assert_int_equal(outcome.bytes_sent, 0);
    check_installed("first");
}

static void a_forced_step_replaces_what_is_there(void **state)
{
    struct step *step = make_step();

    (void)state;
    shell("echo damaged >%s/opt/current/share/deep/text", bench.directory);
    ((struct change *)step->change)->is_forced = true;
    step_bench_expect(&bench, step, OUTCOME_DONE);
    check_installed("first");
}

static void old_releases_go_except_those_in_use(void **state)
{
    char *used, *unused;
    pid_t child;

    (void)state;
    make_package("three", "third");
    step_bench_expect(&bench, make_step(), OUTCOME_DONE);
    used = release_path(digest());
    child = fork();
    if (child == 0) {
        execl(step_bench_path(&bench, "opt/current/bin/cacheserver"), "cacheserver", "60",
              (char *)NULL);
        _exit(1);
    }
    shell("until [ \"$(readlink /proc/%d/exe)\" = \"$(readlink -f %s/opt/current)/bin/"
          "cacheserver\" ]; do sleep 0.01; done",
          child, bench.directory);
    make_package("four", "fourth");
    step_bench_expect(&bench, make_step(), OUTCOME_DONE);
    unused = release_path(digest());
    for (int i = 0; i < 3; i++) {
        make_package(arena_printf(bench.arena, "more%d", i),
                     arena_printf(bench.arena, "more %d", i));
        step_bench_expect(&bench, make_step(), OUTCOME_DONE);
    }
    check_installed("more 2");
    assert_true(step_bench_has(&bench, used));
    assert_false(step_bench_has(&bench, unused));
    shell("[ $(ls %s/opt/releases | wc -l) = 3 ]", bench.directory);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    make_package("last", "the last");
    step_bench_expect(&bench, make_step(), OUTCOME_DONE);
    assert_false(step_bench_has(&bench, used));
    shell("[ $(ls %s/opt/releases | wc -l) = 2 ]", bench.directory);
}

static int64_t archive_size(void)
{
    struct artifact artifact;

    assert_true(artifacts_get(bench.artifacts, "arcus", &artifact));
    return artifact.bytes;
}

static void only_files_that_the_host_lacks_are_sent(void **state)
{
    struct outcome outcome;

    (void)state;
    make_package("small", "a small change");
    shell("cd %s/small && mv bin/cacheserver bin/moved && cp bin/moved bin/cacheserver && "
          "chmod 700 bin/moved",
          bench.directory);
    step_bench_pack(&bench, "small");
    outcome = step_bench_run(&bench, make_step());
    if (outcome.kind != OUTCOME_DONE)
        fail_msg("%s", outcome.fault.text);
    assert_true(outcome.bytes_sent > 0 && outcome.bytes_sent < 2000);
    assert_true(archive_size() > 10 * outcome.bytes_sent);
    check_installed("a small change");
    shell("[ $(stat -L -c %%a %s/opt/current/bin/moved) = 700 ] && "
          "cmp %s/opt/current/bin/moved /bin/sleep",
          bench.directory, bench.directory);
}

static void a_damaged_file_on_the_host_is_not_taken_over(void **state)
{
    struct outcome outcome;

    (void)state;
    shell("for f in %s/opt/current/bin/*; do echo damaged >$f; done", bench.directory);
    make_package("whole", "whole");
    outcome = step_bench_run(&bench, make_step());
    assert_int_equal(outcome.kind, OUTCOME_DONE);
    assert_true(outcome.bytes_sent > archive_size());
    check_installed("whole");
    shell("cmp %s/opt/current/bin/cacheserver /bin/sleep", bench.directory);
}

static void a_damaged_archive_leaves_nothing(void **state)
{
    struct artifact artifact;
    char *manifest = step_bench_read(&bench, "opt/manifest");

    (void)state;
    make_package("bad", "bad");
    assert_true(artifacts_get(bench.artifacts, "arcus", &artifact));
    shell("printf xxxx | dd of=%s bs=1 seek=200 conv=notrunc 2>/dev/null", artifact.archive);
    step_bench_refuse(&bench, make_step(), DIAG_PACKAGE_ARCHIVE);
    shell("mv %s/opt/manifest %s/manifest", bench.directory, bench.directory);
    step_bench_refuse(&bench, make_step(), DIAG_HOST_COMMAND);
    shell("mv %s/manifest %s/opt/manifest", bench.directory, bench.directory);
    assert_false(step_bench_has(&bench, release_path(artifact.digest)));
    assert_string_equal(step_bench_read(&bench, "opt/manifest"), manifest);
    shell("[ -z \"$(ls -d %s/opt/releases/.[!.]* 2>/dev/null)\" ]", bench.directory);
}

static void a_package_that_was_not_built_cannot_be_installed(void **state)
{
    struct artifacts *artifacts = bench.artifacts;

    (void)state;
    bench.artifacts = artifacts_new();
    step_bench_refuse(&bench, make_step(), DIAG_STEP_FAILED);
    artifacts_free(bench.artifacts);
    bench.artifacts = artifacts;
}

static void a_disk_without_room_is_found_before_anything_is_sent(void **state)
{
    const char *install_dir = bench.package.install_dir;
    struct fault fault;

    (void)state;
    if (geteuid() != 0)
        skip();
    make_package("large", "large");
    shell("mkdir %s/tiny && mount -t tmpfs -o size=64k none %s/tiny", bench.directory,
          bench.directory);
    bench.package.install_dir = step_bench_path(&bench, "tiny/opt");
    fault = step_bench_refuse(&bench, make_step(), DIAG_HOST_DISK_FULL);
    bench.package.install_dir = install_dir;
    shell("umount %s/tiny", bench.directory);
    assert_non_null(strstr(fault.text, "KB free"));
}

static void go_back(void *data)
{
    (void)data;
    shell("rm -rf %s/opt; ! [ -d %s/saved ] || cp -a %s/saved %s/opt", bench.directory,
          bench.directory, bench.directory, bench.directory);
}

static void look(void *data)
{
    check_installed(data);
}

static void an_installation_cut_anywhere_is_completed_by_the_next_run(void **state)
{
    (void)state;
    make_package("cut", "cut");
    step_bench_cut(&bench, make_step(), go_back, look, (void *)"cut");
    shell("cp -a %s/opt %s/saved", bench.directory, bench.directory);
    make_package("again", "cut again");
    step_bench_cut(&bench, make_step(), go_back, look, (void *)"cut again");
}

static struct step *removal(void)
{
    return step_bench_removal(&bench, OP_UNDEPLOY, "release/here.arcus/arcus", "install_dir",
                              bench.package.install_dir, "version", "1.0", NULL);
}

static void check_gone(void *data)
{
    (void)data;
    assert_false(step_bench_has(&bench, "opt"));
}

static void a_removed_release_leaves_nothing_wherever_it_is_cut(void **state)
{
    (void)state;
    shell("mkdir -p %s/saved/run/test-1; echo pid=1 >%s/saved/run/test-1/started", bench.directory,
          bench.directory);
    go_back(NULL);
    step_bench_expect(&bench, removal(), OUTCOME_DONE);
    check_gone(NULL);
    step_bench_expect(&bench, removal(), OUTCOME_UNCHANGED);
    step_bench_cut(&bench, removal(), go_back, check_gone, NULL);
}

static void files_of_others_stay(void **state)
{
    (void)state;
    go_back(NULL);
    shell("echo mine >%s/opt/notes", bench.directory);
    step_bench_expect(&bench, removal(), OUTCOME_DONE);
    shell("[ \"$(ls -A %s/opt)\" = notes ]", bench.directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_release_is_installed_once),
        cmocka_unit_test(a_release_that_is_still_there_is_not_sent_again),
        cmocka_unit_test(a_forced_step_replaces_what_is_there),
        cmocka_unit_test(old_releases_go_except_those_in_use),
        cmocka_unit_test(only_files_that_the_host_lacks_are_sent),
        cmocka_unit_test(a_damaged_file_on_the_host_is_not_taken_over),
        cmocka_unit_test(a_damaged_archive_leaves_nothing),
        cmocka_unit_test(a_package_that_was_not_built_cannot_be_installed),
        cmocka_unit_test(a_disk_without_room_is_found_before_anything_is_sent),
        cmocka_unit_test(an_installation_cut_anywhere_is_completed_by_the_next_run),
        cmocka_unit_test(a_removed_release_leaves_nothing_wherever_it_is_cut),
        cmocka_unit_test(files_of_others_stay),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
