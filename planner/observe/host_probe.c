/* The script is fixed text; what differs from host to host is the list of directories, added as
 * quoted arguments of calls at its end. */
#include "planner/observe/host_probe.h"

#include "executors/transport/host_shell.h"

#include <string.h>

enum { OUTPUT_LIMIT = 8 * 1024 * 1024 };

extern const char host_probe_functions[];

static bool has_dir(const char *const *dirs, size_t count, const char *dir)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(dirs[i], dir) == 0)
            return true;
    return false;
}

void probe_request_install_dir(struct arena *arena, struct probe_request *request, const char *dir)
{
    if (dir && !has_dir(request->install_dirs.items, request->install_dirs.count, dir))
        *vec_push(arena, &request->install_dirs) = dir;
}

void probe_request_data_dir(struct arena *arena, struct probe_request *request, const char *dir)
{
    if (dir && !has_dir(request->data_dirs.items, request->data_dirs.count, dir))
        *vec_push(arena, &request->data_dirs) = dir;
}

static void add_call(struct str *script, const char *function, size_t index, const char *dir)
{
    str_printf(script, "%s %zu ", function, index);
    str_add_shell_word(script, dir);
    str_puts(script, "\n");
}

struct str host_probe_script(const struct probe_request *request)
{
    struct str script = {0};

    str_puts(&script, host_shell_prelude);
    str_puts(&script, host_probe_functions);
    str_puts(&script, "probe_host\n");
    for (size_t i = 0; i < request->install_dirs.count; i++)
        add_call(&script, "probe_install_dir", i, request->install_dirs.items[i]);
    for (size_t i = 0; i < request->data_dirs.count; i++)
        add_call(&script, "probe_data_dir", i, request->data_dirs.items[i]);
    str_puts(&script, "probe_end\n");
    return script;
}

int host_probe_run(struct transport *transport, const struct probe_request *request,
                   int64_t deadline_ms, const atomic_bool *cancel, struct arena *arena,
                   struct probe *probe, struct fault *fault)
{
    struct str script = host_probe_script(request);
    struct command command = {.script = str_text(&script),
                              .deadline_ms = deadline_ms,
                              .output_limit = OUTPUT_LIMIT,
                              .cancel = cancel};
    struct reply reply = {0};
    int result = transport_run_checked(transport, &command, &reply, fault);

    if (result == 0)
        result = host_probe_parse(str_text(&reply.output), reply.output.length, request, arena,
                                  probe, fault);
    reply_deinit(&reply);
    str_deinit(&script);
    return result;
}
