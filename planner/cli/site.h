#pragma once

#include "planner/cli/options.h"
#include "statedb/statedb.h"

/* The files that a command works on: its specs (or the plan file), and where the state lies. */
struct site {
    const struct spec *spec;           /* NULL: no spec was named */
    const struct plan_file *plan_file; /* NULL: a spec was named */
    const char *state_path;
    const char *cache_dir; /* beside the state database */
    const struct spec_variable *variables;
    size_t variable_count;
};

/* Loads the specs named by the operands from first on. -1: reported, nothing was touched. */
int site_load(struct cli *cli, size_t first, struct site *site);
/* The same where a single operand may be a plan file. */
int site_load_plan_or_spec(struct cli *cli, struct site *site);
/* Another spec, merged from these files, with the same variables. -1: reported. */
int site_load_other(struct cli *cli, const struct words *paths, const struct spec **spec);
/* Without specs: only where the state lies. */
void site_without_spec(struct cli *cli, struct site *site);
/* The state of a command without a spec; STATE_OPEN when there is no such file, which is a mistyped
 * name rather than an empty state. */
int site_open_state(struct cli *cli, bool read_only, struct statedb **db);
