#pragma once
#include "cacheserver/store/collection.h"

/*
 * Elements of one collection that are to go together. They are found first, which may take several
 * turns of an operation that pauses, and are removed in its last one. All zero: none.
 */
struct removal {
    uint32_t count, capacity;
    struct removal_run *runs;
};

/* The ranks must rise, or fall, from one call to the next; the same one twice in a row counts once.
 * false: no memory. */
bool removal_add(struct removal *removal, uint32_t rank);
void removal_clear(struct removal *removal);
/* Returns how many elements were removed; none are to go then. */
uint32_t removal_apply(struct removal *removal, struct collection_access *access);
void removal_free(struct removal *removal);
