/* What `stats` and `config` say about persistence. */
#include "cacheserver/command/kept.h"

#include "cacheserver/command/stats.h"

#define MEGABYTE  ((uint64_t)1024 * 1024)
#define PCT_MAX   1000
#define BAD_VALUE "CLIENT_ERROR bad value\r\n"

uint64_t kept_async_logging(struct command_context *context)
{
    return atomic_load(&context->shared->persistence->async_logging);
}

const char *kept_set_async_logging(struct command_context *context, uint64_t value)
{
    atomic_store(&context->shared->persistence->async_logging, value != 0);
    return NULL;
}

uint64_t kept_interval_pct(struct command_context *context)
{
    return atomic_load(&context->shared->persistence->interval_pct);
}

const char *kept_set_interval_pct(struct command_context *context, uint64_t value)
{
    if (value < 1 || value > PCT_MAX)
        return BAD_VALUE;
    atomic_store(&context->shared->persistence->interval_pct, (unsigned)value);
    return NULL;
}

uint64_t kept_min_log_megabytes(struct command_context *context)
{
    return atomic_load(&context->shared->persistence->min_log_bytes) / MEGABYTE;
}

const char *kept_set_min_log_megabytes(struct command_context *context, uint64_t value)
{
    if (value < 1)
        return BAD_VALUE;
    atomic_store(&context->shared->persistence->min_log_bytes, value * MEGABYTE);
    return NULL;
}

STATS_GROUP(persistence)
{
    struct persistence *persistence = context->shared->persistence;

    (void)session;
    (void)words;
    stat_text(context, "use_persistence", persistence ? "on" : "off");
    if (persistence) {
        stat_text(context, "data_path", persistence->catalog.data_path);
        stat_text(context, "logs_path", persistence->catalog.logs_path);
        stat_text(context, "async_logging", kept_async_logging(context) ? "true" : "false");
        stat_u64(context, "chkpt_interval_pct_snapshot", kept_interval_pct(context));
        stat_u64(context, "chkpt_interval_min_logsize", kept_min_log_megabytes(context));
        stat_u64(context, "recovery_elapsed_time_sec", persistence->recovery_s);
        stat_text(context, "last_chkpt_in_progress",
                  atomic_load(&persistence->in_progress) ? "true" : "false");
        stat_u64(context, "last_chkpt_failure_count", atomic_load(&persistence->failure_count));
        stat_u64(context, "last_chkpt_start_time", atomic_load(&persistence->last_start));
        stat_u64(context, "last_chkpt_elapsed_time_sec", atomic_load(&persistence->last_elapsed_s));
        stat_u64(context, "last_chkpt_snapshot_filesize_bytes",
                 atomic_load(&persistence->snapshot_bytes));
        stat_u64(context, "current_command_log_filesize_bytes",
                 atomic_load(&persistence->log.current_bytes));
    }
    reply_text(context->reply, "END\r\n");
}
