/* Key-value items. The response to a get is written under the lock of the item's bucket into room
 * that was reserved before, as the text protocol does it. */
#include <string.h>

#include "cacheserver/command/binary.h"
#include "cacheserver/command/storage.h"
#include "cacheserver/command/value.h"
#include "cacheserver/store/meta.h"

#define FLAGS_BYTES 4
/* incr and decr with this expiry do not make a missing key. */
#define DO_NOT_CREATE UINT32_MAX

/* --- get, getk, gat, gatk --- */

struct hit {
    struct command_context *context;
    const struct binary_request *request;
    bool with_key, with_value;
    char *at;
    struct item *pinned;
};

static void write_hit(struct item *item, const struct store_seen *seen, void *argument)
{
    struct hit *hit = argument;
    size_t len = hit->with_value ? item_value_len(item) : 0;
    char flags[FLAGS_BYTES];
    struct binary_response response = {.extras = flags,
                                       .extras_len = FLAGS_BYTES,
                                       .key = hit->request->key,
                                       .key_len = hit->with_key ? hit->request->header.key_len : 0,
                                       .value_len = len,
                                       .cas = value_unique(hit->context, item_unique(item))};

    (void)seen;
    binary_put_u32(flags, item_flags(item));
    hit->at = binary_response_put(hit->at, hit->request->header.echo, &response);
    if (hit->with_value && item_has_pins(item)) {
        store_pin(item);
        hit->pinned = item;
    } else {
        hit->at = mempcpy(hit->at, item_value(item), len);
    }
}

/* A miss repeats the key when a hit would have. */
static void say_miss(struct command_context *context, const struct binary_request *request,
                     bool with_key)
{
    if (request->quiet)
        return;
    if (with_key)
        binary_respond(context->reply, request->header.echo,
                       (struct binary_response){.status = BINARY_NOT_FOUND,
                                                .key = request->key,
                                                .key_len = request->header.key_len},
                       NULL);
    else
        binary_say(context, request, BINARY_NOT_FOUND);
}

static enum store_result look(struct command_context *context, const struct binary_request *request,
                              struct hit *hit, bool touches)
{
    const struct binary_header *header = &request->header;
    struct store_look wanted = {.key = request->key,
                                .key_len = header->key_len,
                                .has_exptime = touches,
                                .watches = true,
                                .see = write_hit,
                                .argument = hit};
    char *room = reply_reserve(context->reply,
                               BINARY_HEADER_BYTES + FLAGS_BYTES + header->key_len + ITEM_PIN_MIN);
    if (!room)
        return STORE_NO_MEMORY;
    if (touches)
        wanted.exptime = binary_expiry(request->extras);
    hit->at = room;
    enum store_result result = store_look(context->store, &wanted);
    reply_commit(context->reply, (size_t)(hit->at - room));
    if (hit->pinned)
        reply_value(context->reply, hit->pinned);
    return result;
}

BINARY_HANDLER(get)
{
    uint8_t opcode = request->header.echo.opcode;
    bool touches = request->header.extras_len > 0;
    struct hit hit = {.context = context,
                      .request = request,
                      .with_value = true,
                      .with_key =
                          opcode == 0x0c || opcode == 0x0d || opcode == 0x23 || opcode == 0x24};

    (void)session;
    enum store_result result = look(context, request, &hit, touches);
    value_count(context, VALUE_GET, request->key, request->header.key_len, result);
    if (result == STORE_NOT_FOUND)
        say_miss(context, request, hit.with_key);
    else if (result != STORE_OK)
        binary_say(context, request, binary_status_of(result));
}

BINARY_HANDLER(touch)
{
    enum store_result result = store_touch(context->store, request->key, request->header.key_len,
                                           binary_expiry(request->extras));

    (void)session;
    value_count(context, VALUE_TOUCH, request->key, request->header.key_len, result);
    binary_say(context, request, binary_status_of(result));
}

/* --- set and its kin --- */

/* What add and replace call their failure depends on the mode. */
static enum binary_status put_status(enum store_result result, enum store_mode mode)
{
    if (result != STORE_NOT_STORED)
        return binary_status_of(result);
    return mode == STORE_ADD       ? BINARY_EXISTS
           : mode == STORE_REPLACE ? BINARY_NOT_FOUND
                                   : BINARY_NOT_STORED;
}

static void put(struct session *session, struct command_context *context)
{
    struct store_condition condition = {
        .mode = session->mode, .has_cas = session->cas != 0, .cas = session->cas};
    struct store_written written;
    enum store_result result = storage_put(session, context, &condition, &written);

    if (result != STORE_OK)
        binary_respond_status(context->reply, session->echo, put_status(result, session->mode));
    else if (!binary_command_find(session->echo.opcode)->quiet)
        binary_respond(context->reply, session->echo,
                       (struct binary_response){.cas = value_unique(context, written.unique)},
                       NULL);
}

static enum store_result remove_item(struct command_context *context,
                                     const struct binary_request *request)
{
    const struct store_removal removal = {.key = request->key,
                                          .key_len = request->header.key_len,
                                          .has_cas = request->header.cas != 0,
                                          .cas = request->header.cas};

    return store_remove(context->store, &removal);
}

static void store(struct session *session, struct command_context *context,
                  const struct binary_request *request, enum store_mode mode)
{
    const struct binary_header *header = &request->header;
    struct store_request wanted = {
        .key = request->key, .key_len = header->key_len, .value_len = header->value_len};
    struct item *item;

    if (header->extras_len) {
        wanted.flags = binary_u32(request->extras);
        wanted.exptime = binary_expiry(request->extras + FLAGS_BYTES);
    }
    /* As in the reference, an add with a cas unique is a cas, too. */
    enum store_mode used =
        storage_mode(mode == STORE_ADD && header->cas ? STORE_SET : mode, header->cas != 0);
    enum store_result result = store_prepare(context->store, &wanted, &item);
    if (result == STORE_OK) {
        session->mode = used;
        session->cas = header->cas;
        session->echo = header->echo;
        session_begin_value(session, item, put);
        return;
    }
    /* As in the text protocol: the client meant to replace the old value. */
    if (mode == STORE_SET)
        remove_item(context, request);
    result = storage_refusal(result, used);
    storage_count_refused(context, &wanted, used, result);
    binary_say(context, request, put_status(result, used));
    if (header->value_len)
        session_swallow(session, header->value_len);
}

BINARY_HANDLER(set)
{
    store(session, context, request, STORE_SET);
}

BINARY_HANDLER(add)
{
    store(session, context, request, STORE_ADD);
}

BINARY_HANDLER(replace)
{
    store(session, context, request, STORE_REPLACE);
}

BINARY_HANDLER(append)
{
    store(session, context, request, STORE_APPEND);
}

BINARY_HANDLER(prepend)
{
    store(session, context, request, STORE_PREPEND);
}

/* --- the others --- */

BINARY_HANDLER(delete)
{
    enum store_result result = remove_item(context, request);

    (void)session;
    value_count(context, VALUE_DELETE, request->key, request->header.key_len, result);
    binary_say(context, request, binary_status_of(result));
}

static void change_number(struct command_context *context, const struct binary_request *request,
                          bool increment)
{
    const char *extras = request->extras;
    struct store_request create = {.key = request->key,
                                   .key_len = request->header.key_len,
                                   .exptime = binary_expiry(extras + 16)};
    struct store_number number = {
        .key = request->key,
        .key_len = request->header.key_len,
        .increment = increment,
        .delta = binary_u64(extras),
        .value = binary_u64(extras + 8),
        .create = binary_u32(extras + 16) != DO_NOT_CREATE ? &create : NULL,
        .has_cas = request->header.cas != 0,
        .cas = request->header.cas,
    };
    enum store_result result = store_change_number(context->store, &number);
    char value[8];

    value_count(context, increment ? VALUE_INCR : VALUE_DECR, request->key, request->header.key_len,
                result);
    if (result != STORE_OK) {
        binary_say(context, request, binary_status_of(result));
        return;
    }
    binary_put_u64(value, number.value);
    if (!request->quiet)
        binary_respond(
            context->reply, request->header.echo,
            (struct binary_response){.value_len = sizeof(value),
                                     .cas = value_unique(context, number.written.unique)},
            value);
}

BINARY_HANDLER(increment)
{
    (void)session;
    change_number(context, request, true);
}

BINARY_HANDLER(decrement)
{
    (void)session;
    change_number(context, request, false);
}
