#pragma once
#include "cacheserver/command/session.h"
#include "cacheserver/protocol/binary.h"

/*
 * Requests of the binary protocol as rows, like those of the text protocol: one row for each
 * opcode, with what its frame must look like, and one handler for the loud and the quiet form.
 */

/* A request whose extras and key are there; they last as long as the handler runs. */
struct binary_request {
    struct binary_header header;
    const char *extras, *key;
    const char *value; /* BINARY_BLOCK only; NULL: it is longer than LIMIT_BLOCK, and dropped */
    bool quiet;        /* what goes without saying is not said */
};

enum binary_value {
    BINARY_NO_VALUE,
    BINARY_STREAM, /* goes into an item as it comes */
    BINARY_BLOCK,  /* is complete when the handler runs */
};

enum binary_key { KEY_NONE, KEY_OPTIONAL, KEY_NEEDED };

struct binary_command {
    const char *name;
    void (*run)(struct session *session, struct command_context *context,
                const struct binary_request *request);
    unsigned categories; /* set of enum category; one of them is enough */
    enum binary_key key;
    enum binary_value value;
    uint8_t opcode;
    uint8_t extras_len;
    bool extras_optional;
    bool quiet;
};

/* NULL: there is no such command. */
const struct binary_command *binary_command_find(uint8_t opcode);

/* A step of the session, at the start of a request. */
size_t binary_step(struct session *session, struct command_context *context, const char *input,
                   size_t len);

/* For handlers: the response to a result; OK is not said to quiet requests. */
void binary_say(struct command_context *context, const struct binary_request *request,
                enum binary_status status);
enum binary_status binary_status_of(enum store_result result);
/* The expiry that four bytes of extras stand for. */
clock_seconds binary_expiry(const char *extras);

#define BINARY_HANDLER(name)                                                                       \
    void binary_##name(struct session *session, struct command_context *context,                   \
                       const struct binary_request *request)

/* binary_kv.c */
BINARY_HANDLER(get);
BINARY_HANDLER(set);
BINARY_HANDLER(add);
BINARY_HANDLER(replace);
BINARY_HANDLER(append);
BINARY_HANDLER(prepend);
BINARY_HANDLER(delete);
BINARY_HANDLER(increment);
BINARY_HANDLER(decrement);
BINARY_HANDLER(touch);

/* binary_admin.c */
BINARY_HANDLER(quit);
BINARY_HANDLER(flush);
BINARY_HANDLER(noop);
BINARY_HANDLER(version);
BINARY_HANDLER(stat);
BINARY_HANDLER(flush_prefix);
BINARY_HANDLER(scrub);
BINARY_HANDLER(sasl_mechanisms);
BINARY_HANDLER(sasl_auth);
BINARY_HANDLER(sasl_step);

/* binary_attributes.c */
BINARY_HANDLER(getattr);
BINARY_HANDLER(setattr);

/* binary_collection.c */
BINARY_HANDLER(list_create);
BINARY_HANDLER(list_insert);
BINARY_HANDLER(list_delete);
BINARY_HANDLER(list_get);
BINARY_HANDLER(set_create);
BINARY_HANDLER(set_insert);
BINARY_HANDLER(set_delete);
BINARY_HANDLER(set_exist);
BINARY_HANDLER(set_get);
BINARY_HANDLER(btree_create);

/* binary_btree.c */
BINARY_HANDLER(btree_insert);
BINARY_HANDLER(btree_upsert);
BINARY_HANDLER(btree_update);
