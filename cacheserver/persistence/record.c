/* Every field is read within the record's own length, and a key within the bounds of keys. */
#include "cacheserver/persistence/record.h"

#include "cacheserver/persistence/bytes.h"

#define PREFIX_BYTES 5 /* length and type */
#define LINK_BYTES   22
#define NUMBER_BYTES 8

static size_t body_bytes(const struct record *record)
{
    switch (record->type) {
    case RECORD_LINK:
        return LINK_BYTES + record->key_len + record->value_len;
    case RECORD_UNLINK:
        return record->key_len;
    case RECORD_TOUCH:
    case RECORD_FLUSH_PREFIX:
        return NUMBER_BYTES + record->key_len;
    case RECORD_FLUSH:
    case RECORD_FLUSH_DUE:
    case RECORD_CAS:
        break;
    }
    return NUMBER_BYTES;
}

size_t record_bytes(const struct record *record)
{
    return PREFIX_BYTES + body_bytes(record);
}

static char *put_key(const struct record *record, char *at)
{
    memcpy(at, record->key, record->key_len);
    return at + record->key_len;
}

char *record_put(const struct record *record, char *at)
{
    at = put_u32(at, (uint32_t)(1 + body_bytes(record)));
    *at++ = (char)record->type;
    switch (record->type) {
    case RECORD_LINK:
        at = put_u64(at, record->cas);
        at = put_u64(at, (uint64_t)record->when);
        at = put_u32(at, record->flags);
        at = put_u16(at, (uint16_t)record->key_len);
        return put_key(record, at);
    case RECORD_UNLINK:
        return put_key(record, at);
    case RECORD_TOUCH:
        return put_key(record, put_u64(at, (uint64_t)record->when));
    case RECORD_FLUSH_PREFIX:
        return put_key(record, put_u64(at, record->cas));
    case RECORD_FLUSH_DUE:
        return put_u64(at, (uint64_t)record->when);
    case RECORD_FLUSH:
    case RECORD_CAS:
        break;
    }
    return put_u64(at, record->cas);
}

struct record record_of_item(struct item *item, clock_seconds exptime)
{
    return (struct record){.type = RECORD_LINK,
                           .cas = item_cas(item),
                           .when = record_time(exptime),
                           .flags = item_flags(item),
                           .key = item_key(item),
                           .key_len = item_key_len(item),
                           .value_len = item_value_len(item)};
}

void record_put_value(struct item *item, char *at)
{
    struct item_cursor cursor;

    item_cursor_start(&cursor, item);
    while (cursor.left > 0) {
        memcpy(at, cursor.at, cursor.here);
        at += cursor.here;
        item_cursor_advance(&cursor, cursor.here);
    }
}

/* --- reading --- */

static bool is_key(const struct record *record)
{
    return record->key_len > 0 && record->key_len <= ITEM_KEY_MAX;
}

static bool get_link(struct record *record, const char *at, size_t len)
{
    if (len < LINK_BYTES)
        return false;
    record->cas = get_u64(at);
    record->when = (int64_t)get_u64(at + 8);
    record->flags = get_u32(at + 16);
    record->key_len = get_u16(at + 20);
    record->key = at + LINK_BYTES;
    if (!is_key(record) || record->key_len > len - LINK_BYTES)
        return false;
    record->value = record->key + record->key_len;
    record->value_len = len - LINK_BYTES - record->key_len;
    return record->cas <= ITEM_CAS_MASK;
}

static bool get_keyed(struct record *record, const char *at, size_t len)
{
    if (record->type != RECORD_UNLINK) {
        if (len < NUMBER_BYTES)
            return false;
        record->cas = get_u64(at);
        record->when = (int64_t)get_u64(at);
        at += NUMBER_BYTES;
        len -= NUMBER_BYTES;
    }
    record->key = at;
    record->key_len = len;
    if (record->type == RECORD_FLUSH_PREFIX)
        return len <= PREFIX_MAX && record->cas <= ITEM_CAS_MASK;
    return is_key(record);
}

static bool get_body(struct record *record, const char *at, size_t len)
{
    switch (record->type) {
    case RECORD_LINK:
        return get_link(record, at, len);
    case RECORD_UNLINK:
    case RECORD_TOUCH:
    case RECORD_FLUSH_PREFIX:
        return get_keyed(record, at, len);
    case RECORD_FLUSH:
    case RECORD_FLUSH_DUE:
    case RECORD_CAS:
        if (len != NUMBER_BYTES)
            return false;
        record->cas = get_u64(at);
        record->when = (int64_t)get_u64(at);
        return record->type == RECORD_FLUSH_DUE || record->cas <= ITEM_CAS_MASK;
    }
    return false;
}

bool record_next(struct record_reader *reader, struct record *record)
{
    size_t left = (size_t)(reader->end - reader->at);

    if (left == 0)
        return false;
    reader->bad = true;
    if (left < PREFIX_BYTES)
        return false;
    size_t len = get_u32(reader->at);
    if (len < 1 || len > left - 4)
        return false;
    memset(record, 0, sizeof(*record));
    record->type = (enum record_type)(unsigned char)reader->at[4];
    if (!get_body(record, reader->at + PREFIX_BYTES, len - 1))
        return false;
    reader->at += 4 + len;
    reader->bad = false;
    return true;
}

int64_t record_time(clock_seconds time)
{
    if (time == CLOCK_NEVER)
        return 0;
    return time == CLOCK_STICKY ? -1 : clock_to_unix(time);
}

clock_seconds record_clock(int64_t when)
{
    if (when == 0)
        return CLOCK_NEVER;
    return when == -1 ? CLOCK_STICKY : clock_of_unix(when);
}
