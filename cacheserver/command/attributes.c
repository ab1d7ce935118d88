/*
 * getattr and setattr. A row per attribute: its name, the types of items that have it, how it is
 * printed and how it is set.
 */
#include "cacheserver/store/attributes.h"

#include <string.h>

#include "cacheserver/command/collection.h"
#include "cacheserver/command/handlers.h"
#include "cacheserver/protocol/put.h"
#include "cacheserver/runtime/number.h"

/* "ATTR " name "=" value and line end. */
#define LINE_MAX 128

#define TYPE(type)     (1u << (type))
#define ON_COLLECTIONS (TYPE(ITEM_LIST) | TYPE(ITEM_SET) | TYPE(ITEM_MAP) | TYPE(ITEM_BTREE))
#define ON_ANY         (TYPE(ITEM_KV) | ON_COLLECTIONS)

static char *print_type(char *at, const struct store_attributes *attributes)
{
    static const char *const names[ITEM_TYPES] = {"kv", "list", "set", "map", "b+tree"};
    return put_text(at, names[attributes->type]);
}

static char *print_flags(char *at, const struct store_attributes *attributes)
{
    return put_number(at, attributes->flags);
}

/* Seconds that are left. */
static char *print_expiretime(char *at, const struct store_attributes *attributes)
{
    clock_seconds now = clock_now();

    if (attributes->exptime == CLOCK_STICKY)
        return put_text(at, "-1");
    return put_number(at, attributes->exptime > now ? attributes->exptime - now : 0);
}

static char *print_count(char *at, const struct store_attributes *attributes)
{
    return put_number(at, attributes->count);
}

static char *print_maxcount(char *at, const struct store_attributes *attributes)
{
    return put_number(at, attributes->max_count);
}

static char *print_overflowaction(char *at, const struct store_attributes *attributes)
{
    return put_text(at, collection_overflow_name(attributes->overflow));
}

static char *print_readable(char *at, const struct store_attributes *attributes)
{
    return put_text(at, attributes->readable ? "on" : "off");
}

static char *print_bkey(char *at, const struct bkey *bkey, const char *none)
{
    if (bkey->kind == BKEY_NONE)
        return put_text(at, none);
    return bkey_print(at, bkey->kind, bkey->bytes, bkey->len);
}

static char *print_maxbkeyrange(char *at, const struct store_attributes *attributes)
{
    return print_bkey(at, &attributes->max_range, "0");
}

static char *print_minbkey(char *at, const struct store_attributes *attributes)
{
    return print_bkey(at, &attributes->smallest, "-1");
}

static char *print_maxbkey(char *at, const struct store_attributes *attributes)
{
    return print_bkey(at, &attributes->largest, "-1");
}

static char *print_trimmed(char *at, const struct store_attributes *attributes)
{
    return put_text(at, attributes->trimmed ? "1" : "0");
}

static bool set_expiretime(struct store_changes *changes, const struct word *value)
{
    int64_t exptime;

    changes->has_exptime = number_parse_i64(value->at, value->len, &exptime);
    if (changes->has_exptime)
        changes->exptime = clock_expiry(exptime, clock_now());
    return changes->has_exptime;
}

static bool set_maxcount(struct store_changes *changes, const struct word *value)
{
    changes->has_max_count = collection_parse_max_count(value, &changes->max_count);
    return changes->has_max_count;
}

static bool set_overflowaction(struct store_changes *changes, const struct word *value)
{
    return collection_parse_overflow(value, ON_COLLECTIONS, &changes->overflow);
}

static bool set_readable(struct store_changes *changes, const struct word *value)
{
    changes->readable = word_is(value, "on");
    return changes->readable;
}

static bool set_maxbkeyrange(struct store_changes *changes, const struct word *value)
{
    struct bkey *bkey = &changes->max_range;

    changes->has_max_range = bkey_parse(bkey, value->at, value->len);
    if (changes->has_max_range && bkey->kind == BKEY_NUMBER && bkey->order == 0)
        bkey->kind = BKEY_NONE;
    return changes->has_max_range;
}

static const struct attribute {
    const char *name;
    unsigned types;
    char *(*print)(char *at, const struct store_attributes *attributes);
    bool (*set)(struct store_changes *changes, const struct word *value); /* NULL: it cannot be */
} rows[] = {
    {"type", ON_ANY, print_type, NULL},
    {"flags", ON_ANY, print_flags, NULL},
    {"expiretime", ON_ANY, print_expiretime, set_expiretime},
    {"count", ON_COLLECTIONS, print_count, NULL},
    {"maxcount", ON_COLLECTIONS, print_maxcount, set_maxcount},
    {"overflowaction", ON_COLLECTIONS, print_overflowaction, set_overflowaction},
    {"readable", ON_COLLECTIONS, print_readable, set_readable},
    {"maxbkeyrange", TYPE(ITEM_BTREE), print_maxbkeyrange, set_maxbkeyrange},
    {"minbkey", TYPE(ITEM_BTREE), print_minbkey, NULL},
    {"maxbkey", TYPE(ITEM_BTREE), print_maxbkey, NULL},
    {"trimmed", TYPE(ITEM_BTREE), print_trimmed, NULL},
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

static const struct attribute *find_row(const struct word *name)
{
    for (size_t i = 0; i < ROWS; i++)
        if (word_is(name, rows[i].name))
            return &rows[i];
    return NULL;
}

static void print_row(struct command_context *context, const struct attribute *row,
                      const struct store_attributes *attributes)
{
    char line[LINE_MAX];
    char *at = put_text(put_text(put_text(line, "ATTR "), row->name), "=");

    at = put_crlf(row->print(at, attributes));
    reply_bytes(context->reply, line, (size_t)(at - line));
}

/* Every name is that of an attribute; `types`: that items of these types have. */
static bool know_names(const struct words *words, unsigned types)
{
    for (unsigned i = 2; i < words->count; i++) {
        const struct attribute *row = find_row(&words->word[i]);
        if (!row || !(row->types & types))
            return false;
    }
    return true;
}

static void print_all(struct command_context *context, const struct store_attributes *attributes)
{
    for (size_t i = 0; i < ROWS; i++)
        if (rows[i].types & TYPE(attributes->type))
            print_row(context, &rows[i], attributes);
}

/* By key only what the store was asked is counted. */
static void observe_answer(struct command_context *context, enum counter command, enum counter hits,
                           enum counter misses, enum store_result result)
{
    observe(context, context->key.at, context->key.len, command,
            result == STORE_NOT_FOUND ? misses : hits);
}

static enum store_result look_up(struct command_context *context, const struct words *words,
                                 struct store_attributes *attributes)
{
    const struct word *key = &words->word[1];

    if (!know_names(words, ON_ANY))
        return STORE_NO_ATTRIBUTE;
    enum store_result result = store_get_attributes(context->store, key->at, key->len, attributes);
    observe_answer(context, COUNTER_cmd_getattr, COUNTER_getattr_hits, COUNTER_getattr_misses,
                   result);
    if (result == STORE_OK && !know_names(words, TYPE(attributes->type)))
        return STORE_NO_ATTRIBUTE;
    return result;
}

HANDLER(getattr)
{
    struct store_attributes attributes;

    if (words->word[1].len > ITEM_KEY_MAX) {
        session_say_bad_format(session, context);
        return;
    }
    enum store_result result = look_up(context, words, &attributes);
    counter_add(context->counters, COUNTER_cmd_getattr, 1);
    counter_add(context->counters, COUNTER_getattr_hits, result == STORE_OK);
    counter_add(context->counters, COUNTER_getattr_misses, result == STORE_NOT_FOUND);
    if (result != STORE_OK) {
        session_say(session, context, session_failure(result));
        return;
    }
    if (words->count == 2)
        print_all(context, &attributes);
    for (unsigned i = 2; i < words->count; i++)
        print_row(context, find_row(&words->word[i]), &attributes);
    session_say(session, context, "END\r\n");
}

/* One "name=value". STORE_OK, STORE_NO_ATTRIBUTE or STORE_BAD_VALUE. */
static enum store_result parse_change(const struct word *word, struct store_changes *changes)
{
    const char *equals = memchr(word->at, '=', word->len);
    struct word name = {.at = word->at, .len = (size_t)(equals - word->at)};
    struct word value = {.at = equals + 1, .len = word->len - name.len - 1};
    const struct attribute *row = find_row(&name);

    if (!row || !row->set)
        return STORE_NO_ATTRIBUTE;
    return row->set(changes, &value) ? STORE_OK : STORE_BAD_VALUE;
}

HANDLER(setattr)
{
    const struct word *key = &words->word[1];
    struct store_changes changes = {0};
    enum store_result result = STORE_OK;

    for (unsigned i = 2; i < words->count && result == STORE_OK; i++) {
        if (key->len > ITEM_KEY_MAX || !memchr(words->word[i].at, '=', words->word[i].len)) {
            session_say_bad_format(session, context);
            return;
        }
        result = parse_change(&words->word[i], &changes);
    }
    if (result == STORE_OK) {
        result = store_change_attributes(context->store, key->at, key->len, &changes);
        observe_answer(context, COUNTER_cmd_setattr, COUNTER_setattr_hits, COUNTER_setattr_misses,
                       result);
    }
    counter_add(context->counters, COUNTER_cmd_setattr, 1);
    counter_add(context->counters, COUNTER_setattr_hits, result == STORE_OK);
    counter_add(context->counters, COUNTER_setattr_misses, result == STORE_NOT_FOUND);
    session_say(session, context, result == STORE_OK ? "OK\r\n" : session_failure(result));
}
