#pragma once

#include "planner/base/arena.h"
#include "planner/base/diag.h"
#include "planner/base/srcloc.h"
#include "planner/base/vec.h"
#include "planner/spec/spec.h"

#include <stdbool.h>

/* What a spec file says before anybody asks what it means: maps, lists and words, each with its
 * place. Aliases and merge keys are already replaced by copies of what they stand for. */

enum {
    TREE_MOST_BYTES = 4 * 1024 * 1024, /* of one file */
    TREE_MOST_LEVELS = 64,
    TREE_MOST_NODES = 250000, /* of one file, copies made by aliases included */
};

/* NOTHING is a plain empty value, ~ or null. */
enum tree_kind { TREE_NOTHING, TREE_SCALAR, TREE_LIST, TREE_MAP };

struct tree;

struct tree_entry {
    const char *key;
    struct srcloc at;
    struct tree *value;
};

struct tree {
    enum tree_kind kind;
    struct srcloc at;
    bool is_broken; /* an error was reported here: what it means must not be asked any more */

    /* TREE_SCALAR */
    const char *text;
    const char *shown; /* what messages may quote: text, unless it holds the environment's values */
    int text_column;  /* of text's first character where text stands in the file as it is, else 0 */
    long long number; /* the value of a number, a word of a list, …, set by the check */

    vec_of(struct tree *) items;       /* TREE_LIST */
    vec_of(struct tree_entry) entries; /* TREE_MAP; keys are unique, in the order of the file */
};

/* Reads one file. A repeated key is reported and left out. -1: reported, *root is NULL. An empty
 * file gives a TREE_NOTHING. */
int tree_parse(const struct spec_source *source, struct arena *arena, struct diags *diags,
               struct tree **root);

/* The map's entry or its value; NULL when there is none or map is no map (NULL included). */
const struct tree_entry *tree_entry(const struct tree *map, const char *key);
struct tree *tree_get(const struct tree *map, const char *key);

/* over laid on base: where both are maps, key by key, and the key keeps base's place; else over
 * replaces base. Changes and shares the nodes of both. */
struct tree *tree_merge(struct arena *arena, struct tree *base, struct tree *over);

/* The place of the character that is offset bytes into a scalar's text, as near as is known. */
struct srcloc tree_place_in(const struct tree *scalar, size_t offset);
