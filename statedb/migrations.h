#pragma once

#include "statedb/database.h"

/* The schema, as the steps that led to it. Row n (from 1) takes a database from user_version n-1 to
 * n; rows are only ever added. */
struct migration {
    const char *what;
    const char *sql;
};

extern const struct migration migrations[];
extern const int migration_count;

/* "arcp", in the file's header: tells our databases from other programs'. */
enum { STATEDB_APPLICATION_ID = 0x61726370 };

/* Applies what is missing, each row in a transaction of its own together with the new
 * user_version, so that a cut leaves one of the versions. -1: reported. */
int migrations_apply(struct statedb *db, const struct migration *rows, int count,
                     struct diags *diags);
