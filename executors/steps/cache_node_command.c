/* The command line is that of arcus.sh without -d: the server stays in the foreground of the
 * session that its launcher made, so that its pid is the recorded one. */
#include "executors/steps/cache_node_command.h"

#include "executors/steps/step_attrs.h"

#include <stdlib.h>
#include <string.h>

/* Settings with an option of their own. */
static const struct {
    const char *attr;
    const char *option;
    const char *unit;
} options[] = {
    {"set.memlimit", "-m", ""},     {"set.connections", "-c", ""},    {"set.threads", "-t", ""},
    {"set.sticky_limit", "-g", ""}, {"set.item_size_max", "-I", "m"},
};

int cache_node_server(const struct step_context *context, bool is_arcus_memcached,
                      const char **server, struct fault *fault)
{
    const struct spec_package *package = context->step->change->resource->package;
    const char *digest = step_attr(context, "release");

    if (!digest)
        return fault_set(fault, DIAG_STEP_FAILED,
                         "the release of package %s is not known: it was "
                         "not built",
                         package->name);
    *server = arena_printf(
        context->arena, "%s/releases/%s/bin/%s", package->install_dir,
        step_release_directory(context->arena, package->name, package->version, digest),
        is_arcus_memcached ? "memcached" : "cacheserver");
    return 0;
}

const char *cache_node_user(const struct spec_host *host)
{
    const char *user = host->ssh.user;

    return user && host->executor == EXECUTOR_SSH && strcmp(user, "root") != 0 ? user : "nobody";
}

static void add_word(struct str *script, const char *word)
{
    str_puts(script, " ");
    str_add_shell_word(script, word);
}

static void add_library(struct str *script, const struct step_context *context, const char *option,
                        const char *library)
{
    const struct spec_package *package = context->step->change->resource->package;
    const char *directory = step_release_directory(context->arena, package->name, package->version,
                                                   step_attr(context, "release"));

    add_word(script, option);
    add_word(script, arena_printf(context->arena, "%s/releases/%s/lib/%s", package->install_dir,
                                  directory, library));
}

void cache_node_add_arguments(struct str *script, const struct step_context *context, int port,
                              bool is_arcus_memcached)
{
    const char *verbosity = step_attr(context, "set.verbosity");
    const char *ensemble = step_attr(context, "ensemble");

    str_puts(script, "server_arguments() {\n    \"$@\"");
    if (is_arcus_memcached) {
        add_library(script, context, "-E", "default_engine.so");
        add_library(script, context, "-X", "syslog_logger.so");
        add_library(script, context, "-X", "ascii_scrub.so");
    }
    for (int i = verbosity ? atoi(verbosity) : 1; i > 0; i--)
        add_word(script, "-v");
    str_puts(script, " -r -R5 -U 0 -D: -b 8192");
    str_printf(script, " -p %d", port);
    for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++) {
        const char *value = step_attr(context, options[i].attr);

        if (!value)
            continue;
        add_word(script, options[i].option);
        add_word(script, arena_printf(context->arena, "%s%s", value, options[i].unit));
    }
    if (ensemble) {
        add_word(script, "-z");
        add_word(script, ensemble);
    }
    str_puts(script, "\n}\n");
}
