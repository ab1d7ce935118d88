/* A node is well when it answers on its port, asked from here as a client would, and when its
 * ephemeral znode is in the cache list: only then do clients use it. */
#include "executors/steps/cache_node.h"

#include "cacheserver/contract/znode_paths.h"
#include "executors/steps/cache_node_command.h"
#include "executors/steps/step_attrs.h"
#include "planner/base/clock.h"
#include "planner/observe/ask.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { COMMAND_MS = 60000, ASK_MS = 5000, LEAVE_MS = 30000 };

static int node_look(void *data, int64_t deadline_ms, const char **why, struct fault *fault);

int cache_node_init(struct cache_node *node, const struct step_context *context,
                    struct fault *fault)
{
    struct arena *arena = context->arena;
    const char *install_dir = step_attr(context, "install_dir");
    const char *server = step_attr(context, "server");
    const char *name = step_address_part(context, 2);
    const char *colon = strrchr(name, ':');
    const char *code = step_address_part(context, 1);

    if (!colon || !install_dir)
        return fault_set(fault, DIAG_STEP_FAILED, "it is not known where %s is installed",
                         context->step->change->address);
    *node = (struct cache_node){
        .code = arena_strndup(arena, code, strcspn(code, "/")),
        .address = arena_strndup(arena, name, (size_t)(colon - name)),
        .name = name,
        .port = atoi(colon + 1),
        .is_arcus_memcached = server && strcmp(server, "arcus-memcached") == 0,
    };
    node->process = (struct server_process){
        .context = context,
        .run = arena_printf(arena, "%s/run/%s-%d", install_dir, node->code, node->port),
        .name = arena_printf(arena, "cache node %s", name),
        .look = node_look,
        .data = node,
    };
    return 0;
}

const char *cache_node_signal(const struct cache_node *node)
{
    return node->is_arcus_memcached ? "INT" : "TERM";
}

int cache_node_ask(struct cache_node *node, const char *question, const char *end,
                   const char **answer, struct fault *fault)
{
    struct ask ask = {.host = node->address, .port = node->port, .question = question, .end = end};
    int error;

    ask_all(&ask, 1, clock_deadline_ms(ASK_MS));
    error = ask.error;
    *answer = arena_strdup(node->process.context->arena, str_text(&ask.answer));
    asks_deinit(&ask, 1);
    if (error && !(*answer)[0])
        return fault_set(fault, DIAG_STEP_HEALTH, "%s does not answer: %s", node->process.name,
                         strerror(error));
    return 0;
}

/* NULL when the port answers. */
static const char *look_at_port(struct cache_node *node, int64_t deadline_ms)
{
    struct ask ask = {
        .host = node->address, .port = node->port, .question = "version\r\n", .end = "\r\n"};
    const char *missing = NULL;

    ask_all(&ask, 1, deadline_ms);
    if (ask.error)
        missing = arena_printf(node->process.context->arena, "%s port %d: %s", node->address,
                               node->port, strerror(ask.error));
    else if (strncmp(str_text(&ask.answer), "VERSION ", 8) != 0)
        missing = arena_printf(node->process.context->arena, "%s port %d is no cache server",
                               node->address, node->port);
    asks_deinit(&ask, 1);
    return missing;
}

static bool is_of_node(const struct cache_node *node, const char *child)
{
    size_t length = strlen(node->name);

    return strncmp(child, node->name, length) == 0 && child[length] == '-';
}

/* The children of the cloud's list that are this node's. */
static int list_members(struct cache_node *node, int64_t deadline_ms, struct zk_session **session,
                        struct zk_names *members, struct fault *fault)
{
    const struct step_context *context = node->process.context;
    int result;

    *members = (struct zk_names){0};
    if (context->zookeeper(context->data, deadline_ms, session, fault) < 0)
        return -1;
    result = zk_children(*session, znode_cache_list(context->arena, node->code), deadline_ms,
                         context->arena, members, fault);
    if (result == ZK_NO_NODE)
        *members = (struct zk_names){0};
    if (result < 0)
        return -1;
    result = 0;
    for (size_t i = 0; i < members->count; i++)
        if (is_of_node(node, members->items[i]))
            members->items[result++] = members->items[i];
    members->count = (size_t)result;
    return 0;
}

static int node_look(void *data, int64_t deadline_ms, const char **why, struct fault *fault)
{
    struct cache_node *node = data;
    struct zk_session *session;
    struct zk_names members;

    *why = look_at_port(node, deadline_ms);
    if (*why)
        return 1;
    if (list_members(node, clock_deadline_ms(LEAVE_MS), &session, &members, fault) < 0)
        return -1;
    if (members.count)
        return 0;
    *why = "its znode is not in the cache list";
    return 1;
}

int cache_node_leave(struct cache_node *node, int64_t deadline_ms, struct fault *fault)
{
    struct arena *arena = node->process.context->arena;
    struct zk_session *session;
    struct zk_names members;

    if (list_members(node, deadline_ms, &session, &members, fault) < 0)
        return -1;
    for (size_t i = 0; i < members.count; i++) {
        struct zk_op op = {.kind = ZK_OP_DELETE, .version = -1};
        size_t failed;

        op.path =
            arena_printf(arena, "%s/%s", znode_cache_list(arena, node->code), members.items[i]);
        if (zk_multi(session, &op, 1, deadline_ms, &failed, fault) < 0)
            return -1;
    }
    return 0;
}

int cache_node_stop(struct cache_node *node, bool *was_there, struct fault *fault)
{
    step_phase(node->process.context, "stopping");
    if (server_stop(&node->process, cache_node_signal(node), was_there, fault) < 0)
        return -1;
    return cache_node_leave(node, clock_deadline_ms(LEAVE_MS), fault);
}

/* What runs on the host: 's'ame, 'o'ther or 'n'one; -1 with fault. */
static int check(struct cache_node *node, const char *record, const char *server,
                 struct fault *fault)
{
    struct host_script script;
    int result;

    host_script_init(&script, node->process.context);
    host_script_set(&script, "run", node->process.run);
    host_script_set_number(&script, "port", node->port);
    host_script_set(&script, "attributes", record);
    host_script_set(&script, "server", server);
    result = host_script_run(&script, script_node_check, clock_deadline_ms(COMMAND_MS), fault);
    if (result == 0)
        result = (unsigned char)host_script_answer(&script)[0];
    host_script_deinit(&script);
    return result;
}

static int launch(struct cache_node *node, const char *record, const char *server,
                  struct fault *fault)
{
    const struct step_context *context = node->process.context;
    struct host_script script;
    int result;

    host_script_init(&script, context);
    host_script_set(&script, "run", node->process.run);
    host_script_set(&script, "attributes", record);
    host_script_set(&script, "address", node->address);
    host_script_set(&script, "hostname", context->step->host->name);
    host_script_set(&script, "server", server);
    host_script_set(&script, "user", cache_node_user(context->step->host));
    host_script_set(&script, "supervise", step_attr(context, "supervise"));
    host_script_set(&script, "signal", cache_node_signal(node));
    cache_node_add_arguments(&script.text, context, node->port, node->is_arcus_memcached);
    result = host_script_run(&script, script_node_launch, clock_deadline_ms(COMMAND_MS), fault);
    host_script_deinit(&script);
    return result;
}

int cache_node_start(struct cache_node *node, bool *was_there, struct fault *fault)
{
    const struct step_context *context = node->process.context;
    struct attrs wanted = {0};
    const char *record, *server, *why;
    int found;
    bool ignored;

    if (step_attrs_wanted(context, &wanted, fault) < 0 ||
        cache_node_server(context, node->is_arcus_memcached, &server, fault) < 0)
        return -1;
    record = step_attrs_record(context, &wanted);
    found = check(node, record, server, fault);
    *was_there = found == 's' && !context->step->change->is_forced;
    if (*was_there && context->step->op == OP_RESTART)
        *was_there = node_look(node, clock_deadline_ms(ASK_MS), &why, fault) == 0;
    if (found > 0 && found != 'n' && !*was_there) {
        if (cache_node_stop(node, &ignored, fault) < 0)
            return -1;
        found = check(node, record, server, fault);
    }
    if (found < 0)
        return -1;
    if (found == 'n') {
        step_phase(context, "starting");
        if (cache_node_leave(node, clock_deadline_ms(LEAVE_MS), fault) < 0 ||
            launch(node, record, server, fault) < 0)
            return -1;
    }
    step_phase(context, "waiting until it answers");
    return server_wait(&node->process,
                       context->step->change->resource->cloud->update.health_timeout_ms, fault);
}
