#pragma once
#include "cacheserver/command/command.h"

/*
 * `config NAME [VALUE]`: one row per setting that a running server can show and take.
 */
struct config_row {
    const char *name;
    uint64_t (*get)(struct command_context *context);
    /* What to answer, NULL when it was set. */
    const char *(*set)(struct command_context *context, uint64_t value);
    const char *operand; /* as help shows it */
    bool is_switch;      /* 1 and 0 are written "on" and "off" */
    bool is_signed;      /* takes negative numbers, as UINT64_MAX */
    bool is_kept;        /* only with persistence */
};
extern const struct config_row config_rows[];
extern const size_t config_row_count;
