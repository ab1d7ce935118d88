/* Each step counts what it still waits for; a step that ends lowers the counts of those that wait
 * for it. Steps without anything to wait for stand in the lane of their host, and lanes that have
 * such a step and no running one stand in a queue, so that finding the next step costs nothing
 * however long the plan is. Skipping goes through a queue of its own, not by recursion: a chain of
 * needs may be as long as the plan. */
#include "planner/apply/schedule.h"

#include "planner/base/map.h"

#include <assert.h>

enum entry_state { ENTRY_WAITING, ENTRY_READY, ENTRY_RUNNING, ENTRY_SKIPPED, ENTRY_ENDED };

struct lane;

struct entry {
    const struct step *step;
    enum entry_state state;
    size_t waits;
    vec_of(struct entry *) needed_by;
    vec_of(struct entry *) followed_by;
    struct lane *lane;
    struct rolling *rolling; /* of a restart */
    const char *why;         /* it is skipped */
    struct entry *next;      /* in its lane, or among the skipped */
};

struct entry_queue {
    struct entry *first, *last;
};

/* A host, or all steps without one. */
struct lane {
    bool is_shared; /* without a host: any number at once */
    bool is_busy, is_queued;
    struct entry_queue ready;
    struct lane *next;
};

/* Restarts of one cloud. */
struct rolling {
    const struct spec_cloud *cloud;
    int failures;
};

struct schedule {
    struct arena *arena;
    struct entry *entries;
    size_t count, running, ended;
    struct lane *first_lane, *last_lane; /* those that a step can be taken from */
    struct entry_queue skipped;
    struct lane shared;
    struct map lanes;    /* by the host's name */
    struct map rollings; /* by the cloud's code */
};

static void queue_push(struct entry_queue *queue, struct entry *entry)
{
    entry->next = NULL;
    if (queue->last)
        queue->last->next = entry;
    else
        queue->first = entry;
    queue->last = entry;
}

static struct entry *queue_pop(struct entry_queue *queue)
{
    struct entry *entry = queue->first;

    if (entry)
        queue->first = entry->next;
    if (!queue->first)
        queue->last = NULL;
    return entry;
}

static void lane_offer(struct schedule *schedule, struct lane *lane)
{
    if (lane->is_busy || lane->is_queued || !lane->ready.first)
        return;
    lane->is_queued = true;
    lane->next = NULL;
    if (schedule->last_lane)
        schedule->last_lane->next = lane;
    else
        schedule->first_lane = lane;
    schedule->last_lane = lane;
}

static void entry_ready(struct schedule *schedule, struct entry *entry)
{
    entry->state = ENTRY_READY;
    queue_push(&entry->lane->ready, entry);
    lane_offer(schedule, entry->lane);
}

static void entry_skip(struct schedule *schedule, struct entry *entry, const char *why)
{
    if (entry->state != ENTRY_WAITING)
        return;
    entry->state = ENTRY_SKIPPED;
    entry->why = why;
    queue_push(&schedule->skipped, entry);
}

static struct lane *lane_of(struct schedule *schedule, const struct step *step)
{
    struct lane *lane;

    if (!step->host)
        return &schedule->shared;
    lane = map_get(&schedule->lanes, step->host->name);
    if (!lane) {
        lane = arena_new_of(schedule->arena, struct lane);
        map_put(&schedule->lanes, step->host->name, lane);
    }
    return lane;
}

static struct rolling *rolling_of(struct schedule *schedule, const struct step *step)
{
    const struct resource *resource = step->change->resource;
    struct rolling *rolling;

    if (step->op != OP_RESTART || !resource || !resource->cloud)
        return NULL;
    rolling = map_get(&schedule->rollings, resource->cloud->code);
    if (!rolling) {
        rolling = arena_new_of(schedule->arena, struct rolling);
        rolling->cloud = resource->cloud;
        map_put(&schedule->rollings, resource->cloud->code, rolling);
    }
    return rolling;
}

static struct entry *entry_of(struct schedule *schedule, int id)
{
    assert(id >= 1 && (size_t)id <= schedule->count);
    return &schedule->entries[id - 1];
}

static void link_entry(struct schedule *schedule, struct entry *entry)
{
    vec_each(id, &entry->step->needs)
        *vec_push(schedule->arena, &entry_of(schedule, *id)->needed_by) = entry;
    vec_each(id, &entry->step->after)
        *vec_push(schedule->arena, &entry_of(schedule, *id)->followed_by) = entry;
    entry->waits = entry->step->needs.count + entry->step->after.count;
    entry->lane = lane_of(schedule, entry->step);
    entry->rolling = rolling_of(schedule, entry->step);
}

struct schedule *schedule_new(const struct plan *plan, struct arena *arena)
{
    struct schedule *schedule = arena_new_of(arena, struct schedule);

    schedule->arena = arena;
    schedule->shared.is_shared = true;
    schedule->count = plan->steps.count;
    schedule->entries = arena_array_of(arena, struct entry, schedule->count);
    map_init(&schedule->lanes, arena);
    map_init(&schedule->rollings, arena);
    for (size_t i = 0; i < schedule->count; i++) {
        schedule->entries[i].step = plan->steps.items[i];
        assert(plan->steps.items[i]->id == (int)i + 1);
    }
    for (size_t i = 0; i < schedule->count; i++)
        link_entry(schedule, &schedule->entries[i]);
    for (size_t i = 0; i < schedule->count; i++)
        if (!schedule->entries[i].waits)
            entry_ready(schedule, &schedule->entries[i]);
    return schedule;
}

void schedule_free(struct schedule *schedule)
{
    map_deinit(&schedule->lanes);
    map_deinit(&schedule->rollings);
}

static bool has_failed_too_often(const struct entry *entry)
{
    return entry->rolling && entry->rolling->failures > entry->rolling->cloud->update.max_failures;
}

static void skip_restart(struct schedule *schedule, struct entry *entry)
{
    const struct rolling *rolling = entry->rolling;

    entry->state = ENTRY_WAITING;
    entry_skip(schedule, entry,
               arena_printf(schedule->arena,
                            "%d restart%s of cloud %s failed, and max_failures is %d",
                            rolling->failures, rolling->failures == 1 ? "" : "s",
                            rolling->cloud->code, rolling->cloud->update.max_failures));
}

const struct step *schedule_next(struct schedule *schedule)
{
    while (schedule->first_lane) {
        struct lane *lane = schedule->first_lane;
        struct entry *entry = queue_pop(&lane->ready);

        schedule->first_lane = lane->next;
        if (!schedule->first_lane)
            schedule->last_lane = NULL;
        lane->is_queued = false;
        if (entry && has_failed_too_often(entry)) {
            skip_restart(schedule, entry);
            entry = NULL;
        }
        lane->is_busy = entry && !lane->is_shared;
        lane_offer(schedule, lane);
        if (!entry)
            continue;
        entry->state = ENTRY_RUNNING;
        schedule->running++;
        return entry->step;
    }
    return NULL;
}

static const char *because_of(struct schedule *schedule, const struct step *step,
                              enum outcome_kind kind)
{
    return arena_printf(schedule->arena, "it needs step %d (%s %s), which %s", step->id,
                        op_word(step->op), step->change->address,
                        kind == OUTCOME_SKIPPED ? "was skipped" : "failed");
}

/* One thing less to wait for. */
static void entry_release(struct schedule *schedule, struct entry *entry)
{
    if (--entry->waits == 0 && entry->state == ENTRY_WAITING)
        entry_ready(schedule, entry);
}

static void entry_end(struct schedule *schedule, struct entry *entry, enum outcome_kind kind)
{
    bool is_good = kind == OUTCOME_DONE || kind == OUTCOME_UNCHANGED;
    const char *why =
        is_good || !entry->needed_by.count ? NULL : because_of(schedule, entry->step, kind);

    entry->state = ENTRY_ENDED;
    schedule->ended++;
    vec_each(dependent, &entry->needed_by) {
        if (!is_good)
            entry_skip(schedule, *dependent, why);
        entry_release(schedule, *dependent);
    }
    vec_each(dependent, &entry->followed_by)
        entry_release(schedule, *dependent);
}

const struct step *schedule_next_skipped(struct schedule *schedule, const char **why)
{
    struct entry *entry = queue_pop(&schedule->skipped);

    if (!entry)
        return NULL;
    *why = entry->why;
    entry_end(schedule, entry, OUTCOME_SKIPPED);
    return entry->step;
}

void schedule_end(struct schedule *schedule, const struct step *step, enum outcome_kind kind)
{
    struct entry *entry = entry_of(schedule, step->id);

    assert(entry->state == ENTRY_RUNNING);
    schedule->running--;
    if (!entry->lane->is_shared)
        entry->lane->is_busy = false;
    if (entry->rolling && kind == OUTCOME_FAILED)
        entry->rolling->failures++;
    entry_end(schedule, entry, kind);
    lane_offer(schedule, entry->lane);
}

void schedule_stop(struct schedule *schedule, const char *why)
{
    struct lane *lane;

    for (; (lane = schedule->first_lane); schedule->first_lane = lane->next)
        lane->is_queued = false;
    schedule->last_lane = NULL;
    for (size_t i = 0; i < schedule->count; i++) {
        struct entry *entry = &schedule->entries[i];

        entry->lane->ready = (struct entry_queue){0};
        if (entry->state == ENTRY_READY)
            entry->state = ENTRY_WAITING;
        entry_skip(schedule, entry, why);
    }
}

size_t schedule_running(const struct schedule *schedule)
{
    return schedule->running;
}

bool schedule_is_done(const struct schedule *schedule)
{
    return schedule->ended == schedule->count;
}
