/* `ssh -G HOST` prints what OpenSSH would use for a host, with every Match and Include of its
 * configuration applied, in lines "key value". libssh's own parser silently ignores much of that
 * language, so it is never asked. */
#include "executors/transport/ssh_settings.h"

#include "planner/base/clock.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ASK_MS = 5000 };

static const char *home_directory(struct arena *arena)
{
    const char *home = getenv("HOME");
    struct passwd entry, *found = NULL;
    char buffer[4096];

    if (home && home[0])
        return arena_strdup(arena, home);
    getpwuid_r(getuid(), &entry, buffer, sizeof(buffer), &found);
    return arena_strdup(arena, found ? found->pw_dir : "/");
}

static const char *login_name(struct arena *arena)
{
    struct passwd entry, *found = NULL;
    char buffer[4096];

    getpwuid_r(getuid(), &entry, buffer, sizeof(buffer), &found);
    return arena_strdup(arena, found ? found->pw_name : "root");
}

static const char *expand_home(struct arena *arena, const char *path)
{
    if (strncmp(path, "~/", 2) == 0)
        return arena_printf(arena, "%s/%s", home_directory(arena), path + 2);
    return arena_strdup(arena, path);
}

static void add_identity(struct arena *arena, struct ssh_settings *settings, const char *path)
{
    *vec_push(arena, &settings->identities) = expand_home(arena, path);
}

static void take_line(struct arena *arena, char *line, struct ssh_settings *settings)
{
    char *value = strchr(line, ' ');

    if (!value)
        return;
    *value++ = '\0';
    if (strcmp(line, "user") == 0 && !settings->user)
        settings->user = arena_strdup(arena, value);
    else if (strcmp(line, "identityfile") == 0 && !settings->has_identity)
        add_identity(arena, settings, value);
}

static void take_lines(struct arena *arena, char *text, struct ssh_settings *settings)
{
    char *rest = text;

    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
        take_line(arena, line, settings);
}

static void ask_openssh(struct arena *arena, struct ssh_settings *settings)
{
    static const struct spec_host here = {.name = "this machine", .executor = EXECUTOR_LOCAL};
    struct command command = {.deadline_ms = clock_deadline_ms(ASK_MS)};
    struct transport *transport;
    struct reply reply = {0};
    struct str script = {0};
    struct fault ignored;

    str_printf(&script, "exec ssh -G -p %d -- ", settings->port);
    str_add_shell_word(&script, settings->address);
    command.script = script.data;
    if (transport_open(&here, command.deadline_ms, NULL, &transport, &ignored) == 0) {
        if (transport_run_checked(transport, &command, &reply, &ignored) == 0 && reply.output.data)
            take_lines(arena, reply.output.data, settings);
        reply_deinit(&reply);
        transport_close(transport);
    }
    str_deinit(&script);
}

static void fill_in(struct arena *arena, struct ssh_settings *settings)
{
    static const char *const defaults[] = {"~/.ssh/id_ed25519", "~/.ssh/id_ecdsa", "~/.ssh/id_rsa"};

    if (!settings->user || !settings->has_identity)
        ask_openssh(arena, settings);
    if (!settings->user)
        settings->user = login_name(arena);
    if (settings->identities.count)
        return;
    for (size_t i = 0; i < sizeof(defaults) / sizeof(*defaults); i++)
        add_identity(arena, settings, defaults[i]);
}

static void take_common(const struct spec_host *host, struct arena *arena,
                        struct ssh_settings *settings)
{
    if (host->ssh.known_hosts)
        settings->known_hosts = expand_home(arena, host->ssh.known_hosts);
    if (host->ssh.identity_file) {
        settings->has_identity = true;
        add_identity(arena, settings, host->ssh.identity_file);
    }
}

void ssh_settings_of_host(const struct spec_host *host, struct arena *arena,
                          struct ssh_settings *settings)
{
    *settings = (struct ssh_settings){.address = host->address,
                                      .name = host->name,
                                      .port = host->ssh.port ? host->ssh.port : 22,
                                      .user = host->ssh.user};
    take_common(host, arena, settings);
    fill_in(arena, settings);
}

/* The host and port of "HOST", "HOST:PORT", "[IPV6]:PORT" or "IPV6"; false when malformed. */
static bool split_address(char *text, struct ssh_settings *settings)
{
    char *colon = strrchr(text, ':');
    char *end;

    settings->port = 22;
    settings->address = text;
    if (text[0] == '[') {
        end = strchr(text, ']');
        if (!end || (end[1] && end[1] != ':'))
            return false;
        settings->address = text + 1;
        colon = end[1] ? end + 1 : NULL;
        *end = '\0';
    } else if (colon && strchr(text, ':') != colon) {
        colon = NULL;
    }
    if (colon) {
        *colon = '\0';
        settings->port = (int)strtol(colon + 1, &end, 10);
        if (!colon[1] || *end || settings->port < 1 || settings->port > 65535)
            return false;
    }
    return settings->address[0] != '\0';
}

int ssh_settings_of_jump(const struct spec_host *host, struct arena *arena,
                         struct ssh_settings *settings, struct fault *fault)
{
    char *text = arena_strdup(arena, host->ssh.proxy_jump);
    char *at = strrchr(text, '@');

    *settings = (struct ssh_settings){0};
    if (at) {
        *at = '\0';
        settings->user = text;
        text = at + 1;
    }
    if (!split_address(text, settings) || (at && !settings->user[0]))
        return fault_set(fault, DIAG_HOST_CONNECT,
                         "proxy_jump is not of the form [USER@]HOST[:PORT]: %s",
                         host->ssh.proxy_jump);
    take_common(host, arena, settings);
    fill_in(arena, settings);
    return 0;
}
