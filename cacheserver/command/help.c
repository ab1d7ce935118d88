/*
 * `help`: the syntax of each row, group by group. Rows of families are left out, their members
 * follow; what `stats` and `config` know is in tables of their own.
 */
#include <string.h>

#include "cacheserver/command/config.h"
#include "cacheserver/command/handlers.h"
#include "cacheserver/command/stats.h"

static const char *const groups[] = {"kv",   "list", "set",   "map",  "btree",
                                     "attr", "scan", "admin", "meta", "example"};
#define GROUP_COUNT (sizeof(groups) / sizeof(groups[0]))
/* The first ones are in the usage line, which clients may compare; the others are not Arcus's. */
#define GROUPS_IN_USAGE 8

static const char attributes[] =
    "\n\t* <attributes> : <flags> <exptime> <maxcount> [<ovflaction>] [unreadable]\n";
static const char filters[] =
    "\t* <eflag_update> : [<offset> <bitwop>] <value>\n"
    "\t* <eflag_filter> : <offset> [<bitwop> <bitwvalue>] <compop> <compvalue>\n"
    "\t                 : <offset> [<bitwop> <bitwvalue>] EQ|NE <comma separated compvalue list>\n"
    "\t* <bitwop> : &, |, ^\n"
    "\t* <compop> : EQ, NE, LT, LE, GT, GE\n";

static void add_settings(struct command_context *context)
{
    for (size_t i = 0; i < config_row_count; i++)
        reply_format(context->reply, "\tconfig %s [%s]\\r\\n\n", config_rows[i].name,
                     config_rows[i].operand);
}

static void add_rows(struct command_context *context, const struct command *command)
{
    if (command->traits & IS_FAMILY)
        return;
    if (command->run == command_config) {
        add_settings(context);
        return;
    }
    reply_format(context->reply, "\t%s\n", command->syntax);
    if (command->run == command_stats)
        for (size_t i = 0; i < stats_group_count; i++)
            reply_format(context->reply, "\t%s\n", stats_groups[i].syntax);
}

/* What the rows of collections refer to. */
static void add_notes(struct command_context *context, const char *group)
{
    bool is_btree = !strcmp(group, "btree");

    if (is_btree || !strcmp(group, "list") || !strcmp(group, "set") || !strcmp(group, "map"))
        reply_text(context->reply, attributes);
    if (is_btree)
        reply_text(context->reply, filters);
}

static void add_usage(struct command_context *context)
{
    reply_text(context->reply, "\tUsage: help [");
    for (size_t i = 0; i < GROUPS_IN_USAGE; i++)
        reply_format(context->reply, "%s%s", i ? " | " : "", groups[i]);
    reply_text(context->reply, "]\n\r\n");
}

HANDLER(help)
{
    const char *group = NULL;

    (void)session;
    for (size_t i = 0; words->count > 1 && i < GROUP_COUNT; i++)
        if (word_is(&words->word[1], groups[i]))
            group = groups[i];
    if (!group) {
        add_usage(context);
        return;
    }
    for (size_t i = 0; i < command_count; i++)
        if (!strcmp(commands[i].help_group, group))
            add_rows(context, &commands[i]);
    add_notes(context, group);
    reply_text(context->reply, "\r\n");
}
