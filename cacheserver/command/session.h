#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cacheserver/command/command.h"

/*
 * One client's conversation: bytes in, replies out, without a socket. It can stop and go on at any
 * byte. A zeroed struct is a new session; session_deinit ends it.
 */
enum session_state {
    SESSION_LINE = 0,   /* at the start of a request */
    SESSION_KEYS,       /* within the keys of a get */
    SESSION_VALUE,      /* within the value of a storage command */
    SESSION_VALUE_END,  /* the CRLF after it */
    SESSION_SWALLOW,    /* within data that nobody wants */
    SESSION_KEYS_LINE,  /* within the line of keys that follows mget */
    SESSION_KEYS_REPLY, /* answering that line */
    SESSION_STATES,
};

struct session {
    enum session_state state;
    bool closing; /* the client said quit, or what it sends makes no sense */
    bool noreply;

    /* get, gets, mget, mgets */
    bool with_cas;

    /* storage commands */
    struct item *item;
    struct item_cursor cursor;
    enum store_mode mode;
    uint64_t cas;

    size_t swallow_left;

    /* the keys of mget; grows as they arrive */
    char *keys;
    size_t keys_len, keys_wanted, keys_at, keys_capacity;
    unsigned keys_count;
};

/* Works on the input until it is used up, a request is incomplete, the reply is full or the
 * session is closing. Returns the bytes that are done with: the rest comes again. */
size_t session_input(struct session *session, struct command_context *context, const char *input,
                     size_t len);

/* Where the next bytes of a large value may be received directly; NULL: nowhere. After receiving
 * n of them call session_value_received. */
char *session_value_room(struct session *session, size_t *room);
void session_value_received(struct session *session, size_t n);

/* There is something to do without further input. */
bool session_has_work(const struct session *session);

void session_deinit(struct session *session, struct store_thread *store);

/* For handlers. */

/* A reply line, with its CRLF; nothing when the client asked for no reply. */
void session_say(const struct session *session, struct command_context *context, const char *line);
void session_say_bad_format(const struct session *session, struct command_context *context);
/* The next n bytes of input are nobody's. */
void session_swallow(struct session *session, size_t n);
/* The reply for what a store operation returned when it is none of the command's own. */
const char *session_failure(enum store_result result);
