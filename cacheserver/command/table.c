/* The commands, and how their names are found: hashed once at start into a small open table. */
#include "cacheserver/command/command.h"

#include <assert.h>
#include <string.h>

#include "cacheserver/command/cmdlog.h"
#include "cacheserver/command/handlers.h"
#include "cacheserver/command/lqdetect.h"
#include "cacheserver/command/retrieval.h"

#define WORDS(n)       (1u << (n))
#define ANY_WORDS      UINT32_MAX
#define FROM_WORDS(n)  (ANY_WORDS << (n))
#define WORDS_TO(n, m) (FROM_WORDS(n) & ~FROM_WORDS((m) + 1))

/* Syntax that several commands share. */
#define ATTRIBUTES "<flags> <exptime> <maxcount> [<ovflaction>] [unreadable]"
#define BKEYS      "<bkey or \"bkey range\">"
#define KEYS       "\\r\\n<\"space separated keys\">\\r\\n"

#define STATS_PREFIXES_DEFAULT 50

const struct command commands[] = {
    {"get", ANY_WORDS, 0, CATEGORY_KV, command_get, "kv", "get <key>*\\r\\n"},
    {"gets", ANY_WORDS, 0, CATEGORY_KV, command_get, "kv", "gets <key>*\\r\\n"},
    {"gat", FROM_WORDS(3), 0, CATEGORY_KV, command_gat, "kv", "gat <exptime> <key>*\\r\\n"},
    {"gats", FROM_WORDS(3), 0, CATEGORY_KV, command_gat, "kv", "gats <exptime> <key>*\\r\\n"},
    {"mget", WORDS(3), HAS_BLOCK, CATEGORY_KV, command_mget, "kv",
     "mget <lenkeys> <numkeys>\\r\\n<\"space separated keys\">\\r\\n"},
    {"mgets", WORDS(3), HAS_BLOCK, CATEGORY_KV, command_mgets, "kv",
     "mgets <lenkeys> <numkeys>\\r\\n<\"space separated keys\">\\r\\n"},
    {"set", WORDS(5) | WORDS(6), TAKES_NOREPLY | HAS_BLOCK, CATEGORY_KV, command_set, "kv",
     "set <key> <flags> <exptime> <bytes> [noreply]\\r\\n<data>\\r\\n"},
    {"add", WORDS(5) | WORDS(6), TAKES_NOREPLY | HAS_BLOCK, CATEGORY_KV, command_add, "kv",
     "add <key> <flags> <exptime> <bytes> [noreply]\\r\\n<data>\\r\\n"},
    {"replace", WORDS(5) | WORDS(6), TAKES_NOREPLY | HAS_BLOCK, CATEGORY_KV, command_replace, "kv",
     "replace <key> <flags> <exptime> <bytes> [noreply]\\r\\n<data>\\r\\n"},
    {"append", WORDS(5) | WORDS(6), TAKES_NOREPLY | HAS_BLOCK, CATEGORY_KV, command_append, "kv",
     "append <key> <flags> <exptime> <bytes> [noreply]\\r\\n<data>\\r\\n"},
    {"prepend", WORDS(5) | WORDS(6), TAKES_NOREPLY | HAS_BLOCK, CATEGORY_KV, command_prepend, "kv",
     "prepend <key> <flags> <exptime> <bytes> [noreply]\\r\\n<data>\\r\\n"},
    {"cas", WORDS(6) | WORDS(7), TAKES_NOREPLY | HAS_BLOCK, CATEGORY_KV, command_cas, "kv",
     "cas <key> <flags> <exptime> <bytes> <cas unique> [noreply]\\r\\n<data>\\r\\n"},
    {"incr", WORDS(3) | WORDS(4) | WORDS(6) | WORDS(7), TAKES_NOREPLY, CATEGORY_KV, command_incr,
     "kv", "incr <key> <delta> [<flags> <exptime> <initial>] [noreply]\\r\\n"},
    {"decr", WORDS(3) | WORDS(4) | WORDS(6) | WORDS(7), TAKES_NOREPLY, CATEGORY_KV, command_decr,
     "kv", "decr <key> <delta> [<flags> <exptime> <initial>] [noreply]\\r\\n"},
    {"delete", WORDS(2) | WORDS(3) | WORDS(4), TAKES_NOREPLY, CATEGORY_ANY_DATA, command_delete,
     "kv", "delete <key> [noreply]\\r\\n"},
    {"touch", WORDS(3) | WORDS(4), TAKES_NOREPLY, CATEGORY_ATTR, command_touch, "kv",
     "touch <key> <exptime> [noreply]\\r\\n"},
    {"mg", FROM_WORDS(2), 0, CATEGORY_KV, command_mg, "meta", "mg <key> <flags>*\\r\\n"},
    {"ms", FROM_WORDS(2), HAS_BLOCK, CATEGORY_KV, command_ms, "meta",
     "ms <key> <bytes> <flags>*\\r\\n<data>\\r\\n"},
    {"md", FROM_WORDS(2), 0, CATEGORY_ANY_DATA, command_md, "meta", "md <key> <flags>*\\r\\n"},
    {"ma", FROM_WORDS(2), 0, CATEGORY_KV, command_ma, "meta", "ma <key> <flags>*\\r\\n"},
    {"mn", FROM_WORDS(1), 0, CATEGORY_OPEN, command_mn, "meta", "mn\\r\\n"},
    {"me", WORDS(2) | WORDS(3), 0, CATEGORY_ANY_DATA, command_me, "meta", "me <key> [b]\\r\\n"},
    {"lop", WORDS_TO(4, 12), IS_FAMILY, CATEGORY_LIST, command_bad_format, "list",
     "lop create | insert | delete | get\\r\\n"},
    {"lop create", WORDS_TO(5, 8), TAKES_NOREPLY, CATEGORY_LIST, command_lop_create, "list",
     "lop create <key> " ATTRIBUTES " [noreply]\\r\\n"},
    {"lop insert", WORDS_TO(5, 11), TAKES_NOREPLY | TAKES_PIPE | HAS_BLOCK, CATEGORY_LIST,
     command_lop_insert, "list",
     "lop insert <key> <index> <bytes> [create " ATTRIBUTES "] [noreply|pipe]\\r\\n<data>\\r\\n"},
    {"lop delete", WORDS_TO(4, 5), TAKES_NOREPLY | TAKES_PIPE, CATEGORY_LIST, command_lop_delete,
     "list", "lop delete <key> <index or \"index range\"> [drop] [noreply|pipe]\\r\\n"},
    {"lop get", WORDS_TO(4, 5), 0, CATEGORY_LIST, command_lop_get, "list",
     "lop get <key> <index or \"index range\"> [delete|drop]\\r\\n"},
    {"sop", WORDS_TO(4, 11), IS_FAMILY, CATEGORY_SET, command_bad_format, "set",
     "sop create | insert | delete | exist | get\\r\\n"},
    {"sop create", WORDS_TO(5, 8), TAKES_NOREPLY, CATEGORY_SET, command_sop_create, "set",
     "sop create <key> " ATTRIBUTES " [noreply]\\r\\n"},
    {"sop insert", WORDS_TO(4, 10), TAKES_NOREPLY | TAKES_PIPE | HAS_BLOCK, CATEGORY_SET,
     command_sop_insert, "set",
     "sop insert <key> <bytes> [create " ATTRIBUTES "] [noreply|pipe]\\r\\n<data>\\r\\n"},
    {"sop delete", WORDS_TO(4, 5), TAKES_NOREPLY | TAKES_PIPE | HAS_BLOCK, CATEGORY_SET,
     command_sop_delete, "set", "sop delete <key> <bytes> [drop] [noreply|pipe]\\r\\n<data>\\r\\n"},
    {"sop exist", WORDS(4), TAKES_PIPE | HAS_BLOCK, CATEGORY_SET, command_sop_exist, "set",
     "sop exist <key> <bytes> [pipe]\\r\\n<data>\\r\\n"},
    {"sop get", WORDS_TO(4, 5), 0, CATEGORY_SET, command_sop_get, "set",
     "sop get <key> <count> [delete|drop]\\r\\n"},
    {"mop", WORDS_TO(5, 12), IS_FAMILY, CATEGORY_MAP, command_bad_format, "map",
     "mop create | insert | upsert | update | delete | get\\r\\n"},
    {"mop create", WORDS_TO(5, 8), TAKES_NOREPLY, CATEGORY_MAP, command_mop_create, "map",
     "mop create <key> " ATTRIBUTES " [noreply]\\r\\n"},
    {"mop insert", WORDS_TO(5, 11), TAKES_NOREPLY | TAKES_PIPE | HAS_BLOCK, CATEGORY_MAP,
     command_mop_insert, "map",
     "mop insert <key> <field> <bytes> [create " ATTRIBUTES "] [noreply|pipe]\\r\\n<data>\\r\\n"},
    {"mop upsert", WORDS_TO(5, 11), TAKES_NOREPLY | TAKES_PIPE | HAS_BLOCK, CATEGORY_MAP,
     command_mop_upsert, "map",
     "mop upsert <key> <field> <bytes> [create " ATTRIBUTES "] [noreply|pipe]\\r\\n<data>\\r\\n"},
    {"mop update", WORDS(5), TAKES_NOREPLY | TAKES_PIPE | HAS_BLOCK, CATEGORY_MAP,
     command_mop_update, "map",
     "mop update <key> <field> <bytes> [noreply|pipe]\\r\\n<data>\\r\\n"},
    {"mop delete", WORDS_TO(5, 6), TAKES_NOREPLY | TAKES_PIPE | HAS_BLOCK, CATEGORY_MAP,
     command_mop_delete, "map",
     "mop delete <key> <lenfields> <numfields> [drop] [noreply|pipe]"
     "\\r\\n[<\"space separated fields\">\\r\\n]"},
    {"mop get", WORDS_TO(5, 6), HAS_BLOCK, CATEGORY_MAP, command_mop_get, "map",
     "mop get <key> <lenfields> <numfields> [delete|drop]"
     "\\r\\n[<\"space separated fields\">\\r\\n]"},
    {"bop", WORDS_TO(4, 13), IS_FAMILY, CATEGORY_BTREE, command_bad_format, "btree",
     "bop create | insert | upsert | update | delete | get | count | incr | decr | mget | smget | "
     "position | pwg | gbp\\r\\n"},
    {"bop create", WORDS_TO(5, 8), TAKES_NOREPLY, CATEGORY_BTREE, command_bop_create, "btree",
     "bop create <key> " ATTRIBUTES " [noreply]\\r\\n"},
    {"bop insert", WORDS_TO(5, 13), TAKES_NOREPLY | TAKES_PIPE | HAS_BLOCK, CATEGORY_BTREE,
     command_bop_insert, "btree",
     "bop insert <key> <bkey> [<eflag>] <bytes> [create " ATTRIBUTES
     "] [noreply|pipe|getrim]\\r\\n<data>\\r\\n"},
    {"bop upsert", WORDS_TO(5, 13), TAKES_NOREPLY | TAKES_PIPE | HAS_BLOCK, CATEGORY_BTREE,
     command_bop_upsert, "btree",
     "bop upsert <key> <bkey> [<eflag>] <bytes> [create " ATTRIBUTES
     "] [noreply|pipe|getrim]\\r\\n<data>\\r\\n"},
    {"bop update", WORDS_TO(5, 8), TAKES_NOREPLY | TAKES_PIPE | HAS_BLOCK, CATEGORY_BTREE,
     command_bop_update, "btree",
     "bop update <key> <bkey> [[<offset> <bitwop>] <value>] <bytes> [noreply|pipe]\\r\\n"
     "[<data>\\r\\n]"},
    {"bop delete", WORDS_TO(4, 11), TAKES_NOREPLY | TAKES_PIPE, CATEGORY_BTREE, command_bop_delete,
     "btree", "bop delete <key> " BKEYS " [<eflag_filter>] [<count>] [drop] [noreply|pipe]\\r\\n"},
    {"bop get", WORDS_TO(4, 12), 0, CATEGORY_BTREE, command_bop_get, "btree",
     "bop get <key> " BKEYS " [<eflag_filter>] [[<offset>] <count>] [delete|drop]\\r\\n"},
    {"bop count", WORDS_TO(4, 9), 0, CATEGORY_BTREE, command_bop_count, "btree",
     "bop count <key> " BKEYS " [<eflag_filter>]\\r\\n"},
    {"bop incr", WORDS_TO(5, 7), TAKES_NOREPLY | TAKES_PIPE, CATEGORY_BTREE, command_bop_incr,
     "btree", "bop incr <key> <bkey> <delta> [<initial> [<eflag>]] [noreply|pipe]\\r\\n"},
    {"bop decr", WORDS_TO(5, 7), TAKES_NOREPLY | TAKES_PIPE, CATEGORY_BTREE, command_bop_decr,
     "btree", "bop decr <key> <bkey> <delta> [<initial> [<eflag>]] [noreply|pipe]\\r\\n"},
    {"bop mget", WORDS_TO(6, 12), 0, CATEGORY_BTREE, command_bop_mget, "btree",
     "bop mget <lenkeys> <numkeys> " BKEYS " [<eflag_filter>] [<offset>] <count>" KEYS},
    {"bop smget", WORDS_TO(6, 13), 0, CATEGORY_BTREE, command_bop_smget, "btree",
     "bop smget <lenkeys> <numkeys> " BKEYS
     " [<eflag_filter>] [<offset>] <count> [duplicate|unique]" KEYS},
    {"bop position", WORDS(5), 0, CATEGORY_BTREE, command_bop_position, "btree",
     "bop position <key> <bkey> <asc|desc>\\r\\n"},
    {"bop pwg", WORDS_TO(5, 6), 0, CATEGORY_BTREE, command_bop_pwg, "btree",
     "bop pwg <key> <bkey> <asc|desc> [<count>]\\r\\n"},
    {"bop gbp", WORDS(5), 0, CATEGORY_BTREE, command_bop_gbp, "btree",
     "bop gbp <key> <asc|desc> <position or \"position range\">\\r\\n"},
    {"getattr", WORDS_TO(2, 13), 0, CATEGORY_ATTR, command_getattr, "attr",
     "getattr <key> [<attribute>*]\\r\\n"},
    {"setattr", WORDS_TO(3, 7), 0, CATEGORY_ATTR, command_setattr, "attr",
     "setattr <key> <attribute>=<value>*\\r\\n"},
    {"flush_all", WORDS(1) | WORDS(2) | WORDS(3), TAKES_NOREPLY, CATEGORY_FLUSH, command_flush_all,
     "admin", "flush_all [<delay>] [noreply]\\r\\n"},
    {"flush_prefix", WORDS(2) | WORDS(3) | WORDS(4), TAKES_NOREPLY, CATEGORY_FLUSH,
     command_flush_prefix, "admin", "flush_prefix <prefix> [<delay>] [noreply]\\r\\n"},
    {"noop", WORDS(1), OF_EXAMPLE_EXTENSION, CATEGORY_OPEN, command_noop, "example", "noop\\r\\n"},
    {"echo", WORDS_TO(1, 28), OF_EXAMPLE_EXTENSION, CATEGORY_OPEN, command_echo, "example",
     "echo <word>*\\r\\n"},
    {"scrub", WORDS(1) | WORDS(2), OF_SCRUB_EXTENSION, CATEGORY_ADMIN, command_scrub, "admin",
     "scrub [stale]\\r\\n"},
    {"dump", FROM_WORDS(2), IS_FAMILY, CATEGORY_ADMIN, command_bad_format, "admin",
     "dump start | stop\\r\\n"},
    {"dump start", WORDS(4) | WORDS(5), 0, CATEGORY_ADMIN, command_dump_start, "admin",
     "dump start <mode> [<prefix>] <filepath>\\r\\n\n\t  * <mode> : key"},
    {"dump stop", WORDS(2), 0, CATEGORY_ADMIN, command_dump_stop, "admin", "dump stop\\r\\n"},
    {"scan", FROM_WORDS(3), IS_FAMILY, CATEGORY_SCAN, command_bad_format, "scan",
     "scan key | prefix\\r\\n"},
    {"scan key", FROM_WORDS(3), 0, CATEGORY_SCAN, command_scan_key, "scan",
     "scan key <cursor> [count <count>] [match <pattern>] [type <type>]\\r\\n"},
    {"scan prefix", FROM_WORDS(3), 0, CATEGORY_SCAN, command_scan_prefix, "scan",
     "scan prefix <cursor> [count <count>] [match <pattern>]\\r\\n"},
    {"cmdlog", FROM_WORDS(1), IS_FAMILY, CATEGORY_ADMIN, command_cmdlog, "admin",
     "cmdlog start | stop | stats\\r\\n"},
    {"cmdlog start", FROM_WORDS(2), 0, CATEGORY_ADMIN, command_cmdlog_start, "admin",
     "cmdlog start [<file_path>]\\r\\n"},
    {"cmdlog stop", FROM_WORDS(2), 0, CATEGORY_ADMIN, command_cmdlog_stop, "admin",
     "cmdlog stop\\r\\n"},
    {"cmdlog stats", FROM_WORDS(2), 0, CATEGORY_ADMIN, command_cmdlog_stats, "admin",
     "cmdlog stats\\r\\n"},
    {"lqdetect", FROM_WORDS(1), IS_FAMILY, CATEGORY_ADMIN, command_lqdetect, "admin",
     "lqdetect start | stop | show | stats\\r\\n"},
    {"lqdetect start", FROM_WORDS(2), 0, CATEGORY_ADMIN, command_lqdetect_start, "admin",
     "lqdetect start [<detect_threshold>]\\r\\n"},
    {"lqdetect stop", FROM_WORDS(2), 0, CATEGORY_ADMIN, command_lqdetect_stop, "admin",
     "lqdetect stop\\r\\n"},
    {"lqdetect show", FROM_WORDS(2), 0, CATEGORY_ADMIN, command_lqdetect_show, "admin",
     "lqdetect show\\r\\n"},
    {"lqdetect stats", FROM_WORDS(2), 0, CATEGORY_ADMIN, command_lqdetect_stats, "admin",
     "lqdetect stats\\r\\n"},
    {"shutdown", FROM_WORDS(1), 0, CATEGORY_ADMIN, command_shutdown, "admin",
     "shutdown [seconds]\\r\\n"},
    {"stats", FROM_WORDS(1), 0, CATEGORY_OPEN, command_stats, "admin", "stats\\r\\n"},
    {"config", FROM_WORDS(2), 0, CATEGORY_ADMIN, command_config, "admin",
     "config <name> [<value>]\\r\\n"},
    {"verbosity", FROM_WORDS(1), TAKES_NOREPLY, CATEGORY_ADMIN, command_verbosity, "admin",
     "verbosity <level> [noreply]\\r\\n"},
    {"version", WORDS(1), 0, CATEGORY_OPEN, command_version, "admin", "version\\r\\n"},
    {"ready", WORDS(1), 0, CATEGORY_OPEN, command_ready, "admin", "ready\\r\\n"},
    {"help", FROM_WORDS(1), 0, CATEGORY_OPEN, command_help, "admin", "help [<group>]\\r\\n"},
    {"sasl", FROM_WORDS(2), IS_FAMILY, CATEGORY_OPEN, command_bad_format, "admin",
     "sasl mech | auth\\r\\n"},
    {"sasl mech", WORDS(2), 0, CATEGORY_OPEN, command_sasl_mech, "admin", "sasl mech\\r\\n"},
    {"sasl auth", WORDS(3) | WORDS(4), HAS_BLOCK, CATEGORY_OPEN, command_sasl_auth, "admin",
     "sasl auth [<mechanism>] <bytes>\\r\\n<data>\\r\\n"},
    {"zkensemble", FROM_WORDS(2), 0, CATEGORY_ADMIN, command_zkensemble, "admin",
     "zkensemble get | rejoin | set <ensemble_list>\\r\\n"},
    {"quit", WORDS(1), 0, CATEGORY_OPEN, command_quit, "admin", "quit\\r\\n"},
};
const size_t command_count = sizeof(commands) / sizeof(commands[0]);

static unsigned slot_of(const char *name, size_t len)
{
    uint64_t head = 0, tail = 0;

    if (len >= sizeof(head)) {
        memcpy(&head, name, sizeof(head));
        memcpy(&tail, name + len - sizeof(tail), sizeof(tail));
    } else {
        memcpy(&head, name, len);
    }
    uint64_t mixed = (head + len) * 0x9e3779b97f4a7c15u;
    return (unsigned)((mixed ^ (tail * 0xc2b2ae3d27d4eb4fu)) >> 56);
}
_Static_assert(COMMAND_SLOTS == 256, "slot_of yields 8 bits");

static bool is_offered(const struct settings *settings, unsigned traits)
{
    return (!(traits & OF_SCRUB_EXTENSION) || settings_has_extension(settings, "ascii_scrub")) &&
           (!(traits & OF_EXAMPLE_EXTENSION) ||
            settings_has_extension(settings, "example_protocol"));
}

int command_shared_init(struct command_shared *shared, const struct settings *settings,
                        struct store *store, struct counters_sum *counters,
                        const struct command_hooks *hooks)
{
    memset(shared, 0, sizeof(*shared));
    shared->settings = settings;
    shared->store = store;
    shared->counters = counters;
    shared->hooks = *hooks;
    shared->has_extension = settings_has_extension(settings, "ascii_scrub") ||
                            settings_has_extension(settings, "example_protocol");
    atomic_init(&shared->max_stats_prefixes, STATS_PREFIXES_DEFAULT);
    shared->cmdlog = cmdlog_new(settings->tcp_port);
    shared->lqdetect = lqdetect_new();
    if (observed_init(&shared->observed, settings) || !shared->cmdlog || !shared->lqdetect)
        return -1;
    assert(command_count <= COMMAND_SLOTS / 2);
    for (size_t i = 0; i < command_count; i++) {
        if (!is_offered(settings, commands[i].traits))
            continue;
        size_t len = strlen(commands[i].name);
        unsigned slot = slot_of(commands[i].name, len);
        while (shared->slots[slot].command)
            slot = (slot + 1) % COMMAND_SLOTS;
        shared->slots[slot].command = &commands[i];
        shared->slots[slot].name_len = len;
    }
    return 0;
}

const char *command_unknown(const struct command_shared *shared, const struct words *words)
{
    if (!shared->has_extension)
        return "ERROR unknown command\r\n";
    if (words->count == 0)
        return "ERROR no arguments\r\n";
    return words->count < LIMIT_WORDS - 1 ? "ERROR no matching command\r\n"
                                          : "ERROR too many arguments\r\n";
}

void command_shared_deinit(struct command_shared *shared)
{
    observed_deinit(&shared->observed);
    cmdlog_free(shared->cmdlog);
    lqdetect_free(shared->lqdetect);
}

const struct command *command_find(const struct command_shared *shared, const char *name,
                                   size_t len)
{
    for (unsigned slot = slot_of(name, len);; slot = (slot + 1) % COMMAND_SLOTS) {
        const struct command *command = shared->slots[slot].command;
        if (!command)
            return NULL;
        if (shared->slots[slot].name_len == len && !memcmp(command->name, name, len))
            return command;
    }
}

static bool takes_words(const struct command *command, unsigned count)
{
    return command->word_counts >> (count < 31 ? count : 31) & 1;
}

static unsigned closing_of(const struct command *command, const struct words *words)
{
    const struct word *last = &words->word[words->count - 1];

    if (!(command->traits & (TAKES_NOREPLY | TAKES_PIPE)) || words->count > LIMIT_WORDS ||
        !takes_words(command, words->count - 1))
        return 0;
    if (command->traits & TAKES_NOREPLY && word_is(last, "noreply"))
        return TAKES_NOREPLY;
    return command->traits & TAKES_PIPE && word_is(last, "pipe") ? TAKES_PIPE : 0;
}

static const struct command *member_of(const struct command_shared *shared,
                                       const struct command *family, const struct words *words)
{
    const struct word *second = &words->word[1];
    char name[32];
    size_t first_len = words->word[0].len;

    if (first_len + 1 + second->len > sizeof(name))
        return family;
    memcpy(name, words->word[0].at, first_len);
    name[first_len] = ' ';
    memcpy(name + first_len + 1, second->at, second->len);
    const struct command *member = command_find(shared, name, first_len + 1 + second->len);
    return member ? member : family;
}

const struct command *command_of(const struct command_shared *shared, struct words *words,
                                 unsigned *closing)
{
    const struct command *command =
        words->count ? command_find(shared, words->word[0].at, words->word[0].len) : NULL;
    const struct command *family = command && command->traits & IS_FAMILY ? command : NULL;

    *closing = 0;
    if (family && words->count > 1 && takes_words(family, words->count))
        command = member_of(shared, family, words);
    if (!command)
        return NULL;
    *closing = closing_of(command, words);
    if (*closing)
        words->count--;
    if (takes_words(command, words->count))
        return command;
    return family && takes_words(family, words->count + (*closing ? 1 : 0)) ? family : NULL;
}
