#pragma once
#include "cacheserver/store/bkey.h"
#include "cacheserver/store/store.h"

/* What getattr shows of an item. */
struct store_attributes {
    enum item_type type;
    uint32_t flags;
    clock_seconds exptime;

    /* of collections */
    uint32_t count, max_count;
    enum collection_overflow overflow;
    bool readable;

    /* of b+trees; BKEY_NONE: it is empty, or there is no limit */
    struct bkey smallest, largest, max_range;
    bool trimmed;
};
/* STORE_OK or STORE_NOT_FOUND. */
enum store_result store_get_attributes(struct store_thread *thread, const char *key, size_t key_len,
                                       struct store_attributes *attributes);

/* What setattr changes. What the item's type does not have is left alone. */
struct store_changes {
    bool has_exptime;
    clock_seconds exptime;
    bool has_max_count;
    int32_t max_count;                 /* as in struct collection_attributes */
    enum collection_overflow overflow; /* OVERFLOW_DEFAULT: stays */
    bool readable;                     /* false: stays */
    bool has_max_range;
    struct bkey max_range; /* BKEY_NONE: no limit any more */
};
/* All of it or nothing. STORE_OK, STORE_NOT_FOUND, or STORE_BAD_VALUE: a sticky item cannot become
 * another one nor the reverse, a maximum below what there is, an action of another type. */
enum store_result store_change_attributes(struct store_thread *thread, const char *key,
                                          size_t key_len, const struct store_changes *changes);
