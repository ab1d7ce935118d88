/* Which state belongs to a command is decided here alone: --state, or else .arcusplan/state.db
 * beside the first spec; without a spec, in the current directory. */
#include "planner/cli/site.h"

#include "planner/plan/plan_file.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *directory_of(struct arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? arena_strndup(arena, path, (size_t)(slash - path) + 1) : "";
}

static void locate_state(struct cli *cli, const char *first_spec, struct site *site)
{
    const char *given = cli_value(cli, OPTION_STATE);

    site->state_path = given ? given
                             : arena_printf(cli->arena, "%s.arcusplan/state.db",
                                            directory_of(cli->arena, first_spec));
    site->cache_dir =
        arena_printf(cli->arena, "%scache", directory_of(cli->arena, site->state_path));
}

static const char *home_directory(void)
{
    const char *home = getenv("HOME");
    const struct passwd *entry;

    if (home && home[0] == '/')
        return home;
    entry = getpwuid(getuid());
    return entry ? entry->pw_dir : "/";
}

static const char *environment(const char *name)
{
    return getenv(name);
}

static int load_sources(struct cli *cli, const struct spec_source *sources, size_t count,
                        const struct spec_variable *variables, size_t variable_count,
                        const struct spec **spec)
{
    struct spec_input input = {.sources = sources,
                               .source_count = count,
                               .variables = variables,
                               .variable_count = variable_count,
                               .environment = environment,
                               .home = home_directory()};

    return spec_load(&input, cli->arena, cli->diags, spec);
}

static int load_spec(struct cli *cli, const struct spec_source *sources, size_t count,
                     struct site *site)
{
    locate_state(cli, sources[0].file, site);
    return load_sources(cli, sources, count, site->variables, site->variable_count, &site->spec);
}

int site_load(struct cli *cli, size_t first, struct site *site)
{
    struct spec_source *sources;
    size_t count = cli->operands.count - first;

    *site =
        (struct site){.variables = cli->variables.items, .variable_count = cli->variables.count};
    if (spec_read_files(cli->operands.items + first, count, cli->arena, cli->diags, &sources))
        return -1;
    return load_spec(cli, sources, count, site);
}

int site_load_plan_or_spec(struct cli *cli, struct site *site)
{
    const char *path = cli->operands.items[0];
    struct spec_source *sources;

    if (cli->operands.count != 1)
        return site_load(cli, 0, site);
    if (spec_read_files(&path, 1, cli->arena, cli->diags, &sources))
        return -1;
    *site =
        (struct site){.variables = cli->variables.items, .variable_count = cli->variables.count};
    if (!plan_file_is_one(sources[0].text, sources[0].length))
        return load_spec(cli, sources, 1, site);
    if (plan_file_read(path, cli->arena, cli->diags, &site->plan_file))
        return -1;
    site->variables = site->plan_file->variables;
    site->variable_count = site->plan_file->variable_count;
    for (size_t i = 0; i < site->plan_file->source_count; i++)
        diags_add_source(cli->diags, site->plan_file->sources[i].file,
                         site->plan_file->sources[i].text, site->plan_file->sources[i].length);
    return load_spec(cli, site->plan_file->sources, site->plan_file->source_count, site);
}

int site_load_other(struct cli *cli, const struct words *paths, const struct spec **spec)
{
    struct spec_source *sources;

    if (spec_read_files(paths->items, paths->count, cli->arena, cli->diags, &sources))
        return -1;
    return load_sources(cli, sources, paths->count, cli->variables.items, cli->variables.count,
                        spec);
}

void site_without_spec(struct cli *cli, struct site *site)
{
    *site = (struct site){0};
    locate_state(cli, "", site);
}

int site_open_state(struct cli *cli, bool read_only, struct statedb **db)
{
    struct site site;
    struct diag *diag;

    site_without_spec(cli, &site);
    if (access(site.state_path, F_OK)) {
        diag = diag_error(cli->diags, DIAG_STATE_OPEN, SRCLOC_NONE, "%s: %s", site.state_path,
                          strerror(errno));
        diag_hint(cli->diags, diag, "name the state database with --state");
        return -1;
    }
    return statedb_open(site.state_path, read_only, cli->diags, db);
}
