#pragma once

#include "planner/plan/plan.h"

/* Saved plans: the plan as JSON, with what is needed to make it again and to see that the world
 * has not moved since. */

struct plan_binding {
    const char *name;   /* resource address, or host name */
    const char *digest; /* of its fact, or of the host's probe */
};

struct plan_bindings { /* sorted by name */
    struct plan_binding *items;
    size_t count;
    size_t room;
};

struct plan_file {
    const char *path;
    struct spec_source *sources;
    size_t source_count;
    struct spec_variable *variables; /* those given with --var; the environment is not stored */
    size_t variable_count;
    struct plan_options options;
    const char *refresh; /* how the world was looked at: "full", "zookeeper" or "none" */
    const char *spec_digest;
    int64_t state_serial;
    struct plan_bindings facts;
    struct plan_bindings hosts;
};

/* What plan_file_write stores beside the plan. */
struct plan_file_extras {
    const struct spec_variable *variables;
    size_t variable_count;
    const struct plan_options *options;
    const char *refresh;
};

/* Whether the bytes of a file named on the command line are a plan file rather than a spec. */
bool plan_file_is_one(const char *text, size_t length);

/* Writes a temporary file beside path, mode 0600, and renames it. -1: FILE_WRITE reported. */
int plan_file_write(const struct plan *plan, const struct plan_file_extras *extras,
                    const char *path, struct diags *diags);

/* Reads the bytes of a plan file, whatever they are; path is for messages. -1: PLAN_FORMAT
 * reported. */
int plan_file_parse(const char *path, const char *text, size_t length, struct arena *arena,
                    struct diags *diags, const struct plan_file **file);
/* The same from disk; also FILE_READ. */
int plan_file_read(const char *path, struct arena *arena, struct diags *diags,
                   const struct plan_file **file);

/* 0 when spec, state and world are those that the plan was made from; else -1 with one PLAN_STALE
 * for everything that moved. */
int plan_file_compare_world(const struct plan_file *file, const struct spec *spec,
                            const struct recorded *recorded, const struct world *world,
                            struct diags *diags);
