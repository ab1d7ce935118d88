/*
 * The lines that lists, sets and maps have in common. Elements are copied into the reply while the
 * collection is locked: they are short, and a leaf that may move cannot be pointed to.
 */
#include "cacheserver/command/collection_reply.h"

#include "cacheserver/protocol/put.h"
#include "cacheserver/store/map.h"

/* Lengths, blanks and line ends of one element, or of the first line. */
#define LINE_MAX 64
/* Attributes that a collection is made with, "noreply" counted as one: with it the last of them may
 * be left out, as in the reference. */
#define CREATE_WORDS_MIN 3

static void add_head(void *argument, uint32_t flags, uint32_t count)
{
    struct collection_reply *into = argument;

    into->reply->len = into->start;
    char *room = reply_reserve(into->reply, LINE_MAX);
    if (!room)
        return;
    char *at = put_number(put_text(room, "VALUE "), flags);
    at = put_crlf(put_number(put_blank(at), count));
    reply_commit(into->reply, (size_t)(at - room));
}

static void add_element(void *argument, const char *element, size_t len)
{
    struct collection_reply *into = argument;
    char *room = reply_reserve(into->reply, len + LINE_MAX);
    char *at = room;

    if (!room)
        return;
    if (into->with_fields) {
        struct map_field field = map_element(element, len, &element, &len);
        at = put_blank(put_bytes(at, field.at, field.len));
    }
    at = put_blank(put_number(at, len));
    at = put_crlf(put_bytes(at, element, len));
    reply_commit(into->reply, (size_t)(at - room));
}

struct store_reader collection_reader(struct collection_reply *into)
{
    into->start = into->reply->len;
    return (struct store_reader){.begin = add_head, .element = add_element, .argument = into};
}

void collection_say_end(struct session *session, struct command_context *context,
                        const struct collection_reply *into, enum store_result result,
                        enum store_removal_mode mode)
{
    const char *line = session_failure(result);

    if (result == STORE_OK)
        line = mode == STORE_KEEP ? "END\r\n" : "DELETED\r\n";
    else if (result == STORE_DROPPED)
        line = "DELETED_DROPPED\r\n";
    else
        into->reply->len = into->start;
    if (result == STORE_TOO_LARGE)
        line = "SERVER_ERROR out of memory writing get response\r\n";
    session_say(session, context, line);
}

bool collection_parse_get_mode(const struct words_left *left, enum store_removal_mode *mode)
{
    *mode = STORE_KEEP;
    if (left->count == 1 && word_is(&left->at[0], "delete"))
        *mode = STORE_DELETE;
    else if (left->count == 1 && word_is(&left->at[0], "drop"))
        *mode = STORE_DELETE_DROP;
    else
        return left->count == 0;
    return true;
}

bool collection_parse_delete_mode(const struct words_left *left, enum store_removal_mode *mode)
{
    bool drop = left->count == 1 && word_is(&left->at[0], "drop");

    *mode = drop ? STORE_DELETE_DROP : STORE_DELETE;
    return drop || left->count == 0;
}

const char *collection_insert_line(enum store_result result)
{
    switch (result) {
    case STORE_OK:
        return "STORED\r\n";
    case STORE_CREATED_OK:
        return "CREATED_STORED\r\n";
    case STORE_REPLACED:
        return "REPLACED\r\n";
    default:
        return session_failure(result);
    }
}

const char *collection_delete_line(enum store_result result)
{
    switch (result) {
    case STORE_OK:
        return "DELETED\r\n";
    case STORE_DROPPED:
        return "DELETED_DROPPED\r\n";
    default:
        return session_failure(result);
    }
}

void collection_create(struct session *session, struct command_context *context,
                       const struct words *words, const struct collection_create *create)
{
    const struct word *key = &words->word[2];
    const struct words_left left = words_from(words, 3);
    struct collection_attributes attributes;

    if (key->len > ITEM_KEY_MAX || left.count + session->noreply < CREATE_WORDS_MIN ||
        !collection_parse_attributes(&attributes, create->type, &left)) {
        session_say_bad_format(session, context);
        return;
    }
    enum store_result result =
        store_create(context->store, key->at, key->len, create->type, &attributes);
    counter_add(context->counters, create->command, 1);
    counter_add(context->counters, create->oks, result == STORE_OK);
    observe(context, context->key.at, context->key.len, create->command,
            result == STORE_OK ? create->oks : COUNTER_COUNT);
    session_say(session, context, result == STORE_OK ? "CREATED\r\n" : session_failure(result));
}
