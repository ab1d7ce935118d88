#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cacheserver/protocol/reply.h"
#include "cacheserver/protocol/words.h"

/*
 * Detection of long queries: counts requests of the commands watched that touch at least so many
 * elements, and keeps up to 20 samples of each. Stops by itself when every command has its 20.
 */
#define LQDETECT_THRESHOLD_DEFAULT 4000

struct lqdetect;

/* NULL: no memory. */
struct lqdetect *lqdetect_new(void);
void lqdetect_free(struct lqdetect *lqdetect);

/* false: it is running already; threshold 0: the default. */
bool lqdetect_start(struct lqdetect *lqdetect, uint32_t threshold);
/* false: it was not running. */
bool lqdetect_stop(struct lqdetect *lqdetect);
/* The lines of `lqdetect show` and `lqdetect stats`. */
void lqdetect_show(struct lqdetect *lqdetect, struct reply *reply);
void lqdetect_stats(struct lqdetect *lqdetect, struct reply *reply);

/* Any thread; NULL is off. */
bool lqdetect_is_on(const struct lqdetect *lqdetect);
/* A request that touched so many elements; `command` is the name of its row. */
void lqdetect_note(struct lqdetect *lqdetect, const char *command, const char *peer,
                   const struct words *words, uint32_t elements);
