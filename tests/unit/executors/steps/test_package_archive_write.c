#include "executors/steps/package_archive.h"
#include "executors/steps/package_source.h"
#include "tests/unit/executors/steps/workshop.h"

#include <fcntl.h>
#include <setjmp.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void read_source(struct workshop *workshop, struct package_tree *tree)
{
    package_tree_init(tree, workshop->arena);
    if (package_source_read(&workshop->package, true, workshop->directory, NULL, tree,
                            &workshop->at, &workshop->fault))
        fail_msg("%s", workshop->fault.text);
}

static int write_tree(struct workshop *workshop, struct package_tree *tree, const char *name)
{
    int fd = open(workshop_path(workshop, name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    int status = archive_write_tree(tree, fd, NULL, &workshop->fault);

    close(fd);
    return status;
}

static void make_directory(struct workshop *workshop)
{
    workshop_write(workshop, "in/bin/tool", "#!/bin/sh\necho tool\n");
    workshop_write(workshop, "in/etc/empty", "");
    workshop_write(workshop, "in/share/\303\274ber/a name with blanks", "text\n");
    workshop_run(workshop, "chmod 755 in/bin/tool && ln -s ../bin/tool in/share/link &&"
                           " mkdir in/hollow && d=in/$(printf '%%0200d' 7) && mkdir $d && echo x >"
                           " $d/$(printf '%%0100d' 8)");
    workshop->package.source = PACKAGE_DIRECTORY;
    workshop->package.path = "in";
}

static void pack(struct workshop *workshop, const char *name)
{
    struct package_tree tree;

    read_source(workshop, &tree);
    assert_int_equal(write_tree(workshop, &tree, name), 0);
    package_tree_deinit(&tree);
}

static void tar_unpacks_what_was_packed(void **state)
{
    struct workshop *workshop = *state;

    make_directory(workshop);
    pack(workshop, "x.tar.gz");
    workshop_run(workshop, "mkdir out && tar -C out -xzf x.tar.gz 2>err && test ! -s err &&"
                           " diff -r in out");
    assert_string_equal(workshop_output(workshop, "stat -c %%a out/bin/tool out/etc/empty out/bin"),
                        "755\n644\n755");
    assert_string_equal(workshop_output(workshop, "readlink out/share/link"), "../bin/tool");
}

static void the_same_tree_gives_the_same_bytes(void **state)
{
    struct workshop *workshop = *state;

    make_directory(workshop);
    pack(workshop, "one");
    workshop_run(workshop, "find in -exec touch -h -d '2001-01-01' {} +; chmod g+w in/etc/empty;"
                           " cp -r --preserve=mode,links in in2; rm -r in; mv in2 in");
    pack(workshop, "two");
    workshop_run(workshop, "cmp one two");
}

static void owner_and_times_are_fixed(void **state)
{
    struct workshop *workshop = *state;

    make_directory(workshop);
    pack(workshop, "x.tar.gz");
    assert_string_equal(workshop_output(workshop,
                                        "TZ=UTC tar --numeric-owner --full-time -tvzf x.tar.gz |"
                                        " awk '{print $2, $4, $5}' | sort -u"),
                        "0/0 1980-01-01 00:00:00");
}

static void digests_are_those_of_the_packed_bytes(void **state)
{
    struct workshop *workshop = *state;
    char before[DIGEST_HEX_SIZE], after[DIGEST_HEX_SIZE];
    struct package_tree tree, back;

    make_directory(workshop);
    read_source(workshop, &tree);
    assert_int_equal(write_tree(workshop, &tree, "x.tar.gz"), 0);
    package_tree_digest(&tree, before);
    package_tree_init(&back, workshop->arena);
    assert_int_equal(archive_read_tree(workshop_path(workshop, "x.tar.gz"), false, "/", NULL, &back,
                                       &workshop->fault),
                     0);
    assert_int_equal(package_tree_finish(&back, DIAG_PACKAGE_ARCHIVE, &workshop->fault), 0);
    package_tree_digest(&back, after);
    assert_string_equal(before, after);
}

static void a_file_that_shrinks_while_it_is_packed_is_a_fault(void **state)
{
    struct workshop *workshop = *state;
    struct package_tree tree;

    make_directory(workshop);
    read_source(workshop, &tree);
    workshop_write(workshop, "in/bin/tool", "x");
    assert_int_equal(write_tree(workshop, &tree, "x.tar.gz"), -1);
    workshop_assert_fault(workshop, DIAG_PACKAGE_INPUT, "changed while it was packed");
    workshop_run(workshop, "rm in/bin/tool");
    assert_int_equal(write_tree(workshop, &tree, "x.tar.gz"), -1);
    workshop_assert_fault(workshop, DIAG_PACKAGE_INPUT, "No such file");
}

static void a_full_disk_is_a_fault(void **state)
{
    struct workshop *workshop = *state;
    struct package_tree tree;
    int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

    make_directory(workshop);
    read_source(workshop, &tree);
    assert_int_equal(archive_write_tree(&tree, fd, NULL, &workshop->fault), -1);
    workshop_assert_fault(workshop, DIAG_FILE_WRITE, "cannot be written");
    close(fd);
}

static void a_cancel_is_noticed(void **state)
{
    struct workshop *workshop = *state;
    atomic_bool cancel = true;
    struct package_tree tree;
    int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

    make_directory(workshop);
    read_source(workshop, &tree);
    assert_int_equal(archive_write_tree(&tree, fd, &cancel, &workshop->fault), -1);
    workshop_assert_fault(workshop, DIAG_INTERRUPTED, "interrupted");
    close(fd);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, workshop_setup, workshop_teardown)
    static const struct CMUnitTest tests[] = {
        CASE(tar_unpacks_what_was_packed),
        CASE(the_same_tree_gives_the_same_bytes),
        CASE(owner_and_times_are_fixed),
        CASE(digests_are_those_of_the_packed_bytes),
        CASE(a_file_that_shrinks_while_it_is_packed_is_a_fault),
        CASE(a_full_disk_is_a_fault),
        CASE(a_cancel_is_noticed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
