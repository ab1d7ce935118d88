/*
 * A worker's changes get rising numbers, so its held connections form a queue. Before it sleeps, a
 * worker says up to where it waits and arms its waiter; it looks once more after that, because the
 * log may have got there in between.
 */
#include "cacheserver/net/hold.h"

#include "cacheserver/net/worker.h"

void hold_init(struct worker *worker)
{
    struct persistence *persistence = worker->context.shared->persistence;

    if (!persistence)
        return;
    worker->held_waiter.wake_fd = worker->wake_fd;
    log_add_waiter(&persistence->log, &worker->held_waiter);
}

void hold_deinit(struct worker *worker)
{
    struct persistence *persistence = worker->context.shared->persistence;

    if (persistence)
        log_remove_waiter(&persistence->log, &worker->held_waiter);
}

struct hold_mark hold_mark(struct command_context *context)
{
    struct persistence *persistence = context->shared->persistence;
    struct hold_mark mark = {.seq = context->store->journal_seq};

    context->store->journal_bytes = 0;
    if (persistence && persistence_is_behind(persistence)) {
        mark.seq = log_last(&persistence->log);
        mark.behind = !persistence_is_durable(persistence, mark.seq);
    }
    return mark;
}

bool hold_is_needed(const struct command_context *context, const struct hold_mark *mark)
{
    struct persistence *persistence = context->shared->persistence;
    uint64_t seq = context->store->journal_seq;

    return persistence && seq > mark->seq && persistence_holds(persistence, seq);
}

void hold_begin(struct connection *connection, uint64_t until)
{
    struct worker *worker = connection->worker;

    connection->held_until = until;
    connection->next_held = NULL;
    connection->prev_held = worker->last_held;
    if (worker->last_held)
        worker->last_held->next_held = connection;
    else
        worker->held = connection;
    worker->last_held = connection;
}

void hold_end(struct connection *connection)
{
    struct worker *worker = connection->worker;

    if (connection->prev_held)
        connection->prev_held->next_held = connection->next_held;
    else
        worker->held = connection->next_held;
    if (connection->next_held)
        connection->next_held->prev_held = connection->prev_held;
    else
        worker->last_held = connection->prev_held;
}

static bool may_go(struct persistence *persistence, const struct connection *connection)
{
    return persistence_is_durable(persistence, connection->held_until) ||
           persistence_has_failed(persistence);
}

struct connection *hold_next(struct worker *worker)
{
    struct persistence *persistence = worker->context.shared->persistence;
    struct connection *connection = worker->held;

    if (connection && !may_go(persistence, connection)) {
        log_ask(&persistence->log, worker->last_held->held_until);
        atomic_store(&worker->held_waiter.armed, true);
        if (!may_go(persistence, connection))
            return NULL;
    }
    if (!connection)
        return NULL;
    if (persistence_is_durable(persistence, connection->held_until))
        connection_release(connection);
    else
        connection_abort(connection);
    return connection;
}
