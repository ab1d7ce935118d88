#include "planner/model/step.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void every_outcome_has_its_word(void **state)
{
    (void)state;
    assert_string_equal(outcome_word(OUTCOME_DONE), "done");
    assert_string_equal(outcome_word(OUTCOME_UNCHANGED), "unchanged");
    assert_string_equal(outcome_word(OUTCOME_FAILED), "failed");
    assert_string_equal(outcome_word(OUTCOME_SKIPPED), "skipped");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_outcome_has_its_word),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
