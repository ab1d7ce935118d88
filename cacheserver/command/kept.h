#pragma once
#include "cacheserver/command/command.h"

/* Settings of persistence; only with it. `set` as in struct config_row. */
uint64_t kept_async_logging(struct command_context *context);
const char *kept_set_async_logging(struct command_context *context, uint64_t value);
uint64_t kept_interval_pct(struct command_context *context);
const char *kept_set_interval_pct(struct command_context *context, uint64_t value);
uint64_t kept_min_log_megabytes(struct command_context *context);
const char *kept_set_min_log_megabytes(struct command_context *context, uint64_t value);
