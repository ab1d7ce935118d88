#pragma once
#include <stdatomic.h>
#include <stdint.h>

/*
 * Statistics that cost their thread a plain add: each thread owns one block and is the only one to
 * write it; readers add the blocks up. The values of a sum are therefore of slightly different
 * moments.
 */
enum counter {
#define COUNTER(name) COUNTER_##name,
#include "cacheserver/runtime/counters.def"
#undef COUNTER
    COUNTER_LISTED, /* those before are printed by `stats` one after the other */
    COUNTER_bytes_read = COUNTER_LISTED,
    COUNTER_bytes_written,
    COUNTER_conn_yields,
    COUNTER_quit_connections,
    COUNTER_total_connections,
    COUNTER_reject_connections,
    COUNTER_COUNT,
};

struct counters {
    _Alignas(64) _Atomic uint64_t value[COUNTER_COUNT];
};

/* Zeroed; NULL when there is no memory. Free it with free(). */
struct counters *counters_new(void);

/* By the owning thread only. */
static inline void counter_add(struct counters *counters, enum counter which, uint64_t n)
{
    _Atomic uint64_t *value = &counters->value[which];
    atomic_store_explicit(value, atomic_load_explicit(value, memory_order_relaxed) + n,
                          memory_order_relaxed);
}

/* The blocks of all threads. Blocks are registered before threads start and never leave. */
#define COUNTERS_THREADS_MAX 130
struct counters_sum {
    unsigned count;
    struct counters *blocks[COUNTERS_THREADS_MAX];
    _Atomic uint64_t baseline[COUNTER_COUNT]; /* what the sums were at the last reset */
};

void counters_sum_register(struct counters_sum *sum, struct counters *block);
uint64_t counters_sum_read(const struct counters_sum *sum, enum counter which);
/* Later reads count from here. Any thread. */
void counters_sum_reset(struct counters_sum *sum);

/* "cmd_get" for COUNTER_cmd_get; only for those below COUNTER_LISTED. */
const char *counter_name(enum counter which);
