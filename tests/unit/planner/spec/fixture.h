#pragma once

#include "planner/spec/spec.h"
#include "planner/spec/tree.h"

/* What tests of the spec share: an arena, its diags, and the spec or tree that was read last. */
struct fixture {
    struct arena *arena;
    struct diags *diags;
    const struct spec *spec;
    struct tree *tree;
    char *text; /* of messages printed last */
};

int fixture_set_up(void **state);
int fixture_tear_down(void **state);

#define FIXTURE_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)

/* Loads text as a.yaml, with the environment variable SET=value; ~ is /home/op. */
int fixture_load(struct fixture *fixture, const char *text);
int fixture_load_files(struct fixture *fixture, const char *const *texts, size_t count);

/* Parses text as a.yaml into tree. */
int fixture_parse(struct fixture *fixture, const char *text);

/* The messages so far, without source lines, and forgets them. */
const char *fixture_messages(struct fixture *fixture);

/* Hosts a and b at 10.0.0.1 and 10.0.0.2, to begin a spec with. */
extern const char fixture_hosts[];
/* The same with the package arcus and an ensemble on a. */
extern const char fixture_base[];
/* Two texts joined. */
const char *fixture_join(struct fixture *fixture, const char *first, const char *second);
