/* The commands, and how their names are found: hashed once at start into a small open table. */
#include "cacheserver/command/command.h"

#include <assert.h>
#include <string.h>

#include "cacheserver/command/handlers.h"
#include "cacheserver/command/retrieval.h"

#define WORDS(n)      (1u << (n))
#define ANY_WORDS     UINT32_MAX
#define FROM_WORDS(n) (ANY_WORDS << (n))

const struct command commands[] = {
    {"get", ANY_WORDS, false, command_get, "kv", "get <key>*\\r\\n"},
    {"gets", ANY_WORDS, false, command_get, "kv", "gets <key>*\\r\\n"},
    {"mget", WORDS(3), false, command_mget, "kv",
     "mget <lenkeys> <numkeys>\\r\\n<\"space separated keys\">\\r\\n"},
    {"mgets", WORDS(3), false, command_mgets, "kv",
     "mgets <lenkeys> <numkeys>\\r\\n<\"space separated keys\">\\r\\n"},
    {"set", WORDS(5) | WORDS(6), true, command_set, "kv",
     "set <key> <flags> <exptime> <bytes> [noreply]\\r\\n<data>\\r\\n"},
    {"add", WORDS(5) | WORDS(6), true, command_add, "kv",
     "add <key> <flags> <exptime> <bytes> [noreply]\\r\\n<data>\\r\\n"},
    {"replace", WORDS(5) | WORDS(6), true, command_replace, "kv",
     "replace <key> <flags> <exptime> <bytes> [noreply]\\r\\n<data>\\r\\n"},
    {"append", WORDS(5) | WORDS(6), true, command_append, "kv",
     "append <key> <flags> <exptime> <bytes> [noreply]\\r\\n<data>\\r\\n"},
    {"prepend", WORDS(5) | WORDS(6), true, command_prepend, "kv",
     "prepend <key> <flags> <exptime> <bytes> [noreply]\\r\\n<data>\\r\\n"},
    {"cas", WORDS(6) | WORDS(7), true, command_cas, "kv",
     "cas <key> <flags> <exptime> <bytes> <cas unique> [noreply]\\r\\n<data>\\r\\n"},
    {"incr", WORDS(3) | WORDS(4) | WORDS(6) | WORDS(7), true, command_incr, "kv",
     "incr <key> <delta> [<flags> <exptime> <initial>] [noreply]\\r\\n"},
    {"decr", WORDS(3) | WORDS(4) | WORDS(6) | WORDS(7), true, command_decr, "kv",
     "decr <key> <delta> [<flags> <exptime> <initial>] [noreply]\\r\\n"},
    {"delete", WORDS(2) | WORDS(3) | WORDS(4), true, command_delete, "kv",
     "delete <key> [noreply]\\r\\n"},
    {"touch", WORDS(3) | WORDS(4), true, command_touch, "kv",
     "touch <key> <exptime> [noreply]\\r\\n"},
    {"flush_all", WORDS(1) | WORDS(2) | WORDS(3), true, command_flush_all, "admin",
     "flush_all [<delay>] [noreply]\\r\\n"},
    {"stats", FROM_WORDS(1), false, command_stats, "admin",
     "stats [settings | reset | zookeeper | aggregate | topkeys]\\r\\n"},
    {"config", FROM_WORDS(2), false, command_config, "admin",
     "config memlimit | maxconns | verbosity [<value>]\\r\\n"},
    {"verbosity", FROM_WORDS(1), true, command_verbosity, "admin",
     "verbosity <level> [noreply]\\r\\n"},
    {"version", WORDS(1), false, command_version, "admin", "version\\r\\n"},
    {"ready", WORDS(1), false, command_ready, "admin", "ready\\r\\n"},
    {"help", FROM_WORDS(1), false, command_help, "admin", "help [kv | admin]\\r\\n"},
    {"quit", WORDS(1), false, command_quit, "admin", "quit\\r\\n"},
};
const size_t command_count = sizeof(commands) / sizeof(commands[0]);

static unsigned slot_of(const char *name, size_t len)
{
    uint64_t word = 0;

    memcpy(&word, name, len < sizeof(word) ? len : sizeof(word));
    return (unsigned)((word + len) * 0x9e3779b97f4a7c15u >> 58);
}

void command_shared_init(struct command_shared *shared, const struct settings *settings,
                         struct store *store, struct counters_sum *counters,
                         const struct command_hooks *hooks)
{
    memset(shared, 0, sizeof(*shared));
    shared->settings = settings;
    shared->store = store;
    shared->counters = counters;
    shared->hooks = *hooks;
    shared->unknown_command = settings_has_extension(settings, "ascii_scrub") ||
                                      settings_has_extension(settings, "example_protocol")
                                  ? "ERROR no matching command\r\n"
                                  : "ERROR unknown command\r\n";
    assert(command_count <= COMMAND_SLOTS / 2);
    for (size_t i = 0; i < command_count; i++) {
        unsigned slot = slot_of(commands[i].name, strlen(commands[i].name));
        while (shared->slots[slot])
            slot = (slot + 1) % COMMAND_SLOTS;
        shared->slots[slot] = &commands[i];
    }
}

const struct command *command_find(const struct command_shared *shared, const char *name,
                                   size_t len)
{
    for (unsigned slot = slot_of(name, len);; slot = (slot + 1) % COMMAND_SLOTS) {
        const struct command *command = shared->slots[slot];
        if (!command)
            return NULL;
        if (strlen(command->name) == len && !memcmp(command->name, name, len))
            return command;
    }
}
