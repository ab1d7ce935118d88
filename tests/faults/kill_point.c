/* sqlite's own file system layer is kept; only three of its methods are led through here. The layer
 * has a table of methods for files that are locked and one for those that are not; both write and
 * sync alike. */
#include "tests/faults/kill_point.h"

#include <sqlite3.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

static atomic_int moments_left;
static atomic_int writes_left; /* 0: no limit; 1: no more */
static sqlite3_vfs *real, shim;
static const sqlite3_io_methods *real_methods; /* one of them */

enum { TABLES = 4 };
static struct watched_table {
    const sqlite3_io_methods *real;
    sqlite3_io_methods methods;
} tables[TABLES];

void kill_point_set(int k)
{
    atomic_store(&moments_left, k);
}

static int is_last_moment(void)
{
    return atomic_load(&moments_left) > 0 && atomic_fetch_sub(&moments_left, 1) == 1;
}

void kill_point(void)
{
    if (is_last_moment())
        _exit(KILLED);
}

void kill_point_fill_disk(int k)
{
    atomic_store(&writes_left, k);
}

static int is_disk_full(void)
{
    int left = atomic_load(&writes_left);

    if (left > 1)
        atomic_store(&writes_left, left - 1);
    return left == 1;
}

static int watched_write(sqlite3_file *file, const void *bytes, int amount, sqlite3_int64 offset)
{
    if (is_last_moment()) {
        real_methods->xWrite(file, bytes, amount / 2, offset);
        _exit(KILLED);
    }
    if (is_disk_full())
        return SQLITE_FULL;
    return real_methods->xWrite(file, bytes, amount, offset);
}

static int watched_sync(sqlite3_file *file, int flags)
{
    kill_point();
    return is_disk_full() ? SQLITE_IOERR_FSYNC : real_methods->xSync(file, flags);
}

static int watched_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
    (void)vfs;
    kill_point();
    return real->xDelete(real, name, sync);
}

static const sqlite3_io_methods *watched_table(const sqlite3_io_methods *of)
{
    for (int i = 0; i < TABLES; i++) {
        struct watched_table *table = &tables[i];

        if (!table->real) {
            table->real = of;
            table->methods = *of;
            table->methods.xWrite = watched_write;
            table->methods.xSync = watched_sync;
        }
        if (table->real == of)
            return &table->methods;
    }
    abort();
}

static int watched_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
    int status = real->xOpen(real, name, file, flags, out);

    (void)vfs;
    if (status != SQLITE_OK || !file->pMethods)
        return status;
    real_methods = file->pMethods;
    file->pMethods = watched_table(file->pMethods);
    return status;
}

void kill_point_watch_sqlite(void)
{
    real = sqlite3_vfs_find(NULL);
    shim = *real;
    shim.zName = "watched";
    shim.xOpen = watched_open;
    shim.xDelete = watched_delete;
    if (sqlite3_vfs_register(&shim, 1) != SQLITE_OK)
        abort();
}
