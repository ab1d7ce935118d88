#pragma once

#include "executors/steps/build_rule.h"
#include "executors/steps/steps.h"
#include "planner/model/fact.h"
#include "statedb/statedb.h"

/* Packages on this machine: build rules, content digests, reproducible archives. */

/* How a package stands. */
struct package_look {
    const char *build; /* "up to date", or what has to be done: "never built", "not packed" */
    bool is_first;     /* nothing of it was ever made here */
    bool is_built;     /* no rule is due; digest is known */
    bool is_packed;    /* its archive is in the cache */
    char digest[DIGEST_HEX_SIZE];
    const char *archive; /* path of the archive, as it is or will be; NULL before it is built */
    int64_t bytes;       /* of the archive */
};

struct package_place {
    const char *cache_dir;
    const struct build_record *record;
    const atomic_bool *cancel;                   /* NULL: never */
    void (*phase)(void *data, const char *text); /* NULL: nobody asks */
    void *data;
};

/* -1 with fault; *at is the place in the spec to blame. */
int package_look(const struct package_place *place, const struct spec_package *package,
                 struct arena *arena, struct package_look *look, struct srcloc *at,
                 struct fault *fault);
/* Runs the rules that are due (all of them when forced) and packs; look tells the result. */
int package_build(const struct package_place *place, const struct spec_package *package,
                  bool is_forced, struct arena *arena, struct package_look *look, struct srcloc *at,
                  struct fault *fault);

/* Adds the fact package/NAME for each package of the spec: version, build, digest (when known
 * without building) and bytes (when packed). Changes nothing. diags NULL: what is wrong with a
 * package is no error but a note of its UNKNOWN fact. */
int packages_observe(const struct spec *spec, struct statedb *db, const char *cache_dir,
                     struct arena *arena, struct diags *diags, struct world *world);

/* Puts packages that are up to date into artifacts, so that deploy finds them. Paths live in the
 * arena. */
void packages_collect(const struct spec *spec, const struct world *world, const char *cache_dir,
                      struct arena *arena, struct artifacts *artifacts);
