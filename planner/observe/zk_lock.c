/* Taking is: create, and when that fails look who has it. A create whose outcome is unknown needs
 * no extra care, because the znode names its session: the next look finds our own. */
#include "planner/observe/zk_lock.h"

#include "planner/base/clock.h"

#include <string.h>

#define ZNODE_LOCK_PARENT "/arcusplan"

enum { TAKE_AGAIN = 2 };

static void read_holder(const struct zk_node *node, struct arena *arena, struct lock_holder *holder)
{
    if (lock_holder_from_json(node->data, node->size, arena, holder))
        return;
    *holder = (struct lock_holder){.host = "unknown",
                                   .user = "unknown",
                                   .since = "unknown",
                                   .command = "unknown",
                                   .id = "unknown"};
}

static bool is_dead(const struct lock_holder *holder, const struct lock_holder *self)
{
    return holder->pid > 0 && strcmp(holder->host, self->host) == 0 &&
           !lock_holder_is_alive(holder);
}

static int remove_lock(struct zk_session *session, const struct zk_node *node, int64_t deadline_ms,
                       struct fault *fault)
{
    const struct zk_op op = {.kind = ZK_OP_DELETE, .path = ZNODE_LOCK, .version = node->version};
    size_t failed;

    return zk_multi(session, &op, 1, deadline_ms, &failed, fault);
}

/* The lock exists, or did a moment ago: 0 it is ours, 1 held, TAKE_AGAIN, -1. */
static int look(struct zk_session *session, const struct lock_holder *self, int64_t deadline_ms,
                struct arena *arena, struct lock_holder *holder, struct fault *fault)
{
    struct zk_node node;
    int result = zk_get(session, ZNODE_LOCK, deadline_ms, arena, &node, fault);

    if (result < 0)
        return -1;
    if (result == ZK_NO_NODE)
        return TAKE_AGAIN;
    if (node.ephemeral_owner == zk_session_id(session))
        return 0;
    read_holder(&node, arena, holder);
    if (!is_dead(holder, self))
        return 1;
    return remove_lock(session, &node, deadline_ms, fault) < 0 ? -1 : TAKE_AGAIN;
}

static int create_lock(struct zk_session *session, const char *data, int64_t deadline_ms,
                       struct fault *fault)
{
    const struct zk_op parent = {.kind = ZK_OP_CREATE, .path = ZNODE_LOCK_PARENT};
    const struct zk_op lock = {
        .kind = ZK_OP_CREATE_EPHEMERAL, .path = ZNODE_LOCK, .data = data, .size = strlen(data)};
    size_t failed;
    int result = zk_multi(session, &lock, 1, deadline_ms, &failed, fault);

    if (result != ZK_NO_NODE)
        return result;
    result = zk_multi(session, &parent, 1, deadline_ms, &failed, fault);
    return result < 0 ? -1 : ZK_NO_NODE;
}

int zk_lock_take(struct zk_session *session, const struct lock_holder *self, int64_t deadline_ms,
                 struct arena *arena, struct lock_holder *holder, struct fault *fault)
{
    const char *data = lock_holder_to_json(self, arena);
    int result = TAKE_AGAIN;

    while (result == TAKE_AGAIN) {
        if (clock_left_ms(deadline_ms) == 0)
            return fault_set(fault, DIAG_ZK_TIMEOUT, "the lock %s could not be taken in time",
                             ZNODE_LOCK);
        result = create_lock(session, data, deadline_ms, fault);
        if (result == 0)
            return 0;
        result = result == ZK_NO_NODE ? TAKE_AGAIN
                                      : look(session, self, deadline_ms, arena, holder, fault);
    }
    return result;
}

int zk_lock_drop(struct zk_session *session, int64_t deadline_ms, struct fault *fault)
{
    struct zk_node node;
    int result = zk_exists(session, ZNODE_LOCK, deadline_ms, &node, fault);

    if (result == 0 && node.ephemeral_owner == zk_session_id(session))
        result = remove_lock(session, &node, deadline_ms, fault);
    return result < 0 ? -1 : 0;
}

int zk_lock_read(struct zk_session *session, int64_t deadline_ms, struct arena *arena,
                 struct lock_holder *holder, struct fault *fault)
{
    struct zk_node node;
    int result = zk_get(session, ZNODE_LOCK, deadline_ms, arena, &node, fault);

    if (result == 0)
        read_holder(&node, arena, holder);
    return result == ZK_NO_NODE ? 1 : result;
}

int zk_lock_break(struct zk_session *session, const char *id, int64_t deadline_ms,
                  struct arena *arena, struct fault *fault)
{
    struct lock_holder holder;
    struct zk_node node;
    int result = zk_get(session, ZNODE_LOCK, deadline_ms, arena, &node, fault);

    if (result)
        return result < 0 ? -1 : 1;
    read_holder(&node, arena, &holder);
    if (strcmp(holder.id, id) != 0)
        return 1;
    result = remove_lock(session, &node, deadline_ms, fault);
    return result == ZK_CHANGED_VERSION ? 1 : result < 0 ? -1 : 0;
}
