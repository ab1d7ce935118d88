/* Fails the k-th write of sqlite, for every k, through a VFS laid over the real one: from that
 * write on the disk takes nothing any more, as when it is full or gone. Whatever was reported as
 * done must then be there, what was reported as failed must be there wholly or not at all, and the
 * file must open and verify. */
#include "tests/unit/statedb/fixture.h"

#include <setjmp.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static sqlite3_vfs *real;
static sqlite3_vfs shim;
static sqlite3_io_methods methods;
static int writes_left; /* < 0: no fault */
static int fault_code;
static bool without_shared_memory;

struct shim_file {
    sqlite3_file base;
    sqlite3_file *real;
};

static sqlite3_file *below(sqlite3_file *file)
{
    return ((struct shim_file *)file)->real;
}

static bool is_failing(void)
{
    if (writes_left < 0)
        return false;
    if (writes_left > 0)
        writes_left--;
    return writes_left == 0;
}

static int shim_close(sqlite3_file *file)
{
    return below(file)->pMethods->xClose(below(file));
}

static int shim_read(sqlite3_file *file, void *bytes, int amount, sqlite3_int64 offset)
{
    return below(file)->pMethods->xRead(below(file), bytes, amount, offset);
}

static int shim_write(sqlite3_file *file, const void *bytes, int amount, sqlite3_int64 offset)
{
    if (is_failing()) {
        /* A torn write: half of it gets there. */
        below(file)->pMethods->xWrite(below(file), bytes, amount / 2, offset);
        return fault_code;
    }
    return below(file)->pMethods->xWrite(below(file), bytes, amount, offset);
}

static int shim_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    return is_failing() ? SQLITE_IOERR_TRUNCATE
                        : below(file)->pMethods->xTruncate(below(file), size);
}

static int shim_sync(sqlite3_file *file, int flags)
{
    return is_failing() ? SQLITE_IOERR_FSYNC : below(file)->pMethods->xSync(below(file), flags);
}

static int shim_size(sqlite3_file *file, sqlite3_int64 *size)
{
    return below(file)->pMethods->xFileSize(below(file), size);
}

static int shim_lock(sqlite3_file *file, int level)
{
    return below(file)->pMethods->xLock(below(file), level);
}

static int shim_unlock(sqlite3_file *file, int level)
{
    return below(file)->pMethods->xUnlock(below(file), level);
}

static int shim_is_reserved(sqlite3_file *file, int *result)
{
    return below(file)->pMethods->xCheckReservedLock(below(file), result);
}

static int shim_control(sqlite3_file *file, int op, void *argument)
{
    return below(file)->pMethods->xFileControl(below(file), op, argument);
}

static int shim_sector(sqlite3_file *file)
{
    return below(file)->pMethods->xSectorSize(below(file));
}

static int shim_character(sqlite3_file *file)
{
    return below(file)->pMethods->xDeviceCharacteristics(below(file));
}

static int shim_map(sqlite3_file *file, int page, int size, int extend, void volatile **memory)
{
    return below(file)->pMethods->xShmMap(below(file), page, size, extend, memory);
}

static int shim_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
    return below(file)->pMethods->xShmLock(below(file), offset, count, flags);
}

static void shim_barrier(sqlite3_file *file)
{
    below(file)->pMethods->xShmBarrier(below(file));
}

static int shim_unmap(sqlite3_file *file, int remove)
{
    return below(file)->pMethods->xShmUnmap(below(file), remove);
}

static int shim_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
    struct shim_file *opened = (struct shim_file *)file;
    int status;

    (void)vfs;
    opened->real = (sqlite3_file *)(opened + 1);
    status = real->xOpen(real, name, opened->real, flags, out);
    methods.iVersion = without_shared_memory ? 1 : 2;
    opened->base.pMethods = status == SQLITE_OK ? &methods : NULL;
    return status;
}

static int shim_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
    (void)vfs;
    return is_failing() ? SQLITE_IOERR_DELETE : real->xDelete(real, name, sync);
}

static int install_shim(void **state)
{
    (void)state;
    real = sqlite3_vfs_find(NULL);
    methods = (sqlite3_io_methods){2,
                                   shim_close,
                                   shim_read,
                                   shim_write,
                                   shim_truncate,
                                   shim_sync,
                                   shim_size,
                                   shim_lock,
                                   shim_unlock,
                                   shim_is_reserved,
                                   shim_control,
                                   shim_sector,
                                   shim_character,
                                   shim_map,
                                   shim_shm_lock,
                                   shim_barrier,
                                   shim_unmap};
    shim = *real;
    shim.zName = "shim";
    shim.szOsFile = (int)sizeof(struct shim_file) + real->szOsFile;
    shim.xOpen = shim_open;
    shim.xDelete = shim_delete;
    writes_left = -1;
    return sqlite3_vfs_register(&shim, 1);
}

enum { ACTIONS = 7 };

/* The i-th of a row of changes, each of them one transaction. */
static int act(struct fixture *fixture, struct statedb *db, int action)
{
    struct step *deploy =
        fixture_step(fixture, 1, OP_DEPLOY, VERB_CREATE, "release/h/arcus", &fixture->hosts[0]);
    struct step *start =
        fixture_step(fixture, 2, OP_START, VERB_CREATE, "node/t/10.0.0.1:1", &fixture->hosts[1]);
    struct step *stop =
        fixture_step(fixture, 3, OP_UNDEPLOY, VERB_DELETE, "release/h/arcus", &fixture->hosts[0]);
    struct outcome done =
        fixture_outcome(OUTCOME_DONE, fixture_attrs(fixture, "a", "1", "b", "2", NULL));
    struct outcome failed = fixture_outcome(OUTCOME_FAILED, (struct attrs){0});
    int64_t run_id;

    switch (action) {
    case 0:
        return statedb_run_begin(db, "apply", "me", &fixture->spec, fixture->diags, &run_id);
    case 1:
        return statedb_intent(db, 1, deploy, fixture->diags);
    case 2:
        return statedb_outcome(db, 1, deploy, &done, fixture->diags);
    case 3:
        return statedb_intent(db, 1, start, fixture->diags);
    case 4:
        return statedb_outcome(db, 1, start, &failed, fixture->diags);
    case 5:
        return statedb_outcome(db, 1, stop, &done, fixture->diags);
    default:
        return statedb_run_end(db, 1, "failed", fixture->diags);
    }
}

/* How many actions were reported as done; -1 when the state could not even be opened. */
static int act_until_failure(struct fixture *fixture)
{
    struct statedb *db;
    int done = 0;

    if (statedb_open(fixture->path, false, fixture->diags, &db))
        return -1;
    while (done < ACTIONS && act(fixture, db, done) == 0)
        done++;
    statedb_close(db);
    return done;
}

static void remove_state(struct fixture *fixture)
{
    static const char *const endings[] = {"", "-wal", "-shm", "-journal"};

    for (size_t i = 0; i < sizeof(endings) / sizeof(*endings); i++)
        unlink(arena_printf(fixture->arena, "%s%s", fixture->path, endings[i]));
}

static void expect_dumps(struct fixture *fixture, const char *dumps[ACTIONS + 1])
{
    struct statedb *db = fixture_open(fixture);

    for (int i = 0; i <= ACTIONS; i++) {
        dumps[i] = fixture_dump(fixture);
        assert_non_null(dumps[i]);
        if (i < ACTIONS)
            assert_int_equal(act(fixture, db, i), 0);
    }
    statedb_close(db);
    remove_state(fixture);
}

static bool check_after_fault(struct fixture *fixture, int done, const char *const *dumps)
{
    struct statedb *db;
    const char *dump;

    fixture->diags = diags_new(fixture->arena);
    db = fixture_open(fixture);
    assert_int_equal(statedb_verify(db, fixture->diags), 0);
    statedb_close(db);
    dump = fixture_dump(fixture);
    assert_non_null(dump);
    if (done < 0)
        return strcmp(dump, dumps[0]) == 0;
    return strcmp(dump, dumps[done]) == 0 || (done < ACTIONS && strcmp(dump, dumps[done + 1]) == 0);
}

static void fail_every_write(struct fixture *fixture, int code)
{
    const char *dumps[ACTIONS + 1];
    int k;

    fault_code = code;
    expect_dumps(fixture, dumps);
    for (k = 1; k < 2000; k++) {
        int done;
        bool has_fired;

        fixture->diags = diags_new(fixture->arena);
        writes_left = k;
        done = act_until_failure(fixture);
        has_fired = writes_left == 0;
        writes_left = -1;
        if (done < ACTIONS)
            assert_true(diags_has_errors(fixture->diags));
        if (!check_after_fault(fixture, done, dumps))
            fail_msg("write %d, after %d actions: %s", k, done, fixture_dump(fixture));
        remove_state(fixture);
        if (!has_fired)
            break;
    }
    assert_in_range(k, 20, 1999);
}

static void a_full_disk_at_any_write_loses_nothing_that_was_reported(void **state)
{
    fail_every_write(*state, SQLITE_FULL);
}

static void a_broken_disk_at_any_write_loses_nothing_that_was_reported(void **state)
{
    fail_every_write(*state, SQLITE_IOERR_WRITE);
}

static void without_a_log_every_write_may_fail_too(void **state)
{
    without_shared_memory = true;
    fail_every_write(*state, SQLITE_FULL);
    without_shared_memory = false;
}

static void a_full_disk_is_called_by_its_name(void **state)
{
    struct fixture *fixture = *state;
    struct statedb *db = fixture_open(fixture);

    fault_code = SQLITE_FULL;
    writes_left = 1;
    assert_int_equal(act(fixture, db, 0), -1);
    writes_left = -1;
    fixture_assert_error(fixture, DIAG_STATE_WRITE, "make room");
    assert_int_equal(act(fixture, db, 0), 0);
    statedb_close(db);
}

static void a_file_system_without_shared_memory_gets_a_rollback_journal(void **state)
{
    struct fixture *fixture = *state;
    struct statedb *db;
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    without_shared_memory = true;
    db = fixture_open(fixture);
    diags_print(fixture->diags, out, false);
    fclose(out);
    assert_non_null(strstr(text, "warning[W0601]"));
    assert_non_null(strstr(text, "rollback journal"));
    free(text);
    for (int i = 0; i < ACTIONS; i++)
        assert_int_equal(act(fixture, db, i), 0);
    statedb_close(db);
    assert_non_null(fixture_dump(fixture));
    without_shared_memory = false;
}

static void a_state_that_another_program_keeps_locked_is_reported(void **state)
{
    struct fixture *fixture = *state;
    struct statedb *db = fixture_open(fixture);
    sqlite3 *other;

    assert_int_equal(sqlite3_open(fixture->path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(act(fixture, db, 0), -1);
    fixture_assert_error(fixture, DIAG_STATE_WRITE, "another process");
    assert_int_equal(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(other);
    assert_int_equal(act(fixture, db, 0), 0);
    statedb_close(db);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    static const struct CMUnitTest tests[] = {
        CASE(a_full_disk_at_any_write_loses_nothing_that_was_reported),
        CASE(a_broken_disk_at_any_write_loses_nothing_that_was_reported),
        CASE(without_a_log_every_write_may_fail_too),
        CASE(a_full_disk_is_called_by_its_name),
        CASE(a_file_system_without_shared_memory_gets_a_rollback_journal),
        CASE(a_state_that_another_program_keeps_locked_is_reported),
    };

    return cmocka_run_group_tests(tests, install_shim, NULL);
}
