#include "planner/model/step.h"

static const char *const outcome_words[] = {
    [OUTCOME_DONE] = "done",
    [OUTCOME_UNCHANGED] = "unchanged",
    [OUTCOME_FAILED] = "failed",
    [OUTCOME_SKIPPED] = "skipped",
};

const char *outcome_word(enum outcome_kind kind)
{
    return outcome_words[kind];
}
