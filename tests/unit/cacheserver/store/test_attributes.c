#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cacheserver/store/attributes.h"
#include "tests/unit/cacheserver/store/collection_fixture.h"

static int set_up(void **state)
{
    *state = fixture_new(64 << 20, false);
    return 0;
}

static int tear_down(void **state)
{
    fixture_free(*state);
    return 0;
}

static struct store_attributes look(struct fixture *f, const char *key)
{
    struct store_attributes attributes;

    assert_int_equal(store_get_attributes(f->thread, key, strlen(key), &attributes), STORE_OK);
    return attributes;
}

static enum store_result change(struct fixture *f, const char *key, struct store_changes changes)
{
    return store_change_attributes(f->thread, key, strlen(key), &changes);
}

static void defaults_follow_the_type(void **state)
{
    struct fixture *f = *state;
    const enum collection_overflow defaults[ITEM_TYPES] = {
        [ITEM_LIST] = OVERFLOW_TAIL_TRIM,
        [ITEM_SET] = OVERFLOW_ERROR,
        [ITEM_MAP] = OVERFLOW_ERROR,
        [ITEM_BTREE] = OVERFLOW_SMALLEST_TRIM,
    };

    for (enum item_type type = ITEM_LIST; type <= ITEM_BTREE; type++) {
        char key[2] = {(char)('a' + type), '\0'};
        assert_int_equal(create(f, type, key, 0), STORE_OK);
        assert_int_equal(create(f, type, key, 0), STORE_EXISTS);
        struct store_attributes attributes = look(f, key);
        assert_int_equal(attributes.type, type);
        assert_int_equal(attributes.flags, 9);
        assert_int_equal(attributes.count, 0);
        assert_int_equal(attributes.max_count, STORE_ELEMENTS_DEFAULT);
        assert_int_equal(attributes.overflow, defaults[type]);
        assert_true(attributes.readable);
        assert_int_equal(attributes.smallest.kind, BKEY_NONE);
    }
}

static void a_wrong_change_changes_nothing(void **state)
{
    struct fixture *f = *state;

    create(f, ITEM_LIST, "l", 10);
    push(f, "l", 0, "a");
    push(f, "l", 0, "b");
    struct store_changes changes = {.has_max_count = true,
                                    .max_count = 20,
                                    .overflow = OVERFLOW_HEAD_TRIM,
                                    .has_exptime = true,
                                    .exptime = CLOCK_STICKY};
    assert_int_equal(change(f, "l", changes), STORE_BAD_VALUE);
    changes.has_exptime = false;
    changes.overflow = OVERFLOW_LARGEST_TRIM;
    assert_int_equal(change(f, "l", changes), STORE_BAD_VALUE);
    changes.overflow = OVERFLOW_HEAD_TRIM;
    changes.max_count = 1;
    assert_int_equal(change(f, "l", changes), STORE_BAD_VALUE);
    assert_int_equal(look(f, "l").max_count, 10);
    assert_int_equal(look(f, "l").overflow, OVERFLOW_TAIL_TRIM);
    changes.max_count = 2;
    assert_int_equal(change(f, "l", changes), STORE_OK);
    assert_int_equal(look(f, "l").max_count, 2);
    assert_int_equal(look(f, "l").overflow, OVERFLOW_HEAD_TRIM);
    assert_int_equal(change(f, "none", changes), STORE_NOT_FOUND);
}

static void a_list_without_a_maximum_follows_what_the_server_allows(void **state)
{
    struct fixture *f = *state;

    create(f, ITEM_LIST, "l", -1);
    create(f, ITEM_LIST, "m", 4000);
    assert_int_equal(look(f, "l").max_count, STORE_ELEMENTS_MAX_DEFAULT);
    atomic_store(&f->store->max_counts[ITEM_LIST], 100000);
    assert_int_equal(look(f, "l").max_count, 100000);
    assert_int_equal(look(f, "m").max_count, 4000);
    assert_int_equal(change(f, "l", (struct store_changes){.has_max_count = true, .max_count = 5}),
                     STORE_OK);
    assert_int_equal(look(f, "l").max_count, 5);
}

static void an_unreadable_list_is_made_readable(void **state)
{
    struct fixture *f = *state;
    const struct collection_attributes unreadable = {.unreadable = true};
    struct shown shown;

    store_create(f->thread, "l", 1, ITEM_LIST, &unreadable);
    assert_int_equal(push(f, "l", 0, "a"), STORE_OK);
    assert_int_equal(range(f, "l", 0, 0, STORE_DELETE, &shown), STORE_UNREADABLE);
    assert_int_equal(change(f, "l", (struct store_changes){.readable = true}), STORE_OK);
    assert_int_equal(range(f, "l", 0, 0, STORE_DELETE, &shown), STORE_OK);
}

static void a_value_has_an_expiry(void **state)
{
    struct fixture *f = *state;

    put(f, "v", "x");
    assert_int_equal(change(f, "v", (struct store_changes){.has_exptime = true, .exptime = 1000}),
                     STORE_OK);
    assert_int_equal(look(f, "v").exptime, 1000);
    assert_int_equal(look(f, "v").type, ITEM_KV);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(defaults_follow_the_type, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_wrong_change_changes_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_list_without_a_maximum_follows_what_the_server_allows,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_unreadable_list_is_made_readable, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_value_has_an_expiry, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
