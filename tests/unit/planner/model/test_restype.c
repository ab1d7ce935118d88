#include "planner/model/restype.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void every_operation_has_a_word_of_its_own(void **state)
{
    (void)state;
    for (int op = OP_NONE + 1; op < OP_COUNT; op++) {
        assert_int_equal(op_from_word(op_word((enum op)op)), op);
        assert_true(strlen(op_sentence((enum op)op)) > 10);
    }
}

static void the_words_are_those_of_the_manual(void **state)
{
    (void)state;
    assert_string_equal(op_word(OP_ZK_CONFIG), "zk-config");
    assert_string_equal(op_word(OP_BUILD), "build");
    assert_string_equal(op_word(OP_UNDEPLOY), "undeploy");
}

static void an_unknown_word_is_no_operation(void **state)
{
    (void)state;
    assert_int_equal(op_from_word("explode"), OP_NONE);
    assert_int_equal(op_from_word(""), OP_NONE);
    assert_int_equal(op_from_word("none"), OP_NONE);
}

static void every_verb_has_a_word(void **state)
{
    (void)state;
    for (int verb = VERB_KEEP; verb <= VERB_FORGET; verb++)
        assert_true(strlen(verb_word((enum verb)verb)) > 2);
    assert_string_equal(verb_word(VERB_RESTART), "restart");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_operation_has_a_word_of_its_own),
        cmocka_unit_test(the_words_are_those_of_the_manual),
        cmocka_unit_test(an_unknown_word_is_no_operation),
        cmocka_unit_test(every_verb_has_a_word),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
