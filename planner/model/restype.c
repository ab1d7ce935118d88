#include "planner/model/restype.h"

#include <string.h>

static const char *const op_words[OP_COUNT] = {
    [OP_NONE] = "none",
#define OP(name, word, sentence) [OP_##name] = word,
#include "planner/model/ops.def"
#undef OP
};

static const char *const op_sentences[OP_COUNT] = {
    [OP_NONE] = "nothing to do",
#define OP(name, word, sentence) [OP_##name] = sentence,
#include "planner/model/ops.def"
#undef OP
};

static const char *const verb_words[] = {
    [VERB_KEEP] = "keep",       [VERB_UPDATE] = "update", [VERB_TUNE] = "tune",
    [VERB_RESTART] = "restart", [VERB_CREATE] = "create", [VERB_DELETE] = "delete",
    [VERB_FORGET] = "forget",
};

const char *op_word(enum op op)
{
    return op_words[op];
}

const char *op_sentence(enum op op)
{
    return op_sentences[op];
}

enum op op_from_word(const char *word)
{
    for (int op = OP_NONE + 1; op < OP_COUNT; op++)
        if (!strcmp(op_words[op], word))
            return op;
    return OP_NONE;
}

const char *verb_word(enum verb verb)
{
    return verb_words[verb];
}
