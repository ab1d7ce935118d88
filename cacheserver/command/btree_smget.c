/*
 * bop smget: the b+trees are visited one after the other, each locked for one slice of elements at
 * a time, and their elements merged (smget_merge.h). Only when all were visited the reply begins,
 * part by part as there is room for it.
 *
 * There are two forms. Without a closing word any b+tree whose range begins in what was trimmed
 * spoils the request, and the reply ends where one of them has no more because of a trim. With
 * "duplicate" or "unique" such b+trees are listed instead.
 */
#include <stdlib.h>
#include <string.h>

#include "cacheserver/command/btree_many.h"
#include "cacheserver/command/btree_reply.h"
#include "cacheserver/command/handlers.h"
#include "cacheserver/command/smget_merge.h"
#include "cacheserver/protocol/limits.h"
#include "cacheserver/store/hash.h"

enum smget_mode { SMGET_OLD, SMGET_DUPLICATE, SMGET_UNIQUE };

enum smget_phase { VISITING, ELEMENTS, MISSED, TRIMMED, LAST_LINE };

struct missed {
    uint32_t key;
    enum store_result why;
};

struct trimmed {
    uint32_t key;
    struct bkey last; /* the last bkey before the trim */
};

struct smget {
    struct btree_many many;
    enum smget_mode mode;
    enum smget_phase phase;
    struct smget_merge merge;

    uint32_t key_count; /* visited, or being visited */
    struct merge_key *keys;
    uint32_t *names; /* numbers plus one of keys that had elements, by hash: none may come twice */
    uint32_t names_mask;
    struct missed *missed;
    uint32_t missed_count;
    struct trimmed *trimmed;
    uint32_t trimmed_count, trimmed_capacity;

    /* the b+tree that is being visited */
    bool again; /* not all of it was seen */
    bool found; /* an element */
    bool full;
    uint32_t taken;
    struct bkey last;         /* taken */
    struct bkey passed;       /* the last one, taken or not */
    const struct bkey *after; /* one of these, behind which to go on; NULL: from the start */

    /* the old mode: nothing is certain beyond this bkey */
    bool stops;
    struct bkey stop;

    /* the reply */
    uint32_t next, end; /* entries */
    bool duplicated;
    bool cut; /* the old mode: it ends early because of a trim */
};

static void smget_free(void *task)
{
    struct smget *smget = task;

    merge_deinit(&smget->merge);
    free(smget->keys);
    free(smget->names);
    free(smget->missed);
    free(smget->trimmed);
    free(smget);
}

static uint32_t names_size(uint32_t keys)
{
    uint32_t size = 16;

    while (size < 2 * keys)
        size *= 2;
    return size;
}

static struct smget *smget_new(const struct btree_many *many, enum smget_mode mode,
                               uint32_t key_count)
{
    const struct bkey_range *range = &many->space.range;
    struct smget *smget = calloc(1, sizeof(*smget));

    if (!smget)
        return NULL;
    btree_copy_many(&smget->many, many);
    smget->mode = mode;
    smget->names_mask = names_size(key_count) - 1;
    smget->keys = calloc(key_count, sizeof(*smget->keys));
    smget->names = calloc((size_t)smget->names_mask + 1, sizeof(*smget->names));
    smget->missed = calloc(key_count, sizeof(*smget->missed));
    smget->merge = (struct smget_merge){.wanted = many->query.offset + many->query.count,
                                        .unique = mode == SMGET_UNIQUE,
                                        .descending = bkey_compare(&range->from, &range->to) > 0,
                                        .kind = range->from.kind,
                                        .keys = smget->keys};
    if (smget->keys && smget->names && smget->missed)
        return smget;
    smget_free(smget);
    return NULL;
}

static void fail(struct session *session, struct command_context *context, const char *line)
{
    keys_line_end(session);
    session_say(session, context, line);
}

/* --- visiting --- */

/* false: it was given before. */
static bool add_name(struct smget *smget, const struct hash_seed *seed, uint32_t number)
{
    const struct merge_key *key = &smget->keys[number];
    uint32_t slot = (uint32_t)hash_key(seed, key->at, key->len) & smget->names_mask;

    for (; smget->names[slot]; slot = (slot + 1) & smget->names_mask) {
        const struct merge_key *other = &smget->keys[smget->names[slot] - 1];
        if (other->len == key->len && !memcmp(other->at, key->at, key->len))
            return false;
    }
    smget->names[slot] = number + 1;
    return true;
}

static bool take_element(void *argument, const struct btree_element *element)
{
    struct smget *smget = argument;
    enum merge_outcome outcome = merge_add(&smget->merge, smget->key_count - 1, element);

    smget->full = outcome == MERGE_FULL;
    if (outcome != MERGE_TAKEN)
        return false;
    smget->found = true;
    smget->taken++;
    bkey_set_bytes(&smget->last, element->kind, element->bkey, element->bkey_len);
    return true;
}

static bool add_trimmed(struct smget *smget, const struct bkey *last)
{
    if (smget->trimmed_count == smget->trimmed_capacity) {
        uint32_t capacity = smget->trimmed_capacity ? 2 * smget->trimmed_capacity : 16;
        struct trimmed *grown = realloc(smget->trimmed, capacity * sizeof(*grown));
        if (!grown)
            return false;
        smget->trimmed = grown;
        smget->trimmed_capacity = capacity;
    }
    smget->trimmed[smget->trimmed_count++] =
        (struct trimmed){.key = smget->key_count - 1, .last = *last};
    return true;
}

/* Nothing of other b+trees beyond the last element of this one is certain. */
static void stop_at_last(struct smget *smget)
{
    int order = smget->stops ? bkey_compare(&smget->last, &smget->stop) : -1;

    if (!smget->stops || (smget->merge.descending ? order > 0 : order < 0))
        smget->stop = smget->last;
    smget->stops = true;
}

/* What became of a b+tree; a result that ends the request is returned. */
static enum store_result note_result(struct smget *smget, const struct btree_part *part,
                                     enum store_result result)
{
    bool old = smget->mode == SMGET_OLD;

    switch (result) {
    case STORE_OK:
        if (!part->trimmed)
            return STORE_OK;
        if (!old)
            return add_trimmed(smget, &part->last) ? STORE_OK : STORE_NO_MEMORY;
        if (!smget->found)
            return STORE_OUT_OF_RANGE;
        stop_at_last(smget);
        return STORE_OK;
    case STORE_OUT_OF_RANGE:
        if (old)
            return result;
        break;
    case STORE_NOT_FOUND:
    case STORE_UNREADABLE:
        break;
    default:
        return result;
    }
    smget->missed[smget->missed_count++] =
        (struct missed){.key = smget->key_count - 1, .why = result};
    return STORE_OK;
}

static enum store_result visit_slice(struct smget *smget, struct command_context *context)
{
    struct merge_key *key = &smget->keys[smget->key_count - 1];
    struct btree_part part = {.range = smget->many.query.range,
                              .filter = smget->many.query.filter,
                              .after = smget->after,
                              .visit = take_element,
                              .argument = smget};

    if (!merge_prepare(&smget->merge))
        return STORE_NO_MEMORY;
    smget->full = false;
    smget->taken = 0;
    enum store_result result = btree_visit_part(context->store, key->at, key->len, &part);
    key->flags = part.flags;
    smget->again = smget->full || part.paused;
    if (part.paused) {
        smget->passed = part.last;
        smget->after = &smget->passed;
    } else if (smget->taken > 0) {
        smget->after = &smget->last;
    }
    return note_result(smget, &part, result);
}

static void spend(struct command_context *context, unsigned n)
{
    context->budget -= n < context->budget ? n : context->budget;
}

/* false: all were visited. */
static bool next_key(struct session *session, struct smget *smget)
{
    const char *at;
    size_t len;

    if (!keys_line_next(session, &at, &len)) {
        smget->phase = ELEMENTS;
        return false;
    }
    smget->keys[smget->key_count++] = (struct merge_key){.at = at, .len = (uint32_t)len};
    smget->found = false;
    smget->after = NULL;
    return true;
}

/* false: the request has failed. */
static bool visit(struct session *session, struct command_context *context, struct smget *smget)
{
    while (context->budget > 0) {
        keys_line_hint(session, context);
        if (!smget->again && !next_key(session, smget))
            return true;
        bool found_before = smget->found;
        enum store_result result = visit_slice(smget, context);
        if (result != STORE_OK) {
            fail(session, context, session_failure(result));
            return false;
        }
        if (smget->found && !found_before &&
            !add_name(smget, &context->store->store->table.seed, smget->key_count - 1)) {
            fail(session, context, "CLIENT_ERROR bad data chunk\r\n");
            return false;
        }
        spend(context, 1 + context->store->elements / 8);
    }
    return true;
}

/* --- the reply --- */

static int compare_trimmed(const void *a, const void *b, void *argument)
{
    const struct smget *smget = argument;
    const struct trimmed *first = a, *second = b;
    int result = bkey_compare(&first->last, &second->last);

    if (result == 0)
        result = (first->key > second->key) - (first->key < second->key);
    return smget->merge.descending ? -result : result;
}

/* Trims matter only before the last element of a reply that is complete. */
static void settle_trimmed(struct smget *smget)
{
    const struct smget_merge *merge = &smget->merge;
    uint32_t kept = 0;

    for (uint32_t i = 0; i < smget->trimmed_count; i++)
        if (merge->count < merge->wanted ||
            merge_compare_bkey(merge, &smget->trimmed[i].last, &merge->entries[merge->count - 1]) <
                0)
            smget->trimmed[kept++] = smget->trimmed[i];
    smget->trimmed_count = kept;
    if (kept > 1)
        qsort_r(smget->trimmed, kept, sizeof(*smget->trimmed), compare_trimmed, smget);
}

static void settle_stop(struct smget *smget)
{
    const struct smget_merge *merge = &smget->merge;
    uint32_t end = 0;

    if (!smget->stops)
        return;
    while (end < merge->count && merge_compare_bkey(merge, &smget->stop, &merge->entries[end]) >= 0)
        end++;
    smget->end = end;
    smget->cut = end < merge->wanted;
}

static void settle(struct smget *smget)
{
    const struct smget_merge *merge = &smget->merge;

    smget->end = merge->count;
    settle_stop(smget);
    settle_trimmed(smget);
    smget->next = smget->many.query.offset < smget->end ? smget->many.query.offset : smget->end;
    for (uint32_t i = smget->next + 1; i < smget->end && !smget->duplicated; i++)
        smget->duplicated = merge_same_bkey(merge, &merge->entries[i - 1], &merge->entries[i]);
}

static void say_count(struct command_context *context, const char *name, uint32_t count)
{
    char line[64];

    reply_bytes(context->reply, line,
                (size_t)(put_crlf(put_number(put_text(line, name), count)) - line));
}

static void say_element(struct command_context *context, const struct smget *smget,
                        const struct merge_entry *entry)
{
    const struct merge_key *key = &smget->keys[entry->key];
    struct btree_element element;

    merge_element(&smget->merge, entry, &element);
    char *room = reply_reserve(context->reply, key->len + NUMBER_MAX_DIGITS + 2 + BTREE_LINE_MAX +
                                                   element.value_len);
    if (!room)
        return;
    char *at = put_blank(put_bytes(room, key->at, key->len));
    at = put_element(put_blank(put_number(at, key->flags)), &element);
    reply_commit(context->reply, (size_t)(at - room));
}

static void say_missed(struct command_context *context, const struct smget *smget,
                       const struct missed *missed)
{
    const struct merge_key *key = &smget->keys[missed->key];

    reply_bytes(context->reply, key->at, key->len);
    if (smget->mode == SMGET_OLD) {
        reply_text(context->reply, "\r\n");
    } else {
        reply_text(context->reply, " ");
        reply_text(context->reply, session_failure(missed->why));
    }
}

static void say_trimmed(struct command_context *context, const struct smget *smget,
                        const struct trimmed *trimmed)
{
    const struct merge_key *key = &smget->keys[trimmed->key];
    const struct bkey *last = &trimmed->last;
    char line[BKEY_MAX_TEXT + 3];

    reply_bytes(context->reply, key->at, key->len);
    char *end = put_crlf(bkey_print(put_blank(line), last->kind, last->bytes, last->len));
    reply_bytes(context->reply, line, (size_t)(end - line));
}

static const char *last_line(const struct smget *smget)
{
    if (smget->cut)
        return smget->duplicated ? "DUPLICATED_TRIMMED\r\n" : "TRIMMED\r\n";
    return smget->duplicated ? "DUPLICATED\r\n" : "END\r\n";
}

/* The next line; the head of a part comes with the end of the one before. */
static void say_next(struct command_context *context, struct smget *smget)
{
    switch (smget->phase) {
    case ELEMENTS:
        if (smget->next < smget->end) {
            say_element(context, smget, &smget->merge.entries[smget->next++]);
            return;
        }
        smget->phase = MISSED;
        smget->next = 0;
        say_count(context, "MISSED_KEYS ", smget->missed_count);
        return;
    case MISSED:
        if (smget->next < smget->missed_count) {
            say_missed(context, smget, &smget->missed[smget->next++]);
            return;
        }
        smget->phase = smget->mode == SMGET_OLD ? LAST_LINE : TRIMMED;
        smget->next = 0;
        if (smget->phase == TRIMMED)
            say_count(context, "TRIMMED_KEYS ", smget->trimmed_count);
        return;
    default:
        if (smget->next < smget->trimmed_count)
            say_trimmed(context, smget, &smget->trimmed[smget->next++]);
        else
            smget->phase = LAST_LINE;
    }
}

static bool begin_reply(struct session *session, struct command_context *context,
                        struct smget *smget)
{
    if (!merge_finish(&smget->merge)) {
        fail(session, context, session_failure(STORE_NO_MEMORY));
        return false;
    }
    settle(smget);
    say_count(context, smget->mode == SMGET_OLD ? "VALUE " : "ELEMENTS ", smget->end - smget->next);
    return true;
}

static void answer(struct session *session, struct command_context *context)
{
    struct smget *smget = session->task;

    if (smget->phase == VISITING) {
        if (!visit(session, context, smget) || smget->phase == VISITING ||
            !begin_reply(session, context, smget))
            return;
    }
    while (smget->phase != LAST_LINE) {
        if (reply_is_full(context->reply))
            return;
        say_next(context, smget);
    }
    reply_text(context->reply, last_line(smget));
    counter_add(context->counters, COUNTER_bop_smget_oks, 1);
    keys_line_end(session);
}

static enum smget_mode take_mode(struct words_left *left)
{
    if (words_take_last(left, "duplicate"))
        return SMGET_DUPLICATE;
    return words_take_last(left, "unique") ? SMGET_UNIQUE : SMGET_OLD;
}

HANDLER(bop_smget)
{
    struct words_left left = words_from(words, 2);
    struct keys_line line = {.count_max = LIMIT_BOP_SMGET_KEYS,
                             .key_max = ITEM_KEY_MAX,
                             .commas = true,
                             .answer = answer};
    enum smget_mode mode = take_mode(&left);
    struct btree_many many;

    if (!btree_parse_many(&left, &line, &many)) {
        session_say_bad_format(session, context);
        return;
    }
    const struct btree_query *query = &many.query;
    bool limits_kept = line.count <= LIMIT_BOP_SMGET_KEYS && query->count >= 1 &&
                       query->count <= LIMIT_BOP_SMGET_COUNT &&
                       query->offset <= LIMIT_BOP_SMGET_COUNT - query->count;
    struct smget *smget = limits_kept ? smget_new(&many, mode, line.count) : NULL;
    counter_add(context->counters, COUNTER_cmd_bop_smget, 1);
    btree_begin_many(session, context, &line, smget, smget_free, limits_kept);
}
