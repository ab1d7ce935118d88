#pragma once
#include "cacheserver/command/session.h"

/* What the commands of lists, sets, maps and b+trees share. */

/* Words of a request that are still to be read. */
struct words_left {
    const struct word *at;
    unsigned count;
};

static inline struct words_left words_from(const struct words *words, unsigned n)
{
    return (struct words_left){.at = &words->word[n], .count = words->count - n};
}

static inline void words_take(struct words_left *left, unsigned n)
{
    left->at += n;
    left->count -= n;
}

/* Takes the last word if it is this one. */
bool words_take_last(struct words_left *left, const char *text);

/* All words as what a collection is made with: flags [exptime [maxcount [action] [unreadable]]]. */
bool collection_parse_attributes(struct collection_attributes *attributes, enum item_type type,
                                 const struct words_left *left);
/* Nothing (*create NULL), or "create" and attributes (*create is attributes). */
bool collection_parse_create(struct collection_attributes *attributes,
                             const struct collection_attributes **create, enum item_type type,
                             struct words_left left);

/* Single attributes; `types` is a set of 1 << enum item_type that may have the action. */
bool collection_parse_max_count(const struct word *word, int32_t *max_count);
bool collection_parse_overflow(const struct word *word, unsigned types,
                               enum collection_overflow *overflow);
const char *collection_overflow_name(enum collection_overflow overflow);

/* The length of an element's value. */
bool collection_parse_length(const struct word *word, size_t *len);
/* The element's value, see session_block; refuses one that is too large and counts that as one of
 * `command`. */
const char *collection_block(struct session *session, struct command_context *context, size_t len,
                             enum counter command);

/* The statistics of a command. Where a command knows no `none`, it is the same as misses. */
struct collection_counters {
    enum counter command, hits, none, misses;
};
void collection_count(struct command_context *context, const struct collection_counters *counters,
                      enum store_result result);
