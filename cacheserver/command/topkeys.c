/*
 * As many entries as keys are to be tracked, in a list with the one used last in front and in
 * chains by hash. A new key takes over the entry at the end of the list.
 */
#include "cacheserver/command/topkeys.h"

#include <stdlib.h>
#include <string.h>

#include "cacheserver/runtime/lock.h"

#define KEY_MAX 250
#define NONE    UINT32_MAX

struct entry {
    uint32_t newer, older; /* in the list */
    uint32_t next;         /* in the chain */
    uint32_t hash;
    uint32_t len;
    clock_seconds created, used;
    uint32_t counts[COUNTER_LISTED];
    char key[KEY_MAX];
};

struct topkeys {
    struct lock lock; /* guards everything */
    uint32_t capacity, count;
    uint32_t newest, oldest;
    struct entry *entries;
    uint32_t *chains; /* as many as entries */
};

struct topkeys *topkeys_new(unsigned key_count)
{
    struct topkeys *topkeys = calloc(1, sizeof(*topkeys));

    if (!topkeys)
        return NULL;
    lock_init(&topkeys->lock, LOCK_RANK_OBSERVERS);
    topkeys->capacity = key_count;
    topkeys->newest = topkeys->oldest = NONE;
    topkeys->entries = calloc(key_count, sizeof(*topkeys->entries));
    topkeys->chains = malloc(key_count * sizeof(*topkeys->chains));
    if (!topkeys->entries || !topkeys->chains) {
        topkeys_free(topkeys);
        return NULL;
    }
    for (uint32_t i = 0; i < key_count; i++)
        topkeys->chains[i] = NONE;
    return topkeys;
}

void topkeys_free(struct topkeys *topkeys)
{
    if (!topkeys)
        return;
    lock_deinit(&topkeys->lock);
    free(topkeys->entries);
    free(topkeys->chains);
    free(topkeys);
}

unsigned topkeys_capacity(const struct topkeys *topkeys)
{
    return topkeys ? topkeys->capacity : 0;
}

/* FNV-1a: nothing depends on it that a client could harm. */
static uint32_t hash_of(const char *key, size_t len)
{
    uint32_t hash = 2166136261u;

    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (unsigned char)key[i]) * 16777619u;
    return hash;
}

static void unlist(struct topkeys *topkeys, uint32_t index)
{
    const struct entry *entry = &topkeys->entries[index];

    if (entry->newer == NONE)
        topkeys->newest = entry->older;
    else
        topkeys->entries[entry->newer].older = entry->older;
    if (entry->older == NONE)
        topkeys->oldest = entry->newer;
    else
        topkeys->entries[entry->older].newer = entry->newer;
}

static void list_first(struct topkeys *topkeys, uint32_t index)
{
    struct entry *entry = &topkeys->entries[index];

    entry->newer = NONE;
    entry->older = topkeys->newest;
    if (topkeys->newest == NONE)
        topkeys->oldest = index;
    else
        topkeys->entries[topkeys->newest].newer = index;
    topkeys->newest = index;
}

static void unchain(struct topkeys *topkeys, uint32_t index)
{
    uint32_t *link = &topkeys->chains[topkeys->entries[index].hash % topkeys->capacity];

    while (*link != index)
        link = &topkeys->entries[*link].next;
    *link = topkeys->entries[index].next;
}

static uint32_t find(const struct topkeys *topkeys, uint32_t hash, const char *key, size_t len)
{
    uint32_t index = topkeys->chains[hash % topkeys->capacity];

    while (index != NONE) {
        const struct entry *entry = &topkeys->entries[index];
        if (entry->hash == hash && entry->len == len && !memcmp(entry->key, key, len))
            break;
        index = entry->next;
    }
    return index;
}

static uint32_t add(struct topkeys *topkeys, uint32_t hash, const char *key, size_t len,
                    clock_seconds now)
{
    uint32_t index = topkeys->count;
    uint32_t *chain = &topkeys->chains[hash % topkeys->capacity];

    if (index < topkeys->capacity) {
        topkeys->count++;
    } else {
        index = topkeys->oldest;
        unlist(topkeys, index);
        unchain(topkeys, index);
    }
    struct entry *entry = &topkeys->entries[index];
    memset(entry, 0, sizeof(*entry));
    entry->hash = hash;
    entry->len = (uint32_t)len;
    entry->created = now;
    memcpy(entry->key, key, len);
    entry->next = *chain;
    *chain = index;
    return index;
}

void topkeys_count(struct topkeys *topkeys, const char *key, size_t key_len, enum counter which,
                   clock_seconds now)
{
    uint32_t hash = hash_of(key, key_len);

    if (key_len > KEY_MAX)
        return;
    lock_take(&topkeys->lock);
    uint32_t index = find(topkeys, hash, key, key_len);
    if (index == NONE)
        index = add(topkeys, hash, key, key_len, now);
    else
        unlist(topkeys, index);
    list_first(topkeys, index);
    topkeys->entries[index].used = now;
    topkeys->entries[index].counts[which]++;
    lock_drop(&topkeys->lock);
}

static void add_entry(struct reply *reply, const struct entry *entry, clock_seconds now)
{
    static const enum counter plain[] = {
        COUNTER_get_hits,      COUNTER_get_misses, COUNTER_cmd_set,     COUNTER_incr_hits,
        COUNTER_incr_misses,   COUNTER_decr_hits,  COUNTER_decr_misses, COUNTER_delete_hits,
        COUNTER_delete_misses, COUNTER_LISTED,     COUNTER_cas_hits,    COUNTER_cas_misses,
        COUNTER_cas_badval,
    };

    reply_format(reply, "STAT %.*s ", (int)entry->len, entry->key);
    for (size_t i = 0; i < sizeof(plain) / sizeof(*plain); i++)
        reply_format(reply, "%s=%u,",
                     plain[i] < COUNTER_LISTED ? counter_name(plain[i]) : "evictions",
                     plain[i] < COUNTER_LISTED ? entry->counts[plain[i]] : 0);
    for (enum counter which = COUNTER_lop_create_oks; which < COUNTER_LISTED; which++)
        if (entry->counts[which])
            reply_format(reply, "%s=%u,", counter_name(which), entry->counts[which]);
    reply_format(reply, "ctime=%u,atime=%u\r\n", now - entry->created, now - entry->used);
}

void topkeys_stats(struct topkeys *topkeys, struct reply *reply, clock_seconds now)
{
    lock_take(&topkeys->lock);
    for (uint32_t at = topkeys->newest; at != NONE; at = topkeys->entries[at].older)
        add_entry(reply, &topkeys->entries[at], now);
    lock_drop(&topkeys->lock);
}
