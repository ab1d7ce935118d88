/*
 * An item that the store refuses takes with it what its key had: to serve that would be worse than
 * to serve nothing.
 */
#include "cacheserver/persistence/replay.h"

#include "cacheserver/store/restore.h"

/* More cas uniques than can have been given out without leaving a trace in the files. */
#define CAS_LEAP (1u << 24)

static void note_cas(struct replay *replay, uint64_t cas)
{
    if (cas > replay->cas_max)
        replay->cas_max = cas;
}

static void replay_link(struct replay *replay, const struct record *record)
{
    const struct store_request request = {.key = record->key,
                                          .key_len = record->key_len,
                                          .value_len = record->value_len,
                                          .flags = record->flags,
                                          .exptime = record_clock(record->when)};
    struct item_cursor cursor;
    struct item *item;

    note_cas(replay, record->cas);
    enum store_result result = store_prepare(replay->thread, &request, &item);
    if (result == STORE_OK) {
        item_cursor_start(&cursor, item);
        item_cursor_write(&cursor, record->value, record->value_len);
        result = restore_item(replay->thread, item, record->cas);
    }
    if (result == STORE_OK)
        return;
    replay->refused++;
    store_delete(replay->thread, record->key, record->key_len);
}

static void replay_touch(struct replay *replay, const struct record *record)
{
    clock_seconds exptime = record_clock(record->when);

    if (store_touch(replay->thread, record->key, record->key_len, exptime) == STORE_NO_MEMORY) {
        replay->refused++;
        store_delete(replay->thread, record->key, record->key_len);
    }
}

static void replay_record(struct replay *replay, const struct record *record)
{
    struct store *store = replay->thread->store;

    switch (record->type) {
    case RECORD_LINK:
        replay_link(replay, record);
        return;
    case RECORD_UNLINK:
        store_delete(replay->thread, record->key, record->key_len);
        return;
    case RECORD_TOUCH:
        replay_touch(replay, record);
        return;
    case RECORD_FLUSH:
        note_cas(replay, record->cas);
        restore_flush(store, record->cas);
        return;
    case RECORD_FLUSH_PREFIX:
        note_cas(replay, record->cas);
        restore_flush_prefix(replay->thread, record->key, record->key_len, record->cas);
        return;
    case RECORD_FLUSH_DUE:
        restore_flush_due(store, record_clock(record->when));
        return;
    case RECORD_CAS:
        note_cas(replay, record->cas);
        return;
    }
}

int replay_frame(struct replay *replay, const char *records, size_t len)
{
    struct record_reader reader = {.at = records, .end = records + len};
    struct record record;

    while (record_next(&reader, &record)) {
        replay_record(replay, &record);
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
    }
}

void replay_end(struct replay *replay)
{
    restore_cas(replay->thread->store, replay->cas_max + CAS_LEAP);
}
