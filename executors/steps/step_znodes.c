/* register and unregister are one loop: read the cloud, work out what is missing, write it, and
 * look again, until nothing is missing. So a write that failed half way or whose outcome is unknown
 * needs no care of its own, and verifying is the last turn of the loop. What makes the loop stop is
 * the guard: the cache list's version as the plan saw it, or as the first turn did when the plan
 * could not look. A version that is neither that nor the one that our own write left means that
 * somebody else is at work, and then nothing more is written. */
#include "executors/steps/step_znodes.h"

#include "cacheserver/contract/znode_paths.h"
#include "executors/steps/registration.h"
#include "executors/steps/step_attrs.h"
#include "planner/base/clock.h"
#include "planner/base/map.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

enum {
    WRITE_LIMIT_MS = 60000,
    LEAVE_LIMIT_MS = 45000, /* longer than a server's session, which ends without a goodbye */
    LOOK_EVERY_MS = 200,
    TURNS_MAX = 20,
};

/* What the cache list's znode has to be for us to write. */
struct guard {
    bool is_known;
    bool is_absent;
    int32_t version;
    const char *written; /* what we may have written there already */
};

struct work {
    const struct step_context *context;
    const struct spec_cloud *wanted; /* NULL: the cloud is to go */
    const char *code;
    struct zk_session *session;
    struct arena *arena;
    int64_t deadline_ms;
    struct guard guard;
    struct registration_nodes nodes;
    struct map is_noted; /* node -> itself */
    struct zk_cloud cloud;
    bool has_acted;
};

static bool is_cancelled(const struct step_context *context)
{
    return context->cancel && atomic_load(context->cancel);
}

static int interrupted(struct fault *fault)
{
    return fault_set(fault, DIAG_INTERRUPTED, "interrupted");
}

static void note_node(struct work *work, const char *node)
{
    if (!map_put(&work->is_noted, node, (void *)node))
        *vec_push(work->arena, &work->nodes.items) = node;
}

static void note_nodes_of_attrs(struct work *work, const struct attrs *attrs)
{
    static const char prefix[] = "mapping.";

    vec_each(attr, attrs)
        if (strncmp(attr->name, prefix, strlen(prefix)) == 0 &&
            !strchr(attr->name + strlen(prefix), '/'))
            note_node(work, attr->name + strlen(prefix));
}

static void note_planned_nodes(struct work *work)
{
    const struct change *change = work->context->step->change;

    for (size_t i = 0; work->wanted && i < work->wanted->node_count; i++) {
        const struct spec_node *node = &work->wanted->nodes[i];

        note_node(work, arena_printf(work->arena, "%s:%d", node->host->address, node->port));
    }
    if (change->seen)
        note_nodes_of_attrs(work, change->seen);
    if (change->recorded)
        note_nodes_of_attrs(work, &change->recorded->attrs);
}

static void set_planned_guard(struct work *work)
{
    const struct fact *fact = work->context->step->change->fact;
    const char *version;

    if (!fact || fact->said_by != WITNESS_ZOOKEEPER || fact->presence == PRESENCE_UNKNOWN)
        return;
    version = attrs_value(&fact->attrs, "live.version");
    work->guard = (struct guard){
        .is_known = true, .is_absent = !version, .version = version ? atoi(version) : 0};
}

static int read_cloud(struct work *work, struct fault *fault)
{
    struct registration_nodes listed = {0};
    struct zk_node list;
    int result = zk_sync(work->session, work->deadline_ms, fault);

    if (result == 0)
        result = zk_get(work->session, znode_cache_list(work->arena, work->code), work->deadline_ms,
                        work->arena, &list, fault);
    if (result < 0)
        return -1;
    if (result == 0)
        registration_listed_nodes(&list, work->arena, &listed);
    vec_each(node, &listed.items)
        note_node(work, *node);
    return zk_cloud_read(work->session, work->code, work->nodes.items.items,
                         work->nodes.items.count, work->deadline_ms, work->arena, &work->cloud,
                         fault);
}

static bool is_our_writing(const struct guard *guard, const struct zk_node *list)
{
    return guard->written && strlen(guard->written) == list->size &&
           memcmp(guard->written, list->data, list->size) == 0;
}

static bool is_as_expected(const struct work *work)
{
    const struct guard *guard = &work->guard;
    const struct zk_cloud *cloud = &work->cloud;

    if (!guard->is_known)
        return true;
    if (!cloud->has_list)
        return guard->is_absent || !work->wanted;
    return (!guard->is_absent && cloud->list.version == guard->version) ||
           is_our_writing(guard, &cloud->list);
}

static int check_guard(struct work *work, struct fault *fault)
{
    if (!is_as_expected(work)) {
        fault_set(fault, DIAG_ZK_CHANGED, "%s/%s was changed by somebody else meanwhile",
                  ZNODE_CACHE_LIST, work->code);
        fault_hint(fault, "look at a new plan and apply that");
        return -1;
    }
    work->guard.is_known = true;
    work->guard.is_absent = !work->cloud.has_list;
    work->guard.version = work->cloud.list.version;
    return 0;
}

/* The number of operations from start on that go into the next multi. */
static size_t chunk_count(const struct registration *registration, size_t start)
{
    size_t count = 0, bytes = 0, end = start;

    for (size_t i = start; i < registration->ops.count; i++) {
        const struct registration_op *next = &registration->ops.items[i];

        if (!next->joins_previous)
            end = i;
        bytes += zk_op_size(&next->op);
        if (bytes > ZK_MULTI_LIMIT - 1024 && end > start)
            return end - start;
        count++;
    }
    return count;
}

/* Without the base znodes no look and no repetition helps. */
static int check_base(struct work *work, struct fault *fault)
{
    struct zk_view view;

    if (zk_view_read(work->session, NULL, 0, work->deadline_ms, work->arena, &view, fault) < 0)
        return -1;
    for (size_t i = 0; znode_base_paths[i]; i++)
        if (i >= view.base_paths.count || strcmp(view.base_paths.items[i], znode_base_paths[i]))
            return fault_set(fault, DIAG_ZK_DATA, "%s is missing", znode_base_paths[i]);
    return 0;
}

/* One multi. Unless it writes to the cache list's znode itself, which guards by its version, it
 * checks that one. 0 written; 1 the tree was not as read; -1. */
static int write_chunk(struct work *work, const struct registration *registration, size_t start,
                       size_t count, struct fault *fault)
{
    struct zk_op *ops = arena_array_of(work->arena, struct zk_op, count + 1);
    bool has_list_op = registration->touches_list && start + count == registration->ops.count;
    size_t used = 0, failed;
    int result;

    if (work->cloud.has_list && !has_list_op)
        ops[used++] = (struct zk_op){.kind = ZK_OP_CHECK,
                                     .path = znode_cache_list(work->arena, work->code),
                                     .version = work->cloud.list.version};
    for (size_t i = 0; i < count; i++)
        ops[used++] = registration->ops.items[start + i].op;
    if (has_list_op)
        work->guard.written = registration->json;
    work->has_acted = true;
    result = zk_multi(work->session, ops, used, work->deadline_ms, &failed, fault);
    if (result == ZK_NO_NODE)
        return check_base(work, fault) < 0 ? -1 : 1;
    return result > 0 ? 1 : result;
}

/* 0 go on and look again; -1 for good. */
static int write_all(struct work *work, const struct registration *registration,
                     struct fault *fault)
{
    for (size_t start = 0; start < registration->ops.count;) {
        size_t count = chunk_count(registration, start);
        int result = write_chunk(work, registration, start, count, fault);

        if (result < 0 && (fault->code == DIAG_ZK_CONNECT || fault->code == DIAG_ZK_TIMEOUT) &&
            clock_left_ms(work->deadline_ms) > 0)
            return 0;
        if (result != 0)
            return result < 0 ? -1 : 0;
        start += count;
    }
    return 0;
}

/* One turn: 0 nothing is missing, 1 something was written or tried, -1. */
static int turn(struct work *work, struct fault *fault)
{
    char now[REGISTRATION_TIME_SIZE];
    struct registration registration;

    if (is_cancelled(work->context))
        return interrupted(fault);
    if (read_cloud(work, fault) < 0)
        return -1;
    registration_now(now);
    if (registration_plan(work->wanted, &work->cloud, now, work->arena, &registration, fault) < 0)
        return -1;
    if (registration.ops.count == 0)
        return 0;
    if (check_guard(work, fault) < 0 || write_all(work, &registration, fault) < 0)
        return -1;
    return 1;
}

static int converge(struct work *work, struct fault *fault)
{
    for (int turns = 0; turns < TURNS_MAX; turns++) {
        int result = turn(work, fault);

        if (result <= 0)
            return result;
    }
    return fault_set(fault, DIAG_ZK_CHANGED, "cloud %s keeps being changed by somebody else",
                     work->code);
}

/* Servers that were stopped leave by themselves; one that was killed when its session ends. */
static int wait_until_left(struct work *work, struct fault *fault)
{
    const char *path = znode_cache_list(work->arena, work->code);
    int64_t deadline_ms = clock_deadline_ms(LEAVE_LIMIT_MS);

    for (;;) {
        struct arena *scratch = arena_new();
        struct zk_names live = {0};
        int result = zk_children(work->session, path, work->deadline_ms, scratch, &live, fault);

        if (result == 0 && live.count > 0 && clock_left_ms(deadline_ms) == 0)
            result = fault_set(fault, DIAG_ZK_DATA,
                               "cloud %s still has %zu servers online, %s among them", work->code,
                               live.count, live.items[0]);
        arena_free(scratch);
        if (result < 0)
            return -1;
        if (live.count == 0)
            return 0;
        if (is_cancelled(work->context))
            return interrupted(fault);
        step_phase(work->context, "waiting for servers to leave");
        poll(NULL, 0, LOOK_EVERY_MS);
    }
}

/* What is there now, without what changes by itself. */
static void record_cloud(const struct work *work, struct outcome *outcome)
{
    struct attrs attrs = {0};
    const char *note;

    outcome->attrs = (struct attrs){0};
    if (!work->wanted)
        return;
    zk_cloud_attrs(&work->cloud, work->arena, &attrs, &note);
    vec_each(attr, &attrs)
        if (strncmp(attr->name, "live.", strlen("live.")) != 0)
            attrs_add(work->arena, &outcome->attrs, attr->name, attr->value, SRCLOC_NONE);
    attrs_sort(&outcome->attrs);
}

static int change_cloud(struct work *work, struct fault *fault)
{
    note_planned_nodes(work);
    set_planned_guard(work);
    if (work->context->zookeeper(work->context->data, work->deadline_ms, &work->session, fault) < 0)
        return -1;
    if (!work->wanted && wait_until_left(work, fault) < 0)
        return -1;
    work->deadline_ms = clock_deadline_ms(WRITE_LIMIT_MS);
    return converge(work, fault);
}

static void write_cloud(const struct step_context *context, struct outcome *outcome)
{
    const struct change *change = context->step->change;
    bool goes = change->verb == VERB_DELETE || !change->resource;
    struct work work = {.context = context,
                        .wanted = goes ? NULL : change->resource->cloud,
                        .code = change->address + strlen("cloud/"),
                        .arena = context->arena,
                        .deadline_ms = clock_deadline_ms(WRITE_LIMIT_MS + LEAVE_LIMIT_MS)};
    int result;

    map_init(&work.is_noted, context->arena);
    result = change_cloud(&work, &outcome->fault);
    map_deinit(&work.is_noted);
    outcome->kind = OUTCOME_FAILED;
    if (result < 0)
        return;
    outcome->kind = work.has_acted ? OUTCOME_DONE : OUTCOME_UNCHANGED;
    record_cloud(&work, outcome);
}

void step_register(const struct step_context *context, struct outcome *outcome)
{
    step_phase(context, "registering");
    write_cloud(context, outcome);
}

void step_unregister(const struct step_context *context, struct outcome *outcome)
{
    step_phase(context, "unregistering");
    write_cloud(context, outcome);
}
