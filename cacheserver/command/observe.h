#pragma once
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cacheserver/runtime/counters.h"

/*
 * What is counted by key, in two ways that a server may have on or off: operations by prefix
 * (`stats detail`), and by single keys, those used last (`stats topkeys`). Handlers report each
 * operation once, by the counters that it counted.
 */
struct command_context;
struct settings;
struct topkeys;

struct observed {
    _Atomic bool detail;     /* `stats detail on` */
    struct topkeys *topkeys; /* NULL: off */
    /* By the counter of a command: 1 + enum prefix_op, 0 for what is not counted by prefix. */
    uint8_t op_of[COUNTER_LISTED];
    bool has_hits[COUNTER_LISTED];
    bool is_miss[COUNTER_LISTED]; /* by the counter of an outcome */
};

/* -1: no memory. */
int observed_init(struct observed *observed, const struct settings *settings);
void observed_deinit(struct observed *observed);

void observe_slowly(struct command_context *context, const char *key, size_t key_len,
                    enum counter command, enum counter outcome);

/* One operation on this key; outcome COUNTER_COUNT: it has none of its own. */
#define observe(context, key, key_len, command, outcome)                                           \
    do {                                                                                           \
        struct observed *observed_ = &(context)->shared->observed;                                 \
        if (__builtin_expect(atomic_load_explicit(&observed_->detail, memory_order_relaxed) ||     \
                                 observed_->topkeys,                                               \
                             0))                                                                   \
            observe_slowly(context, key, key_len, command, outcome);                               \
    } while (0)
