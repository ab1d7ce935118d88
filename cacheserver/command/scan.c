/*
 * One call looks at a number of items or prefixes and says where the next one goes on; nothing is
 * remembered in between. How many match has to be said first, so the lines are collected, and a
 * call ends early when they, or the keys looked at, come to some size or the table is nearly empty:
 * the protocol lets it. Keys are copied under their bucket's lock and compared with the pattern
 * after it. A call that looks at many takes several turns.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cacheserver/command/glob.h"
#include "cacheserver/command/handlers.h"
#include "cacheserver/command/moment.h"
#include "cacheserver/protocol/limits.h"
#include "cacheserver/runtime/number.h"
#include "cacheserver/store/cursor.h"

#define COUNT_DEFAULT   20
#define COUNT_MAX       2000
#define CURSOR_MAX      31
#define ITEMS_AT_ONCE   16
#define STEPS_PER_COUNT 4
#define LOOKED_AT_MAX   ((size_t)256 * 1024)

struct text {
    char *at;
    size_t len, capacity;
    bool failed;
};

struct scan {
    bool of_keys;
    uint64_t position;
    uint32_t count;
    size_t pattern_len; /* 0: every name */
    char pattern[GLOB_PATTERN_MAX];
    int type; /* enum item_type; -1: all */
    clock_seconds now;

    uint32_t seen;  /* items, or prefixes */
    uint32_t steps; /* buckets, or numbers of prefixes */

    struct text keys;  /* copied, not compared yet */
    struct text lines; /* of what matched */
    unsigned matched;
    size_t looked_at;
};

/* Stands before each copied key. */
struct copied {
    uint32_t key_len;
    char type;
    int64_t seconds_left;
};

static char *text_add(struct text *text, size_t n)
{
    if (n > text->capacity - text->len) {
        size_t capacity = text->capacity ? text->capacity : 4096;
        while (capacity - text->len < n)
            capacity *= 2;
        char *grown = realloc(text->at, capacity);
        if (!grown) {
            text->failed = true;
            return NULL;
        }
        text->at = grown;
        text->capacity = capacity;
    }
    text->len += n;
    return text->at + text->len - n;
}

static bool matches(const struct scan *scan, const char *name, size_t len)
{
    return !scan->pattern_len || glob_matches(scan->pattern, scan->pattern_len, name, len);
}

/* --- options --- */

static bool read_type(const struct word *word, int *type)
{
    static const char letters[] = "KLSMB";

    if (word->len != 1)
        return false;
    if (word->at[0] == 'A') {
        *type = -1;
        return true;
    }
    const char *at = memchr(letters, word->at[0], ITEM_TYPES);
    if (at)
        *type = (int)(at - letters);
    return at;
}

/* What is wrong, NULL nothing. */
static const char *read_option(struct scan *scan, const struct word *name, const struct word *value)
{
    if (word_is(name, "count")) {
        if (!number_parse_u32(value->at, value->len, &scan->count) || scan->count == 0 ||
            scan->count > COUNT_MAX)
            return "CLIENT_ERROR bad count value\r\n";
    } else if (word_is(name, "match")) {
        if (!glob_is_valid(value->at, value->len))
            return "CLIENT_ERROR bad pattern string\r\n";
        scan->pattern_len = value->len;
        memcpy(scan->pattern, value->at, value->len);
    } else if (scan->of_keys && word_is(name, "type")) {
        if (!read_type(value, &scan->type))
            return "CLIENT_ERROR bad item type\r\n";
    } else {
        return "CLIENT_ERROR bad command line format\r\n";
    }
    return NULL;
}

static const char *read_request(struct scan *scan, const struct words *words)
{
    const struct word *cursor = &words->word[2];
    const char *wrong = NULL;

    if (words->count > LIMIT_WORDS)
        return "CLIENT_ERROR bad command line format\r\n";
    if (cursor->len > CURSOR_MAX)
        return "CLIENT_ERROR bad cursor value\r\n";
    for (unsigned i = 3; !wrong && i + 1 < words->count; i += 2)
        wrong = read_option(scan, &words->word[i], &words->word[i + 1]);
    if (wrong)
        return wrong;
    if (words->count % 2 == 0)
        return "CLIENT_ERROR bad command line format\r\n";
    if (!number_parse_u64(cursor->at, cursor->len, &scan->position))
        return "CLIENT_ERROR invalid cursor.\r\n";
    return NULL;
}

/* --- keys --- */

static int64_t seconds_left(const struct item *item, clock_seconds now)
{
    if (item->exptime == CLOCK_NEVER)
        return 0;
    return item->exptime == CLOCK_STICKY ? -1 : (int64_t)item->exptime - now;
}

static void copy_key(struct item *item, void *argument)
{
    static const char letters[ITEM_TYPES] = {'K', 'L', 'S', 'M', 'B'};
    struct scan *scan = argument;
    size_t len = item_key_len(item);

    scan->looked_at += len;
    if (scan->type >= 0 && (int)item_type(item) != scan->type)
        return;
    struct copied copied = {.key_len = (uint32_t)len,
                            .type = letters[item_type(item)],
                            .seconds_left = seconds_left(item, scan->now)};
    char *to = text_add(&scan->keys, sizeof(copied) + len);
    if (!to)
        return;
    memcpy(to, &copied, sizeof(copied));
    memcpy(to + sizeof(copied), item_key(item), len);
}

static void add_key_line(struct scan *scan, const struct copied *copied, const char *key)
{
    char rest[32];
    int n =
        snprintf(rest, sizeof(rest), " %c %lld\r\n", copied->type, (long long)copied->seconds_left);
    char *to = text_add(&scan->lines, copied->key_len + (size_t)n);

    if (!to)
        return;
    memcpy(to, key, copied->key_len);
    memcpy(to + copied->key_len, rest, (size_t)n);
    scan->matched++;
}

static void compare_keys(struct command_context *context, struct scan *scan)
{
    char delimiter = context->shared->settings->prefix_delimiter;

    for (size_t at = 0; at < scan->keys.len;) {
        struct copied copied;
        memcpy(&copied, scan->keys.at + at, sizeof(copied));
        const char *key = scan->keys.at + at + sizeof(copied);
        at += sizeof(copied) + copied.key_len;
        size_t prefix_len = prefix_length(key, copied.key_len, delimiter);
        if (!prefix_is_internal(key, prefix_len) && matches(scan, key, copied.key_len))
            add_key_line(scan, &copied, key);
    }
    scan->keys.len = 0;
}

/* false: there is more to do. */
static bool scan_keys(struct command_context *context, struct scan *scan)
{
    while (scan->seen < scan->count && scan->steps < STEPS_PER_COUNT * scan->count &&
           scan->looked_at < LOOKED_AT_MAX && scan->lines.len < LIMIT_REPLY_BUFFERED) {
        uint32_t left = scan->count - scan->seen;
        unsigned count;
        if (context->budget == 0)
            return false;
        context->budget--;
        scan->steps++;
        scan->position =
            cursor_pass_items(context->store, scan->position,
                              left < ITEMS_AT_ONCE ? left : ITEMS_AT_ONCE, copy_key, scan, &count);
        compare_keys(context, scan);
        scan->seen += count;
        if (!scan->position)
            break;
    }
    return true;
}

/* --- prefixes --- */

static void add_prefix_line(struct scan *scan, const struct prefix *prefix,
                            const struct prefix_usage *usage)
{
    const char *name = prefix->len ? prefix->name : "<null>";
    char line[PREFIX_MAX + 80], created[MOMENT_TEXT];
    int n = snprintf(line, sizeof(line), "%s %lld %lld %s\r\n", name, (long long)usage->all_items,
                     (long long)usage->all_bytes, moment_text(prefix->created_s, created));
    char *to = text_add(&scan->lines, (size_t)n);

    if (!to)
        return;
    memcpy(to, line, (size_t)n);
    scan->matched++;
}

/* Whether it was one that the scan lists if it matches. */
static bool scan_prefix(struct command_context *context, struct scan *scan, struct prefix *prefix)
{
    struct prefix_usage usage;

    if (!prefix || prefix_is_internal(prefix->name, prefix->len))
        return false;
    prefix_sum(context->shared->store, prefix, &usage);
    if (usage.all_items <= 0)
        return false;
    const char *name = prefix->len ? prefix->name : "<null>";
    if (matches(scan, name, strlen(name)))
        add_prefix_line(scan, prefix, &usage);
    return true;
}

/* false: there is more to do. */
static bool scan_prefixes(struct command_context *context, struct scan *scan)
{
    struct prefixes *prefixes = &context->shared->store->prefixes;
    uint32_t ids = atomic_load_explicit(&prefixes->id_count, memory_order_acquire);

    while (scan->position < ids && scan->seen < scan->count &&
           scan->steps < STEPS_PER_COUNT * scan->count) {
        if (context->budget == 0)
            return false;
        context->budget--;
        scan->steps++;
        scan->seen += scan_prefix(context, scan, prefix_at(prefixes, (uint32_t)scan->position++));
    }
    if (scan->position >= ids)
        scan->position = 0;
    return true;
}

/* --- both --- */

static void scan_free(void *task)
{
    struct scan *scan = task;

    free(scan->keys.at);
    free(scan->lines.at);
    free(scan);
}

static void go_on(struct session *session, struct command_context *context)
{
    struct scan *scan = session->task;

    if (!(scan->of_keys ? scan_keys(context, scan) : scan_prefixes(context, scan)))
        return;
    if (scan->keys.failed || scan->lines.failed) {
        session_say(session, context, "SERVER_ERROR out of memory.\r\n");
    } else {
        reply_format(context->reply, "%s %u %llu\r\n", scan->of_keys ? "KEYS" : "PREFIXES",
                     scan->matched, (unsigned long long)scan->position);
        reply_bytes(context->reply, scan->lines.at ? scan->lines.at : "", scan->lines.len);
        reply_text(context->reply, "END\r\n");
    }
    session_end_task(session);
}

static void run_scan(struct session *session, struct command_context *context,
                     const struct words *words, bool of_keys)
{
    struct scan *scan = calloc(1, sizeof(*scan));

    if (!scan) {
        session_say(session, context, "SERVER_ERROR out of memory.\r\n");
        return;
    }
    scan->of_keys = of_keys;
    scan->count = COUNT_DEFAULT;
    scan->type = -1;
    scan->now = context->store->now;
    const char *wrong = read_request(scan, words);
    if (wrong) {
        scan_free(scan);
        session_say(session, context, wrong);
        return;
    }
    session_begin_task(session, scan, scan_free, go_on);
}

HANDLER(scan_key)
{
    run_scan(session, context, words, true);
}

HANDLER(scan_prefix)
{
    run_scan(session, context, words, false);
}
