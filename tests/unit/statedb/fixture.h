#pragma once

#include "statedb/statedb.h"

/* A directory of its own, an arena, diags and a small spec for each test. */
struct fixture {
    struct arena *arena;
    struct diags *diags;
    char directory[64];
    const char *path; /* of the state database; not made yet */
    struct spec spec;
    struct spec_host *hosts; /* two: cache001, cache002 */
    struct spec_cloud cloud; /* "test", prevent_destroy */
};

int fixture_setup(void **state);
int fixture_teardown(void **state);

const char *fixture_path(struct fixture *fixture, const char *name);
struct statedb *fixture_open(struct fixture *fixture); /* writable; fails the test */
void fixture_assert_error(struct fixture *fixture, enum diag_code code, const char *part);
void fixture_assert_no_error(struct fixture *fixture);

/* A step on a resource of that address. The change belongs to the arena. */
struct step *fixture_step(struct fixture *fixture, int id, enum op op, enum verb verb,
                          const char *address, const struct spec_host *host);
/* NAME, VALUE pairs, NULL at the end. */
struct attrs fixture_attrs(struct fixture *fixture, ...);
struct outcome fixture_outcome(enum outcome_kind kind, struct attrs attrs);

/* Everything recorded as text, without times. read_only is how it is opened; NULL when it cannot
 * be read (reported). */
const char *fixture_dump(struct fixture *fixture);

/* Bytes of a file that sqlite has closed. */
char *fixture_read(struct fixture *fixture, const char *path, size_t *length);
void fixture_write(const char *path, const char *bytes, size_t length);
