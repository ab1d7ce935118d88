/* The same loop as for clouds, without a guard: these znodes have no contents that anybody could
 * have changed, and one that somebody else made meanwhile is as good as ours. */
#include "cacheserver/contract/znode_paths.h"
#include "executors/steps/step_attrs.h"
#include "executors/steps/step_znodes.h"
#include "planner/base/clock.h"
#include "planner/base/str.h"
#include "planner/observe/zk_view.h"

#include <string.h>

enum { QUORUM_LIMIT_MS = 120000 };

/* The base znodes that are missing, as operations. */
static size_t plan_base(const struct zk_view *view, struct zk_op *ops)
{
    size_t count = 0, next = 0;

    for (size_t i = 0; znode_base_paths[i]; i++) {
        if (next < view->base_paths.count &&
            strcmp(view->base_paths.items[next], znode_base_paths[i]) == 0)
            next++;
        else
            ops[count++] =
                (struct zk_op){.kind = ZK_OP_CREATE, .path = znode_base_paths[i], .version = -1};
    }
    return count;
}

/* 0 all are there; 1 tried to make them; -1. */
static int make_base(const struct step_context *context, struct zk_session *session,
                     int64_t deadline_ms, struct fault *fault)
{
    enum { BASE_MAX = 8 };
    struct zk_op ops[BASE_MAX];
    struct zk_view view;
    size_t count, failed;
    int result;

    if (context->cancel && atomic_load(context->cancel))
        return fault_set(fault, DIAG_INTERRUPTED, "interrupted");
    if (zk_view_read(session, NULL, 0, deadline_ms, context->arena, &view, fault) < 0)
        return -1;
    count = plan_base(&view, ops);
    if (count == 0)
        return 0;
    result = zk_multi(session, ops, count, deadline_ms, &failed, fault);
    if (result < 0 && clock_left_ms(deadline_ms) == 0)
        return -1;
    return result < 0 && fault->code == DIAG_ZK_ERROR ? -1 : 1;
}

static void record_base(const struct step_context *context, struct outcome *outcome)
{
    struct str text = {0};

    for (size_t i = 0; znode_base_paths[i]; i++)
        str_printf(&text, "%s%s", i ? " " : "", znode_base_paths[i]);
    outcome->attrs = (struct attrs){0};
    attrs_add(context->arena, &outcome->attrs, "nodes", str_text(&text), SRCLOC_NONE);
    str_deinit(&text);
}

void step_zk_init(const struct step_context *context, struct outcome *outcome)
{
    int64_t deadline_ms = clock_deadline_ms(QUORUM_LIMIT_MS);
    struct zk_session *session;
    int result, turns = 0;

    outcome->kind = OUTCOME_FAILED;
    step_phase(context, "waiting for the ensemble");
    if (context->zookeeper(context->data, deadline_ms, &session, &outcome->fault) < 0)
        return;
    while ((result = make_base(context, session, deadline_ms, &outcome->fault)) > 0)
        turns++;
    if (result < 0)
        return;
    outcome->kind = turns ? OUTCOME_DONE : OUTCOME_UNCHANGED;
    record_base(context, outcome);
}
