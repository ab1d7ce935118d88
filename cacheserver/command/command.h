#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cacheserver/auth/auth.h"
#include "cacheserver/command/observe.h"
#include "cacheserver/persistence/persistence.h"
#include "cacheserver/protocol/reply.h"
#include "cacheserver/protocol/words.h"
#include "cacheserver/runtime/counters.h"
#include "cacheserver/runtime/settings.h"
#include "cacheserver/store/store.h"

/*
 * Commands are rows: adding one means one line in table.c and one handler. A row says how many
 * words the request may have; with another count the line is an unknown command, as it is in the
 * reference server. In a family of commands ("lop insert", "lop get") the row of the family alone
 * decides that, and what its members do not take is a badly formatted line.
 */
struct session;
struct command_context;
struct cloud_hooks;

enum command_trait {
    TAKES_NOREPLY = 1, /* a closing word "noreply" suppresses the reply */
    TAKES_PIPE = 2,    /* a closing word "pipe" puts it off, see pipe.h */
    HAS_BLOCK = 4,     /* data follows the line, so the handler runs even to drop the request */
    IS_FAMILY = 8, /* the name goes on with the second word; the handler answers if it does not */
    OF_SCRUB_EXTENSION = 16, /* there only if that extension was asked for */
    OF_EXAMPLE_EXTENSION = 32,
};

struct command {
    const char *name;     /* one word, or two: "lop insert" */
    uint32_t word_counts; /* bit n: n words, the name included, are right; bit 31: 31 and more */
    unsigned traits;      /* set of enum command_trait; closing words are not in the count */
    unsigned categories;  /* set of enum category; one of them is enough */
    void (*run)(struct session *session, struct command_context *context,
                const struct words *words);
    const char *help_group;
    const char *syntax;
};

extern const struct command commands[];
extern const size_t command_count;

enum scrub_stale_outcome { SCRUB_STALE_STARTED, SCRUB_STALE_BUSY, SCRUB_STALE_NOT_SUPPORTED };

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
    /* Begins to remove what belongs to other members of the cloud. NULL: not supported. */
    enum scrub_stale_outcome (*scrub_stale)(void *arg);
    /* Ends the server after so many seconds; negative: when clients stop leaving, after two at the
     * latest. false: it ends within a second anyway. NULL: it cannot be ended so. */
    bool (*shut_down)(void *arg, int seconds);
    const struct cloud_hooks *cloud; /* see cloud.h */
};

/* Shared by all workers; what is not atomic is read-only after command_shared_init. */
#define COMMAND_SLOTS 256
struct command_shared {
    const struct settings *settings;
    struct store *store;
    struct counters_sum *counters;
    struct command_hooks hooks;
    struct auth *auth;               /* NULL: nobody has to log in */
    struct persistence *persistence; /* NULL: nothing is kept */
    struct {
        const struct command *command; /* NULL: none */
        size_t name_len;
    } slots[COMMAND_SLOTS]; /* by hash of the name */
    bool has_extension;     /* an extension that knows more commands of this protocol is loaded */
    struct observed observed;
    struct cmdlog *cmdlog;
    struct lqdetect *lqdetect;
    _Atomic uint32_t max_stats_prefixes;
};
/* -1: no memory. command_shared_deinit in every case. */
int command_shared_init(struct command_shared *shared, const struct settings *settings,
                        struct store *store, struct counters_sum *counters,
                        const struct command_hooks *hooks);
void command_shared_deinit(struct command_shared *shared);

/* The reply to a line that is no command, or one with a number of words that it may not have. */
const char *command_unknown(const struct command_shared *shared, const struct words *words);

/* NULL: there is no such command. A name of two words is given with one blank between them. */
const struct command *command_find(const struct command_shared *shared, const char *name,
                                   size_t len);
/* The command of a request; NULL: there is none, or not with so many words. Takes a closing word
 * that the command knows off and says which it was: TAKES_NOREPLY, TAKES_PIPE or 0. */
const struct command *command_of(const struct command_shared *shared, struct words *words,
                                 unsigned *closing);

/* What a worker lends to the session that it serves at the moment. */
struct command_context {
    struct command_shared *shared;
    struct store_thread *store;
    struct counters *counters;
    struct reply *reply;
    int wake_fd;     /* eventfd that wakes the worker; -1: sessions are asked again anyway */
    unsigned budget; /* how much long requests may still do before others get their turn */
    bool limits_requests;
    unsigned requests_left; /* that may still begin before others get their turn, if limited */

    /* What came after the line of the request that is being handled. */
    const char *rest;
    size_t rest_len;

    /* The first word after the name of the command, or the key of a binary request. For what is
     * counted by key; a command that goes on later sets it to the key that it remembers. */
    struct word key;
};

/* What a budget is counted in: about a microsecond's work, such as looking one key up. */
#define COMMAND_BUDGET 128

/* The version that clients compare with: the protocol's, not this program's. */
#define COMMAND_PROTOCOL_VERSION "1.15.0"
