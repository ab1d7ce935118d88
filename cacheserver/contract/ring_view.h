#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Which keys are this server's in one state of its cloud. A view never changes, so any thread may
 * ask it without a lock; it is counted, and whoever keeps it holds a reference. */
struct ring_view;

/* The members by the names of their ephemerals, "IP:PORT-HOST" or "IP:PORT"; a node that is named
 * twice counts once. `self` is the IP:PORT whose keys are asked for. The caller holds the one
 * reference. NULL: no memory, or libcrypto has no MD5. */
struct ring_view *ring_view_new(const char *const *names, size_t count, const char *self);
struct ring_view *ring_view_ref(struct ring_view *view);
/* Takes NULL. */
void ring_view_unref(struct ring_view *view);

/* Every key is mine while I am not among the members: nobody knows better then. */
bool ring_view_is_mine(const struct ring_view *view, const void *key, size_t length);
/* How many nodes, each once. */
size_t ring_view_size(const struct ring_view *view);
