/* A script is run by `sh -c` inside a wrapper that marks where its output and errors begin and end,
 * so that neither a talkative login shell nor a background process confuses us: reading stops at
 * the end mark, which carries the exit status. Under sudo the wrapper itself is run by sudo, so no
 * begin mark means that sudo refused. */
#include "executors/transport/exchange.h"

#include <libssh/libssh.h>
#include <signal.h>
#include <string.h>

enum {
    OUTPUT_LIMIT = 1024 * 1024,
    ERRORS_LIMIT = 8 * 1024,
    LINE_LIMIT = 120 * 1024, /* the kernel takes 128 KiB in one argument */
};

/* $1: nonce, $2: script */
static const char wrapper[] =
    "LC_ALL=C PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin\n"
    "export LC_ALL PATH; umask 022; cd /\n"
    "printf '%s:begin\\n' \"$1\"; printf '%s:begin\\n' \"$1\" >&2\n"
    "sh -c \"$2\"\n"
    "status=$?\n"
    "printf '%s:end:%d\\n' \"$1\" $status >&2; printf '%s:end:%d\\n' \"$1\" $status\n";

/* $1: wrapper, $2: nonce, $3: script */
static const char become_root[] = "[ \"$(id -u)\" = 0 ] && exec sh -c \"$1\" sh \"$2\" \"$3\"\n"
                                  "exec sudo -n sh -c \"$1\" sh \"$2\" \"$3\"\n";

void reply_deinit(struct reply *reply)
{
    str_deinit(&reply->output);
    str_deinit(&reply->errors);
}

int transport_init(struct fault *fault)
{
    signal(SIGPIPE, SIG_IGN);
    if (ssh_init() != SSH_OK)
        return fault_set(fault, DIAG_HOST_CONNECT, "the SSH library cannot be initialised");
    return 0;
}

int transport_open(const struct spec_host *host, int64_t deadline_ms, const atomic_bool *cancel,
                   struct transport **transport, struct fault *fault)
{
    if (host->executor == EXECUTOR_LOCAL)
        return local_open(host, transport, fault);
    return ssh_open(host, deadline_ms, cancel, transport, fault);
}

void transport_close(struct transport *transport)
{
    if (transport)
        transport->ops->close(transport);
}

const struct spec_host *transport_host(const struct transport *transport)
{
    return transport->host;
}

bool transport_is_broken(const struct transport *transport)
{
    return transport->is_broken;
}

static void add_words(struct str *line, const char *const *words)
{
    for (; *words; words++) {
        str_puts(line, " ");
        str_add_shell_word(line, *words);
    }
}

static void make_line(const struct transport *transport, const char *nonce, const char *script,
                      struct str *line)
{
    const char *plain[] = {wrapper, "sh", nonce, script, NULL};
    const char *as_root[] = {become_root, "sh", wrapper, nonce, script, NULL};

    str_puts(line, "exec sh -c");
    add_words(line, transport->host->ssh.become == BECOME_SUDO ? as_root : plain);
}

/* The last line that is not blank, cut to a length that fits a fault. */
static void last_line(const char *text, char *line, size_t size)
{
    const char *end = text + strlen(text);
    const char *start;
    size_t length;

    while (end > text && strchr(" \t\r\n", end[-1]))
        end--;
    start = end;
    while (start > text && start[-1] != '\n')
        start--;
    length = (size_t)(end - start) < size - 1 ? (size_t)(end - start) : size - 1;
    memcpy(line, start, length);
    line[length] = '\0';
}

/* The script did not start: sudo or the login shell is to blame. */
static int blame_start(const struct transport *transport, const struct exchange *exchange,
                       struct fault *fault)
{
    const struct spec_host *host = transport->host;
    char said[400];

    last_line(str_text(&exchange->errors.kept), said, sizeof(said));
    if (!said[0])
        last_line(str_text(&exchange->output.kept), said, sizeof(said));
    if (host->ssh.become == BECOME_SUDO) {
        fault_set(fault, DIAG_HOST_BECOME, "sudo does not work without a password: %s",
                  said[0] ? said : "it ended without a word");
        return fault_hint(fault,
                          "put \"%s ALL=(ALL) NOPASSWD: ALL\" into /etc/sudoers.d/arcusplan "
                          "on %s, or set ssh.become: none",
                          host->ssh.user ? host->ssh.user : "USER", host->name);
    }
    fault_set(fault, DIAG_HOST_COMMAND, "the login shell runs no commands: %s",
              said[0] ? said : "it ended without a word");
    return fault_hint(fault, "give the user a POSIX shell on %s", host->name);
}

static int finish(const struct transport *transport, struct exchange *exchange, struct reply *reply,
                  struct fault *fault)
{
    if (exchange->output.state == FRAME_BEFORE)
        return blame_start(transport, exchange, fault);
    if (exchange->output.state == FRAME_INSIDE)
        return fault_set(fault, DIAG_HOST_COMMAND,
                         "a command was cut off before its end, as if killed");
    reply->status = exchange->output.status;
    reply->output = exchange->output.kept;
    reply->errors = exchange->errors.kept;
    exchange->output.kept = exchange->errors.kept = (struct str){0};
    return 0;
}

int transport_run(struct transport *transport, const struct command *command, struct reply *reply,
                  struct fault *fault)
{
    size_t limit = command->output_limit ? command->output_limit : OUTPUT_LIMIT;
    struct exchange exchange = {.command = command};
    char nonce[FRAME_NONCE_SIZE];
    struct str line = {0};
    int result;

    *reply = (struct reply){0};
    if (transport->is_broken)
        return fault_set(fault, DIAG_HOST_CONNECT, "the connection was lost before");
    frame_make_nonce(nonce);
    frame_init(&exchange.output, nonce, limit, false);
    frame_init(&exchange.errors, nonce, ERRORS_LIMIT, true);
    make_line(transport, nonce, command->script, &line);
    exchange.line = line.data;
    if (line.length > LINE_LIMIT)
        result = fault_set(fault, DIAG_HOST_COMMAND, "a script has %zu bytes, over %d", line.length,
                           LINE_LIMIT);
    else
        result = transport->ops->run(transport, &exchange, fault);
    if (result == 0)
        result = finish(transport, &exchange, reply, fault);
    str_deinit(&line);
    frame_deinit(&exchange.output);
    frame_deinit(&exchange.errors);
    return result;
}

static bool says_disk_full(const char *errors)
{
    return strstr(errors, "No space left on device") || strstr(errors, "Disk quota exceeded");
}

void reply_last_error(const struct reply *reply, char *line, size_t size)
{
    last_line(str_text(&reply->errors), line, size);
}

int reply_blame(const struct reply *reply, const struct spec_host *host, struct fault *fault)
{
    char said[400];

    reply_last_error(reply, said, sizeof(said));
    if (says_disk_full(str_text(&reply->errors))) {
        fault_set(fault, DIAG_HOST_DISK_FULL, "the disk of %s is full: %s", host->name, said);
        return fault_hint(fault, "free some space there and apply again");
    }
    if (said[0])
        return fault_set(fault, DIAG_HOST_COMMAND, "%s", said);
    return fault_set(fault, DIAG_HOST_COMMAND, "a command ended with status %d without a word",
                     reply->status);
}

int transport_run_checked(struct transport *transport, const struct command *command,
                          struct reply *reply, struct fault *fault)
{
    if (transport_run(transport, command, reply, fault) < 0)
        return -1;
    if (reply->status == 0)
        return 0;
    reply_blame(reply, transport->host, fault);
    reply_deinit(reply);
    *reply = (struct reply){0};
    return -1;
}
