/*
 * A table says which fields each type has; writing, measuring and reading go over the fields in one
 * order. Reading believes nothing: every field is taken from what is left of the record's own
 * length, keys are checked for theirs.
 */
#include "cacheserver/persistence/record.h"

#include "cacheserver/persistence/bytes.h"

#define PREFIX_BYTES 5 /* length and type */
#define STATE_BYTES  11

enum {
    CAS = 1 << 0,
    UNIQUE = 1 << 1,
    WHEN = 1 << 2,
    FLAGS = 1 << 3,
    MARKS = 1 << 4,
    TYPE = 1 << 5,
    STATE = 1 << 6,
    RANK = 1 << 7,
    COUNT = 1 << 8,
    KIND = 1 << 9,
    REPLACES = 1 << 10,
    KEY = 1 << 11,
    NAME = 1 << 12, /* a key that may be empty */
    VALUE = 1 << 13,
};

static const unsigned fields_of[RECORD_TYPES] = {
    [RECORD_LINK] = CAS | UNIQUE | WHEN | FLAGS | MARKS | KEY | VALUE,
    [RECORD_UNLINK] = KEY,
    [RECORD_TOUCH] = WHEN | KEY,
    [RECORD_FLUSH] = CAS,
    [RECORD_FLUSH_DUE] = WHEN,
    [RECORD_CAS] = CAS,
    [RECORD_FLUSH_PREFIX] = CAS | NAME,
    [RECORD_SEED] = CAS | UNIQUE,
    [RECORD_COLLECTION] = CAS | WHEN | FLAGS | TYPE | STATE | KEY,
    [RECORD_STATE] = TYPE | STATE | KEY,
    [RECORD_ELEMENT] = TYPE | RANK | KIND | REPLACES | KEY | VALUE,
    [RECORD_REMOVAL] = TYPE | RANK | COUNT | KEY,
    [RECORD_FLUSH_PREFIX_DUE] = WHEN | NAME,
};

/* A link has its unique only if it is one of its own. */
static unsigned fields_in(const struct record *record)
{
    unsigned fields = fields_of[record->type];
    bool none = record->type == RECORD_LINK && !(record->marks & RECORD_HAS_UNIQUE);
    return none ? fields & ~UNIQUE : fields;
}

size_t record_bytes(const struct record *record)
{
    static const struct {
        unsigned field, bytes;
    } fixed[] = {{CAS, 8},  {UNIQUE, 8}, {WHEN, 8}, {FLAGS, 4},    {MARKS, 1},           {TYPE, 1},
                 {RANK, 4}, {COUNT, 4},  {KIND, 1}, {REPLACES, 1}, {STATE, STATE_BYTES}, {KEY, 2},
                 {NAME, 2}};
    unsigned fields = fields_in(record);
    size_t bytes = PREFIX_BYTES;

    for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
        if (fields & fixed[i].field)
            bytes += fixed[i].bytes;
    if (fields & (KEY | NAME))
        bytes += record->key_len;
    if (fields & STATE)
        bytes += record->state.maximum_len;
    if (fields & VALUE)
        bytes += record->value_len;
    return bytes;
}

static char *put_state(const struct collection_state *state, char *at)
{
    at = put_u32(at, state->max_count);
    *at++ = (char)state->overflow;
    *at++ = (char)state->unreadable;
    *at++ = (char)state->trimmed;
    *at++ = (char)state->unlimited;
    *at++ = (char)state->kind;
    *at++ = (char)state->maximum_kind;
    *at++ = (char)state->maximum_len;
    memcpy(at, state->maximum, state->maximum_len);
    return at + state->maximum_len;
}

char *record_put(const struct record *record, char *at)
{
    unsigned fields = fields_in(record);

    at = put_u32(at, (uint32_t)(record_bytes(record) - 4));
    *at++ = (char)record->type;
    if (fields & MARKS)
        *at++ = (char)record->marks;
    if (fields & CAS)
        at = put_u64(at, record->cas);
    if (fields & UNIQUE)
        at = put_u64(at, record->unique);
    if (fields & WHEN)
        at = put_u64(at, (uint64_t)record->when);
    if (fields & FLAGS)
        at = put_u32(at, record->flags);
    if (fields & TYPE)
        *at++ = (char)record->item_type;
    if (fields & STATE)
        at = put_state(&record->state, at);
    if (fields & RANK)
        at = put_u32(at, record->rank);
    if (fields & COUNT)
        at = put_u32(at, record->count);
    if (fields & KIND)
        *at++ = (char)record->kind;
    if (fields & REPLACES)
        *at++ = (char)record->replaces;
    if (fields & (KEY | NAME)) {
        at = put_u16(at, (uint16_t)record->key_len);
        memcpy(at, record->key, record->key_len);
        at += record->key_len;
    }
    return at;
}

struct record record_of_item(struct item *item)
{
    struct record record = {.type = RECORD_LINK,
                            .cas = item_cas(item),
                            .when = record_time(item->exptime),
                            .flags = item_flags(item),
                            .key = item_key(item),
                            .key_len = item_key_len(item),
                            .item_type = item_type(item)};

    if (record.item_type != ITEM_KV) {
        record.type = RECORD_COLLECTION;
        collection_state_of(item, &record.state);
        return record;
    }
    record.value_len = item_value_len(item);
    record.marks = item->atime & ITEM_STALE ? RECORD_STALE : 0;
    if (item->info & ITEM_HAS_UNIQUE) {
        record.marks |= RECORD_HAS_UNIQUE;
        record.unique = item_unique(item);
    }
    return record;
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

struct source {
    const char *at, *end;
    bool bad; /* a field was not there */
};

static const char *take(struct source *source, size_t n)
{
    static const char nothing[8];

    if ((size_t)(source->end - source->at) < n) {
        source->bad = true;
        return nothing;
    }
    source->at += n;
    return source->at - n;
}

static uint8_t take_u8(struct source *source)
{
    return (uint8_t)*take(source, 1);
}

static uint32_t take_u32(struct source *source)
{
    return get_u32(take(source, 4));
}

static uint64_t take_u64(struct source *source)
{
    return get_u64(take(source, 8));
}

static void take_state(struct source *source, struct collection_state *state)
{
    state->max_count = take_u32(source);
    state->overflow = take_u8(source);
    state->unreadable = take_u8(source);
    state->trimmed = take_u8(source);
    state->unlimited = take_u8(source);
    state->kind = take_u8(source);
    state->maximum_kind = take_u8(source);
    state->maximum_len = take_u8(source);
    if (state->maximum_len > COLLECTION_DISTANCE_MAX) {
        source->bad = true;
        return;
    }
    const char *maximum = take(source, state->maximum_len);
    if (!source->bad)
        memcpy(state->maximum, maximum, state->maximum_len);
}

static void take_key(struct source *source, struct record *record, unsigned fields)
{
    size_t most = fields & KEY ? ITEM_KEY_MAX : PREFIX_MAX;

    record->key_len = get_u16(take(source, 2));
    if (record->key_len > most || (fields & KEY && record->key_len == 0)) {
        source->bad = true;
        return;
    }
    record->key = take(source, record->key_len);
}

static void take_fields(struct source *source, struct record *record)
{
    if (fields_of[record->type] & MARKS)
        record->marks = take_u8(source);
    unsigned fields = fields_in(record);
    if (fields & CAS)
        record->cas = take_u64(source);
    if (fields & UNIQUE)
        record->unique = take_u64(source);
    if (fields & WHEN)
        record->when = (int64_t)take_u64(source);
    if (fields & FLAGS)
        record->flags = take_u32(source);
    if (fields & TYPE)
        record->item_type = (enum item_type)take_u8(source);
    if (fields & STATE)
        take_state(source, &record->state);
    if (fields & RANK)
        record->rank = take_u32(source);
    if (fields & COUNT)
        record->count = take_u32(source);
    if (fields & KIND)
        record->kind = take_u8(source);
    if (fields & REPLACES)
        record->replaces = take_u8(source);
    if (fields & (KEY | NAME))
        take_key(source, record, fields);
    if (fields & VALUE) {
        record->value_len = (size_t)(source->end - source->at);
        record->value = take(source, record->value_len);
    }
}

static bool makes_sense(const struct record *record)
{
    if (record->item_type >= ITEM_TYPES)
        return false;
    return record->type == RECORD_SEED || record->cas <= ITEM_CAS_MASK;
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
    if (record->type < RECORD_LINK || record->type >= RECORD_TYPES)
        return false;
    struct source source = {.at = reader->at + PREFIX_BYTES, .end = reader->at + 4 + len};
    take_fields(&source, record);
    if (source.bad || source.at != source.end || !makes_sense(record))
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
