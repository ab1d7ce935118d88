/*
 * A reply says in each of its datagrams how many they are, so it is complete before the first one
 * is sent. It is copied together for that, up to a limit: what is longer is answered by an error,
 * since a client that gets thousands of datagrams at once loses some of them anyway. Datagrams
 * that the socket does not take are lost, as they may be on the way.
 */
#include "cacheserver/net/datagrams.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "cacheserver/net/address.h"

#define PAYLOAD_BYTES      (DATAGRAM_REPLY_BYTES - DATAGRAM_HEADER_BYTES)
#define REPLY_BYTES_MAX    ((size_t)8 << 20)
#define DATAGRAM_BYTES_MAX 65536
#define SERVED_AT_ONCE     64

struct datagrams {
    struct command_context context;
    char *reply; /* of the request at hand */
    size_t reply_len, reply_capacity;
    bool too_long;
    char buffer[DATAGRAM_BYTES_MAX];
};

struct datagrams *datagrams_new(struct command_shared *shared, struct counters *counters)
{
    struct datagrams *datagrams = calloc(1, sizeof(*datagrams));

    if (!datagrams)
        return NULL;
    datagrams->context.shared = shared;
    datagrams->context.counters = counters;
    datagrams->context.store = store_attach(shared->store);
    datagrams->context.reply = reply_new();
    if (datagrams->context.store && datagrams->context.reply)
        return datagrams;
    datagrams_free(datagrams);
    return NULL;
}

void datagrams_free(struct datagrams *datagrams)
{
    if (!datagrams)
        return;
    if (datagrams->context.store) {
        reply_free(datagrams->context.reply, datagrams->context.store);
        store_detach(datagrams->context.store);
    }
    free(datagrams->reply);
    free(datagrams);
}

static bool grow(struct datagrams *datagrams, size_t more)
{
    size_t wanted = datagrams->reply_len + more;
    size_t capacity = datagrams->reply_capacity ? datagrams->reply_capacity : DATAGRAM_BYTES_MAX;

    if (wanted <= datagrams->reply_capacity)
        return true;
    while (capacity < wanted)
        capacity *= 2;
    char *grown = capacity <= REPLY_BYTES_MAX ? realloc(datagrams->reply, capacity) : NULL;
    if (!grown)
        return false;
    datagrams->reply = grown;
    datagrams->reply_capacity = capacity;
    return true;
}

/* Takes over what the commands have written so far. */
static void collect(struct datagrams *datagrams)
{
    struct reply *reply = datagrams->context.reply;
    struct iovec vector;

    while (!datagrams->too_long && reply_vectors(reply, &vector, 1) == 1) {
        if (grow(datagrams, vector.iov_len)) {
            memcpy(datagrams->reply + datagrams->reply_len, vector.iov_base, vector.iov_len);
            datagrams->reply_len += vector.iov_len;
            reply_sent(reply, vector.iov_len);
        } else {
            datagrams->too_long = true;
        }
    }
    if (reply->failed)
        datagrams->too_long = true;
    reply_reset(reply, datagrams->context.store);
}

static void work(struct datagrams *datagrams, const char *input, size_t len, const char *peer)
{
    struct session session = {0};
    struct command_context *context = &datagrams->context;
    size_t done = 0;
    bool more;

    memcpy(session.peer, peer, sizeof(session.peer));
    datagrams->reply_len = 0;
    datagrams->too_long = false;
    do {
        done += session_input(&session, context, input + done, len - done);
        more = reply_is_full(context->reply) || session_has_work(&session);
        collect(datagrams);
    } while (more && !session.closing && !datagrams->too_long);
    if (datagrams->too_long) {
        static const char error[] = "SERVER_ERROR out of memory writing get response\r\n";
        datagrams->reply_len = 0;
        if (grow(datagrams, strlen(error)))
            datagrams->reply_len =
                (size_t)((char *)mempcpy(datagrams->reply, error, strlen(error)) -
                         datagrams->reply);
    }
    session_deinit(&session, context->store);
}

static void put_u16(char *at, size_t value)
{
    at[0] = (char)(value >> 8);
    at[1] = (char)value;
}

static void send_reply(struct datagrams *datagrams, int fd, const struct sockaddr_storage *to,
                       socklen_t to_len)
{
    size_t count = (datagrams->reply_len + PAYLOAD_BYTES - 1) / PAYLOAD_BYTES;
    char header[DATAGRAM_HEADER_BYTES] = {datagrams->buffer[0], datagrams->buffer[1]};

    put_u16(header + 4, count);
    for (size_t i = 0; i < count; i++) {
        size_t at = i * PAYLOAD_BYTES, left = datagrams->reply_len - at;
        struct iovec vectors[2] = {{.iov_base = header, .iov_len = sizeof(header)},
                                   {.iov_base = datagrams->reply + at,
                                    .iov_len = left < PAYLOAD_BYTES ? left : PAYLOAD_BYTES}};
        struct msghdr message = {
            .msg_name = (void *)to, .msg_namelen = to_len, .msg_iov = vectors, .msg_iovlen = 2};
        put_u16(header + 2, i);
        ssize_t n = sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0)
            return;
        counter_add(datagrams->context.counters, COUNTER_bytes_written, (uint64_t)n);
    }
}

/* Only requests that are one datagram. */
static bool has_right_header(const char *bytes, ssize_t len)
{
    return len > DATAGRAM_HEADER_BYTES && !bytes[2] && !bytes[3] && !bytes[4] && bytes[5] == 1;
}

void datagrams_serve(struct datagrams *datagrams, int fd)
{
    store_thread_tick(datagrams->context.store);
    for (unsigned i = 0; i < SERVED_AT_ONCE; i++) {
        struct sockaddr_storage from = {0};
        socklen_t from_len = sizeof(from);
        char peer[SESSION_PEER_MAX] = "";
        ssize_t n = recvfrom(fd, datagrams->buffer, sizeof(datagrams->buffer), MSG_DONTWAIT,
                             (struct sockaddr *)&from, &from_len);
        if (n < 0 && errno != EINTR)
            return;
        if (!has_right_header(datagrams->buffer, n))
            continue;
        counter_add(datagrams->context.counters, COUNTER_bytes_read, (uint64_t)n);
        address_describe(&from, peer, sizeof(peer));
        work(datagrams, datagrams->buffer + DATAGRAM_HEADER_BYTES,
             (size_t)n - DATAGRAM_HEADER_BYTES, peer);
        send_reply(datagrams, fd, &from, from_len);
    }
}
