/*
 * A reset cannot write other threads' blocks without making every increment an atomic
 * read-modify-write, so it remembers the sums of that moment and later reads subtract them.
 */
#include "cacheserver/runtime/counters.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[] = {
#define COUNTER(name) #name,
#include "cacheserver/runtime/counters.def"
#undef COUNTER
};

struct counters *counters_new(void)
{
    struct counters *counters = aligned_alloc(_Alignof(struct counters), sizeof(*counters));

    if (counters)
        memset(counters, 0, sizeof(*counters));
    return counters;
}

void counters_sum_register(struct counters_sum *sum, struct counters *block)
{
    assert(sum->count < COUNTERS_THREADS_MAX);
    sum->blocks[sum->count++] = block;
}

static uint64_t read_raw(const struct counters_sum *sum, enum counter which)
{
    uint64_t total = 0;

    for (unsigned i = 0; i < sum->count; i++)
        total += atomic_load_explicit(&sum->blocks[i]->value[which], memory_order_relaxed);
    return total;
}

uint64_t counters_sum_read(const struct counters_sum *sum, enum counter which)
{
    return read_raw(sum, which) - atomic_load_explicit(&sum->baseline[which], memory_order_relaxed);
}

void counters_sum_reset(struct counters_sum *sum)
{
    for (unsigned i = 0; i < COUNTER_COUNT; i++)
        atomic_store_explicit(&sum->baseline[i], read_raw(sum, i), memory_order_relaxed);
}

const char *counter_name(enum counter which)
{
    assert(which < COUNTER_LISTED);
    return names[which];
}
