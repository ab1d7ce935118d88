#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cacheserver/command/observe.h"
#include "tests/unit/cacheserver/command/fixture.h"

static uint64_t op_of(struct client *c, const char *prefix, enum prefix_op op)
{
    uint64_t ops[PREFIX_OPS] = {0};
    struct prefix *found = prefix_find(c->base->thread, prefix, strlen(prefix));

    if (found)
        prefix_sum_ops(c->base->store, found, ops);
    return ops[op];
}

static void nothing_is_counted_by_key_unless_asked_for(void **state)
{
    struct client *c = client_new();

    (void)state;
    say(c, "get a:b\r\n");
    assert_int_equal(op_of(c, "a", PREFIX_OP_get), 0);
    client_free(c);
}

static void commands_are_counted_for_the_prefix_of_their_key(void **state)
{
    struct client *c = client_new();

    (void)state;
    say(c, "stats detail on\r\n");
    say(c, "set a:b 0 0 1\r\n1\r\nget a:b a:c\r\nincr a:b 1\r\ndecr a:b 1\r\ntouch a:b 0\r\n");
    say(c, "cas a:b 0 0 1 1\r\n1\r\ndelete a:b\r\ndelete a:b\r\n");
    assert_int_equal(op_of(c, "a", PREFIX_OP_set), 2);
    assert_int_equal(op_of(c, "a", PREFIX_OP_get), 2);
    assert_int_equal(op_of(c, "a", PREFIX_OP_get_hits), 1);
    assert_int_equal(op_of(c, "a", PREFIX_OP_incr), 1);
    assert_int_equal(op_of(c, "a", PREFIX_OP_decr), 1);
    assert_int_equal(op_of(c, "a", PREFIX_OP_delete), 2);
    assert_int_equal(op_of(c, "a", PREFIX_OP_setattr), 1);
    say(c, "ms m:a 1\r\n1\r\nmg m:a\r\nmg m:b\r\nma m:a\r\nmd m:a\r\n");
    assert_int_equal(op_of(c, "m", PREFIX_OP_set), 1);
    assert_int_equal(op_of(c, "m", PREFIX_OP_get), 2);
    assert_int_equal(op_of(c, "m", PREFIX_OP_get_hits), 1);
    assert_int_equal(op_of(c, "m", PREFIX_OP_incr), 1);
    assert_int_equal(op_of(c, "m", PREFIX_OP_delete), 1);
    say(c, "lop create l:a 0 0 0\r\nlop insert l:a 0 1\r\nx\r\nlop get l:a 0\r\nlop get l:a 9\r\n");
    assert_int_equal(op_of(c, "l", PREFIX_OP_lop_create), 1);
    assert_int_equal(op_of(c, "l", PREFIX_OP_lop_insert_hits), 1);
    assert_int_equal(op_of(c, "l", PREFIX_OP_lop_get), 2);
    assert_int_equal(op_of(c, "l", PREFIX_OP_lop_get_hits), 2);
    client_free(c);
}

static void outcomes_of_collections_are_hits_unless_the_key_is_missing(void **state)
{
    struct client *c = client_new();
    static const enum counter outcomes[] = {COUNTER_lop_get_elem_hits, COUNTER_lop_get_none_hits,
                                            COUNTER_lop_get_misses, COUNTER_COUNT};

    (void)state;
    say(c, "stats detail on\r\n");
    for (size_t i = 0; i < 4; i++)
        observe(&c->context, "l:x", 3, COUNTER_cmd_lop_get, outcomes[i]);
    observe(&c->context, "l:x", 3, COUNTER_cmd_lop_create, COUNTER_lop_create_oks);
    assert_int_equal(op_of(c, "l", PREFIX_OP_lop_get), 4);
    assert_int_equal(op_of(c, "l", PREFIX_OP_lop_get_hits), 2);
    assert_int_equal(op_of(c, "l", PREFIX_OP_lop_create), 1);
    assert_int_equal(op_of(c, "l", PREFIX_OP_lop_insert), 0);
    client_free(c);
}

static void every_operation_belongs_to_a_command(void **state)
{
    struct client *c = client_new();
    unsigned found = 0, with_hits = 0;

    (void)state;
    for (enum counter which = 0; which < COUNTER_LISTED; which++) {
        found += c->shared.observed.op_of[which] != 0;
        with_hits += c->shared.observed.has_hits[which];
    }
    /* Stores are counted twice, as set and as cas. What has no hits: set, delete, incr, decr, the
     * creates and the attributes; of get the label is another one. */
    assert_int_equal(found - 1 + with_hits, PREFIX_OPS);
    client_free(c);
}

static void what_is_too_large_to_store_counts_for_its_prefix(void **state)
{
    struct client *c = client_new();

    (void)state;
    say(c, "stats detail on\r\n");
    say(c, "sop insert a:s 20000\r\n");
    assert_int_equal(op_of(c, "a", PREFIX_OP_sop_insert), 1);
    assert_int_equal(op_of(c, "a", PREFIX_OP_sop_insert_hits), 0);
    client_free(c);
    c = client_new();
    say(c, "stats detail on\r\n");
    say(c, "cas a:k 0 0 100000000 1\r\n");
    assert_int_equal(op_of(c, "a", PREFIX_OP_set), 1);
    client_free(c);
}

static void too_many_prefixes_turn_it_off(void **state)
{
    struct client *c = client_new();
    char line[32];

    (void)state;
    say(c, "stats detail on\r\n");
    for (unsigned i = 0; i <= PREFIX_COUNTED_MAX; i++) {
        snprintf(line, sizeof(line), "get p%u:x\r\n", i);
        say(c, line);
    }
    assert_false(c->shared.observed.detail);
    client_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_counted_by_key_unless_asked_for),
        cmocka_unit_test(commands_are_counted_for_the_prefix_of_their_key),
        cmocka_unit_test(outcomes_of_collections_are_hits_unless_the_key_is_missing),
        cmocka_unit_test(every_operation_belongs_to_a_command),
        cmocka_unit_test(what_is_too_large_to_store_counts_for_its_prefix),
        cmocka_unit_test(too_many_prefixes_turn_it_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
