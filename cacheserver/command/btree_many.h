#pragma once
#include "cacheserver/command/btree_words.h"
#include "cacheserver/command/keys_line.h"

/* bop mget and bop smget: queries of many b+trees, whose keys follow on a line of their own. */

/* The query of such a request, with what it points to. */
struct btree_many {
    struct btree_words space;
    struct btree_query query;
};

/* As if it had been parsed there. */
void btree_copy_many(struct btree_many *to, const struct btree_many *from);

/* lenkeys numkeys query [offset] count: all that is left. */
bool btree_parse_many(struct words_left *left, struct keys_line *line, struct btree_many *many);

/* Waits for the line. The task, which may be NULL for want of memory, is the session's then; it
 * goes at once when the line is wrong, or when `limits_kept` is false: said, too. */
void btree_begin_many(struct session *session, struct command_context *context,
                      const struct keys_line *line, void *task, void (*task_free)(void *task),
                      bool limits_kept);

/* What one b+tree's part of a request counts as. */
void btree_count_get(struct command_context *context, enum store_result result);
