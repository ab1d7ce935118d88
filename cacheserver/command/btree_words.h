#pragma once
#include "cacheserver/command/collection.h"
#include "cacheserver/store/btree.h"

/* The words of b+tree commands. What takes a struct words_left takes its words off on success. */

/* What a query's pointers point to. */
struct btree_words {
    struct bkey_range range;
    struct eflag_filter filter;
};

/* A bkey or two with dots, then offset [bitop value] compop value if there is such a filter. */
bool btree_parse_query(struct words_left *left, struct btree_words *space,
                       struct btree_query *query);
/* Nothing, a count, or an offset and a count: all that is left. */
bool btree_parse_limits(const struct words_left *left, struct btree_query *query);
/* Nothing (*update NULL), a new eflag or 0 for none, or offset, bitop and value: all that is left.
 */
bool btree_parse_update(const struct words_left *left, struct eflag_update *space,
                        const struct eflag_update **update);
/* asc or desc. */
bool btree_parse_order(const struct word *word, bool *descending);

static inline bool btree_is_hex(const struct word *word)
{
    return word->len >= 2 && word->at[0] == '0' && word->at[1] == 'x';
}
