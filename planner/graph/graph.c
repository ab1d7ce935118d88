/* Cycles are looked for depth first, in the order of addresses, so that the same spec always
 * names the same cycle. The walk keeps its own stack: a chain of resources may be as long as a
 * cloud has nodes. */
#include "planner/graph/graph.h"

#include <stdlib.h>

enum mark { MARK_NEW, MARK_OPEN, MARK_DONE };

struct visit {
    struct resource *resource;
    size_t next; /* dependency to look at */
};

struct walk {
    struct arena *arena;
    struct diags *diags;
    struct map marks; /* address -> &mark_values[…] */
    vec_of(struct visit) stack;
};

static const enum mark mark_values[] = {MARK_NEW, MARK_OPEN, MARK_DONE};

static enum mark mark_get(const struct walk *walk, const struct resource *resource)
{
    const enum mark *mark = map_get(&walk->marks, resource->address);

    return mark ? *mark : MARK_NEW;
}

static void mark_put(struct walk *walk, const struct resource *resource, enum mark mark)
{
    map_put(&walk->marks, resource->address, (void *)&mark_values[mark]);
}

static void walk_enter(struct walk *walk, struct resource *resource)
{
    struct visit *visit = vec_push(walk->arena, &walk->stack);

    *visit = (struct visit){resource, 0};
    mark_put(walk, resource, MARK_OPEN);
}

static void report_cycle(struct walk *walk, const struct resource *first)
{
    size_t start = walk->stack.count - 1;
    struct diag *diag;

    while (walk->stack.items[start].resource != first)
        start--;
    diag =
        diag_error(walk->diags, DIAG_PLAN_CYCLE, first->at, "%s waits for itself", first->address);
    for (size_t i = start; i < walk->stack.count; i++) {
        const struct resource *resource = walk->stack.items[i].resource;
        const struct resource *next =
            i + 1 < walk->stack.count ? walk->stack.items[i + 1].resource : first;

        diag_note(walk->diags, diag, resource->at, "%s waits for %s", resource->address,
                  next->address);
    }
}

static int walk_from(struct walk *walk, struct resource *start)
{
    int result = 0;

    if (mark_get(walk, start) != MARK_NEW)
        return 0;
    walk_enter(walk, start);
    while (walk->stack.count) {
        struct visit *visit = &walk->stack.items[walk->stack.count - 1];
        struct resource *next;

        if (visit->next == visit->resource->dependencies.count) {
            mark_put(walk, visit->resource, MARK_DONE);
            walk->stack.count--;
            continue;
        }
        next = (struct resource *)visit->resource->dependencies.items[visit->next++].resource;
        if (mark_get(walk, next) == MARK_OPEN) {
            report_cycle(walk, next);
            result = -1;
        } else if (mark_get(walk, next) == MARK_NEW) {
            walk_enter(walk, next);
        }
    }
    return result;
}

static int graph_check_cycles(const struct graph *graph, struct arena *arena, struct diags *diags)
{
    struct walk walk = {.arena = arena, .diags = diags};
    int result = 0;

    map_init(&walk.marks, arena);
    vec_each(resource, &graph->resources)
        if (walk_from(&walk, *resource))
            result = -1;
    map_deinit(&walk.marks);
    return result;
}

static int resource_compare(const void *a, const void *b)
{
    const struct resource *const *x = a;
    const struct resource *const *y = b;

    return name_compare((*x)->address, (*y)->address);
}

static int graph_add(struct graph *graph, struct resource *resource, struct diags *diags)
{
    const struct resource *first = map_get(&graph->by_address, resource->address);
    struct diag *diag;

    if (!first) {
        map_put(&graph->by_address, resource->address, resource);
        *vec_push(graph->by_address.arena, &graph->resources) = resource;
        return 0;
    }
    diag =
        diag_error(diags, DIAG_SPEC_DUPLICATE, resource->at, "%s is there twice", first->address);
    diag_note(diags, diag, first->at, "first here");
    return -1;
}

static int graph_resolve(const struct graph *graph, struct resource *resource, struct diags *diags)
{
    int result = 0;

    vec_each(dependency, &resource->dependencies) {
        dependency->resource = graph_find(graph, dependency->address);
        if (dependency->resource)
            continue;
        diag_error(diags, DIAG_SPEC_REFERENCE, resource->at, "%s waits for %s, which is not there",
                   resource->address, dependency->address);
        result = -1;
    }
    return result;
}

int graph_link(struct resource_set *set, struct diags *diags, struct graph **result)
{
    struct graph *graph = arena_new_of(set->arena, struct graph);
    bool has_failed = false;

    *result = NULL;
    map_init(&graph->by_address, set->arena);
    vec_each(resource, &set->items)
        has_failed |= graph_add(graph, *resource, diags) != 0;
    if (graph->resources.count > 1)
        qsort(graph->resources.items, graph->resources.count, sizeof(*graph->resources.items),
              resource_compare);
    vec_each(resource, &graph->resources) {
        attrs_sort(&(*resource)->attrs);
        has_failed |= graph_resolve(graph, *resource, diags) != 0;
    }
    if (has_failed || graph_check_cycles(graph, set->arena, diags)) {
        graph_deinit(graph);
        return -1;
    }
    *result = graph;
    return 0;
}

int graph_build(const struct declare_input *input, struct arena *arena, struct graph **graph)
{
    struct resource_set set = {.arena = arena};

    *graph = NULL;
    for (const struct restype *const *type = restypes; *type; type++)
        (*type)->declare(input, &set);
    return graph_link(&set, input->diags, graph);
}

void graph_deinit(struct graph *graph)
{
    if (graph)
        map_deinit(&graph->by_address);
}

const struct resource *graph_find(const struct graph *graph, const char *address)
{
    return map_get(&graph->by_address, address);
}
