/* Opening: new, missing, damaged, foreign, newer, unwritable. */
#include "statedb/statedb.h"

#include "statedb/migrations.h"
#include "tests/unit/statedb/fixture.h"

#include <setjmp.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void run_sql(const char *path, const char *sql)
{
    sqlite3 *sqlite;

    assert_int_equal(sqlite3_open(path, &sqlite), SQLITE_OK);
    assert_int_equal(sqlite3_exec(sqlite, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(sqlite);
}

static void make_state(struct fixture *fixture)
{
    struct statedb *db = fixture_open(fixture);
    struct step *step =
        fixture_step(fixture, 1, OP_ZK_INIT, VERB_CREATE, "znode/arcus", &fixture->hosts[0]);
    struct outcome outcome =
        fixture_outcome(OUTCOME_DONE, fixture_attrs(fixture, "nodes", "/arcus", NULL));
    int64_t run_id;

    assert_int_equal(
        statedb_run_begin(db, "apply", "me@here", &fixture->spec, fixture->diags, &run_id), 0);
    assert_int_equal(statedb_intent(db, run_id, step, fixture->diags), 0);
    assert_int_equal(statedb_outcome(db, run_id, step, &outcome, fixture->diags), 0);
    statedb_close(db);
}

static void assert_refused(struct fixture *fixture, bool read_only, enum diag_code code,
                           const char *part)
{
    struct statedb *db;

    assert_int_equal(statedb_open(fixture->path, read_only, fixture->diags, &db), -1);
    assert_null(db);
    fixture_assert_error(fixture, code, part);
}

static void a_new_state_is_made_with_its_directory_and_is_empty(void **state)
{
    struct fixture *fixture = *state;

    statedb_close(fixture_open(fixture));
    assert_string_equal(fixture_dump(fixture), "serial 0\n");
    fixture_assert_no_error(fixture);
}

static void reading_a_missing_state_creates_nothing(void **state)
{
    struct fixture *fixture = *state;

    assert_string_equal(fixture_dump(fixture), "serial 0\n");
    assert_int_equal(access(fixture_path(fixture, ".arcusplan"), F_OK), -1);
}

static void a_new_database_is_durable_and_marked_as_ours(void **state)
{
    struct fixture *fixture = *state;
    sqlite3_stmt *stmt;
    sqlite3 *sqlite;

    statedb_close(fixture_open(fixture));
    assert_int_equal(sqlite3_open(fixture->path, &sqlite), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(sqlite,
                                        "SELECT (SELECT * FROM pragma_journal_mode),"
                                        " (SELECT * FROM pragma_application_id),"
                                        " (SELECT * FROM pragma_user_version),"
                                        " (SELECT min(strict) FROM pragma_table_list"
                                        "   WHERE name NOT LIKE 'sqlite%')",
                                        -1, &stmt, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    assert_string_equal(sqlite3_column_text(stmt, 0), "wal");
    assert_int_equal(sqlite3_column_int(stmt, 1), STATEDB_APPLICATION_ID);
    assert_int_equal(sqlite3_column_int(stmt, 2), migration_count);
    assert_int_equal(sqlite3_column_int(stmt, 3), 1);
    sqlite3_finalize(stmt);
    sqlite3_close(sqlite);
}

static void a_file_that_is_no_database_is_refused_and_kept(void **state)
{
    struct fixture *fixture = *state;
    static const char text[] = "this is a note, not a database; keep it please, it is dear to me";
    size_t length;

    mkdir(fixture_path(fixture, ".arcusplan"), 0777);
    fixture_write(fixture->path, text, sizeof(text));
    assert_refused(fixture, true, DIAG_STATE_DAMAGED, "not a state database");
    assert_refused(fixture, false, DIAG_STATE_DAMAGED, "move");
    assert_string_equal(fixture_read(fixture, fixture->path, &length), text);
    assert_int_equal(length, sizeof(text));
}

static void a_database_of_another_program_is_refused_and_kept(void **state)
{
    struct fixture *fixture = *state;
    size_t before, after;
    char *bytes;

    mkdir(fixture_path(fixture, ".arcusplan"), 0777);
    run_sql(fixture->path, "CREATE TABLE songs(name)");
    bytes = fixture_read(fixture, fixture->path, &before);
    assert_refused(fixture, false, DIAG_STATE_DAMAGED, "another program");
    assert_refused(fixture, true, DIAG_STATE_DAMAGED, "another program");
    assert_memory_equal(fixture_read(fixture, fixture->path, &after), bytes, before);
    assert_int_equal(after, before);
}

static void a_newer_version_is_refused(void **state)
{
    struct fixture *fixture = *state;

    make_state(fixture);
    run_sql(fixture->path, "PRAGMA user_version = 99");
    assert_refused(fixture, false, DIAG_STATE_NEWER, "format 99");
    assert_refused(fixture, true, DIAG_STATE_NEWER, "format 99");
}

static void a_truncated_file_is_refused_and_kept(void **state)
{
    struct fixture *fixture = *state;
    size_t length, after;

    make_state(fixture);
    fixture_read(fixture, fixture->path, &length);
    assert_int_equal(truncate(fixture->path, (off_t)length / 2), 0);
    assert_refused(fixture, false, DIAG_STATE_DAMAGED, fixture->path);
    fixture_read(fixture, fixture->path, &after);
    assert_int_equal(after, length / 2);
}

static void an_empty_file_is_an_empty_state(void **state)
{
    struct fixture *fixture = *state;

    mkdir(fixture_path(fixture, ".arcusplan"), 0777);
    fixture_write(fixture->path, "", 0);
    assert_string_equal(fixture_dump(fixture), "serial 0\n");
    make_state(fixture);
    assert_non_null(strstr(fixture_dump(fixture), "znode/arcus"));
}

static void a_directory_in_place_of_the_file_is_refused(void **state)
{
    struct fixture *fixture = *state;

    mkdir(fixture_path(fixture, ".arcusplan"), 0777);
    mkdir(fixture->path, 0777);
    assert_refused(fixture, false, DIAG_STATE_OPEN, "found a directory");
    assert_refused(fixture, true, DIAG_STATE_OPEN, "found a directory");
}

static void a_missing_table_is_damage(void **state)
{
    struct fixture *fixture = *state;

    make_state(fixture);
    run_sql(fixture->path, "DROP TABLE attributes");
    assert_null(fixture_dump(fixture));
    fixture_assert_error(fixture, DIAG_STATE_DAMAGED, "no such table");
}

static void an_older_version_is_read_without_migrating_it(void **state)
{
    struct fixture *fixture = *state;
    struct statedb *db;
    sqlite3 *sqlite;

    mkdir(fixture_path(fixture, ".arcusplan"), 0777);
    run_sql(fixture->path, "PRAGMA journal_mode = WAL; PRAGMA application_id = 0x61726370;"
                           "CREATE TABLE early(x)");
    assert_int_equal(statedb_open(fixture->path, true, fixture->diags, &db), 0);
    statedb_close(db);
    assert_int_equal(sqlite3_open(fixture->path, &sqlite), SQLITE_OK);
    assert_int_equal(sqlite3_exec(sqlite, "SELECT * FROM runs", NULL, NULL, NULL), SQLITE_ERROR);
    sqlite3_close(sqlite);
}

static void writing_through_a_read_only_handle_fails(void **state)
{
    struct fixture *fixture = *state;
    struct statedb *db;

    make_state(fixture);
    assert_int_equal(statedb_open(fixture->path, true, fixture->diags, &db), 0);
    assert_int_equal(statedb_forget(db, "znode/arcus", fixture->diags), -1);
    fixture_assert_error(fixture, DIAG_STATE_OPEN, "readonly");
    statedb_close(db);
    assert_non_null(strstr(fixture_dump(fixture), "znode/arcus"));
}

/* Root may write everywhere, hence the child that is somebody else. */
static void in_child_without_rights(struct fixture *fixture, void (*body)(struct fixture *))
{
    pid_t child = fork();
    int status;

    assert_true(child >= 0);
    if (child == 0) {
        if (geteuid() == 0 && setuid(65534))
            _exit(99);
        body(fixture);
        _exit(diags_has_errors(fixture->diags) ? diags_exit_status(fixture->diags) : 0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void read_in_read_only_directory(struct fixture *fixture)
{
    const char *dump = fixture_dump(fixture);

    if (!dump || !strstr(dump, "znode/arcus")) {
        diags_print(fixture->diags, stderr, false);
        _exit(1);
    }
}

static void write_in_read_only_directory(struct fixture *fixture)
{
    struct statedb *db;

    if (statedb_open(fixture->path, false, fixture->diags, &db) != -1)
        _exit(2);
    fixture_assert_error(fixture, DIAG_STATE_WRITE, "must be writable");
}

static void a_read_only_directory_can_be_read_and_is_refused_for_writing(void **state)
{
    struct fixture *fixture = *state;

    make_state(fixture);
    chmod(fixture->directory, 0755);
    chmod(fixture->path, 0444);
    chmod(fixture_path(fixture, ".arcusplan"), 0555);
    in_child_without_rights(fixture, read_in_read_only_directory);
    in_child_without_rights(fixture, write_in_read_only_directory);
    chmod(fixture_path(fixture, ".arcusplan"), 0755);
}

static void make_state_nowhere(struct fixture *fixture)
{
    struct statedb *db;

    if (statedb_open(fixture->path, false, fixture->diags, &db) != -1)
        _exit(2);
    fixture_assert_error(fixture, DIAG_STATE_OPEN, "cannot make the directory");
}

static void a_directory_that_cannot_be_made_is_an_error(void **state)
{
    struct fixture *fixture = *state;

    chmod(fixture->directory, 0555);
    in_child_without_rights(fixture, make_state_nowhere);
    chmod(fixture->directory, 0755);
}

static void flipped_bytes_never_crash_and_are_never_mended_silently(void **state)
{
    struct fixture *fixture = *state;
    size_t length, refused = 0, tried = 0;
    char *bytes;

    make_state(fixture);
    bytes = fixture_read(fixture, fixture->path, &length);
    for (size_t i = 0; i < length; i += i < 200 ? 1 : 211) {
        struct diags *diags = diags_new(fixture->arena);
        struct statedb *db = NULL;

        bytes[i] = (char)(bytes[i] ^ 0xff);
        fixture_write(fixture->path, bytes, length);
        fixture->diags = diags;
        if (!fixture_dump(fixture))
            assert_true(diags_has_errors(diags));
        fixture->diags = diags = diags_new(fixture->arena);
        if (statedb_open(fixture->path, false, diags, &db)) {
            assert_true(diags_has_errors(diags));
            refused++;
        } else {
            statedb_verify(db, diags);
        }
        statedb_close(db);
        unlink(arena_printf(fixture->arena, "%s-wal", fixture->path));
        unlink(arena_printf(fixture->arena, "%s-shm", fixture->path));
        bytes[i] = (char)(bytes[i] ^ 0xff);
        tried++;
    }
    assert_true(refused > 30 && refused < tried);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    static const struct CMUnitTest tests[] = {
        CASE(a_new_state_is_made_with_its_directory_and_is_empty),
        CASE(reading_a_missing_state_creates_nothing),
        CASE(a_new_database_is_durable_and_marked_as_ours),
        CASE(a_file_that_is_no_database_is_refused_and_kept),
        CASE(a_database_of_another_program_is_refused_and_kept),
        CASE(a_newer_version_is_refused),
        CASE(a_truncated_file_is_refused_and_kept),
        CASE(an_empty_file_is_an_empty_state),
        CASE(a_directory_in_place_of_the_file_is_refused),
        CASE(a_missing_table_is_damage),
        CASE(an_older_version_is_read_without_migrating_it),
        CASE(writing_through_a_read_only_handle_fails),
        CASE(a_read_only_directory_can_be_read_and_is_refused_for_writing),
        CASE(a_directory_that_cannot_be_made_is_an_error),
        CASE(flipped_bytes_never_crash_and_are_never_mended_silently),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
