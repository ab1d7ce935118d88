/* The exit statuses with a meaning of their own are those of host/common.sh. */
#include "executors/steps/host_script.h"

#include "executors/transport/host_shell.h"

#include <string.h>

static const struct {
    int status;
    enum diag_code code;
} meanings[] = {
    {10, DIAG_HOST_LACKS},
    {11, DIAG_HOST_PORT_IN_USE},
    {12, DIAG_ZK_MYID},
    {13, DIAG_HOST_DISK_FULL},
};

void host_script_init(struct host_script *script, const struct step_context *context)
{
    *script = (struct host_script){.context = context};
    str_puts(&script->text, host_shell_prelude);
    str_puts(&script->text, script_common);
}

void host_script_deinit(struct host_script *script)
{
    str_deinit(&script->text);
    reply_deinit(&script->reply);
}

void host_script_set(struct host_script *script, const char *name, const char *value)
{
    host_shell_set(&script->text, name, value);
}

void host_script_set_number(struct host_script *script, const char *name, int64_t value)
{
    str_printf(&script->text, "%s=%lld\n", name, (long long)value);
}

static int blame(const struct host_script *script, struct fault *fault)
{
    char said[400];

    for (size_t i = 0; i < sizeof(meanings) / sizeof(*meanings); i++)
        if (meanings[i].status == script->reply.status) {
            reply_last_error(&script->reply, said, sizeof(said));
            return fault_set(fault, meanings[i].code, "%s", said);
        }
    return reply_blame(&script->reply, transport_host(script->context->transport), fault);
}

int host_script_run(struct host_script *script, const char *body, int64_t deadline_ms,
                    struct fault *fault)
{
    const struct step_context *context = script->context;
    struct command command = {.input = script->input,
                              .input_size = script->input_size,
                              .input_fd = script->input_fd,
                              .input_fd_size = script->input_fd_size,
                              .deadline_ms = deadline_ms,
                              .cancel = context->cancel,
                              .sent = script->counts_input ? context->sent : NULL};

    str_puts(&script->text, body);
    command.script = script->text.data;
    if (transport_run(context->transport, &command, &script->reply, fault) < 0)
        return -1;
    return script->reply.status ? blame(script, fault) : 0;
}

const char *host_script_answer(struct host_script *script)
{
    struct str *output = &script->reply.output;
    char *start;

    while (output->length && output->data[output->length - 1] == '\n')
        output->data[--output->length] = '\0';
    start = output->length ? strrchr(output->data, '\n') : NULL;
    return start ? start + 1 : str_text(output);
}

bool host_script_says(struct host_script *script, const char *word)
{
    const char *answer = host_script_answer(script);
    size_t length = strlen(word);

    return strncmp(answer, word, length) == 0 && (!answer[length] || answer[length] == ' ');
}
