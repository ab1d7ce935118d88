#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cacheserver/store/meta.h"
#include "tests/unit/cacheserver/store/fixture.h"

struct saw {
    struct store_seen seen;
    uint64_t unique;
    size_t len;
    clock_seconds exptime;
};

static int set_up(void **state)
{
    *state = fixture_new((size_t)16 << 20, true);
    return 0;
}

static int tear_down(void **state)
{
    fixture_free(*state);
    return 0;
}

static void note(struct item *item, const struct store_seen *seen, void *argument)
{
    struct saw *saw = argument;

    *saw = (struct saw){*seen, item_unique(item), item_value_len(item), item->exptime};
}

static struct saw look_with(struct fixture *f, struct store_look look)
{
    struct saw saw = {0};

    look.key = "k";
    look.key_len = 1;
    look.see = note;
    look.argument = &saw;
    assert_int_equal(store_look(f->thread, &look), STORE_OK);
    return saw;
}

static struct saw look(struct fixture *f)
{
    return look_with(f, (struct store_look){.leave_unused = true});
}

static enum store_result remove_with(struct fixture *f, struct store_removal removal)
{
    removal.key = "k";
    removal.key_len = 1;
    return store_remove(f->thread, &removal);
}

static enum store_result put_with(struct fixture *f, const char *value, bool has_unique,
                                  uint64_t unique, struct store_condition condition,
                                  struct store_written *written)
{
    struct store_request request = {.key = "k",
                                    .key_len = 1,
                                    .value_len = strlen(value),
                                    .has_unique = has_unique,
                                    .unique = unique};
    struct item_cursor cursor;
    struct item *item;

    assert_int_equal(store_prepare(f->thread, &request, &item), STORE_OK);
    item_cursor_start(&cursor, item);
    item_cursor_write(&cursor, value, strlen(value));
    return store_put(f->thread, item, &condition, written);
}

static void an_item_is_fetched_once_it_was_used(void **state)
{
    struct fixture *f = *state;

    put(f, "k", "v");
    assert_false(look(f).seen.fetched);
    assert_false(look_with(f, (struct store_look){0}).seen.fetched);
    assert_true(look(f).seen.fetched);
    put(f, "k", "w");
    assert_false(look(f).seen.fetched);
    assert_true(holds(f, "k", "w"));
    assert_true(look(f).seen.fetched);
}

static void the_time_since_the_last_use_is_known(void **state)
{
    struct fixture *f = *state;

    put(f, "k", "v");
    f->thread->now_ms += 4000;
    assert_in_range(look_with(f, (struct store_look){0}).seen.idle_ms, 4000, 4007);
    assert_in_range(look(f).seen.idle_ms, 0, 7);
}

static void a_missing_key_is_made_for_the_first_who_asks(void **state)
{
    struct fixture *f = *state;
    struct store_request create = {.key = "k", .key_len = 1, .exptime = 1000};
    struct saw saw = look_with(f, (struct store_look){.create = &create});

    assert_true(saw.seen.created && saw.seen.won && !saw.seen.won_before);
    assert_int_equal(saw.len, 0);
    assert_int_equal(saw.exptime, 1000);
    saw = look_with(f, (struct store_look){.create = &create});
    assert_true(!saw.seen.created && !saw.seen.won && saw.seen.won_before);
    put(f, "k", "v");
    saw = look_with(f, (struct store_look){.create = &create});
    assert_true(!saw.seen.created && !saw.seen.won && !saw.seen.won_before);
}

static void one_client_renews_an_item_that_is_about_to_expire(void **state)
{
    struct fixture *f = *state;
    clock_seconds soon = f->thread->now + 50;

    put_value(f, STORE_SET, "k", "v", 1, soon);
    struct store_look renew = {.renews = true, .renew_before = soon};
    assert_false(look_with(f, renew).seen.won);
    renew.renew_before = soon + 1;
    assert_true(look_with(f, renew).seen.won);
    assert_false(look_with(f, renew).seen.won);
    assert_true(look_with(f, renew).seen.won_before);
    renew.has_exptime = true;
    renew.exptime = CLOCK_NEVER;
    assert_int_equal(look_with(f, renew).exptime, CLOCK_NEVER);
}

static void a_stale_item_is_served_until_it_is_renewed(void **state)
{
    struct fixture *f = *state;

    put(f, "k", "old");
    uint64_t before = look(f).unique;
    assert_int_equal(remove_with(f, (struct store_removal){.stale = true,
                                                           .has_exptime = true,
                                                           .exptime = f->thread->now + 30}),
                     STORE_OK);
    struct saw saw = look(f);
    assert_true(saw.seen.stale && saw.seen.won && saw.unique > before);
    assert_int_equal(saw.exptime, f->thread->now + 30);
    assert_true(holds(f, "k", "old"));
    assert_true(look(f).seen.stale && !look(f).seen.won);

    struct store_written written;
    struct store_condition older = {.mode = STORE_CAS, .cas = before, .allow_stale = true};
    assert_int_equal(put_with(f, "less old", false, 0, older, &written), STORE_OK);
    saw = look(f);
    assert_true(saw.seen.stale && saw.seen.won_before && !saw.seen.won);
    assert_int_equal(saw.exptime, f->thread->now + 30);
    older.cas = saw.unique;
    assert_int_equal(put_with(f, "new", false, 0, older, &written), STORE_OK);
    assert_false(look(f).seen.stale);
    older.cas = written.unique + 1000000;
    assert_int_equal(put_with(f, "x", false, 0, older, &written), STORE_EXISTS);
}

static void a_client_may_choose_the_unique(void **state)
{
    struct fixture *f = *state;
    struct store_written written;
    struct store_condition set = {.mode = STORE_SET};

    assert_int_equal(put_with(f, "v", true, UINT64_MAX, set, &written), STORE_OK);
    assert_true(written.unique == UINT64_MAX && look(f).unique == UINT64_MAX);
    assert_true(holds(f, "k", "v"));
    struct store_condition cas = {.mode = STORE_CAS, .cas = UINT64_MAX};
    assert_int_equal(put_with(f, "w", true, 7, cas, &written), STORE_OK);
    assert_int_equal(look(f).unique, 7);
    assert_int_equal(remove_with(f, (struct store_removal){.has_cas = true, .cas = 8}),
                     STORE_EXISTS);
    assert_int_equal(remove_with(f, (struct store_removal){.stale = true}), STORE_OK);
    assert_int_not_equal(look(f).unique, 7);
    put(f, "k", "without");
    assert_int_equal(
        remove_with(f, (struct store_removal){.stale = true, .has_unique = true, .unique = 9}),
        STORE_OK);
    assert_int_equal(look(f).unique, 9);
    assert_true(look(f).seen.stale);
    assert_true(holds(f, "k", "without"));
    store_flush(f->thread, 0);
    assert_false(holds(f, "k", "without"));
}

static void a_chosen_unique_does_not_outlive_a_flush(void **state)
{
    struct fixture *f = *state;
    struct store_written written;

    put(f, "a", "a");
    store_flush(f->thread, 0);
    assert_int_equal(
        put_with(f, "v", true, 1, (struct store_condition){.mode = STORE_SET}, &written), STORE_OK);
    assert_true(holds(f, "k", "v"));
}

static void a_value_may_go_while_the_item_stays(void **state)
{
    struct fixture *f = *state;

    put_value(f, STORE_SET, "k", "v", 1, 1000);
    assert_int_equal(remove_with(f, (struct store_removal){.empties = true}), STORE_OK);
    struct saw saw = look(f);
    assert_int_equal(saw.len, 0);
    assert_int_equal(saw.exptime, 1000);
    assert_false(saw.seen.stale);
    assert_int_equal(remove_with(f, (struct store_removal){.empties = true, .stale = true}),
                     STORE_OK);
    assert_true(look(f).seen.stale);
    assert_int_equal(remove_with(f, (struct store_removal){0}), STORE_OK);
    assert_int_equal(remove_with(f, (struct store_removal){0}), STORE_NOT_FOUND);
    assert_int_equal(remove_with(f, (struct store_removal){.empties = true}), STORE_NOT_FOUND);
    assert_int_equal(remove_with(f, (struct store_removal){.stale = true}), STORE_NOT_FOUND);
}

static void append_may_make_a_missing_key_and_compare(void **state)
{
    struct fixture *f = *state;
    struct store_written written;
    struct store_condition append = {.mode = STORE_APPEND};

    assert_int_equal(put_with(f, "a", false, 0, append, &written), STORE_NOT_STORED);
    append.create = true;
    assert_int_equal(put_with(f, "a", false, 0, append, &written), STORE_OK);
    append.has_cas = true;
    append.cas = written.unique;
    assert_int_equal(put_with(f, "b", true, 5, append, &written), STORE_OK);
    assert_int_equal(written.value_len, 2);
    assert_int_equal(written.unique, 5);
    assert_true(holds(f, "k", "ab"));
    assert_int_equal(put_with(f, "c", false, 0, append, &written), STORE_EXISTS);
}

static void a_number_changes_under_conditions(void **state)
{
    struct fixture *f = *state;
    struct store_request create = {.key = "k", .key_len = 1, .exptime = 1000};
    struct store_number number = {.key = "k",
                                  .key_len = 1,
                                  .increment = true,
                                  .delta = 2,
                                  .create = &create,
                                  .value = 40,
                                  .has_unique = true,
                                  .unique = 3};

    assert_int_equal(store_change_number(f->thread, &number), STORE_OK);
    assert_true(number.value == 40 && number.exptime == 1000 && number.written.unique == 3);
    number.has_cas = true;
    number.cas = 4;
    assert_int_equal(store_change_number(f->thread, &number), STORE_EXISTS);
    number.cas = 3;
    number.has_unique = false;
    number.has_exptime = true;
    number.exptime = 2000;
    assert_int_equal(store_change_number(f->thread, &number), STORE_OK);
    assert_true(number.value == 42 && number.written.unique != 3);
    assert_int_equal(look(f).exptime, 2000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_item_is_fetched_once_it_was_used),
        TEST(the_time_since_the_last_use_is_known),
        TEST(a_missing_key_is_made_for_the_first_who_asks),
        TEST(one_client_renews_an_item_that_is_about_to_expire),
        TEST(a_stale_item_is_served_until_it_is_renewed),
        TEST(a_client_may_choose_the_unique),
        TEST(a_chosen_unique_does_not_outlive_a_flush),
        TEST(a_value_may_go_while_the_item_stays),
        TEST(append_may_make_a_missing_key_and_compare),
        TEST(a_number_changes_under_conditions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
