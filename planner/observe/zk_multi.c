/* One atomic request. It is never sent a second time: once it has left, a broken connection or a
 * passed deadline leaves open whether the ensemble did it, and only reading can tell. The library
 * copies the operations while it queues them; only the results have to outlive the call. */
#include "planner/observe/zk_request.h"

#include <stdlib.h>
#include <string.h>

/* Headers, lengths, version; for a create also the access control list. */
enum { OP_OVERHEAD = 48, CREATE_OVERHEAD = 64 };

size_t zk_op_size(const struct zk_op *op)
{
    bool is_create = op->kind == ZK_OP_CREATE || op->kind == ZK_OP_CREATE_EPHEMERAL;

    return strlen(op->path) + op->size + (is_create ? CREATE_OVERHEAD : OP_OVERHEAD);
}

static void convert_op(const struct zk_op *from, zoo_op_t *to)
{
    const char *data = from->data ? from->data : "";
    int size = from->data ? (int)from->size : 0;

    switch (from->kind) {
    case ZK_OP_CREATE:
    case ZK_OP_CREATE_EPHEMERAL:
        zoo_create_op_init(to, from->path, data, size, &ZOO_OPEN_ACL_UNSAFE,
                           from->kind == ZK_OP_CREATE ? ZOO_PERSISTENT : ZOO_EPHEMERAL, NULL, 0);
        break;
    case ZK_OP_SET:
        zoo_set_op_init(to, from->path, data, size, from->version, NULL);
        break;
    case ZK_OP_DELETE:
        zoo_delete_op_init(to, from->path, from->version);
        break;
    case ZK_OP_CHECK:
        zoo_check_op_init(to, from->path, from->version);
        break;
    }
}

static void on_multi(int rc, const void *context)
{
    zk_request_finish((struct zk_request *)context, rc);
}

static int send_multi(struct zk_session *session, struct zk_queue *queue, const struct zk_op *ops,
                      size_t count)
{
    zoo_op_t *converted = calloc(count, sizeof(*converted));
    zoo_op_result_t *results = calloc(count, sizeof(*results));
    struct zk_request *request = NULL;
    int rc;

    if (converted && results)
        request = zk_request_start(session, queue, 0);
    if (!request) {
        free(converted);
        free(results);
        return -1;
    }
    request->results = results;
    for (size_t i = 0; i < count; i++)
        convert_op(&ops[i], &converted[i]);
    rc = zoo_amulti(session->handle, (int)count, converted, results, on_multi, request);
    if (rc != ZOK)
        zk_request_finish(request, rc);
    free(converted);
    return 0;
}

/* The first operation that has an error of its own: those behind it only say that they were not
 * tried. */
static size_t find_failed(const zoo_op_result_t *results, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (results[i].err != ZOK && results[i].err != ZRUNTIMEINCONSISTENCY)
            return i;
    return 0;
}

static int multi_result(const struct zk_session *session, const struct zk_request *request,
                        const struct zk_op *ops, size_t count, size_t *failed, struct fault *fault)
{
    int error = request->rc;

    if (error == ZOK)
        return 0;
    *failed = find_failed(request->results, count);
    if (request->results[*failed].err != ZOK)
        error = request->results[*failed].err;
    switch (error) {
    case ZNONODE:
        return ZK_NO_NODE;
    case ZBADVERSION:
        return ZK_CHANGED_VERSION;
    case ZNODEEXISTS:
        return ZK_NODE_EXISTS;
    case ZNOTEMPTY:
        return ZK_NOT_EMPTY;
    default:
        return zk_fault(session, error, "writing", ops[*failed].path, fault);
    }
}

int zk_multi(struct zk_session *session, const struct zk_op *ops, size_t count, int64_t deadline_ms,
             size_t *failed, struct fault *fault)
{
    struct zk_queue queue;
    struct zk_request *request = NULL;
    int result;

    *failed = 0;
    if (count == 0)
        return 0;
    if (zk_session_wait(session, deadline_ms, fault) < 0)
        return -1;
    zk_queue_init(&queue);
    if (send_multi(session, &queue, ops, count) < 0) {
        result = fault_set(fault, DIAG_ZK_ERROR, "out of memory writing %s", ops[0].path);
    } else if (!(request = zk_queue_next(session, &queue, deadline_ms))) {
        result = zk_fault(session, ZOPERATIONTIMEOUT, "writing", ops[0].path, fault);
    } else {
        result = multi_result(session, request, ops, count, failed, fault);
        zk_request_free(request);
    }
    zk_queue_deinit(session, &queue);
    return result;
}
