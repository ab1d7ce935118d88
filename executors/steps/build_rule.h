#pragma once

#include "planner/base/digest.h"
#include "planner/spec/spec.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Build rules. A rule is due when the digest over its text and its inputs' paths, permissions and
 * contents is not the one recorded when it last succeeded, or when an output is missing. */

/* Where those digests are kept. Any thread may call; get gives "" when there is none. -1: reported
 * elsewhere. */
struct build_record {
    int (*get)(void *data, const char *package, int rule, char digest[DIGEST_HEX_SIZE]);
    int (*put)(void *data, const char *package, int rule, const char *digest);
    void *data;
};

struct rule_place {
    const struct spec_package *package;
    int rule;
    const char *directory; /* for the logs and the lists of inputs that tell what changed */
    const struct build_record *record;
};

struct rule_look {
    bool is_due;
    bool is_first;   /* it never succeeded */
    const char *why; /* "inputs changed: src/x.c"; NULL when it is not due */
    char digest[DIGEST_HEX_SIZE];
    struct rule_input *inputs;
    size_t input_count;
};

/* Changes nothing. -1 with fault. */
int rule_look(const struct rule_place *place, struct arena *arena, struct rule_look *look,
              struct fault *fault);

/* Runs it and keeps the digest of look. cancel may be NULL. -1 with fault; the last lines of its
 * output are in the fault, all of it in a log in cache_dir. */
int rule_run(const struct rule_place *place, const struct rule_look *look, int64_t deadline_ms,
             const atomic_bool *cancel, struct arena *arena, struct fault *fault);
