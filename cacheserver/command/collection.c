/* Attributes, data blocks and statistics of collections; each collection has its commands in a file
 * of its own. */
#include "cacheserver/command/collection.h"

#include <string.h>

#include "cacheserver/runtime/number.h"

/* What the length word says, at most what a 32-bit length with its CRLF allows. */
#define LENGTH_MAX (INT32_MAX - 2)

#define TYPE(type) (1u << (type))
#define ON_ANY     (TYPE(ITEM_LIST) | TYPE(ITEM_SET) | TYPE(ITEM_MAP) | TYPE(ITEM_BTREE))

static const struct {
    const char *name;
    enum collection_overflow overflow;
    unsigned types;
} overflows[] = {
    {"error", OVERFLOW_ERROR, ON_ANY},
    {"head_trim", OVERFLOW_HEAD_TRIM, TYPE(ITEM_LIST)},
    {"tail_trim", OVERFLOW_TAIL_TRIM, TYPE(ITEM_LIST)},
    {"smallest_trim", OVERFLOW_SMALLEST_TRIM, TYPE(ITEM_BTREE)},
    {"largest_trim", OVERFLOW_LARGEST_TRIM, TYPE(ITEM_BTREE)},
    {"smallest_silent_trim", OVERFLOW_SMALLEST_SILENT_TRIM, TYPE(ITEM_BTREE)},
    {"largest_silent_trim", OVERFLOW_LARGEST_SILENT_TRIM, TYPE(ITEM_BTREE)},
};

bool words_take_last(struct words_left *left, const char *text)
{
    if (left->count == 0 || !word_is(&left->at[left->count - 1], text))
        return false;
    left->count--;
    return true;
}

const char *collection_overflow_name(enum collection_overflow overflow)
{
    for (size_t i = 0; i < sizeof(overflows) / sizeof(overflows[0]); i++)
        if (overflows[i].overflow == overflow)
            return overflows[i].name;
    return "";
}

bool collection_parse_overflow(const struct word *word, unsigned types,
                               enum collection_overflow *overflow)
{
    for (size_t i = 0; i < sizeof(overflows) / sizeof(overflows[0]); i++)
        if (overflows[i].types & types && word_is(word, overflows[i].name)) {
            *overflow = overflows[i].overflow;
            return true;
        }
    return false;
}

bool collection_parse_max_count(const struct word *word, int32_t *max_count)
{
    int64_t value;

    if (!number_parse_i64(word->at, word->len, &value) || value < INT32_MIN || value > INT32_MAX)
        return false;
    *max_count = (int32_t)value;
    return true;
}

bool collection_parse_attributes(struct collection_attributes *attributes, enum item_type type,
                                 const struct words_left *left)
{
    struct words_left rest = *left;
    int64_t exptime = 0;

    memset(attributes, 0, sizeof(*attributes));
    if (rest.count > 3)
        attributes->unreadable = words_take_last(&rest, "unreadable");
    if (rest.count < 1 || rest.count > 4 ||
        !number_parse_u32(rest.at[0].at, rest.at[0].len, &attributes->flags) ||
        (rest.count > 1 && !number_parse_i64(rest.at[1].at, rest.at[1].len, &exptime)) ||
        (rest.count > 2 && !collection_parse_max_count(&rest.at[2], &attributes->max_count)))
        return false;
    attributes->exptime = clock_expiry_from_now(exptime);
    return rest.count < 4 ||
           collection_parse_overflow(&rest.at[3], TYPE(type), &attributes->overflow);
}

bool collection_parse_create(struct collection_attributes *attributes,
                             const struct collection_attributes **create, enum item_type type,
                             struct words_left left)
{
    *create = NULL;
    if (left.count == 0)
        return true;
    if (!word_is(&left.at[0], "create"))
        return false;
    words_take(&left, 1);
    *create = attributes;
    return collection_parse_attributes(attributes, type, &left);
}

bool collection_parse_length(const struct word *word, size_t *len)
{
    uint64_t value;

    if (!number_parse_u64(word->at, word->len, &value) || value > LENGTH_MAX)
        return false;
    *len = (size_t)value;
    return true;
}

const char *collection_block(struct session *session, struct command_context *context, size_t len,
                             enum counter command)
{
    uint32_t most =
        atomic_load_explicit(&context->store->store->element_bytes_max, memory_order_relaxed);

    if (len + 2 <= most)
        return session_block(session, context, len);
    counter_add(context->counters, command, 1);
    observe(context, context->key.at, context->key.len, command, COUNTER_COUNT);
    session_refuse_block(session, context, len, "CLIENT_ERROR too large value\r\n");
    return NULL;
}

/* COUNTER_COUNT: none of them. */
static enum counter outcome_of(const struct collection_counters *counters, enum store_result result)
{
    switch (result) {
    case STORE_OK:
    case STORE_CREATED_OK:
    case STORE_REPLACED:
    case STORE_DROPPED:
    case STORE_TRIMMED:
        return counters->hits;
    case STORE_NO_ELEMENT:
        return counters->none;
    case STORE_NOT_FOUND:
    case STORE_UNREADABLE:
        return counters->misses;
    default:
        return COUNTER_COUNT;
    }
}

void collection_count(struct command_context *context, const struct collection_counters *counters,
                      enum store_result result)
{
    enum counter outcome = outcome_of(counters, result);

    counter_add(context->counters, counters->command, 1);
    if (outcome != COUNTER_COUNT)
        counter_add(context->counters, outcome, 1);
    observe(context, context->key.at, context->key.len, counters->command, outcome);
}
