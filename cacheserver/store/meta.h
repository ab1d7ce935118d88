#pragma once
#include "cacheserver/store/store.h"

/* What memcached's meta commands need beyond store.h. */

/* What an item was like before the command looked at it. */
struct store_seen {
    bool created;        /* by this command, with an empty value */
    bool won;            /* this client is the one to renew the value */
    bool won_before;     /* another one was told so */
    bool stale, fetched; /* ITEM_STALE, ITEM_FETCHED */
    uint32_t idle_ms;
    clock_seconds exptime;
};
typedef void store_see(struct item *item, const struct store_seen *seen, void *argument);

struct store_look {
    const char *key;
    size_t key_len;
    bool any_type;     /* show collections, too */
    bool watches;      /* nobody wins by this */
    bool leave_unused; /* does not count as a use of the item */
    bool has_exptime;  /* change it */
    bool renews;       /* win when it expires before that time */
    bool renews_after; /* the time is compared after the expiry was changed */
    clock_seconds exptime, renew_before;
    const struct store_request *create; /* NULL: a missing key is STORE_NOT_FOUND */
    store_see *see;                     /* as store_visit */
    void *argument;
};
/* STORE_OK: it was seen. STORE_TYPE_MISMATCH: it is a collection, and not any_type.
 * STORE_NOT_FOUND; STORE_NO_MEMORY: nothing was changed. */
enum store_result store_look(struct store_thread *thread, const struct store_look *look);

struct store_removal {
    const char *key;
    size_t key_len;
    bool has_cas; /* else STORE_EXISTS */
    bool stale;   /* keep the item, marked as stale and with a new cas unique */
    bool empties; /* keep the item, without its value */
    bool has_exptime, has_unique;
    uint64_t cas, unique;
    clock_seconds exptime;
};
enum store_result store_remove(struct store_thread *thread, const struct store_removal *removal);
