#pragma once

#include "planner/model/resource.h"
#include "planner/spec/spec.h"

/* OP_NONE: this verb never happens to the type. */
enum op {
    OP_NONE,
#define OP(name, word, sentence) OP_##name,
#include "planner/model/ops.def"
#undef OP
    OP_COUNT
};

const char *op_word(enum op op);
const char *op_sentence(enum op op); /* what it does, for help and manual */
/* OP_NONE for an unknown word. */
enum op op_from_word(const char *word);

/* What has to happen to a resource; the strongest of its attributes' answers. */
enum verb {
    VERB_KEEP,
    VERB_UPDATE,
    VERB_TUNE,
    VERB_RESTART,
    VERB_CREATE,
    VERB_DELETE,
    VERB_FORGET, /* not wanted and not there: only its record has to go, without a step */
};
const char *verb_word(enum verb verb);

/* How a difference in an attribute is mended. A name ending in "*" matches by prefix; the first
 * matching rule counts; an attribute without a rule is VERB_UPDATE. */
struct attr_rule {
    const char *name;
    enum verb verb;    /* VERB_KEEP: shown, never compared */
    bool is_whole_set; /* attributes that only the world has are differences too */
    bool is_soft;      /* compared only when the world knows it */
};

/* What resources are declared from. */
struct declare_input {
    const struct spec *spec;
    const int *myids; /* of spec->zookeeper->hosts by position; NULL without a managed ensemble */
    struct diags *diags;
};

/* A resource type: one file in planner/types and one line in types.def. */
struct restype {
    const char *name;              /* first part of the address */
    const struct attr_rule *rules; /* ends with a NULL name */
    bool is_in_zookeeper;          /* its facts come from ZooKeeper */
    enum op on_create, on_update, on_tune, on_restart, on_delete;
    enum op on_shrink; /* an update that only takes attributes away; OP_NONE: as on_update */
    /* Declares what the spec wants of this type. Errors that only show here are reported. */
    void (*declare)(const struct declare_input *input, struct resource_set *set);
};

/* All types in natural order; the list ends with NULL. Defined in planner/types. */
extern const struct restype *const restypes[];

/* The type whose name is the address's first part, or NULL. Defined in planner/types. */
const struct restype *restype_of_address(const char *address);
