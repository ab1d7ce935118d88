#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cacheserver/auth/auth.h"
#include "cacheserver/command/command.h"
#include "cacheserver/command/pipe.h"
#include "cacheserver/protocol/binary.h"

/*
 * One client's conversation: bytes in, replies out, without a socket. It can stop and go on at any
 * byte. A zeroed struct is a new session; session_deinit ends it and zeroes all but the peer.
 */
enum session_state {
    SESSION_LINE = 0,  /* at the start of a request */
    SESSION_KEYS,      /* within the keys of a get */
    SESSION_VALUE,     /* within the value of a storage command */
    SESSION_VALUE_END, /* the CRLF after it */
    SESSION_SWALLOW,   /* within data that nobody wants */
    SESSION_KEYS_LINE, /* within the line of keys that follows mget, see keys_line.h */
    SESSION_TASK,      /* answering that line, or another request that takes long */
    SESSION_WAIT,      /* for the answer of another thread, see wait.h */
    SESSION_STATES,
};

/* Room for an IPv6 address as text, or "unix". */
#define SESSION_PEER_MAX 46

/* A line of keys that is to come, see keys_line.h. */
struct keys_line {
    uint32_t len;   /* announced, without CRLF */
    uint32_t count; /* announced number of keys */
    uint32_t count_max;
    size_t key_max;
    bool commas; /* may be separated by commas, too */
    void (*answer)(struct session *session, struct command_context *context);
};

/* The same under way; keys_line.c. */
struct keys {
    struct keys_line line;
    char *bytes;
    size_t len, capacity;
    size_t at;     /* where the next key starts */
    size_t hinted; /* up to where the store was told of keys */
    char separator;
};

/* The first byte of a connection says what its client speaks. */
enum session_protocol { PROTOCOL_UNDECIDED = 0, PROTOCOL_TEXT, PROTOCOL_BINARY };

struct session {
    char peer[SESSION_PEER_MAX]; /* the client's address as text, for logs */
    enum session_state state;
    enum session_protocol protocol;
    bool closing; /* the client said quit, or what it sends makes no sense */
    bool noreply;

    /* get, gets, gat, gats, mget, mgets */
    bool with_cas;
    bool touches; /* gives the items this expiry, too */
    clock_seconds exptime;

    /* storage commands */
    struct item *item;
    struct item_cursor cursor;
    void (*put)(struct session *session, struct command_context *context);
    enum store_mode mode;
    uint64_t cas;
    struct binary_echo echo; /* of a binary request that waits for its value */

    struct auth_session *auth; /* NULL: the client has not tried to log in */
    bool refused;              /* the request that is being handled is not allowed */

    size_t swallow_left;

    /* of the request that is being handled: bytes of its block, and whether it must wait for it */
    size_t block_bytes;
    bool block_missing;

    struct pipe pipe;
    struct keys keys;

    struct command_wait *wait; /* of SESSION_WAIT */

    /* What a command that works in slices, or waits for its value, remembers; on the heap, NULL
     * none. */
    void *task;
    void (*task_free)(void *task);
    void (*task_run)(struct session *session,
                     struct command_context *context); /* NULL: keys_line */
};

/* Works on the input until it is used up, a request is incomplete, the reply is full, the turn is
 * over or the session is closing. Returns the bytes that are done with: the rest comes again. */
size_t session_input(struct session *session, struct command_context *context, const char *input,
                     size_t len);

/* Where the next bytes of a large value may be received directly; NULL: nowhere. After receiving
 * n of them call session_value_received. */
char *session_value_room(struct session *session, size_t *room);
void session_value_received(struct session *session, size_t n);

/* There is something to do without further input: call session_input again, after the others had
 * their turn. */
bool session_has_work(const struct session *session);

/* The reply, or what the requests changed, is so much that session_input goes on only when the
 * caller has seen to it. */
bool session_is_full(const struct command_context *context);

/* As many requests have begun as a turn may have; context->requests_left is set for the next. */
bool session_turn_is_over(const struct command_context *context);

/* It takes no input until another thread has answered; session_has_work says when. */
bool session_is_waiting(const struct session *session);

void session_deinit(struct session *session, struct store_thread *store);

/* For handlers. */

/* A reply line, with its CRLF; nothing when the client asked for no reply. What a request that may
 * be pipelined answers goes through here, or the pipe misses it. */
void session_say(struct session *session, struct command_context *context, const char *line);
void session_say_bad_format(struct session *session, struct command_context *context);
/* The next n bytes of input are nobody's. */
void session_swallow(struct session *session, size_t n);

/* The data block of `len` bytes, at most LIMIT_BLOCK - 2, that follows the line. Returns it when it
 * is there; it lasts as long as the handler runs. NULL: the handler is to return at once without
 * having changed anything, because the block is not complete (the handler runs again then), is not
 * closed by CRLF (said) or is to be dropped. */
const char *session_block(struct session *session, struct command_context *context, size_t len);
/* The request is to be dropped: its handler runs only to find out what belongs to it. */
static inline bool session_drops(const struct session *session)
{
    return session->refused || pipe_drops(&session->pipe);
}

/* Says the line and drops the block. */
void session_refuse_block(struct session *session, struct command_context *context, size_t len,
                          const char *line);

/* Fills the item with the data block that follows, then calls put, which takes the item. */
void session_begin_value(struct session *session, struct item *item,
                         void (*put)(struct session *session, struct command_context *context));
struct item *session_take_item(struct session *session);

/* Goes on with `run` until that ends the task: each call uses up some of context->budget, or fills
 * the reply, and returns. No input is taken meanwhile. `task` is freed at the end. */
void session_begin_task(struct session *session, void *task, void (*task_free)(void *task),
                        void (*run)(struct session *session, struct command_context *context));
void session_end_task(struct session *session);
/* Frees what was remembered. */
void session_drop_task(struct session *session);
/* The reply for what a store operation returned when it is none of the command's own. */
const char *session_failure(enum store_result result);
