/*
 * A table of steps, one per state. A step looks at the input, does what it can and says how many
 * bytes it is done with; 0 means that it needs more. Everything a request leaves behind for later
 * input is in struct session.
 */
#include "cacheserver/command/session.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "cacheserver/command/authorize.h"
#include "cacheserver/command/binary.h"
#include "cacheserver/command/cmdlog.h"
#include "cacheserver/command/keys_line.h"
#include "cacheserver/command/lookahead.h"
#include "cacheserver/command/lqdetect.h"
#include "cacheserver/command/retrieval.h"
#include "cacheserver/command/storage.h"
#include "cacheserver/command/wait.h"
#include "cacheserver/protocol/limits.h"
#include "cacheserver/runtime/log.h"

/* Below this a copy out of the shared buffer is cheaper than a system call of its own. */
#define DIRECT_RECEIVE_MIN 4096

void session_say(struct session *session, struct command_context *context, const char *line)
{
    if (session_drops(session))
        return;
    if (session->pipe.state == PIPE_ON)
        pipe_add(&session->pipe, context->reply, line);
    else if (!session->noreply)
        reply_text(context->reply, line);
}

void session_say_bad_format(struct session *session, struct command_context *context)
{
    session_say(session, context, "CLIENT_ERROR bad command line format\r\n");
}

void session_swallow(struct session *session, size_t n)
{
    session->swallow_left = n;
    session->state = SESSION_SWALLOW;
}

const char *session_block(struct session *session, struct command_context *context, size_t len)
{
    const char *block = context->rest;

    assert(len + 2 <= LIMIT_BLOCK);
    if (context->rest_len < len + 2) {
        session->block_missing = true;
        return NULL;
    }
    session->block_bytes = len + 2;
    if (session_drops(session))
        return NULL;
    if (block[len] == '\r' && block[len + 1] == '\n')
        return block;
    session_say(session, context, "CLIENT_ERROR bad data chunk\r\n");
    return NULL;
}

void session_refuse_block(struct session *session, struct command_context *context, size_t len,
                          const char *line)
{
    session_say(session, context, line);
    session_swallow(session, len + 2);
}

void session_begin_value(struct session *session, struct item *item,
                         void (*put)(struct session *session, struct command_context *context))
{
    session->item = item;
    session->put = put;
    item_cursor_start(&session->cursor, item);
    session->state = session->cursor.left ? SESSION_VALUE : SESSION_VALUE_END;
}

struct item *session_take_item(struct session *session)
{
    struct item *item = session->item;

    session->item = NULL;
    return item;
}

void session_begin_task(struct session *session, void *task, void (*task_free)(void *task),
                        void (*run)(struct session *session, struct command_context *context))
{
    session->task = task;
    session->task_free = task_free;
    session->task_run = run;
    session->state = SESSION_TASK;
}

void session_end_task(struct session *session)
{
    session_drop_task(session);
    session->state = SESSION_LINE;
}

static size_t step_task(struct session *session, struct command_context *context, const char *input,
                        size_t len)
{
    if (!session->task_run)
        return keys_line_step_answer(session, context, input, len);
    session->task_run(session, context);
    return 0;
}

void session_drop_task(struct session *session)
{
    session->task_run = NULL;
    if (session->task)
        session->task_free(session->task);
    session->task = NULL;
}

const char *session_failure(enum store_result result)
{
    static const char *const lines[] = {
        [STORE_NOT_FOUND] = "NOT_FOUND\r\n",
        [STORE_NOT_STORED] = "NOT_STORED\r\n",
        [STORE_EXISTS] = "EXISTS\r\n",
        [STORE_TYPE_MISMATCH] = "TYPE_MISMATCH\r\n",
        [STORE_TOO_LARGE] = "CLIENT_ERROR object too large for cache\r\n",
        [STORE_NO_MEMORY] = "SERVER_ERROR out of memory\r\n",
        [STORE_BAD_PREFIX] = "CLIENT_ERROR invalid prefix name\r\n",
        [STORE_NOT_A_NUMBER] = "CLIENT_ERROR cannot increment or decrement non-numeric value\r\n",
        [STORE_OVERFLOWED] = "OVERFLOWED\r\n",
        [STORE_OUT_OF_RANGE] = "OUT_OF_RANGE\r\n",
        [STORE_ELEMENT_EXISTS] = "ELEMENT_EXISTS\r\n",
        [STORE_NO_ELEMENT] = "NOT_FOUND_ELEMENT\r\n",
        [STORE_UNREADABLE] = "UNREADABLE\r\n",
        [STORE_BKEY_MISMATCH] = "BKEY_MISMATCH\r\n",
        [STORE_EFLAG_MISMATCH] = "EFLAG_MISMATCH\r\n",
        [STORE_NO_ATTRIBUTE] = "ATTR_ERROR not found\r\n",
        [STORE_BAD_VALUE] = "ATTR_ERROR bad value\r\n",
    };
    return lines[result];
}

/* A request that is not allowed, or that comes after its batch has failed. Those with a block run
 * to find out how long it is. */
static void run_dropped(struct session *session, struct command_context *context,
                        const struct command *command, const struct words *words)
{
    bool refused = session->refused;

    if (command->traits & HAS_BLOCK)
        command->run(session, context, words);
    session->refused = false;
    if (session->block_missing)
        return;
    if (pipe_drops(&session->pipe))
        pipe_drop(&session->pipe);
    else if (refused)
        session_say(session, context, "CLIENT_ERROR unauthorized\r\n");
}

/* The key is the first word after the name, unless that is a number of keys. */
static struct word key_of(const struct command *command, const struct words *words)
{
    unsigned at = command && strchr(command->name, ' ') ? 2 : 1;

    return command && words->count > at ? words->word[at] : (struct word){.at = NULL, .len = 0};
}

/* Long queries are looked for. What goes on after its line notes itself when it is done. */
static void run_watched(struct session *session, struct command_context *context,
                        const struct command *command, const struct words *words)
{
    context->store->elements = 0;
    command->run(session, context, words);
    if (!session->block_missing)
        lqdetect_note(context->shared->lqdetect, command->name, session->peer, words,
                      context->store->elements);
}

/* A request without "pipe" ends a batch: with its own line when that is all of its reply, as it is
 * for what can be told "noreply" and for complaints, else the batch is answered before. */
static void lead_pipe(struct session *session, struct command_context *context, unsigned traits,
                      bool more)
{
    unsigned of_one_line = TAKES_NOREPLY | IS_FAMILY;

    if (traits & TAKES_PIPE || (traits & of_one_line && !pipe_drops(&session->pipe)))
        pipe_begin(&session->pipe, more);
    else if (session->pipe.state != PIPE_OFF)
        pipe_finish(&session->pipe, context->reply);
}

static void run_line(struct session *session, struct command_context *context, const char *line,
                     size_t len)
{
    struct words words;
    unsigned closing;

    words_split(&words, line, len);
    const struct command *command = command_of(context->shared, &words, &closing);
    context->key = key_of(command, &words);
    session->noreply = closing == TAKES_NOREPLY;
    if (!command) {
        lead_pipe(session, context, TAKES_NOREPLY, false);
        session->noreply = false;
        /* A CR alone counts as a word of one character, as it does in the reference. */
        if (len == 0 && line[0] == '\r')
            words.count = 1;
        session_say(session, context, command_unknown(context->shared, &words));
        return;
    }
    lead_pipe(session, context, command->traits, closing == TAKES_PIPE);
    if (context->shared->auth)
        session->refused = !authorize_command(session, command, &words);
    if (session_drops(session)) {
        run_dropped(session, context, command, &words);
    } else if (__builtin_expect(lqdetect_is_on(context->shared->lqdetect), 0)) {
        run_watched(session, context, command, &words);
    } else {
        command->run(session, context, &words);
    }
}

static size_t count_blanks(const char *input, size_t len)
{
    size_t n = 0;
    while (n < len && input[n] == ' ')
        n++;
    return n;
}

/* More than a kilobyte came and no line end. */
static size_t judge_long_line(struct session *session, struct command_context *context,
                              const char *input, size_t len)
{
    static struct log_limit limit;
    size_t blanks = count_blanks(input, len);

    if (blanks > LIMIT_LEADING_BLANKS) {
        session->closing = true;
        return len;
    }
    if (len <= LIMIT_LINE)
        return 0;
    size_t done = 0;
    if (!context->shared->auth || authorize_get(session, input + blanks, len - blanks))
        done = retrieval_begin(session, input + blanks, len - blanks);
    if (done)
        return blanks + done;
    log_write_limited(&limit, LOG_LEVEL_INFO, "closed a connection: request line too long");
    session->closing = true;
    return len;
}

static void log_line(const struct session *session, struct command_context *context,
                     const char *line, size_t len)
{
    struct cmdlog *cmdlog = context->shared->cmdlog;

    if (__builtin_expect(cmdlog_is_on(cmdlog), 0))
        cmdlog_enter(cmdlog, session->peer, line, len);
}

static size_t step_line(struct session *session, struct command_context *context, const char *input,
                        size_t len)
{
    size_t line_len;
    size_t taken = line_measure(input, len, &line_len);

    if (!taken)
        return len > 1024 ? judge_long_line(session, context, input, len) : 0;
    size_t blanks = count_blanks(input, line_len);
    size_t done = 0;
    if (!context->shared->auth || authorize_get(session, input + blanks, line_len - blanks))
        done = retrieval_begin_line(session, input + blanks, line_len - blanks);
    if (done) {
        log_line(session, context, input, line_len);
        return blanks + done;
    }
    context->rest = input + taken;
    context->rest_len = len - taken;
    session->block_bytes = 0;
    session->block_missing = false;
    run_line(session, context, input, line_len);
    if (session->block_missing)
        return 0;
    log_line(session, context, input, line_len);
    return taken + session->block_bytes;
}

/* -B may have decided before. */
static void choose_protocol(struct session *session, const struct command_context *context,
                            char first)
{
    const char *binding = context->shared->settings->binding;
    bool binary = binding[0] == 'b' || (binding[1] == 'u' && (uint8_t)first == BINARY_REQUEST);

    session->protocol = binary ? PROTOCOL_BINARY : PROTOCOL_TEXT;
}

static size_t step_request(struct session *session, struct command_context *context,
                           const char *input, size_t len)
{
    if (session->protocol == PROTOCOL_UNDECIDED)
        choose_protocol(session, context, input[0]);
    return session->protocol == PROTOCOL_TEXT ? step_line(session, context, input, len)
                                              : binary_step(session, context, input, len);
}

static size_t step_value(struct session *session, struct command_context *context,
                         const char *input, size_t len)
{
    size_t n = len < session->cursor.left ? len : session->cursor.left;

    (void)context;
    item_cursor_write(&session->cursor, input, n);
    if (session->cursor.left == 0)
        session->state = SESSION_VALUE_END;
    return n;
}

static size_t step_value_end(struct session *session, struct command_context *context,
                             const char *input, size_t len)
{
    if (session->protocol == PROTOCOL_BINARY) {
        session->state = SESSION_LINE;
        session->put(session, context);
        return 0;
    }
    if (len < 2)
        return 0;
    session->state = SESSION_LINE;
    if (input[0] == '\r' && input[1] == '\n') {
        session->put(session, context);
    } else {
        storage_drop(session, context);
        session_drop_task(session);
        session_say(session, context, "CLIENT_ERROR bad data chunk\r\n");
    }
    return 2;
}

static size_t step_swallow(struct session *session, struct command_context *context,
                           const char *input, size_t len)
{
    size_t n = len < session->swallow_left ? len : session->swallow_left;

    (void)context;
    (void)input;
    session->swallow_left -= n;
    if (session->swallow_left == 0)
        session->state = SESSION_LINE;
    return n;
}

static size_t (*const steps[SESSION_STATES])(struct session *session,
                                             struct command_context *context, const char *input,
                                             size_t len) = {
    [SESSION_LINE] = step_request,    [SESSION_KEYS] = retrieval_step_keys,
    [SESSION_VALUE] = step_value,     [SESSION_VALUE_END] = step_value_end,
    [SESSION_SWALLOW] = step_swallow, [SESSION_KEYS_LINE] = keys_line_step,
    [SESSION_TASK] = step_task,       [SESSION_WAIT] = wait_step,
};

size_t session_input(struct session *session, struct command_context *context, const char *input,
                     size_t len)
{
    size_t done = 0, seen = 0;

    context->budget = COMMAND_BUDGET;
    while (!session->closing && !session_is_full(context)) {
        enum session_state before = session->state;
        if (session_has_work(session) ? context->budget == 0 : done == len)
            break;
        if (before == SESSION_LINE && session_turn_is_over(context))
            break;
        if (done >= seen && before <= SESSION_KEYS)
            seen = done + lookahead(context->store, input + done, len - done, before);
        size_t n = steps[before](session, context, input + done, len - done);
        done += n;
        if (n == 0 && session->state == before)
            break;
        context->requests_left -= before == SESSION_LINE && n > 0;
    }
    return done;
}

bool session_turn_is_over(const struct command_context *context)
{
    return context->limits_requests && context->requests_left == 0;
}

bool session_is_full(const struct command_context *context)
{
    return reply_is_full(context->reply) || context->store->journal_bytes >= LIMIT_JOURNALED;
}

bool session_has_work(const struct session *session)
{
    return session->state == SESSION_TASK ||
           (session->state == SESSION_VALUE_END && session->protocol == PROTOCOL_BINARY) ||
           (session->state == SESSION_WAIT && wait_is_over(session->wait));
}

bool session_is_waiting(const struct session *session)
{
    return session->state == SESSION_WAIT;
}

char *session_value_room(struct session *session, size_t *room)
{
    if (session->state != SESSION_VALUE || session->cursor.left < DIRECT_RECEIVE_MIN)
        return NULL;
    *room = session->cursor.here;
    return session->cursor.at;
}

void session_value_received(struct session *session, size_t n)
{
    item_cursor_advance(&session->cursor, n);
    if (session->cursor.left == 0)
        session->state = SESSION_VALUE_END;
}

void session_deinit(struct session *session, struct store_thread *store)
{
    if (session->item)
        store_discard(store, session->item);
    free(session->keys.bytes);
    session_drop_task(session);
    auth_session_free(session->auth);
    wait_drop(session->wait);
    pipe_deinit(&session->pipe);
    memset((char *)session + sizeof(session->peer), 0, sizeof(*session) - sizeof(session->peer));
}
