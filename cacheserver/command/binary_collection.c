/*
 * Lists and sets. Elements come back as an array of lengths and then their bytes, so the answer of
 * the text protocol is walked twice: to add the lengths up, and to copy.
 */
#include <string.h>

#include "cacheserver/command/binary_text.h"
#include "cacheserver/command/collection.h"
#include "cacheserver/runtime/number.h"

#define GET_EXTRAS 8

struct elements {
    uint32_t flags, count;
    size_t bytes;      /* of all elements */
    const char *first; /* the line of the first one */
};

static void add_key(struct binary_text *text, const struct binary_request *request)
{
    binary_text_add(text, request->key, request->header.key_len);
}

static void add_word(struct binary_text *text, const char *word)
{
    binary_text_add(text, word, strlen(word));
}

static enum binary_status first_status(const struct binary_text *text)
{
    size_t at = 0, len;
    const char *line = binary_text_line(text, &at, &len);

    return line ? binary_text_status(line, len) : BINARY_INTERNAL;
}

/* For requests whose answer is a status. Lists have indexes instead of elements. */
static enum binary_status run(struct binary_text *text, struct session *session,
                              struct command_context *context, const struct binary_request *request)
{
    enum binary_status status =
        binary_text_run(text, session, context, request->value, request->header.value_len);

    if (status == BINARY_OK)
        status = first_status(text);
    return status == BINARY_ELEMENT_NOT_FOUND && text->name[0] == 'l' ? BINARY_INDEX_OUT_OF_RANGE
                                                                      : status;
}

static void say(struct binary_text *text, struct session *session, struct command_context *context,
                const struct binary_request *request)
{
    binary_say(context, request, run(text, session, context, request));
    binary_text_deinit(text, context);
}

/* --- get --- */

/* The bytes of an element's line, behind its length; NULL: it is not one. */
static const char *element_of(const char *line, const char *end, uint64_t *len)
{
    const char *blank = memchr(line, ' ', (size_t)(end - line));

    if (!blank || !number_parse_u64(line, (size_t)(blank - line), len) ||
        *len + 2 > (uint64_t)(end - blank - 1))
        return NULL;
    return blank + 1;
}

/* "VALUE flags count", then the elements. */
static bool read_elements(const struct binary_text *text, struct elements *elements)
{
    const char *end = text->reply->buffer + text->reply->len, *at;
    size_t next = 0, line_len;
    uint64_t len = 0;
    struct words words;

    words_split(&words, text->reply->buffer, 0);
    const char *line = binary_text_line(text, &next, &line_len);
    if (line)
        words_split(&words, line, line_len);
    if (words.count != 3 || !word_is(&words.word[0], "VALUE") ||
        !number_parse_u32(words.word[1].at, words.word[1].len, &elements->flags) ||
        !number_parse_u32(words.word[2].at, words.word[2].len, &elements->count))
        return false;
    at = elements->first = text->reply->buffer + next;
    elements->bytes = 0;
    for (uint32_t i = 0; i < elements->count; i++) {
        at = element_of(at, end, &len);
        if (!at)
            return false;
        at += len + 2;
        elements->bytes += len;
    }
    return true;
}

static void say_elements(struct command_context *context, const struct binary_request *request,
                         const struct binary_text *text, const struct elements *elements)
{
    const char *end = text->reply->buffer + text->reply->len, *from = elements->first;
    size_t lengths = (size_t)elements->count * sizeof(uint32_t);
    char extras[GET_EXTRAS];
    struct binary_response response = {
        .extras = extras, .extras_len = GET_EXTRAS, .value_len = lengths + elements->bytes};
    char *start =
        reply_reserve(context->reply, BINARY_HEADER_BYTES + GET_EXTRAS + response.value_len);
    uint64_t len = 0;

    if (!start)
        return;
    binary_put_u32(binary_put_u32(extras, elements->flags), elements->count);
    char *length = binary_response_put(start, request->header.echo, &response);
    char *bytes = length + lengths;
    for (uint32_t i = 0; i < elements->count; i++) {
        from = element_of(from, end, &len);
        length = binary_put_u32(length, (uint32_t)len);
        bytes = mempcpy(bytes, from, len);
        from += len + 2;
    }
    reply_commit(context->reply, (size_t)(bytes - start));
}

static void get(struct binary_text *text, struct session *session, struct command_context *context,
                const struct binary_request *request)
{
    struct elements elements;
    enum binary_status status = binary_text_run(text, session, context, NULL, 0);

    if (status == BINARY_OK && read_elements(text, &elements)) {
        say_elements(context, request, text, &elements);
    } else {
        if (status == BINARY_OK)
            status = first_status(text);
        if (status == BINARY_ELEMENT_NOT_FOUND && text->name[0] == 'l')
            status = BINARY_INDEX_OUT_OF_RANGE;
        binary_say(context, request, status);
    }
    binary_text_deinit(text, context);
}

/* Whoever drops what is left empty must delete, too. */
static void add_removal(struct binary_text *text, bool deletes, bool drops)
{
    if (deletes)
        add_word(text, drops ? "drop" : "delete");
}

static void add_drop(struct binary_text *text, bool drops)
{
    if (drops)
        add_word(text, "drop");
}

/* --- the requests --- */

static void create(struct session *session, struct command_context *context,
                   const struct binary_request *request, const char *name)
{
    const char *extras = request->extras;
    struct binary_text text;

    binary_text_init(&text, name);
    add_key(&text, request);
    binary_text_add_attributes(&text, extras);
    if (extras[12] >= 1 && extras[12] <= OVERFLOW_LARGEST_SILENT_TRIM - OVERFLOW_ERROR + 1)
        add_word(&text, collection_overflow_name(
                            (enum collection_overflow)(OVERFLOW_ERROR + extras[12] - 1)));
    if (!extras[13])
        add_word(&text, "unreadable");
    say(&text, session, context, request);
}

BINARY_HANDLER(list_create)
{
    create(session, context, request, "lop create");
}

BINARY_HANDLER(set_create)
{
    create(session, context, request, "sop create");
}

BINARY_HANDLER(btree_create)
{
    create(session, context, request, "bop create");
}

static void add_block(struct binary_text *text, const struct binary_request *request,
                      const char *attributes)
{
    binary_text_format(text, "%zu", request->header.value_len);
    if (attributes && attributes[12]) {
        add_word(text, "create");
        binary_text_add_attributes(text, attributes);
    }
}

BINARY_HANDLER(list_insert)
{
    struct binary_text text;

    binary_text_init(&text, "lop insert");
    add_key(&text, request);
    binary_text_format(&text, "%d", (int32_t)binary_u32(request->extras));
    add_block(&text, request, request->extras + 4);
    say(&text, session, context, request);
}

BINARY_HANDLER(set_insert)
{
    struct binary_text text;

    binary_text_init(&text, "sop insert");
    add_key(&text, request);
    add_block(&text, request, request->extras);
    say(&text, session, context, request);
}

static void add_range(struct binary_text *text, const char *extras)
{
    binary_text_format(text, "%d..%d", (int32_t)binary_u32(extras),
                       (int32_t)binary_u32(extras + 4));
}

BINARY_HANDLER(list_delete)
{
    struct binary_text text;

    binary_text_init(&text, "lop delete");
    add_key(&text, request);
    add_range(&text, request->extras);
    add_drop(&text, request->extras[8]);
    say(&text, session, context, request);
}

BINARY_HANDLER(set_delete)
{
    struct binary_text text;

    binary_text_init(&text, "sop delete");
    add_key(&text, request);
    add_block(&text, request, NULL);
    add_drop(&text, request->extras[0]);
    say(&text, session, context, request);
}

BINARY_HANDLER(list_get)
{
    struct binary_text text;

    binary_text_init(&text, "lop get");
    add_key(&text, request);
    add_range(&text, request->extras);
    add_removal(&text, request->extras[8], request->extras[9]);
    get(&text, session, context, request);
}

BINARY_HANDLER(set_get)
{
    struct binary_text text;

    binary_text_init(&text, "sop get");
    add_key(&text, request);
    binary_text_format(&text, "%u", binary_u32(request->extras));
    add_removal(&text, request->extras[4], request->extras[5]);
    get(&text, session, context, request);
}

BINARY_HANDLER(set_exist)
{
    struct binary_text text;
    char exists[4];

    binary_text_init(&text, "sop exist");
    add_key(&text, request);
    add_block(&text, request, NULL);
    enum binary_status status = run(&text, session, context, request);
    if (status == BINARY_OK) {
        binary_put_u32(exists, text.reply->buffer[0] == 'E');
        binary_respond(context->reply, request->header.echo,
                       (struct binary_response){.value_len = sizeof(exists)}, exists);
    } else {
        binary_say(context, request, status);
    }
    binary_text_deinit(&text, context);
}
