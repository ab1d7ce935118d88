#pragma once

#include "planner/base/diag.h"
#include "planner/spec/spec.h"
#include "planner/spec/tree.h"

#include <stdbool.h>
#include <stddef.h>

/* The one description of the format. Checking, defaults, hints, the JSON Schema and the key list
 * of arcusplan-spec(5) all come from these tables. */

enum schema_kind {
    SCHEMA_MAP,      /* the keys of a table, and free ones when item is set */
    SCHEMA_LIST,     /* of item */
    SCHEMA_TEXT,     /* of a form, into const char * */
    SCHEMA_INT,      /* low to high, into int */
    SCHEMA_BOOL,     /* into bool */
    SCHEMA_DURATION, /* low to high in ms, into int */
    SCHEMA_SIZE,     /* low to high in MB, into int */
    SCHEMA_MODE,     /* permission bits in octal, into int */
    SCHEMA_ENUM,     /* one of words, its position into int */
};

/* What a text may look like. The pattern is an extended regular expression that means the same in
 * POSIX and in JSON Schema; NULL: any text. */
struct schema_form {
    const char *what; /* "expected …" */
    const char *pattern;
    size_t most;    /* bytes; 0: TEXT_MOST */
    bool has_lines; /* line ends are allowed */
    bool may_be_empty;
    bool has_ranges; /* [1-9] may stand in it */
};

struct schema_key;

struct schema_type {
    enum schema_kind kind;
    long long low, high;
    const char *const *words;       /* SCHEMA_ENUM: ends with NULL */
    const struct schema_form *form; /* of a text; of a map's free keys */
    const struct schema_type *item; /* of a list; of a map's free keys */
    const struct schema_key *keys;  /* SCHEMA_MAP: ends with a NULL name; NULL: none */
    bool is_lone_item_ok;           /* SCHEMA_LIST: one text stands for a list of one */
    bool is_never_empty;            /* SCHEMA_LIST */
};

struct schema_key {
    const char *name;
    struct schema_type type;
    const char *fallback; /* the default as one would write it; NULL: none */
    bool is_required;
    bool has_field;
    size_t field;     /* offset in the struct that schema_read fills */
    const char *help; /* for the manual and for editors: a phrase without a full stop */
};

extern const struct schema_type schema_spec; /* a whole file */

extern const struct schema_key schema_ssh_keys[];
extern const struct schema_key schema_host_keys[];
extern const struct schema_key schema_rule_keys[];
extern const struct schema_key schema_file_keys[];
extern const struct schema_key schema_package_keys[];
extern const struct schema_key schema_zookeeper_keys[];
extern const struct schema_key schema_zoo_cfg_keys[];
extern const struct schema_key schema_cloud_keys[];
extern const struct schema_key schema_nodes_keys[];
extern const struct schema_key schema_cache_keys[]; /* config of clouds and nodes */
extern const struct schema_key schema_update_keys[];

const struct schema_key *schema_find(const struct schema_key *keys, const char *name);

/* Sets the fields of *into to the defaults of a table. */
void schema_read_defaults(const struct schema_key *keys, void *into);
/* Sets the fields whose keys stand in map (NULL: none) and passed the check. */
void schema_read(const struct schema_key *keys, const struct tree *map, void *into);

/* The settings that the maps give, checked before, earlier maps winning, then the defaults when
 * with_defaults; numbers in canonical form. NULL maps are skipped. */
struct settings schema_settings(const struct schema_key *keys, const struct tree *const *maps,
                                size_t count, bool with_defaults, struct arena *arena);
