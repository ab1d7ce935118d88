#pragma once
#include <stdio.h>

#include "cacheserver/command/cloud.h"
#include "cacheserver/command/session.h"
#include "cacheserver/command/wait.h"
#include "tests/unit/cacheserver/store/fixture.h"

/* A session with everything around it that a worker gives it. */
struct client {
    struct fixture *base;
    struct settings settings;
    struct counters_sum sum;
    struct command_shared shared;
    struct command_context context;
    struct session session;
    char *pending;
    size_t pending_len;
    unsigned max_connections;
    uint64_t cloud_numbers[CLOUD_HB_LATENCY_MS + 1];
    const char *zk_servers; /* NULL: none are used */
    char new_servers[64];
    struct command_wait *wait; /* of whoever waits for the cloud */
    bool ready;
};

static inline bool client_is_ready(void *arg)
{
    return ((struct client *)arg)->ready;
}

static inline void client_membership(void *arg, struct reply *reply)
{
    (void)arg;
    reply_text(reply, "STAT zk_ready true\r\n");
}

static inline unsigned client_one(void *arg)
{
    (void)arg;
    return 1;
}

static inline unsigned client_max(void *arg)
{
    return ((struct client *)arg)->max_connections;
}

static inline void client_set_max(void *arg, unsigned max)
{
    ((struct client *)arg)->max_connections = max;
}

static inline uint64_t client_number(void *arg, enum cloud_number which)
{
    return ((struct client *)arg)->cloud_numbers[which];
}

static inline bool client_set_number(void *arg, enum cloud_number which, uint64_t value)
{
    if (value == 13)
        return false;
    ((struct client *)arg)->cloud_numbers[which] = value;
    return true;
}

static inline char *client_servers(void *arg)
{
    const char *servers = ((struct client *)arg)->zk_servers;
    return servers ? strdup(servers) : NULL;
}

static inline void client_rejoin(void *arg, struct command_wait *wait)
{
    ((struct client *)arg)->wait = wait;
}

static inline void client_set_servers(void *arg, const char *servers, struct command_wait *wait)
{
    struct client *c = arg;

    c->wait = wait;
    snprintf(c->new_servers, sizeof(c->new_servers), "%s", servers);
}

static const struct cloud_hooks client_cloud = {.number = client_number,
                                                .set_number = client_set_number,
                                                .servers = client_servers,
                                                .rejoin = client_rejoin,
                                                .set_servers = client_set_servers};

static inline struct client *client_new(void)
{
    struct client *c = calloc(1, sizeof(*c));
    char name[] = "cacheserver", *argv[] = {name, NULL};
    const struct command_hooks hooks = {.arg = c,
                                        .is_ready = client_is_ready,
                                        .membership_stats = client_membership,
                                        .listeners = client_one,
                                        .open_connections = client_one,
                                        .max_connections = client_max,
                                        .set_max_connections = client_set_max,
                                        .cloud = &client_cloud};

    c->base = fixture_new((size_t)64 << 20, true);
    settings_parse(&c->settings, 1, argv, stderr);
    c->context = (struct command_context){.shared = &c->shared,
                                          .store = c->base->thread,
                                          .counters = counters_new(),
                                          .reply = reply_new(),
                                          .wake_fd = -1};
    counters_sum_register(&c->sum, c->context.counters);
    command_shared_init(&c->shared, &c->settings, c->base->store, &c->sum, &hooks);
    return c;
}

static inline void client_free(struct client *c)
{
    session_deinit(&c->session, c->base->thread);
    reply_free(c->context.reply, c->base->thread);
    free(c->context.counters);
    free(c->pending);
    command_shared_deinit(&c->shared);
    settings_deinit(&c->settings);
    fixture_free(c->base);
    free(c);
}

/* Gives input to the session as a worker would; the replies so far, until the next call. */
static inline const char *say_bytes(struct client *c, const char *input, size_t len)
{
    static char replies[1 << 20];
    struct iovec vector;
    size_t n = 0;
    bool full;

    c->pending = realloc(c->pending, c->pending_len + len + 1);
    memcpy(c->pending + c->pending_len, input, len);
    c->pending_len += len;
    do {
        size_t done = session_input(&c->session, &c->context, c->pending, c->pending_len);
        memmove(c->pending, c->pending + done, c->pending_len - done);
        c->pending_len -= done;
        full = reply_is_full(c->context.reply) || session_has_work(&c->session);
        while (reply_vectors(c->context.reply, &vector, 1)) {
            memcpy(replies + n, vector.iov_base, vector.iov_len);
            n += vector.iov_len;
            reply_sent(c->context.reply, vector.iov_len);
        }
        reply_reset(c->context.reply, c->base->thread);
    } while (full);
    replies[n] = '\0';
    return replies;
}

static inline const char *say(struct client *c, const char *input)
{
    return say_bytes(c, input, strlen(input));
}
