/*
 * Binary requests to a session. The input is not the bytes that are sent, most of which would be
 * refused for their magic or lengths: the first byte says how long the pieces are, then come
 * records of opcode, lengths of extras, key and value and a cas, with that many bytes after them,
 * which become one request each. A record whose cas is 0xff is sent as it is, lengths and all.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/cacheserver/command/fixture.h"

#define RECORD_BYTES 5
#define INPUT_MAX    4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct frames {
    char bytes[INPUT_MAX * BINARY_HEADER_BYTES];
    size_t len;
};

static void add_frame(struct frames *frames, const uint8_t *record, const uint8_t *body, size_t len)
{
    char *at = frames->bytes + frames->len;
    size_t announced = record[4] == 0xff ? (size_t)record[1] * record[3] : len;

    memset(at, 0, BINARY_HEADER_BYTES);
    at[0] = (char)BINARY_REQUEST;
    at[1] = (char)record[0];
    at[3] = (char)record[2];
    at[4] = (char)record[1];
    binary_put_u32(at + 8, (uint32_t)announced);
    at[23] = (char)record[4];
    memcpy(at + BINARY_HEADER_BYTES, body, len);
    frames->len += BINARY_HEADER_BYTES + len;
}

static void build(struct frames *frames, const uint8_t *data, size_t size)
{
    frames->len = 0;
    while (size >= RECORD_BYTES) {
        const uint8_t *record = data;
        size_t len = (size_t)record[1] + record[2] + record[3];
        data += RECORD_BYTES;
        size -= RECORD_BYTES;
        if (len > size)
            len = size;
        add_frame(frames, record, data, len);
        data += len;
        size -= len;
    }
}

static void give(struct client *client, const char *input, size_t len, size_t piece)
{
    size_t have = 0, used = 0;

    while (have < len && !client->session.closing) {
        have += piece < len - have ? piece : len - have;
        store_thread_tick(client->base->thread);
        for (;;) {
            used += session_input(&client->session, &client->context, input + used, have - used);
            bool full = reply_is_full(client->context.reply);
            reply_reset(client->context.reply, client->base->thread);
            if (!full && !session_has_work(&client->session))
                break;
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct client *client;
    static struct frames frames;

    if (!client) {
        client = client_new();
        store_set_memory_limit(client->base->store, (size_t)2 << 20);
    }
    if (size < 1 || size > INPUT_MAX)
        return 0;
    build(&frames, data + 1, size - 1);
    give(client, frames.bytes, frames.len, data[0] ? data[0] : frames.len);
    session_deinit(&client->session, client->base->thread);
    return 0;
}
