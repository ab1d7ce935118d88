#pragma once
#include "cacheserver/store/store.h"

/*
 * Positions in the table that stay good while it grows: all items are passed in the order of their
 * hashes with the bits reversed, and a position is a number in that order. Whoever starts at 0,
 * goes on at what the last call returned and stops when that is 0 meets every item that is there
 * all the time. No lock is held between calls.
 */

/* Calls visit for every item of the bucket at this position, dead ones too, under its lock; those
 * for which it says true leave the table and are counted as reclaimed. */
typedef bool cursor_visit(struct store_thread *thread, struct item *item, void *argument);
uint64_t cursor_pass_bucket(struct store_thread *thread, uint64_t position, cursor_visit *visit,
                            void *argument);

/* Frees what is dead in the bucket at this position. */
uint64_t cursor_drop_dead(struct store_thread *thread, uint64_t position);

/* Calls visit for up to `most` live items from this position on, in order, without leaving the
 * bucket at it; *count says how many. */
uint64_t cursor_pass_items(struct store_thread *thread, uint64_t position, unsigned most,
                           store_visit *visit, void *argument, unsigned *count);
