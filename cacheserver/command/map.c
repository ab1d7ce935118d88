/*
 * The map commands. The fields of mop get and mop delete follow on a line of their own: one that
 * fits a data block is read where it was received; a longer one is collected (keys_line.h) while
 * the session remembers the request. Either way they end up as an array of fields that point into
 * the line.
 */
#include "cacheserver/store/map.h"

#include <stdlib.h>
#include <string.h>

#include "cacheserver/command/collection_reply.h"
#include "cacheserver/command/handlers.h"
#include "cacheserver/command/keys_line.h"
#include "cacheserver/command/lqdetect.h"
#include "cacheserver/protocol/limits.h"
#include "cacheserver/runtime/number.h"

/* Fields of one request that need no memory from the heap. */
#define FIELDS_NEAR 32

static const struct collection_counters insert_counters = {
    COUNTER_cmd_mop_insert, COUNTER_mop_insert_hits, COUNTER_mop_insert_misses,
    COUNTER_mop_insert_misses};
static const struct collection_counters update_counters = {
    COUNTER_cmd_mop_update, COUNTER_mop_update_elem_hits, COUNTER_mop_update_none_hits,
    COUNTER_mop_update_misses};
static const struct collection_counters delete_counters = {
    COUNTER_cmd_mop_delete, COUNTER_mop_delete_elem_hits, COUNTER_mop_delete_none_hits,
    COUNTER_mop_delete_misses};
static const struct collection_counters get_counters = {
    COUNTER_cmd_mop_get, COUNTER_mop_get_elem_hits, COUNTER_mop_get_none_hits,
    COUNTER_mop_get_misses};

HANDLER(mop_create)
{
    static const struct collection_create create = {ITEM_MAP, COUNTER_cmd_mop_create,
                                                    COUNTER_mop_create_oks};
    collection_create(session, context, words, &create);
}

/* --- one field --- */

static void put(struct session *session, struct command_context *context, const struct words *words,
                enum map_put_mode mode)
{
    const struct word *key = &words->word[2], *field = &words->word[3];
    const struct collection_counters *counters =
        mode == MAP_UPDATE ? &update_counters : &insert_counters;
    struct map_put put = {.mode = mode, .field = {.at = field->at, .len = field->len}};
    struct collection_attributes attributes;

    if (key->len <= ITEM_KEY_MAX && field->len > MAP_FIELD_MAX) {
        session_say(session, context, "CLIENT_ERROR too long field name\r\n");
        return;
    }
    if (key->len > ITEM_KEY_MAX || !collection_parse_length(&words->word[4], &put.value_len) ||
        !collection_parse_create(&attributes, &put.create, ITEM_MAP, words_from(words, 5))) {
        session_say_bad_format(session, context);
        return;
    }
    put.value = collection_block(session, context, put.value_len, counters->command);
    if (!put.value)
        return;
    enum store_result result = map_put(context->store, key->at, key->len, &put);
    collection_count(context, counters, result);
    if (mode == MAP_UPDATE && result == STORE_REPLACED)
        session_say(session, context, "UPDATED\r\n");
    else
        session_say(session, context, collection_insert_line(result));
}

HANDLER(mop_insert)
{
    put(session, context, words, MAP_INSERT);
}

HANDLER(mop_upsert)
{
    put(session, context, words, MAP_UPSERT);
}

HANDLER(mop_update)
{
    put(session, context, words, MAP_UPDATE);
}

/* --- several fields --- */

struct request {
    bool reads; /* else it only deletes */
    enum store_removal_mode mode;
    uint32_t line_len, field_count; /* both 0: all fields */
    const struct words *words;
};

/* Answers the request; fields NULL: all of them. */
static void answer(struct session *session, struct command_context *context,
                   const struct request *request, const struct map_fields *fields)
{
    const struct word *key = &request->words->word[2];
    struct collection_reply into = {.reply = context->reply, .with_fields = true};
    const struct store_reader reader = collection_reader(&into);
    enum store_result result;

    context->key = *key;
    if (request->reads) {
        result = map_get(context->store, key->at, key->len, fields, request->mode, &reader);
        collection_count(context, &get_counters, result);
        collection_say_end(session, context, &into, result, request->mode);
    } else {
        result = map_delete(context->store, key->at, key->len, fields, request->mode);
        collection_count(context, &delete_counters, result);
        session_say(session, context, collection_delete_line(result));
    }
}

static int compare_names(const struct map_field *a, const struct map_field *b)
{
    if (a->len != b->len)
        return a->len < b->len ? -1 : 1;
    return memcmp(a->at, b->at, a->len);
}

/* Fields of one request lie in one buffer: their addresses tell which was named first. */
static int compare_places(const void *left, const void *right)
{
    const struct map_field *a = left, *b = right;
    return a->at < b->at ? -1 : a->at > b->at;
}

static int compare_fields(const void *left, const void *right)
{
    int order = compare_names(left, right);
    return order ? order : compare_places(left, right);
}

/* What is removed must be named once; the others keep their order. */
static void drop_repeated(struct map_fields *fields, struct map_field *at)
{
    uint32_t kept = 0;

    qsort(at, fields->count, sizeof(*at), compare_fields);
    for (uint32_t i = 0; i < fields->count; i++)
        if (i == 0 || compare_names(&at[kept - 1], &at[i]))
            at[kept++] = at[i];
    fields->count = kept;
    qsort(at, kept, sizeof(*at), compare_places);
}

static void answer_fields(struct session *session, struct command_context *context,
                          const struct request *request, struct map_field *at, uint32_t count)
{
    struct map_fields fields = {.at = at, .count = count};

    if (request->mode != STORE_KEEP && count > 1)
        drop_repeated(&fields, at);
    answer(session, context, request, &fields);
}

/* Cuts the line into the announced number of fields; false: it is not right. */
static bool cut(const char *line, size_t len, char separator, struct map_field *at, uint32_t count)
{
    const char *end = line + len;

    for (uint32_t i = 0; i < count; i++) {
        const char *stop = memchr(line, separator, (size_t)(end - line));
        bool last = i + 1 == count;
        if (last != !stop)
            return false;
        if (!stop)
            stop = end;
        at[i] = (struct map_field){.at = line, .len = (size_t)(stop - line)};
        if (at[i].len == 0 || at[i].len > MAP_FIELD_MAX)
            return false;
        line = stop + 1;
    }
    return true;
}

static void answer_block(struct session *session, struct command_context *context,
                         const struct request *request)
{
    const char *line = session_block(session, context, request->line_len);
    struct map_field near[FIELDS_NEAR], *at = near;

    if (!line)
        return;
    if (request->field_count > FIELDS_NEAR)
        at = malloc(request->field_count * sizeof(*at));
    if (!at) {
        session_say(session, context, "SERVER_ERROR out of memory\r\n");
        return;
    }
    bool commas = !memchr(line, ' ', request->line_len);
    if (cut(line, request->line_len, commas ? ',' : ' ', at, request->field_count))
        answer_fields(session, context, request, at, request->field_count);
    else
        session_say(session, context, "CLIENT_ERROR bad data chunk\r\n");
    if (at != near)
        free(at);
}

/* A request that waits for its long line of fields, with a copy of its words. */
struct task {
    struct request request;
    struct words words;
    char text[];
};

static void note_long_query(const struct session *session, struct command_context *context,
                            const struct request *request)
{
    struct lqdetect *lqdetect = context->shared->lqdetect;

    if (lqdetect_is_on(lqdetect))
        lqdetect_note(lqdetect, request->reads ? "mop get" : "mop delete", session->peer,
                      request->words, context->store->elements);
}

static void answer_line(struct session *session, struct command_context *context)
{
    const struct task *task = session->task;
    uint32_t count = 0, most = task->request.field_count;
    struct map_field *fields = malloc(most * sizeof(*fields));
    const char *field;
    size_t len;

    while (fields && count < most && keys_line_next(session, &field, &len))
        fields[count++] = (struct map_field){.at = field, .len = len};
    if (fields) {
        answer_fields(session, context, &task->request, fields, count);
        note_long_query(session, context, &task->request);
    } else {
        session_say(session, context, "SERVER_ERROR out of memory\r\n");
    }
    free(fields);
    keys_line_end(session);
}

static struct task *task_new(const struct request *request)
{
    size_t len = words_span(request->words);
    struct task *task = malloc(sizeof(*task) + len);

    if (!task)
        return NULL;
    memcpy(task->text, request->words->word[0].at, len);
    words_split(&task->words, task->text, len);
    task->request = *request;
    task->request.words = &task->words;
    return task;
}

static void collect_line(struct session *session, struct command_context *context,
                         const struct request *request, uint32_t count_max)
{
    const struct keys_line line = {.len = request->line_len,
                                   .count = request->field_count,
                                   .count_max = count_max,
                                   .key_max = MAP_FIELD_MAX,
                                   .commas = true,
                                   .answer = answer_line};

    struct task *task = pipe_drops(&session->pipe) ? NULL : task_new(request);
    if (!task) {
        session_refuse_block(session, context, request->line_len, "SERVER_ERROR out of memory\r\n");
        return;
    }
    session->task = task;
    session->task_free = free;
    keys_line_begin(session, context, &line);
}

static bool parse_fields(const struct words *words, struct request *request)
{
    const struct word *word = words->word;

    request->words = words;
    return word[2].len <= ITEM_KEY_MAX &&
           number_parse_u32(word[3].at, word[3].len, &request->line_len) &&
           number_parse_u32(word[4].at, word[4].len, &request->field_count) &&
           request->line_len <= UINT32_MAX - 2 &&
           (request->line_len == 0) == (request->field_count == 0);
}

static void run_request(struct session *session, struct command_context *context,
                        const struct request *request)
{
    uint32_t len = request->line_len, count = request->field_count;
    uint32_t count_max =
        atomic_load_explicit(&context->store->store->max_counts[ITEM_MAP], memory_order_relaxed);

    if (count == 0) {
        if (!pipe_drops(&session->pipe))
            answer(session, context, request, NULL);
    } else if (count > count_max || count > len / 2 + 1 ||
               len > (uint64_t)count * MAP_FIELD_MAX + count - 1) {
        session_refuse_block(session, context, len, "CLIENT_ERROR bad value\r\n");
    } else if (len + 2 <= LIMIT_BLOCK) {
        answer_block(session, context, request);
    } else {
        collect_line(session, context, request, count_max);
    }
}

HANDLER(mop_get)
{
    const struct words_left left = words_from(words, 5);
    struct request request = {.reads = true};

    if (parse_fields(words, &request) && collection_parse_get_mode(&left, &request.mode))
        run_request(session, context, &request);
    else
        session_say_bad_format(session, context);
}

HANDLER(mop_delete)
{
    const struct words_left left = words_from(words, 5);
    struct request request = {.reads = false};

    if (parse_fields(words, &request) && collection_parse_delete_mode(&left, &request.mode))
        run_request(session, context, &request);
    else
        session_say_bad_format(session, context);
}
