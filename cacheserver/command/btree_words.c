/*
 * Nothing marks where an eflag filter begins: it is there when the third word from here is
 * hexadecimal, because neither counts nor closing words are.
 */
#include "cacheserver/command/btree_words.h"

#include <string.h>

#include "cacheserver/runtime/number.h"

static bool parse_offset(const struct word *word, uint8_t *offset)
{
    uint32_t value;

    if (!number_parse_u32(word->at, word->len, &value) || value >= EFLAG_MAX_BYTES)
        return false;
    *offset = (uint8_t)value;
    return true;
}

static bool parse_bits(const struct words_left *left, struct eflag_filter *filter, size_t *bits_len)
{
    struct eflag bits;

    filter->bit_op = (uint8_t)eflag_parse_bit_op(left->at[0].at, left->at[0].len);
    if (filter->bit_op == EFLAG_BITS_NONE || !eflag_parse(&bits, left->at[1].at, left->at[1].len))
        return false;
    memcpy(filter->bits, bits.bytes, bits.len);
    *bits_len = bits.len;
    return true;
}

static bool parse_filter(struct words_left *left, struct eflag_filter *filter)
{
    bool has_bits = left->count >= 5 && btree_is_hex(&left->at[4]);
    size_t bits_len = 0;
    enum eflag_compare compare;

    if (!parse_offset(&left->at[0], &filter->offset))
        return false;
    words_take(left, 1);
    filter->bit_op = EFLAG_BITS_NONE;
    if (has_bits) {
        if (!parse_bits(left, filter, &bits_len))
            return false;
        words_take(left, 2);
    }
    if (!eflag_parse_compare(&compare, left->at[0].at, left->at[0].len))
        return false;
    filter->compare = (uint8_t)compare;
    if (!eflag_filter_parse_values(filter, bits_len, left->at[1].at, left->at[1].len))
        return false;
    words_take(left, 2);
    return true;
}

bool btree_parse_query(struct words_left *left, struct btree_words *space,
                       struct btree_query *query)
{
    memset(query, 0, sizeof(*query));
    if (left->count == 0 || !bkey_range_parse(&space->range, left->at[0].at, left->at[0].len))
        return false;
    query->range = &space->range;
    words_take(left, 1);
    if (left->count < 3 || !btree_is_hex(&left->at[2]))
        return true;
    query->filter = &space->filter;
    return parse_filter(left, &space->filter);
}

bool btree_parse_limits(const struct words_left *left, struct btree_query *query)
{
    const struct word *word = left->at;

    switch (left->count) {
    case 0:
        return true;
    case 1:
        return number_parse_u32(word[0].at, word[0].len, &query->count);
    case 2:
        return number_parse_u32(word[0].at, word[0].len, &query->offset) &&
               number_parse_u32(word[1].at, word[1].len, &query->count);
    default:
        return false;
    }
}

bool btree_parse_update(const struct words_left *left, struct eflag_update *space,
                        const struct eflag_update **update)
{
    struct words_left rest = *left;

    *update = NULL;
    if (rest.count == 0)
        return true;
    memset(space, 0, sizeof(*space));
    if (rest.count == 3) {
        space->bit_op = (uint8_t)eflag_parse_bit_op(rest.at[1].at, rest.at[1].len);
        if (space->bit_op == EFLAG_BITS_NONE || !parse_offset(&rest.at[0], &space->offset))
            return false;
        words_take(&rest, 2);
    }
    *update = space;
    return rest.count == 1 &&
           (word_is(&rest.at[0], "0") || eflag_parse(&space->value, rest.at[0].at, rest.at[0].len));
}

bool btree_parse_order(const struct word *word, bool *descending)
{
    *descending = word_is(word, "desc");
    return *descending || word_is(word, "asc");
}
