/*
 * An item that the store refuses takes with it what its key had: to serve that would be worse than
 * to serve nothing.
 *
 * The clock of the thread stands still at its beginning while records are replayed: what has
 * expired by now may have been given more time by a later record.
 */
#include "cacheserver/persistence/replay.h"

#include <string.h>

#include "cacheserver/store/internal.h"
#include "cacheserver/store/restore.h"

/* More cas uniques than can have been given out without leaving a trace in the files. */
#define CAS_LEAP (1u << 24)

static void note_cas(struct replay *replay, uint64_t cas)
{
    if (cas > replay->cas_max)
        replay->cas_max = cas;
}

static void refuse(struct replay *replay, const struct record *record)
{
    replay->refused++;
    store_delete(replay->thread, record->key, record->key_len);
}

static void replay_link(struct replay *replay, const struct record *record)
{
    const struct store_request request = {.key = record->key,
                                          .key_len = record->key_len,
                                          .value_len = record->value_len,
                                          .flags = record->flags,
                                          .exptime = record_clock(record->when),
                                          .has_unique = record->marks & RECORD_HAS_UNIQUE,
                                          .unique = record->unique};
    struct item_cursor cursor;
    struct item *item;

    note_cas(replay, record->cas);
    enum store_result result = store_prepare(replay->thread, &request, &item);
    if (result == STORE_OK) {
        item_cursor_start(&cursor, item);
        item_cursor_write(&cursor, record->value, record->value_len);
        if (record->marks & RECORD_STALE)
            item->atime |= ITEM_STALE;
        result = restore_item(replay->thread, item, record->cas);
    }
    if (result != STORE_OK)
        refuse(replay, record);
}

static void replay_touch(struct replay *replay, const struct record *record)
{
    clock_seconds exptime = record_clock(record->when);

    if (store_touch(replay->thread, record->key, record->key_len, exptime) == STORE_NO_MEMORY)
        refuse(replay, record);
}

/* Elements of a collection that was refused are nobody's. */
static bool judge(struct replay *replay, const struct record *record, enum store_result result)
{
    if (result == STORE_BAD_VALUE || result == STORE_TYPE_MISMATCH)
        return false;
    if (result != STORE_OK && result != STORE_NOT_FOUND)
        refuse(replay, record);
    return true;
}

/* false: it makes no sense. */
static bool replay_collection(struct replay *replay, const struct record *record)
{
    const struct restore_key key = {
        .key = record->key, .key_len = record->key_len, .type = record->item_type};
    const struct restore_element element = {.rank = record->rank,
                                            .replaces = record->replaces,
                                            .kind = record->kind,
                                            .bytes = record->value,
                                            .len = record->value_len};
    struct store_thread *thread = replay->thread;
    enum store_result result;

    if (record->type == RECORD_COLLECTION) {
        note_cas(replay, record->cas);
        result = restore_collection(thread, &key, record->flags, record_clock(record->when),
                                    record->cas, &record->state);
    } else if (record->type == RECORD_STATE) {
        result = restore_state(thread, &key, &record->state);
    } else if (record->type == RECORD_ELEMENT) {
        result = restore_element(thread, &key, &element);
    } else {
        result = restore_removal(thread, &key, record->rank, record->count);
    }
    return judge(replay, record, result);
}

/* false: it makes no sense. */
static bool replay_record(struct replay *replay, const struct record *record)
{
    struct store *store = replay->thread->store;

    switch (record->type) {
    case RECORD_LINK:
        replay_link(replay, record);
        return true;
    case RECORD_UNLINK:
        store_delete(replay->thread, record->key, record->key_len);
        return true;
    case RECORD_TOUCH:
        replay_touch(replay, record);
        return true;
    case RECORD_FLUSH:
        note_cas(replay, record->cas);
        restore_flush(store, record->cas);
        return true;
    case RECORD_FLUSH_PREFIX:
        note_cas(replay, record->cas);
        restore_flush_prefix(replay->thread, record->key, record->key_len, record->cas);
        return true;
    case RECORD_FLUSH_PREFIX_DUE:
        restore_flush_prefix_due(replay->thread, record->key, record->key_len,
                                 record_clock(record->when));
        return true;
    case RECORD_FLUSH_DUE:
        restore_flush_due(store, record_clock(record->when));
        return true;
    case RECORD_CAS:
        note_cas(replay, record->cas);
        return true;
    case RECORD_SEED:
        if (replay->records > 0)
            return false;
        restore_seed(store, record->cas, record->unique);
        return true;
    case RECORD_COLLECTION:
    case RECORD_STATE:
    case RECORD_ELEMENT:
    case RECORD_REMOVAL:
        return replay_collection(replay, record);
    case RECORD_TYPES:
        break;
    }
    return false;
}

void replay_begin(struct replay *replay, struct store_thread *thread)
{
    *replay = (struct replay){.thread = thread};
    thread->now = 0;
}

int replay_frame(struct replay *replay, const char *records, size_t len)
{
    struct record_reader reader = {.at = records, .end = records + len};
    struct record record;

    while (record_next(&reader, &record)) {
        if (!replay_record(replay, &record))
            return -1;
        replay->records++;
    }
    return reader.bad ? -1 : 0;
}

enum reader_outcome replay_file(struct replay *replay, struct reader *reader)
{
    const char *records;
    size_t len;

    for (;;) {
        enum reader_outcome outcome = reader_next(reader, &records, &len);
        if (outcome != READER_OK)
            return outcome;
        if (replay_frame(replay, records, len))
            return READER_DAMAGED;
        if (replay->each_frame)
            replay->each_frame();
    }
}

void replay_end(struct replay *replay)
{
    restore_cas(replay->thread->store, replay->cas_max + CAS_LEAP);
    /* Not a tick: a flush that is due has to be recorded. */
    replay->thread->now = clock_now();
}
