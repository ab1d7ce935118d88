/* libyaml's events become a tree by recursion, one function per kind of node, with every limit
 * checked as the events arrive: its own document loader would take minutes over a file of
 * brackets. Its marks give only the number of the character; lines are counted here, the way
 * messages count them, because libyaml also breaks lines at characters that editors don't. */
#include "planner/base/map.h"
#include "planner/base/utf8.h"
#include "planner/spec/tree.h"

#include <assert.h>
#include <string.h>
#include <yaml.h>

/* Where a line starts: the number of its first character, and the text there. */
struct line {
    size_t index;
    const char *text;
};

struct reader {
    struct arena *arena;
    struct diags *diags;
    const struct spec_source *source;
    vec_of(struct line) lines;
    yaml_parser_t parser;
    yaml_event_t event; /* the one being looked at */
    bool has_event;
    struct map anchors; /* name -> finished struct tree */
    size_t node_count;
};

static struct srcloc place_of_character(const struct reader *reader, size_t index)
{
    size_t low = 0, high = reader->lines.count;

    while (high - low > 1) {
        size_t middle = (low + high) / 2;

        if (reader->lines.items[middle].index <= index)
            low = middle;
        else
            high = middle;
    }
    return (struct srcloc){reader->source->file, (int)low + 1,
                           (int)(index - reader->lines.items[low].index) + 1};
}

static struct srcloc place_of_event(const struct reader *reader)
{
    return place_of_character(reader, reader->event.start_mark.index);
}

/* Counts lines and refuses what is no text. YAML itself allows tabs, line ends and printable
 * characters only. */
static int read_lines(struct reader *reader, const char *text, size_t length)
{
    size_t index = 0;

    *vec_push(reader->arena, &reader->lines) = (struct line){0, text};
    for (size_t at = 0, step; at < length; at += step, index++) {
        struct srcloc place = {reader->source->file, (int)reader->lines.count, 0};
        unsigned code = 0;

        step = utf8_decode(text + at, length - at, &code);
        place.column = (int)(index - reader->lines.items[reader->lines.count - 1].index) + 1;
        if (!step) {
            diag_error(reader->diags, DIAG_YAML_SYNTAX, place,
                       "expected UTF-8 text, found the byte 0x%02x", (unsigned char)text[at]);
            return -1;
        }
        if ((code < 0x20 && !strchr("\t\n\r", (int)code)) || !code || code == 0x7f ||
            (code >= 0x80 && code < 0xa0 && code != 0x85) || code == 0xfffe || code == 0xffff) {
            diag_error(reader->diags, DIAG_YAML_SYNTAX, place,
                       "expected text, found the control character U+%04X", code);
            return -1;
        }
        if (code == '\n')
            *vec_push(reader->arena, &reader->lines) = (struct line){index + 1, text + at + 1};
    }
    return 0;
}

/* Whether a line holds a variable that YAML does not take for a part of a word. */
static bool has_variable(const struct reader *reader, int line)
{
    const char *text = reader->lines.items[line - 1].text;
    const char *variable = strstr(text, "${");

    return variable && variable < text + strcspn(text, "\n");
}

static int report_syntax(struct reader *reader)
{
    const yaml_parser_t *parser = &reader->parser;
    struct srcloc at = place_of_character(reader, parser->problem_mark.index);
    struct diag *diag;

    if (parser->error == YAML_MEMORY_ERROR || !parser->problem) {
        diag_error(reader->diags, DIAG_YAML_LIMIT, at, "the file is too complex to be read");
        return -1;
    }
    diag = diag_error(reader->diags, DIAG_YAML_SYNTAX, at, "%s", parser->problem);
    if (parser->context && (parser->context_mark.index != parser->problem_mark.index))
        diag_note(reader->diags, diag, place_of_character(reader, parser->context_mark.index), "%s",
                  parser->context);
    if (strstr(parser->problem, "cannot start any token"))
        diag_hint(reader->diags, diag,
                  "indent with blanks, not tabs, and quote a value that starts with a special "
                  "character");
    else if (has_variable(reader, at.line))
        diag_hint(reader->diags, diag, "quote a value with ${...} inside { } or [ ]");
    return -1;
}

static int next_event(struct reader *reader)
{
    if (reader->has_event)
        yaml_event_delete(&reader->event);
    reader->has_event = false;
    if (!yaml_parser_parse(&reader->parser, &reader->event))
        return report_syntax(reader);
    reader->has_event = true;
    return 0;
}

/* Counts a node that comes into being at a depth. */
static int count_node(struct reader *reader, struct srcloc at, int depth)
{
    if (depth > TREE_MOST_LEVELS) {
        diag_error(reader->diags, DIAG_YAML_LIMIT, at, "expected at most %d levels of nesting",
                   TREE_MOST_LEVELS);
        return -1;
    }
    if (++reader->node_count > TREE_MOST_NODES) {
        diag_error(reader->diags, DIAG_YAML_LIMIT, at,
                   "expected at most %d values in a file, aliases counted as what they stand for",
                   TREE_MOST_NODES);
        return -1;
    }
    return 0;
}

static int copy_node(struct reader *reader, const struct tree *node, struct srcloc alias_at,
                     int depth, struct tree **copy)
{
    if (count_node(reader, alias_at, depth) < 0)
        return -1;
    *copy = arena_new_of(reader->arena, struct tree);
    **copy = *node;
    memset(&(*copy)->items, 0, sizeof((*copy)->items));
    memset(&(*copy)->entries, 0, sizeof((*copy)->entries));
    vec_each(item, &node->items) {
        struct tree *child;

        if (copy_node(reader, *item, alias_at, depth + 1, &child) < 0)
            return -1;
        *vec_push(reader->arena, &(*copy)->items) = child;
    }
    vec_each(entry, &node->entries) {
        struct tree *child;

        if (copy_node(reader, entry->value, alias_at, depth + 1, &child) < 0)
            return -1;
        *vec_push(reader->arena, &(*copy)->entries) =
            (struct tree_entry){entry->key, entry->at, child};
    }
    return 0;
}

static int read_alias(struct reader *reader, int depth, struct tree **node)
{
    const char *name = (const char *)reader->event.data.alias.anchor;
    struct srcloc at = place_of_event(reader);
    const struct tree *target = map_get(&reader->anchors, name);

    if (target)
        return copy_node(reader, target, at, depth, node);
    diag_hint(reader->diags,
              diag_error(reader->diags, DIAG_YAML_SYNTAX, at,
                         "expected an anchor &%s that ends before this alias", name),
              "quote a value that starts with *");
    return -1;
}

static bool is_null_word(const char *text)
{
    static const char *const words[] = {"", "~", "null", "Null", "NULL"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcmp(text, words[i]) == 0)
            return true;
    return false;
}

static int read_scalar(struct reader *reader, struct tree *node)
{
    const yaml_event_t *event = &reader->event;
    const char *text = (const char *)event->data.scalar.value;
    size_t length = event->data.scalar.length;
    bool is_plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    bool is_block = event->data.scalar.style == YAML_LITERAL_SCALAR_STYLE ||
                    event->data.scalar.style == YAML_FOLDED_SCALAR_STYLE;
    size_t quotes = is_plain ? 0 : 2;

    if (memchr(text, '\0', length)) {
        diag_error(reader->diags, DIAG_YAML_SYNTAX, node->at, "expected text, found a NUL in it");
        return -1;
    }
    node->kind = is_plain && is_null_word(text) ? TREE_NOTHING : TREE_SCALAR;
    node->text = arena_strndup(reader->arena, text, length);
    node->shown = node->text;
    if (!is_block && event->start_mark.line == event->end_mark.line &&
        event->end_mark.index - event->start_mark.index == utf8_count(text, length) + quotes)
        node->text_column = node->at.column + (is_plain ? 0 : 1);
    return 0;
}

static int read_node(struct reader *reader, int depth, struct tree **node);

static int read_list(struct reader *reader, int depth, struct tree *list)
{
    list->kind = TREE_LIST;
    for (;;) {
        struct tree *item;

        if (next_event(reader) < 0)
            return -1;
        if (reader->event.type == YAML_SEQUENCE_END_EVENT)
            return 0;
        if (read_node(reader, depth + 1, &item) < 0)
            return -1;
        *vec_push(reader->arena, &list->items) = item;
    }
}

/* What is known of a map while it is read. */
struct map_reader {
    struct tree *map;
    struct map first; /* key -> struct srcloc of its first use */
    vec_of(struct tree *) merges;
};

/* What stands where a key should; NULL: a word. */
static const char *odd_key(const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_ALIAS_EVENT:
        return "an alias";
    case YAML_SEQUENCE_START_EVENT:
        return "a list";
    case YAML_MAPPING_START_EVENT:
        return "a map";
    default:
        if (!event->data.scalar.length)
            return "nothing";
        return memchr(event->data.scalar.value, '\0', event->data.scalar.length) ? "a NUL in it"
                                                                                 : NULL;
    }
}

static int read_key(struct reader *reader, const char **key, bool *is_merge)
{
    const yaml_event_t *event = &reader->event;
    const char *odd = odd_key(event);

    if (odd) {
        diag_error(reader->diags, DIAG_YAML_SYNTAX, place_of_event(reader),
                   "expected a word as the key, found %s", odd);
        return -1;
    }
    *key = arena_strdup(reader->arena, (const char *)event->data.scalar.value);
    *is_merge = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && strcmp(*key, "<<") == 0;
    return 0;
}

static void add_entry(struct reader *reader, struct map_reader *into,
                      const struct tree_entry *entry)
{
    const struct srcloc *first = map_get(&into->first, entry->key);
    struct srcloc *at;

    if (first) {
        struct diag *diag = diag_error(reader->diags, DIAG_SPEC_DUPLICATE, entry->at,
                                       "key %s is written twice in one map", entry->key);

        diag_note(reader->diags, diag, *first, "first written here");
        return;
    }
    at = arena_new_of(reader->arena, struct srcloc);
    *at = entry->at;
    map_put(&into->first, entry->key, at);
    *vec_push(reader->arena, &into->map->entries) = *entry;
}

/* Adds what a merge key brings, where the map does not have the key yet. */
static int merge_map(struct reader *reader, struct map_reader *into, const struct tree *source)
{
    if (source->kind != TREE_MAP) {
        diag_error(reader->diags, DIAG_YAML_SYNTAX, source->at,
                   "expected a map, or a list of maps, after the merge key <<");
        return -1;
    }
    vec_each(entry, &source->entries)
        if (!map_get(&into->first, entry->key))
            add_entry(reader, into, entry);
    return 0;
}

static int read_entries(struct reader *reader, int depth, struct map_reader *into)
{
    for (;;) {
        struct tree_entry entry;
        bool is_merge;

        if (next_event(reader) < 0)
            return -1;
        if (reader->event.type == YAML_MAPPING_END_EVENT)
            return 0;
        entry.at = place_of_event(reader);
        if (read_key(reader, &entry.key, &is_merge) < 0 || next_event(reader) < 0 ||
            read_node(reader, depth + 1, &entry.value) < 0)
            return -1;
        if (is_merge)
            *vec_push(reader->arena, &into->merges) = entry.value;
        else
            add_entry(reader, into, &entry);
    }
}

static int read_map(struct reader *reader, int depth, struct tree *map)
{
    struct map_reader into = {.map = map};
    int result;

    map->kind = TREE_MAP;
    map_init(&into.first, reader->arena);
    result = read_entries(reader, depth, &into);
    vec_each(merge, &into.merges) {
        if (result == 0 && (*merge)->kind != TREE_LIST)
            result = merge_map(reader, &into, *merge);
        vec_each(item, &(*merge)->items)
            if (result == 0)
                result = merge_map(reader, &into, *item);
    }
    map_deinit(&into.first);
    return result;
}

static int refuse_tag(struct reader *reader, const yaml_char_t *tag)
{
    if (!tag)
        return 0;
    diag_hint(reader->diags,
              diag_error(reader->diags, DIAG_YAML_SYNTAX, place_of_event(reader),
                         "expected a value without a tag, found %s", (const char *)tag),
              "quote a value that starts with !");
    return -1;
}

/* Reads the node whose first event is the current one. */
static int read_node(struct reader *reader, int depth, struct tree **node)
{
    const yaml_event_t *event = &reader->event;
    const char *anchor = NULL;
    int result;

    if (event->type == YAML_ALIAS_EVENT)
        return read_alias(reader, depth, node);
    if (count_node(reader, place_of_event(reader), depth) < 0)
        return -1;
    *node = arena_new_of(reader->arena, struct tree);
    (*node)->at = place_of_event(reader);
    if (event->type == YAML_SCALAR_EVENT) {
        if (event->data.scalar.anchor)
            anchor = arena_strdup(reader->arena, (const char *)event->data.scalar.anchor);
        result = refuse_tag(reader, event->data.scalar.tag);
        result = result < 0 ? result : read_scalar(reader, *node);
    } else if (event->type == YAML_SEQUENCE_START_EVENT) {
        if (event->data.sequence_start.anchor)
            anchor = arena_strdup(reader->arena, (const char *)event->data.sequence_start.anchor);
        result = refuse_tag(reader, event->data.sequence_start.tag);
        result = result < 0 ? result : read_list(reader, depth, *node);
    } else {
        assert(event->type == YAML_MAPPING_START_EVENT);
        if (event->data.mapping_start.anchor)
            anchor = arena_strdup(reader->arena, (const char *)event->data.mapping_start.anchor);
        result = refuse_tag(reader, event->data.mapping_start.tag);
        result = result < 0 ? result : read_map(reader, depth, *node);
    }
    if (result == 0 && anchor)
        map_put(&reader->anchors, anchor, *node);
    return result;
}

/* The stream's start, a document with one node, and the stream's end. */
static int read_documents(struct reader *reader, struct tree **root)
{
    int result = next_event(reader);

    result = result < 0 ? result : next_event(reader);
    if (result == 0 && reader->event.type == YAML_STREAM_END_EVENT) {
        *root = arena_new_of(reader->arena, struct tree);
        (*root)->at = (struct srcloc){reader->source->file, 1, 1};
        return 0;
    }
    result = result < 0 ? result : next_event(reader);
    result = result < 0 ? result : read_node(reader, 1, root);
    result = result < 0 ? result : next_event(reader);
    result = result < 0 ? result : next_event(reader);
    if (result < 0 || reader->event.type == YAML_STREAM_END_EVENT)
        return result;
    diag_hint(reader->diags,
              diag_error(reader->diags, DIAG_YAML_SYNTAX, place_of_event(reader),
                         "expected one document in a file, found a second one"),
              "put it into a file of its own and name both on the command line");
    return -1;
}

static int refuse_source(const struct spec_source *source, struct diags *diags)
{
    struct srcloc at = {source->file, 1, 1};

    if (source->length > TREE_MOST_BYTES) {
        diag_error(diags, DIAG_YAML_LIMIT, at, "expected at most %d bytes, found more",
                   TREE_MOST_BYTES);
        return -1;
    }
    if (source->length >= 2 &&
        (memcmp(source->text, "\xff\xfe", 2) == 0 || memcmp(source->text, "\xfe\xff", 2) == 0)) {
        diag_hint(diags,
                  diag_error(diags, DIAG_YAML_SYNTAX, at, "expected UTF-8 text, found UTF-16"),
                  "save the file as UTF-8");
        return -1;
    }
    return 0;
}

int tree_parse(const struct spec_source *source, struct arena *arena, struct diags *diags,
               struct tree **root)
{
    static const char byte_order_mark[] = "\xef\xbb\xbf";
    struct reader reader = {.arena = arena, .diags = diags, .source = source};
    const char *text = source->text;
    size_t length = source->length;
    int result = -1;

    *root = NULL;
    if (refuse_source(source, diags) < 0)
        return -1;
    if (length >= 3 && memcmp(text, byte_order_mark, 3) == 0) {
        text += 3;
        length -= 3;
    }
    if (read_lines(&reader, text, length) < 0)
        return -1;
    if (!yaml_parser_initialize(&reader.parser)) {
        diag_error(diags, DIAG_YAML_LIMIT, (struct srcloc){source->file, 0, 0}, "out of memory");
        return -1;
    }
    map_init(&reader.anchors, arena);
    yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&reader.parser, (const unsigned char *)text, length);
    result = read_documents(&reader, root);
    if (reader.has_event)
        yaml_event_delete(&reader.event);
    yaml_parser_delete(&reader.parser);
    map_deinit(&reader.anchors);
    if (result < 0)
        *root = NULL;
    return result;
}
