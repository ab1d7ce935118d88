/* All reads go through one pipeline: a window of requests is kept in flight, and each that comes
 * back makes room for the next. A read that a broken connection took along is simply asked again,
 * after waiting for the session to reconnect; that is safe for reads only. */
#include "planner/observe/zk_request.h"

#include <stdlib.h>
#include <string.h>

enum { WINDOW = 256 };

enum read_kind { READ_DATA, READ_CHILDREN, READ_STAT, READ_SYNC };

/* A read_many in progress. */
struct pipeline {
    struct zk_session *session;
    struct zk_queue queue;
    struct zk_read *reads;
    size_t count;
    enum read_kind kind; /* READ_DATA: each read says whether it wants children instead */
    size_t next;         /* the first read never asked */
    size_t *again;       /* a stack of reads to ask again; heap */
    size_t again_count;
    size_t done;
    int64_t deadline_ms;
    struct arena *arena;
};

static void on_data(int rc, const char *value, int length, const struct Stat *stat,
                    const void *context)
{
    struct zk_request *request = (struct zk_request *)context;

    if (rc == ZOK) {
        request->size = value && length > 0 ? (size_t)length : 0;
        request->data = calloc(1, request->size + 1);
        if (!request->data)
            rc = ZSYSTEMERROR;
        else if (request->size)
            memcpy(request->data, value, request->size);
        request->stat = *stat;
    }
    zk_request_finish(request, rc);
}

static void on_stat(int rc, const struct Stat *stat, const void *context)
{
    struct zk_request *request = (struct zk_request *)context;

    if (rc == ZOK)
        request->stat = *stat;
    zk_request_finish(request, rc);
}

static int copy_names(struct zk_request *request, const struct String_vector *strings)
{
    size_t count = strings ? (size_t)strings->count : 0;

    request->names = calloc(count + 1, sizeof(*request->names));
    if (!request->names)
        return ZSYSTEMERROR;
    for (size_t i = 0; i < count; i++, request->name_count++)
        if (!(request->names[i] = strdup(strings->data[i])))
            return ZSYSTEMERROR;
    return ZOK;
}

static void on_children(int rc, const struct String_vector *strings, const struct Stat *stat,
                        const void *context)
{
    struct zk_request *request = (struct zk_request *)context;

    if (rc == ZOK) {
        rc = copy_names(request, strings);
        request->stat = *stat;
    }
    zk_request_finish(request, rc);
}

static void on_sync(int rc, const char *value, const void *context)
{
    (void)value;
    zk_request_finish((struct zk_request *)context, rc);
}

static enum read_kind kind_of(const struct pipeline *pipeline, size_t index)
{
    if (pipeline->kind != READ_DATA)
        return pipeline->kind;
    return pipeline->reads[index].want_children ? READ_CHILDREN : READ_DATA;
}

static int issue(struct pipeline *pipeline, size_t index, struct fault *fault)
{
    struct zk_session *session = pipeline->session;
    const char *path = pipeline->reads[index].path;
    struct zk_request *request = zk_request_start(session, &pipeline->queue, index);
    int rc;

    if (!request)
        return fault_set(fault, DIAG_ZK_ERROR, "out of memory reading %s", path);
    switch (kind_of(pipeline, index)) {
    case READ_CHILDREN:
        rc = zoo_aget_children2(session->handle, path, 0, on_children, request);
        break;
    case READ_STAT:
        rc = zoo_aexists(session->handle, path, 0, on_stat, request);
        break;
    case READ_SYNC:
        rc = zoo_async(session->handle, path, on_sync, request);
        break;
    default:
        rc = zoo_aget(session->handle, path, 0, on_data, request);
    }
    if (rc != ZOK)
        zk_request_finish(request, rc);
    return 0;
}

static int fill_window(struct pipeline *pipeline, struct fault *fault)
{
    bool has_work = pipeline->again_count > 0 || pipeline->next < pipeline->count;

    if (!has_work || pipeline->queue.in_flight >= WINDOW)
        return 0;
    if (zk_session_wait(pipeline->session, pipeline->deadline_ms, fault) < 0)
        return -1;
    while (pipeline->queue.in_flight < WINDOW) {
        size_t index;

        if (pipeline->again_count > 0)
            index = pipeline->again[--pipeline->again_count];
        else if (pipeline->next < pipeline->count)
            index = pipeline->next++;
        else
            break;
        if (issue(pipeline, index, fault) < 0)
            return -1;
    }
    return 0;
}

static int compare_names(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static void take_result(const struct pipeline *pipeline, const struct zk_request *request,
                        struct zk_read *read)
{
    struct arena *arena = pipeline->arena;

    read->result = 0;
    read->node = (struct zk_node){0};
    read->names = (struct zk_names){0};
    zk_stat_copy(&request->stat, &read->node);
    if (request->data) {
        read->node.data = arena_strndup(arena, request->data, request->size);
        read->node.size = request->size;
    }
    if (!request->names)
        return;
    read->names.count = request->name_count;
    read->names.items = arena_array_of(arena, const char *, request->name_count);
    for (size_t i = 0; i < request->name_count; i++)
        read->names.items[i] = arena_strdup(arena, request->names[i]);
    if (read->names.count)
        qsort(read->names.items, read->names.count, sizeof(*read->names.items), compare_names);
}

static int take_answer(struct pipeline *pipeline, const struct zk_request *request,
                       struct fault *fault)
{
    struct zk_read *read = &pipeline->reads[request->index];

    switch (request->rc) {
    case ZCONNECTIONLOSS:
    case ZOPERATIONTIMEOUT:
        pipeline->again[pipeline->again_count++] = request->index;
        return 0;
    case ZOK:
        take_result(pipeline, request, read);
        break;
    case ZNONODE:
        *read = (struct zk_read){
            .path = read->path, .want_children = read->want_children, .result = ZK_NO_NODE};
        break;
    default:
        return zk_fault(pipeline->session, request->rc, "reading", read->path, fault);
    }
    pipeline->done++;
    return 0;
}

static int run_pipeline(struct pipeline *pipeline, struct fault *fault)
{
    while (pipeline->done < pipeline->count) {
        struct zk_request *request;
        int result;

        if (fill_window(pipeline, fault) < 0)
            return -1;
        request = zk_queue_next(pipeline->session, &pipeline->queue, pipeline->deadline_ms);
        if (!request)
            return zk_fault(pipeline->session, ZOPERATIONTIMEOUT, "reading",
                            pipeline->reads[0].path, fault);
        result = take_answer(pipeline, request, fault);
        zk_request_free(request);
        if (result < 0)
            return -1;
    }
    return 0;
}

static int read_all(struct zk_session *session, struct zk_read *reads, size_t count,
                    enum read_kind kind, int64_t deadline_ms, struct arena *arena,
                    struct fault *fault)
{
    struct pipeline pipeline = {.session = session,
                                .reads = reads,
                                .count = count,
                                .kind = kind,
                                .deadline_ms = deadline_ms,
                                .arena = arena};
    int result;

    if (count == 0)
        return 0;
    pipeline.again = calloc(WINDOW, sizeof(*pipeline.again));
    if (!pipeline.again)
        return fault_set(fault, DIAG_ZK_ERROR, "out of memory reading %s", reads[0].path);
    zk_queue_init(&pipeline.queue);
    result = run_pipeline(&pipeline, fault);
    zk_queue_deinit(session, &pipeline.queue);
    free(pipeline.again);
    return result;
}

int zk_read_many(struct zk_session *session, struct zk_read *reads, size_t count,
                 int64_t deadline_ms, struct arena *arena, struct fault *fault)
{
    return read_all(session, reads, count, READ_DATA, deadline_ms, arena, fault);
}

int zk_get(struct zk_session *session, const char *path, int64_t deadline_ms, struct arena *arena,
           struct zk_node *node, struct fault *fault)
{
    struct zk_read read = {.path = path};

    if (read_all(session, &read, 1, READ_DATA, deadline_ms, arena, fault) < 0)
        return -1;
    *node = read.node;
    return read.result;
}

int zk_exists(struct zk_session *session, const char *path, int64_t deadline_ms,
              struct zk_node *node, struct fault *fault)
{
    struct zk_read read = {.path = path};

    if (read_all(session, &read, 1, READ_STAT, deadline_ms, NULL, fault) < 0)
        return -1;
    *node = read.node;
    return read.result;
}

int zk_children(struct zk_session *session, const char *path, int64_t deadline_ms,
                struct arena *arena, struct zk_names *names, struct fault *fault)
{
    struct zk_read read = {.path = path, .want_children = true};

    if (read_all(session, &read, 1, READ_CHILDREN, deadline_ms, arena, fault) < 0)
        return -1;
    *names = read.names;
    return read.result;
}

int zk_sync(struct zk_session *session, int64_t deadline_ms, struct fault *fault)
{
    struct zk_read read = {.path = "/"};

    return read_all(session, &read, 1, READ_SYNC, deadline_ms, NULL, fault);
}
