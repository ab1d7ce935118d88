/* Any bytes to a session, in pieces: the first byte of the input says how long they are. A store
 * of 2 MB lives on through all inputs, so that eviction and every other state is met. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/cacheserver/command/fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void give(struct client *client, const char *input, size_t len, size_t piece)
{
    size_t have = 0, used = 0;

    while (have < len && !client->session.closing) {
        have += piece < len - have ? piece : len - have;
        store_thread_tick(client->base->thread);
        for (;;) {
            used += session_input(&client->session, &client->context, input + used, have - used);
            bool full = reply_is_full(client->context.reply) || session_has_work(&client->session);
            reply_reset(client->context.reply, client->base->thread);
            if (!full)
                break;
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct client *client;

    if (!client) {
        client = client_new();
        store_set_memory_limit(client->base->store, (size_t)2 << 20);
    }
    if (size < 2)
        return 0;
    give(client, (const char *)data + 1, size - 1, data[0] ? data[0] : size);
    session_deinit(&client->session, client->base->thread);
    return 0;
}
