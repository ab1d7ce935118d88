/*
 * Neighbours are kept as one run, so that a removal costs the same whether it takes one element or
 * a thousand that stand together. The run with the highest ranks goes first, and the ranks of the
 * others stay right.
 */
#include "cacheserver/store/removal.h"

#include <stdlib.h>

#define RUNS_FIRST 64

struct removal_run {
    uint32_t lowest, count;
};

/* false: it is no neighbour. */
static bool join(struct removal_run *run, uint32_t rank)
{
    uint32_t end = run->lowest + run->count;

    if (rank >= run->lowest && rank < end)
        return true;
    if (rank != end && rank + 1 != run->lowest)
        return false;
    run->lowest -= rank < run->lowest;
    run->count++;
    return true;
}

static bool grow(struct removal *removal)
{
    uint32_t capacity = removal->capacity ? 2 * removal->capacity : RUNS_FIRST;
    struct removal_run *runs = realloc(removal->runs, capacity * sizeof(*runs));

    if (!runs)
        return false;
    removal->runs = runs;
    removal->capacity = capacity;
    return true;
}

bool removal_add(struct removal *removal, uint32_t rank)
{
    if (removal->count > 0 && join(&removal->runs[removal->count - 1], rank))
        return true;
    if (removal->count == removal->capacity && !grow(removal))
        return false;
    removal->runs[removal->count++] = (struct removal_run){.lowest = rank, .count = 1};
    return true;
}

void removal_clear(struct removal *removal)
{
    removal->count = 0;
}

uint32_t removal_apply(struct removal *removal, struct collection_access *access)
{
    struct tree *tree = &access->collection->tree;
    uint32_t before = tree->count, n = removal->count;
    bool falling = n > 0 && removal->runs[0].lowest > removal->runs[n - 1].lowest;

    for (uint32_t i = 0; i < n; i++) {
        const struct removal_run *run = &removal->runs[falling ? i : n - 1 - i];
        struct tree_cursor cursor;
        tree_seek_rank(tree, run->lowest, &cursor);
        collection_remove(access, &cursor, run->count);
    }
    removal->count = 0;
    return before - tree->count;
}

void removal_free(struct removal *removal)
{
    free(removal->runs);
}
