#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cacheserver/protocol/reply.h"
#include "cacheserver/protocol/words.h"
#include "cacheserver/runtime/counters.h"
#include "cacheserver/runtime/settings.h"
#include "cacheserver/store/store.h"

/*
 * Commands are rows: adding one means one line in table.c and one handler. A row says how many
 * words the request may have; with another count the line is an unknown command, as it is in the
 * reference server, unless the handler wants to answer that itself.
 */
struct session;
struct command_context;

struct command {
    const char *name;
    uint32_t word_counts; /* bit n: n words, the name included, are right; bit 31: 31 and more */
    bool noreply;         /* a last word "noreply" suppresses the reply */
    void (*run)(struct session *session, struct command_context *context,
                const struct words *words);
    const char *help_group;
    const char *syntax;
};

extern const struct command commands[];
extern const size_t command_count;

/* What the layers above the commands answer; `arg` is theirs. Called by any worker. */
struct command_hooks {
    void *arg;
    bool (*is_ready)(void *arg);
    /* Adds the lines of `stats zookeeper`. */
    void (*membership_stats)(void *arg, struct reply *reply);
    unsigned (*listeners)(void *arg);
    unsigned (*open_connections)(void *arg);
    unsigned (*max_connections)(void *arg);
    void (*set_max_connections)(void *arg, unsigned max);
};

/* Shared by all workers; read-only after command_shared_init. */
#define COMMAND_SLOTS 64
struct command_shared {
    const struct settings *settings;
    struct store *store;
    struct counters_sum *counters;
    struct command_hooks hooks;
    const struct command *slots[COMMAND_SLOTS]; /* by hash of the name */
    const char *unknown_command;
};
void command_shared_init(struct command_shared *shared, const struct settings *settings,
                         struct store *store, struct counters_sum *counters,
                         const struct command_hooks *hooks);

/* NULL: there is no such command. */
const struct command *command_find(const struct command_shared *shared, const char *name,
                                   size_t len);

/* What a worker lends to the session that it serves at the moment. */
struct command_context {
    struct command_shared *shared;
    struct store_thread *store;
    struct counters *counters;
    struct reply *reply;
};

/* The version that clients compare with: the protocol's, not this program's. */
#define COMMAND_PROTOCOL_VERSION "1.15.0"
