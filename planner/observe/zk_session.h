#pragma once

#include "planner/base/arena.h"
#include "planner/base/diag.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* A ZooKeeper session whose calls wait with a deadline and may come from any thread. Underneath
 * is the asynchronous API only. Paths are absolute. ZK_CONNECT, ZK_TIMEOUT and, for a write, a lost
 * connection mean that the outcome is unknown: read again before repeating. */
struct zk_session;

enum { ZK_NO_NODE = 1, ZK_CHANGED_VERSION = 2, ZK_NODE_EXISTS = 3, ZK_NOT_EMPTY = 4 };

struct zk_node {
    const char *data; /* NUL-terminated copy in the arena, "" for none; NULL when not read */
    size_t size;
    int32_t version;
    int32_t child_version;
    int64_t czxid, pzxid;
    int64_t ephemeral_owner; /* 0: persistent */
    int32_t child_count;
};

/* Connects and waits until connected. connect: "HOST:PORT,…". Once *cancel is set every wait in the
 * session ends with INTERRUPTED; NULL: never. */
int zk_session_open(const char *connect, int session_timeout_ms, int64_t deadline_ms,
                    const atomic_bool *cancel, struct zk_session **session, struct fault *fault);
/* Another flag from now on, or none. Not while another thread waits in the session. */
void zk_session_set_cancel(struct zk_session *session, const atomic_bool *cancel);
void zk_session_close(struct zk_session *session); /* takes NULL */
bool zk_session_is_connected(const struct zk_session *session);
int64_t zk_session_id(const struct zk_session *session);

/* Lets the reads that follow see all that any session had written before: a server of an ensemble
 * may lag behind the others. 0 or -1. */
int zk_sync(struct zk_session *session, int64_t deadline_ms, struct fault *fault);

/* 0; ZK_NO_NODE; -1 with fault. */
int zk_get(struct zk_session *session, const char *path, int64_t deadline_ms, struct arena *arena,
           struct zk_node *node, struct fault *fault);
int zk_exists(struct zk_session *session, const char *path, int64_t deadline_ms,
              struct zk_node *node, struct fault *fault); /* data stays NULL */

struct zk_names {
    const char **items; /* sorted */
    size_t count;
};
int zk_children(struct zk_session *session, const char *path, int64_t deadline_ms,
                struct arena *arena, struct zk_names *names, struct fault *fault);

/* Many reads pipelined, a window of them in flight. Each gets its own result. */
struct zk_read {
    const char *path;
    bool want_children; /* children instead of data */
    int result;         /* 0, ZK_NO_NODE */
    struct zk_node node;
    struct zk_names names;
};
int zk_read_many(struct zk_session *session, struct zk_read *reads, size_t count,
                 int64_t deadline_ms, struct arena *arena, struct fault *fault);

/* One atomic change. version -1: any. Data NULL is empty. */
enum zk_op_kind { ZK_OP_CREATE, ZK_OP_CREATE_EPHEMERAL, ZK_OP_SET, ZK_OP_DELETE, ZK_OP_CHECK };
struct zk_op {
    enum zk_op_kind kind;
    int32_t version;
    const char *path;
    const char *data;
    size_t size;
};
/* 0; ZK_NO_NODE, ZK_CHANGED_VERSION, ZK_NODE_EXISTS, ZK_NOT_EMPTY with *failed = index of the
 * operation to blame and nothing changed; -1 with fault. */
int zk_multi(struct zk_session *session, const struct zk_op *ops, size_t count, int64_t deadline_ms,
             size_t *failed, struct fault *fault);
/* The bytes that a multi of these takes on the wire, to keep it under ZK_MULTI_LIMIT. */
size_t zk_op_size(const struct zk_op *op);
enum { ZK_MULTI_LIMIT = 512 * 1024 };

/* A four-letter word ("srvr", "mntr") sent to one server over its own connection. 0, or -1. */
int zk_four_letter(const char *host, int port, const char *word, int64_t deadline_ms,
                   struct arena *arena, char **answer, struct fault *fault);
