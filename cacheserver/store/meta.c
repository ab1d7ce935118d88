/*
 * What the meta commands do with items beyond what the classic commands know: values that are
 * stale but still served, and the one client among many that is told to renew such a value. Three
 * bits per item carry that; they live in the low bits of the access time and die with the item, so
 * storing a value again makes it fresh.
 */
#include "cacheserver/store/meta.h"

#include "cacheserver/store/internal.h"

/* The client to renew the item is the first that asks once it is stale or close to its expiry. */
static bool wins(const struct item *item, const struct store_look *look, clock_seconds exptime)
{
    if (look->watches || item->atime & ITEM_WON)
        return false;
    if (item->atime & ITEM_STALE)
        return true;
    return look->renews && exptime != CLOCK_NEVER && exptime < look->renew_before;
}

static enum store_result look_at(struct store_thread *thread, const struct store_look *look,
                                 struct item *item, bool created)
{
    struct store_seen seen = {.created = created,
                              .won_before = !created && (item->atime & ITEM_WON),
                              .stale = item->atime & ITEM_STALE,
                              .fetched = item->atime & ITEM_FETCHED,
                              .idle_ms = thread->now_ms - item_atime_ms(item),
                              .exptime = item->exptime};

    if (look->has_exptime && !created) {
        enum store_result result = store_set_exptime(thread, item, look->exptime);
        if (result != STORE_OK)
            return result;
    }
    seen.won = created || wins(item, look, look->renews_after ? item->exptime : seen.exptime);
    if (seen.won)
        item->atime |= ITEM_WON;
    if (!look->leave_unused)
        item_use(item, thread->now_ms);
    look->see(item, &seen, look->argument);
    return STORE_OK;
}

/* Links an empty item and looks at it before anybody else can. */
static enum store_result create(struct store_thread *thread, const struct store_look *look)
{
    struct item *item;
    enum store_result result = store_prepare(thread, look->create, &item);

    if (result != STORE_OK)
        return result;
    struct place place = place_lock(thread, look->key, look->key_len);
    if (place.slot) {
        bucket_unlock(place.bucket);
        store_discard(thread, item);
        return STORE_EXISTS;
    }
    result = place_link(thread, &place, item);
    if (result == STORE_OK)
        result = look_at(thread, look, item, true);
    bucket_unlock(place.bucket);
    store_settle(thread);
    return result;
}

enum store_result store_look(struct store_thread *thread, const struct store_look *look)
{
    enum store_result result;

    do {
        struct place place = place_lock(thread, look->key, look->key_len);
        struct item *item = place_item(&place);
        bool missing = !item;

        result = STORE_NOT_FOUND;
        if (item)
            result = look->any_type || item_type(item) == ITEM_KV
                         ? look_at(thread, look, item, false)
                         : STORE_TYPE_MISMATCH;
        bucket_unlock(place.bucket);
        if (missing && look->create)
            result = create(thread, look);
    } while (result == STORE_EXISTS);
    return result;
}

/* A new item in the old one's place: with the value or without, and marked as stale if wanted. */
static enum store_result replace(struct store_thread *thread, const struct store_removal *removal,
                                 const struct old_value *old)
{
    struct store_request request = {
        .key = removal->key,
        .key_len = removal->key_len,
        .value_len = removal->empties ? 0 : old->len,
        .flags = old->flags,
        .exptime = removal->has_exptime ? removal->exptime : old->exptime,
        .has_unique = removal->has_unique,
        .unique = removal->unique,
    };
    const struct store_condition same = {.mode = STORE_SAME, .cas = old->cas};
    struct store_written written;
    struct item_cursor to;
    struct item *item;
    enum store_result result = store_prepare(thread, &request, &item);

    if (result != STORE_OK)
        return result;
    item_cursor_start(&to, item);
    if (!removal->empties)
        old_value_write(old, &to);
    if (removal->stale)
        item->atime |= ITEM_STALE;
    return store_put(thread, item, &same, &written);
}

static enum store_result remove_by_replacing(struct store_thread *thread,
                                             const struct store_removal *removal)
{
    enum store_result result;

    do {
        struct old_value old = {.result = STORE_NOT_FOUND};
        store_visit_key(thread, removal->key, removal->key_len, old_value_note, &old);
        if (old.result != STORE_OK)
            return old.result;
        bool differs = removal->has_cas && removal->cas != old.unique;
        result = differs ? STORE_NOT_STORED : replace(thread, removal, &old);
        if (old.pinned)
            store_unpin(thread, old.pinned);
    } while (result == STORE_EXISTS);
    return result == STORE_NOT_STORED ? STORE_EXISTS : result;
}

static enum store_result make_stale(struct store_thread *thread, struct item *item,
                                    const struct store_removal *removal)
{
    enum store_result result = STORE_OK;

    if (item_type(item) != ITEM_KV)
        return STORE_TYPE_MISMATCH;
    if (removal->has_exptime)
        result = store_set_exptime(thread, item, removal->exptime);
    if (result != STORE_OK)
        return result;
    item->atime = (item->atime | ITEM_STALE) & ~ITEM_WON;
    item_set_cas(item, store_next_cas_after(thread, item_cas(item)));
    if (item->info & ITEM_HAS_UNIQUE)
        item_set_unique(item, removal->has_unique ? removal->unique : item_cas(item));
    journal_link(thread, item);
    return STORE_OK;
}

enum store_result store_remove(struct store_thread *thread, const struct store_removal *removal)
{
    if (removal->empties)
        return remove_by_replacing(thread, removal);

    struct place place = place_lock(thread, removal->key, removal->key_len);
    struct item *item = place_item(&place);
    enum store_result result = item ? STORE_OK : STORE_NOT_FOUND;
    bool no_room = removal->stale && removal->has_unique && item && item_type(item) == ITEM_KV &&
                   !(item->info & ITEM_HAS_UNIQUE);

    if (item && removal->has_cas && item_unique(item) != removal->cas)
        result = STORE_EXISTS;
    else if (item && !no_room && removal->stale)
        result = make_stale(thread, item, removal);
    else if (item && !no_room)
        store_unlink(thread, place.bucket, place.slot);
    bucket_unlock(place.bucket);
    if (result == STORE_OK && no_room)
        return remove_by_replacing(thread, removal);
    store_settle(thread);
    return result;
}
