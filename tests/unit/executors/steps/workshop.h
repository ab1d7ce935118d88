#pragma once

#include "executors/steps/packages.h"

/* A directory of its own with real files, a state database and a package to be changed by tests. */
struct workshop {
    struct arena *arena;
    struct diags *diags;
    char directory[64];
    const char *cache; /* not made yet */
    struct statedb *db;
    struct build_record record; /* kept in db */
    struct package_place place;
    struct spec_package package; /* "tool" 1.0: no rules, no files yet */
    struct spec spec;
    struct srcloc at;   /* what the last call blamed … */
    struct fault fault; /* … and why */
};

int workshop_setup(void **state);
int workshop_teardown(void **state);

const char *workshop_path(struct workshop *workshop, const char *name);
/* Writes a file, with the directories on the way to it. */
void workshop_write(struct workshop *workshop, const char *name, const char *text);
/* A file's bytes; fails the test when it cannot be read. */
const char *workshop_read(struct workshop *workshop, const char *path, size_t *size);
void workshop_run(struct workshop *workshop, const char *format, ...)
    __attribute__((format(printf, 2, 3))); /* sh -c in the directory; fails the test */
/* Output of a command without its last line end. */
const char *workshop_output(struct workshop *workshop, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The package takes FROM as TO. */
void workshop_add_file(struct workshop *workshop, const char *from, const char *to, int mode);
/* A build rule with one input pattern and one output pattern. */
void workshop_add_rule(struct workshop *workshop, const char *run, const char *input,
                       const char *output);

/* Both fail the test when they do not end well. */
struct package_look workshop_look(struct workshop *workshop);
struct package_look workshop_build(struct workshop *workshop);
/* The fault's code; its text must hold part. */
void workshop_assert_fault(struct workshop *workshop, enum diag_code code, const char *part);
