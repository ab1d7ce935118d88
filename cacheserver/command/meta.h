#pragma once
#include "cacheserver/command/meta_flags.h"
#include "cacheserver/command/session.h"

/* The line for a result that the meta commands have no code for. */
const char *meta_failure(enum store_result result);

/* Two letters, the flags that echo something of the request, and CRLF. */
void meta_say_code(struct command_context *context, const struct meta *meta, const char *code);
