/*
 * Key-value items. Values that depend on the old one (append, incr) are computed without the lock
 * and linked only if the key still has the item they were computed from.
 */
#include <string.h>

#include "cacheserver/runtime/number.h"
#include "cacheserver/store/evict.h"
#include "cacheserver/store/internal.h"

/* Fills the chain from its end, so that each chunk can be linked as it comes. */
static bool add_chunks(struct store_thread *thread, struct item *item)
{
    size_t left = item_value_len(item);
    size_t piece = left % ITEM_CHUNK_DATA ? left % ITEM_CHUNK_DATA : ITEM_CHUNK_DATA;
    struct item_chunk *first = NULL;

    while (left > 0) {
        struct item_chunk *chunk = evict_alloc(thread, sizeof(*chunk) + piece);
        if (!chunk) {
            store_free_chunks(thread, first);
            return false;
        }
        chunk->next = first;
        chunk->owner = item;
        first = chunk;
        left -= piece;
        piece = ITEM_CHUNK_DATA;
    }
    item_set_first_chunk(item, first);
    return true;
}

static void init_item(struct item *item, const struct store_request *request, bool in_chunks)
{
    bool pins = request->value_len >= ITEM_PIN_MIN;
    char *at = item->rest;

    item->word = (uint64_t)request->key_len << 48 | (request->flags ? ITEM_HAS_FLAGS : 0) |
                 (pins ? ITEM_HAS_PINS : 0);
    item->exptime = request->exptime;
    item->atime = 0;
    item->info = (uint32_t)request->value_len | (in_chunks ? ITEM_IN_CHUNKS : 0) |
                 (request->has_unique ? ITEM_HAS_UNIQUE : 0);
    if (pins) {
        atomic_init(item_pins(item), 1);
        at += 4;
    }
    if (request->flags) {
        memcpy(at, &request->flags, 4);
        at += 4;
    }
    if (request->has_unique) {
        memcpy(at, &request->unique, 8);
        at += 8;
    }
    memcpy(at, request->key, request->key_len);
}

/* Sticky items that are dead but not reclaimed count until somebody looks. */
static bool sticky_fits(struct store_thread *thread, size_t bytes)
{
    struct store *store = thread->store;
    size_t limit = atomic_load_explicit(&store->sticky_limit_bytes, memory_order_relaxed);

    if (limit == 0)
        return false;
    for (bool looked = false;; looked = true) {
        size_t used = (size_t)atomic_load_explicit(&store->sticky_bytes, memory_order_relaxed);
        if (used + bytes <= limit)
            return true;
        if (looked)
            return false;
        evict_reclaim(thread);
    }
}

enum store_result store_prepare(struct store_thread *thread, const struct store_request *request,
                                struct item **item)
{
    struct store *store = thread->store;
    bool in_chunks;
    size_t prefix = prefix_length(request->key, request->key_len, store->prefix_delimiter);
    size_t key = request->key_len + (request->has_unique ? sizeof(request->unique) : 0);
    size_t head = item_head_bytes(key, request->value_len, request->flags, &in_chunks);
    size_t total = in_chunks ? head + request->value_len : head;
    if (total > store->item_size_max_bytes || request->value_len > ITEM_VALUE_MAX)
        return STORE_TOO_LARGE;
    if (!prefix_is_valid(request->key, prefix))
        return STORE_BAD_PREFIX;
    if (request->exptime == CLOCK_STICKY && !sticky_fits(thread, total))
        goto out_of_memory;
    *item = evict_alloc(thread, head);
    if (!*item)
        goto out_of_memory;
    init_item(*item, request, in_chunks);
    if (!in_chunks || add_chunks(thread, *item))
        return STORE_OK;
    memory_free(&store->memory, &thread->cache, *item);
out_of_memory:
    count_add(thread, size_class_of(&store->sizes, request->key_len, request->value_len),
              STORE_OUT_OF_MEMORY, 1);
    return STORE_NO_MEMORY;
}

/* Whether the new item may be linked. */
static enum store_result may_set(const struct item *old, const struct store_condition *condition)
{
    (void)condition;
    return old && item_type(old) != ITEM_KV ? STORE_TYPE_MISMATCH : STORE_OK;
}

static enum store_result may_add(const struct item *old, const struct store_condition *condition)
{
    enum store_result result = may_set(old, condition);
    return old && result == STORE_OK ? STORE_NOT_STORED : result;
}

static enum store_result may_replace(const struct item *old,
                                     const struct store_condition *condition)
{
    return old ? may_set(old, condition) : STORE_NOT_STORED;
}

static enum store_result may_cas(const struct item *old, const struct store_condition *condition)
{
    if (!old)
        return STORE_NOT_FOUND;
    if (item_type(old) != ITEM_KV)
        return STORE_TYPE_MISMATCH;
    uint64_t unique = item_unique(old);
    if (unique == condition->cas)
        return STORE_OK;
    return condition->allow_stale && condition->cas < unique ? STORE_OK : STORE_EXISTS;
}

static enum store_result may_take_place(const struct item *old,
                                        const struct store_condition *condition)
{
    if (!old)
        return STORE_NOT_FOUND;
    return item_cas(old) == condition->cas ? STORE_OK : STORE_EXISTS;
}

static enum store_result (*const conditions[])(const struct item *old,
                                               const struct store_condition *condition) = {
    [STORE_SET] = may_set, [STORE_ADD] = may_add,         [STORE_REPLACE] = may_replace,
    [STORE_CAS] = may_cas, [STORE_SAME] = may_take_place,
};

/* Links the item if the mode's condition holds; if not, the item is still the caller's. */
static enum store_result put_if(struct store_thread *thread, struct item *item,
                                const struct store_condition *condition,
                                struct store_written *written)
{
    struct place place = place_lock(thread, item_key(item), item_key_len(item));
    struct item *old = place_item(&place);
    enum store_result result = conditions[condition->mode](old, condition);

    if (result == STORE_OK) {
        if (condition->mode == STORE_CAS && item_unique(old) != condition->cas) {
            item->atime |= ITEM_STALE | (old->atime & ITEM_WON);
            item->exptime = old->exptime;
        }
        written->value_len = item_value_len(item);
        result = place_link(thread, &place, item) ? STORE_NO_MEMORY : STORE_OK;
        if (result == STORE_OK)
            written->unique = item_unique(item);
    } else {
        if (old)
            item_use(old, thread->now_ms);
        bucket_unlock(place.bucket);
        return result;
    }
    bucket_unlock(place.bucket);
    store_settle(thread);
    return result;
}

/* --- values made from the old one --- */

void old_value_note(struct item *item, void *argument)
{
    struct old_value *old = argument;

    if (item_type(item) != ITEM_KV) {
        old->result = STORE_TYPE_MISMATCH;
        return;
    }
    old->result = STORE_OK;
    old->cas = item_cas(item);
    old->unique = item_unique(item);
    old->flags = item_flags(item);
    old->exptime = item->exptime;
    old->len = item_value_len(item);
    if (item_has_pins(item)) {
        store_pin(item);
        old->pinned = item;
    } else {
        memcpy(old->copy, item_value(item), old->len);
    }
}

static void copy_value(struct item_cursor *to, struct item *from)
{
    struct item_cursor cursor;

    item_cursor_start(&cursor, from);
    while (cursor.left > 0) {
        size_t piece = cursor.here;
        item_cursor_write(to, cursor.at, piece);
        item_cursor_advance(&cursor, piece);
    }
}

void old_value_write(const struct old_value *old, struct item_cursor *to)
{
    if (old->pinned)
        copy_value(to, old->pinned);
    else
        item_cursor_write(to, old->copy, old->len);
}

static enum store_result join_values(struct store_thread *thread, struct item *added,
                                     const struct old_value *old, bool append, struct item **joined)
{
    struct store_request request = {.key = item_key(added),
                                    .key_len = item_key_len(added),
                                    .value_len = old->len + item_value_len(added),
                                    .flags = old->flags,
                                    .exptime = old->exptime,
                                    .has_unique = added->info & ITEM_HAS_UNIQUE,
                                    .unique = item_unique(added)};
    enum store_result result = store_prepare(thread, &request, joined);
    if (result != STORE_OK)
        return result;

    struct item_cursor to;
    item_cursor_start(&to, *joined);
    if (!append)
        copy_value(&to, added);
    old_value_write(old, &to);
    if (append)
        copy_value(&to, added);
    return STORE_OK;
}

/* `added` is the caller's still, except when it was put itself: that is said by *taken. */
static enum store_result extend(struct store_thread *thread, struct item *added,
                                const struct store_condition *condition,
                                struct store_written *written, bool *taken)
{
    static const struct store_condition add = {.mode = STORE_ADD};

    for (;;) {
        struct old_value old = {.result = STORE_NOT_STORED};
        struct item *joined;
        store_visit_key(thread, item_key(added), item_key_len(added), old_value_note, &old);
        if (old.result == STORE_NOT_STORED && condition->create) {
            enum store_result made = put_if(thread, added, &add, written);
            if (made == STORE_NOT_STORED)
                continue;
            *taken = true;
            return made;
        }
        if (old.result != STORE_OK)
            return old.result;
        enum store_result result = STORE_EXISTS;
        if (!condition->has_cas || condition->cas == old.unique)
            result = join_values(thread, added, &old, condition->mode == STORE_APPEND, &joined);
        if (old.pinned)
            store_unpin(thread, old.pinned);
        if (result != STORE_OK)
            return result;
        struct store_condition same = {.mode = STORE_SAME, .cas = old.cas};
        result = put_if(thread, joined, &same, written);
        if (result == STORE_OK || result == STORE_NO_MEMORY)
            return result;
        store_discard(thread, joined);
    }
}

enum store_result store_put(struct store_thread *thread, struct item *item,
                            const struct store_condition *condition, struct store_written *written)
{
    enum store_result result;

    if (condition->mode == STORE_APPEND || condition->mode == STORE_PREPEND) {
        bool taken = false;
        result = extend(thread, item, condition, written, &taken);
        if (!taken)
            store_discard(thread, item);
        return result;
    }
    result = put_if(thread, item, condition, written);
    if (result != STORE_OK && result != STORE_NO_MEMORY)
        store_discard(thread, item);
    return result;
}

static enum store_result put_number(struct store_thread *thread, struct store_request *request,
                                    uint64_t value, const struct store_condition *condition,
                                    struct store_written *written)
{
    char digits[NUMBER_MAX_DIGITS];
    struct item_cursor to;
    struct item *item;

    request->value_len = number_format(value, digits);
    enum store_result result = store_prepare(thread, request, &item);
    if (result != STORE_OK)
        return result;
    item_cursor_start(&to, item);
    item_cursor_write(&to, digits, request->value_len);
    return store_put(thread, item, condition, written);
}

static enum store_result create_number(struct store_thread *thread, struct store_number *number)
{
    static const struct store_condition add = {.mode = STORE_ADD};
    struct store_request request = *number->create;

    request.has_unique = number->has_unique;
    request.unique = number->unique;
    enum store_result result = put_number(thread, &request, number->value, &add, &number->written);
    number->exptime = request.exptime;
    return result;
}

static enum store_result change_number(struct store_thread *thread, struct store_number *number,
                                       const struct old_value *old)
{
    struct store_request request = {.key = number->key,
                                    .key_len = number->key_len,
                                    .flags = old->flags,
                                    .exptime = number->has_exptime ? number->exptime : old->exptime,
                                    .has_unique = number->has_unique,
                                    .unique = number->unique};
    const struct store_condition same = {.mode = STORE_SAME, .cas = old->cas};
    uint64_t value;

    if (number->has_cas && number->cas != old->unique)
        return STORE_NOT_STORED;
    if (old->pinned || !number_parse_stored(old->copy, old->len, &value))
        return STORE_NOT_A_NUMBER;
    if (number->increment)
        value += number->delta;
    else
        value = number->delta > value ? 0 : value - number->delta;
    enum store_result result = put_number(thread, &request, value, &same, &number->written);
    if (result == STORE_OK) {
        number->value = value;
        number->exptime = request.exptime;
    }
    return result;
}

enum store_result store_change_number(struct store_thread *thread, struct store_number *number)
{
    for (;;) {
        struct old_value old = {.result = STORE_NOT_FOUND};
        enum store_result result;

        store_visit_key(thread, number->key, number->key_len, old_value_note, &old);
        if (old.result == STORE_NOT_FOUND && number->create) {
            result = create_number(thread, number);
            if (result != STORE_NOT_STORED)
                return result;
            continue;
        }
        if (old.result != STORE_OK)
            return old.result;
        result = change_number(thread, number, &old);
        if (old.pinned)
            store_unpin(thread, old.pinned);
        if (result == STORE_NOT_STORED)
            return STORE_EXISTS;
        if (result != STORE_EXISTS && result != STORE_NOT_FOUND)
            return result;
    }
}

enum store_result store_add_number(struct store_thread *thread, const char *key, size_t key_len,
                                   bool increment, uint64_t delta,
                                   const struct store_request *create, uint64_t *value)
{
    struct store_number number = {.key = key,
                                  .key_len = key_len,
                                  .increment = increment,
                                  .delta = delta,
                                  .create = create,
                                  .value = *value};
    enum store_result result = store_change_number(thread, &number);

    if (result == STORE_OK)
        *value = number.value;
    return result;
}

enum store_result store_delete(struct store_thread *thread, const char *key, size_t key_len)
{
    struct place place = place_lock(thread, key, key_len);
    bool found = place.slot;

    if (found)
        store_unlink(thread, place.bucket, place.slot);
    bucket_unlock(place.bucket);
    store_settle(thread);
    return found ? STORE_OK : STORE_NOT_FOUND;
}

enum store_result store_set_exptime(struct store_thread *thread, struct item *item,
                                    clock_seconds exptime)
{
    struct store *store = thread->store;
    int64_t bytes = (int64_t)item_total_bytes(item);
    unsigned class = item_size_class(&store->sizes, item);

    if (exptime == CLOCK_STICKY && item->exptime != CLOCK_STICKY) {
        size_t sticky = (size_t)atomic_load_explicit(&store->sticky_bytes, memory_order_relaxed);
        if (sticky + (size_t)bytes >
            atomic_load_explicit(&store->sticky_limit_bytes, memory_order_relaxed))
            return STORE_NO_MEMORY;
        count_add(thread, class, STORE_STICKY_ITEMS, 1);
        atomic_fetch_add_explicit(&store->sticky_bytes, bytes, memory_order_relaxed);
    }
    if (exptime != CLOCK_STICKY && item->exptime == CLOCK_STICKY) {
        count_add(thread, class, STORE_STICKY_ITEMS, -1);
        atomic_fetch_sub_explicit(&store->sticky_bytes, bytes, memory_order_relaxed);
    }
    item->exptime = exptime;
    journal_touch(thread, item);
    return STORE_OK;
}

enum store_result store_touch(struct store_thread *thread, const char *key, size_t key_len,
                              clock_seconds exptime)
{
    struct place place = place_lock(thread, key, key_len);
    struct item *item = place_item(&place);
    enum store_result result = item ? store_set_exptime(thread, item, exptime) : STORE_NOT_FOUND;

    if (item)
        item_use(item, thread->now_ms);
    bucket_unlock(place.bucket);
    return result;
}
