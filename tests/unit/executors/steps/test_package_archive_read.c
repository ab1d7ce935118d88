#include "executors/steps/package_archive.h"
#include "planner/base/str.h"
#include "tests/unit/executors/steps/workshop.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <archive.h>
#include <archive_entry.h>

#include <cmocka.h>

static int read_tree(struct workshop *workshop, const char *name, struct package_tree *tree)
{
    package_tree_init(tree, workshop->arena);
    if (!archive_read_tree(workshop_path(workshop, name), true, workshop->directory, NULL, tree,
                           &workshop->fault))
        return package_tree_finish(tree, DIAG_PACKAGE_ARCHIVE, &workshop->fault);
    return -1;
}

/* Reading it must fail; nothing of it may appear in the directory. */
static void assert_refused(struct workshop *workshop, const char *name, const char *part)
{
    const char *before = workshop_output(workshop, "find . | sort");
    struct package_tree tree;

    assert_int_equal(read_tree(workshop, name, &tree), -1);
    package_tree_deinit(&tree);
    workshop_assert_fault(workshop, DIAG_PACKAGE_ARCHIVE, part);
    assert_string_equal(workshop_output(workshop, "find . | sort"), before);
}

/* One entry as no tar command would write it. */
static void write_entry(struct workshop *workshop, const char *name, const char *path, int type,
                        const char *link)
{
    struct archive *archive = archive_write_new();
    struct archive_entry *entry = archive_entry_new();

    archive_write_add_filter_gzip(archive);
    archive_write_set_format_gnutar(archive);
    assert_int_equal(archive_write_open_filename(archive, workshop_path(workshop, name)), 0);
    archive_entry_set_pathname(entry, path);
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_filetype(entry, (unsigned)type);
    if (type == AE_IFLNK)
        archive_entry_set_symlink(entry, link);
    else if (link)
        archive_entry_set_hardlink(entry, link);
    if (type == AE_IFREG && !link)
        archive_entry_set_size(entry, 1);
    assert_int_equal(archive_write_header(archive, entry), 0);
    if (type == AE_IFREG && !link)
        archive_write_data(archive, "x", 1);
    archive_entry_free(entry);
    archive_write_free(archive);
}

static const char *listing(struct workshop *workshop, const struct package_tree *tree)
{
    struct str text = {0};
    const char *copy;

    vec_each(entry, &tree->entries)
        str_printf(&text, "%s %o %s\n", entry->path, (unsigned)entry->mode,
                   entry->link ? entry->link : "");
    copy = arena_strdup(workshop->arena, str_text(&text));
    str_deinit(&text);
    return copy;
}

static void make_files(struct workshop *workshop)
{
    workshop_write(workshop, "in/bin/tool", "tool\n");
    workshop_write(workshop, "in/share/doc", "documentation\n");
    workshop_run(workshop, "chmod 755 in in/bin in/share in/bin/tool; chmod 600 in/share/doc;"
                           " ln -s ../bin/tool in/share/link; ln in/bin/tool in/bin/tool2");
}

static void every_compression_gives_the_same_tree(void **state)
{
    static const char *const options[] = {"cf", "czf", "cjf", "cJf", "c --zstd -f"};
    struct workshop *workshop = *state;
    char first[DIGEST_HEX_SIZE], hex[DIGEST_HEX_SIZE];

    make_files(workshop);
    for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++) {
        struct package_tree tree;

        if (i == 4 && system("command -v zstd >/dev/null"))
            continue;
        workshop_run(workshop, "cd in && tar -%s ../x.tar .", options[i]);
        if (read_tree(workshop, "x.tar", &tree))
            fail_msg("%s: %s", options[i], workshop->fault.text);
        package_tree_digest(&tree, i ? hex : first);
        assert_string_equal(listing(workshop, &tree),
                            "bin 755 \nbin/tool 755 \nbin/tool2 755 \nshare 755 \n"
                            "share/doc 600 \nshare/link 777 ../bin/tool\n");
        if (i)
            assert_string_equal(hex, first);
        package_tree_deinit(&tree);
    }
}

static void bytes_go_to_an_unnamed_file(void **state)
{
    struct workshop *workshop = *state;
    const char *before;
    struct package_tree tree;
    char bytes[32] = "";

    make_files(workshop);
    workshop_run(workshop, "tar -czf x.tar in/share/doc");
    before = workshop_output(workshop, "find .");
    assert_int_equal(read_tree(workshop, "x.tar", &tree), 0);
    assert_string_equal(tree.entries.items[2].path, "in/share/doc");
    assert_int_equal(pread(tree.spool, bytes, sizeof(bytes), tree.entries.items[2].offset), 14);
    assert_string_equal(bytes, "documentation\n");
    assert_string_equal(workshop_output(workshop, "find ."), before);
    package_tree_deinit(&tree);
}

static void without_want_bytes_nothing_is_kept(void **state)
{
    struct workshop *workshop = *state;
    struct package_tree tree;

    make_files(workshop);
    workshop_run(workshop, "tar -czf x.tar in");
    package_tree_init(&tree, workshop->arena);
    assert_int_equal(archive_read_tree(workshop_path(workshop, "x.tar"), false, "/nonexistent",
                                       NULL, &tree, &workshop->fault),
                     0);
    assert_int_equal(tree.spool, -1);
}

static void entries_that_leave_the_package_are_refused(void **state)
{
    struct workshop *workshop = *state;

    write_entry(workshop, "x.tar", "../evil", AE_IFREG, NULL);
    assert_refused(workshop, "x.tar", "leads out of the package");
    write_entry(workshop, "x.tar", "a/../../evil", AE_IFREG, NULL);
    assert_refused(workshop, "x.tar", "leads out of the package");
    write_entry(workshop, "x.tar", "/tmp/evil", AE_IFREG, NULL);
    assert_refused(workshop, "x.tar", "absolute");
    write_entry(workshop, "x.tar", "link", AE_IFLNK, "/etc");
    assert_refused(workshop, "x.tar", "the link link");
    write_entry(workshop, "x.tar", "a/link", AE_IFLNK, "../../x");
    assert_refused(workshop, "x.tar", "leads out of the package");
    write_entry(workshop, "x.tar", "hard", AE_IFREG, "/etc/passwd");
    assert_refused(workshop, "x.tar", "hard link");
}

static void special_files_are_refused(void **state)
{
    struct workshop *workshop = *state;

    write_entry(workshop, "x.tar", "null", AE_IFCHR, NULL);
    assert_refused(workshop, "x.tar", "device");
    write_entry(workshop, "x.tar", "disk", AE_IFBLK, NULL);
    assert_refused(workshop, "x.tar", "device");
    write_entry(workshop, "x.tar", "pipe", AE_IFIFO, NULL);
    assert_refused(workshop, "x.tar", "special file");
}

static void a_file_below_a_link_is_refused(void **state)
{
    struct workshop *workshop = *state;

    workshop_run(workshop,
                 "mkdir one two && ln -s x one/d && mkdir two/d && echo e > two/d/f &&"
                 " tar -cf x.tar -C one d && tar -rf x.tar -C ../$(basename $PWD)/two d/f");
    assert_refused(workshop, "x.tar", "lies below");
}

static void what_is_no_archive_is_refused(void **state)
{
    struct workshop *workshop = *state;

    workshop_write(workshop, "x.tar", "this is no archive at all\n");
    assert_refused(workshop, "x.tar", "x.tar: ");
    workshop_write(workshop, "x.tar", "");
    assert_refused(workshop, "x.tar", "x.tar: ");
    workshop_run(workshop, "head -c 10240 /dev/zero > x.tar");
    assert_refused(workshop, "x.tar", "empty");
}

static void a_missing_archive_is_a_missing_input(void **state)
{
    struct workshop *workshop = *state;
    struct package_tree tree;

    assert_int_equal(read_tree(workshop, "none.tar", &tree), -1);
    workshop_assert_fault(workshop, DIAG_PACKAGE_INPUT, "none.tar: No such file");
}

/* Each cut and each flipped byte is refused or gives some tree; never anything worse. */
static void damage_anywhere_is_survived(void **state)
{
    struct workshop *workshop = *state;
    const char *bytes;
    size_t size;
    int refused = 0;

    make_files(workshop);
    workshop_run(workshop, "tar -czf good.tar in && tar -cf plain.tar in");
    for (int round = 0; round < 2; round++) {
        const char *name = round ? "plain.tar" : "good.tar";

        bytes = workshop_read(workshop, workshop_path(workshop, name), &size);
        for (size_t i = 0; i < size; i += round ? 97 : 3) {
            const char *path = workshop_path(workshop, "bad.tar");
            int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
            struct package_tree tree;

            assert_int_equal(write(fd, bytes, i), (ssize_t)i);
            if (i % 2)
                assert_int_equal(write(fd, (char[]){(char)(bytes[i] ^ 0x55)}, 1), 1);
            if (i % 2)
                assert_int_equal(write(fd, bytes + i + 1, size - i - 1), (ssize_t)(size - i - 1));
            close(fd);
            refused += read_tree(workshop, "bad.tar", &tree) < 0;
            package_tree_deinit(&tree);
        }
    }
    assert_in_range(refused, 20, 100000);
}

static void an_archive_that_expands_too_far_is_refused(void **state)
{
    struct workshop *workshop = *state;

    workshop_run(workshop, "truncate -s 5G huge && tar -S -czf x.tar huge && rm huge");
    assert_refused(workshop, "x.tar", "more than");
    workshop_run(workshop, "truncate -s 1M hole && tar -S -czf x.tar hole && rm hole");
    assert_refused(workshop, "x.tar", "shorter than it says");
}

static void a_cancel_is_noticed(void **state)
{
    struct workshop *workshop = *state;
    atomic_bool cancel = true;
    struct package_tree tree;

    make_files(workshop);
    workshop_run(workshop, "tar -czf x.tar in");
    package_tree_init(&tree, workshop->arena);
    assert_int_equal(archive_read_tree(workshop_path(workshop, "x.tar"), false, workshop->directory,
                                       &cancel, &tree, &workshop->fault),
                     -1);
    workshop_assert_fault(workshop, DIAG_INTERRUPTED, "interrupted");
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, workshop_setup, workshop_teardown)
    static const struct CMUnitTest tests[] = {
        CASE(every_compression_gives_the_same_tree),
        CASE(bytes_go_to_an_unnamed_file),
        CASE(without_want_bytes_nothing_is_kept),
        CASE(entries_that_leave_the_package_are_refused),
        CASE(special_files_are_refused),
        CASE(a_file_below_a_link_is_refused),
        CASE(what_is_no_archive_is_refused),
        CASE(a_missing_archive_is_a_missing_input),
        CASE(damage_anywhere_is_survived),
        CASE(an_archive_that_expands_too_far_is_refused),
        CASE(a_cancel_is_noticed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
