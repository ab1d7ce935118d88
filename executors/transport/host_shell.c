/* The functions themselves are host_shell.sh, which the build turns into a string. */
#include "executors/transport/host_shell.h"

void host_shell_set(struct str *script, const char *name, const char *value)
{
    str_printf(script, "%s=", name);
    str_add_shell_word(script, value);
    str_puts(script, "\n");
}
