#pragma once
#include <stddef.h>

#include "cacheserver/store/store.h"

/*
 * Brings what keys need into the processor's cache, for all of them at once, so that the
 * operations that follow do not wait for memory one after the other. It is only a hint: the keys
 * need not exist, nothing is locked and nothing changes.
 */
#define STORE_HINT_KEYS 16

struct store_hint {
    const char *key;
    size_t key_len;
};

/* count <= STORE_HINT_KEYS */
void store_hint(struct store_thread *thread, const struct store_hint *hints, unsigned count);
