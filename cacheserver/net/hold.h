#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "cacheserver/command/command.h"

/*
 * Connections whose replies wait for the disk. Only those wait whose requests changed something,
 * and each only for its own changes; their worker goes on serving the others. It is woken when the
 * log has got further. By the worker's thread only.
 */
struct worker;
struct connection;

/* Where the journal was before some requests are worked on. */
struct hold_mark {
    uint64_t seq;
    bool behind; /* the disk is too far behind for new requests: hold until seq */
};

void hold_init(struct worker *worker);
void hold_deinit(struct worker *worker);

struct hold_mark hold_mark(struct command_context *context);
/* Whether the replies to the requests since the mark have to wait for context->store->journal_seq.
 */
bool hold_is_needed(const struct command_context *context, const struct hold_mark *mark);

void hold_begin(struct connection *connection, uint64_t until);
void hold_end(struct connection *connection);

/* Lets the next connection go that needs not wait any more, or closes it if its changes can never
 * be kept, and returns it. NULL: there is none, and the worker will be woken when there is. */
struct connection *hold_next(struct worker *worker);
