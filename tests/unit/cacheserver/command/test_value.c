#include "cacheserver/command/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/cacheserver/command/fixture.h"

static uint64_t counted(struct client *c, enum counter which)
{
    return counters_sum_read(&c->sum, which);
}

static void count(struct client *c, enum value_operation operation, enum store_result result)
{
    value_count(&c->context, operation, "p:k", 3, result);
}

static void a_get_that_fails_has_missed_whatever_the_reason(void **state)
{
    struct client *c = client_new();

    (void)state;
    count(c, VALUE_GET, STORE_OK);
    count(c, VALUE_GET, STORE_NOT_FOUND);
    count(c, VALUE_GET, STORE_NO_MEMORY);
    count(c, VALUE_DELETE, STORE_EXISTS);
    assert_int_equal(counted(c, COUNTER_cmd_get), 3);
    assert_int_equal(counted(c, COUNTER_get_hits), 1);
    assert_int_equal(counted(c, COUNTER_get_misses), 2);
    assert_int_equal(counted(c, COUNTER_delete_misses), 1);
    client_free(c);
}

static void a_number_that_cannot_be_changed_is_no_miss(void **state)
{
    struct client *c = client_new();

    (void)state;
    count(c, VALUE_INCR, STORE_OK);
    count(c, VALUE_INCR, STORE_NOT_A_NUMBER);
    count(c, VALUE_DECR, STORE_NOT_FOUND);
    count(c, VALUE_TOUCH, STORE_BAD_VALUE);
    assert_int_equal(counted(c, COUNTER_cmd_incr), 2);
    assert_int_equal(counted(c, COUNTER_incr_hits), 1);
    assert_int_equal(counted(c, COUNTER_incr_misses), 0);
    assert_int_equal(counted(c, COUNTER_decr_misses), 1);
    assert_int_equal(counted(c, COUNTER_cmd_setattr), 1);
    assert_int_equal(counted(c, COUNTER_setattr_misses), 0);
    client_free(c);
}

static void by_prefix_only_what_was_done_is_a_hit(void **state)
{
    struct client *c = client_new();
    uint64_t ops[PREFIX_OPS] = {0};

    (void)state;
    say(c, "stats detail on\r\n");
    count(c, VALUE_GET, STORE_OK);
    count(c, VALUE_GET, STORE_TYPE_MISMATCH);
    prefix_sum_ops(c->base->store, prefix_find(c->base->thread, "p", 1), ops);
    assert_int_equal(ops[PREFIX_OP_get], 2);
    assert_int_equal(ops[PREFIX_OP_get_hits], 1);
    client_free(c);
}

static void uniques_are_not_shown_when_there_are_to_be_none(void **state)
{
    struct client *c = client_new();

    (void)state;
    assert_int_equal(value_unique(&c->context, 7), 7);
    c->settings.no_cas = true;
    assert_int_equal(value_unique(&c->context, 7), 0);
    client_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_get_that_fails_has_missed_whatever_the_reason),
        cmocka_unit_test(a_number_that_cannot_be_changed_is_no_miss),
        cmocka_unit_test(by_prefix_only_what_was_done_is_a_hit),
        cmocka_unit_test(uniques_are_not_shown_when_there_are_to_be_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
