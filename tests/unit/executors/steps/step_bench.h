#pragma once

#include "executors/steps/steps.h"

/* A directory, this machine as the only host, and steps made of attributes, for tests that run
 * steps for real. */
struct step_bench {
    struct arena *arena;
    char directory[64]; /* a new one; holds shims/ */
    struct transport *transport;
    struct artifacts *artifacts;
    struct zk_session *session; /* NULL: ZooKeeper cannot be reached */
    struct spec spec;
    struct spec_host host;
    struct spec_package package; /* "arcus" 1.0 in DIRECTORY/opt, two releases kept */
    struct spec_cloud cloud;     /* "test" */
};

void step_bench_open(struct step_bench *bench);
void step_bench_close(struct step_bench *bench);

/* Packs DIRECTORY/NAME into an archive, which becomes the package's artifact. */
void step_bench_pack(struct step_bench *bench, const char *name);

/* A step on a wanted resource; the attributes are "NAME", "VALUE", …, NULL. */
struct step *step_bench_step(struct step_bench *bench, enum op op, const char *address, ...);
/* A step on what is not wanted any more: the attributes are what was seen. */
struct step *step_bench_removal(struct step_bench *bench, enum op op, const char *address, ...);

struct outcome step_bench_run(struct step_bench *bench, const struct step *step);
/* Runs it and fails the test unless it ends like this. */
void step_bench_expect(struct step_bench *bench, const struct step *step, enum outcome_kind kind);
/* Runs it, fails the test unless it fails with this code, and gives its fault. */
struct fault step_bench_refuse(struct step_bench *bench, const struct step *step,
                               enum diag_code code);

/* Runs the step again and again, and kills its script when it is about to run its first, second …
 * program. After each of these prepare is undone by a run that must succeed, and check must find
 * everything in place; then prepare makes the start again. Ends when the script came to its end. */
void step_bench_cut(struct step_bench *bench, const struct step *step, void (*prepare)(void *data),
                    void (*check)(void *data), void *data);

/* The path of a file below the bench's directory, in its arena. */
char *step_bench_path(struct step_bench *bench, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* What a file holds; fails the test when it is not there. */
char *step_bench_read(struct step_bench *bench, const char *path);
/* Whether it runs: a zombie that its parent has not buried yet does not. */
bool step_bench_runs(int pid);
bool step_bench_has(struct step_bench *bench, const char *path);
