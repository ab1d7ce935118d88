#pragma once
#include "cacheserver/command/collection.h"

/* The replies of lop get, sop get and mop get. */
struct collection_reply {
    struct reply *reply;
    bool with_fields; /* elements are those of a map */
    size_t start;     /* in the reply's buffer */
};
/* What the store shows goes into the reply, from where that ends now. */
struct store_reader collection_reader(struct collection_reply *into);

/* The last line, or the one line of a failure. */
void collection_say_end(struct session *session, struct command_context *context,
                        const struct collection_reply *into, enum store_result result,
                        enum store_removal_mode mode);

/* "delete", "drop" or nothing at the end of a get; false: something else. */
bool collection_parse_get_mode(const struct words_left *left, enum store_removal_mode *mode);
/* "drop" or nothing at the end of a delete. */
bool collection_parse_delete_mode(const struct words_left *left, enum store_removal_mode *mode);

/* The line that an insertion, or a deletion, answers. */
const char *collection_insert_line(enum store_result result);
const char *collection_delete_line(enum store_result result);

/* `lop create` and its like. */
struct collection_create {
    enum item_type type;
    enum counter command, oks;
};
void collection_create(struct session *session, struct command_context *context,
                       const struct words *words, const struct collection_create *create);
