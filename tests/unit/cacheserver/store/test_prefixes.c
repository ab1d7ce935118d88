#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <pthread.h>

#include "cacheserver/store/internal.h"
#include "tests/unit/cacheserver/store/fixture.h"

static void a_prefix_is_found_after_it_was_made(void **state)
{
    struct fixture *f = fixture_new((size_t)64 << 20, true);

    (void)state;
    assert_null(prefix_find(f->thread, "shop", 4));
    struct prefix *made = prefix_get(f->thread, "shop", 4);
    assert_non_null(made);
    assert_ptr_equal(prefix_find(f->thread, "shop", 4), made);
    assert_ptr_equal(prefix_get(f->thread, "shop", 4), made);
    assert_ptr_equal(prefix_of(f->thread, "shop:x:y", 8), made);
    assert_ptr_equal(prefix_at(&f->store->prefixes, made->id), made);
    assert_null(prefix_find(f->thread, "sho", 3));
    fixture_free(f);
}

static void keys_without_a_prefix_share_one(void **state)
{
    struct fixture *f = fixture_new((size_t)64 << 20, true);

    (void)state;
    assert_ptr_equal(prefix_of(f->thread, "plain", 5), f->store->prefixes.null);
    assert_ptr_equal(prefix_of(f->thread, ":first", 6), f->store->prefixes.null);
    assert_ptr_equal(prefix_at(&f->store->prefixes, 0), f->store->prefixes.null);
    fixture_free(f);
}

static void very_many_prefixes_are_all_found(void **state)
{
    enum { COUNT = 100000 };
    struct fixture *f = fixture_new((size_t)256 << 20, true);
    char name[16];

    (void)state;
    for (unsigned i = 0; i < COUNT; i++) {
        int len = snprintf(name, sizeof(name), "p%u", i);
        assert_non_null(prefix_get(f->thread, name, (size_t)len));
    }
    for (unsigned i = 0; i < COUNT; i++) {
        int len = snprintf(name, sizeof(name), "p%u", i);
        struct prefix *prefix = prefix_find(f->thread, name, (size_t)len);
        assert_non_null(prefix);
        assert_ptr_equal(prefix_at(&f->store->prefixes, prefix->id), prefix);
    }
    fixture_free(f);
}

static void sweep(struct fixture *f)
{
    struct prefix_sweep sweep = {.stage = SWEEP_IDLE};

    do
        store_thread_tick(f->thread);
    while (prefix_sweep_step(f->thread, &sweep));
}

static void prefixes_without_items_are_forgotten_and_their_numbers_used_again(void **state)
{
    struct fixture *f = fixture_new((size_t)64 << 20, true);
    char key[32];

    (void)state;
    for (unsigned round = 0; round < 5; round++) {
        for (unsigned i = 0; i < 1000; i++) {
            snprintf(key, sizeof(key), "p%u-%u:key", round, i);
            assert_int_equal(put(f, key, "v"), STORE_OK);
        }
        put(f, "kept:key", "v");
        for (unsigned i = 0; i < 1000; i++) {
            snprintf(key, sizeof(key), "p%u-%u:key", round, i);
            assert_int_equal(store_delete(f->thread, key, strlen(key)), STORE_OK);
        }
        sweep(f);
        assert_null(prefix_find(f->thread, "p0-7", 4));
        assert_non_null(prefix_find(f->thread, "kept", 4));
    }
    assert_true(f->store->prefixes.id_count <= 1002);
    fixture_free(f);
}

static void a_prefix_that_gets_an_item_while_it_is_to_be_forgotten_stays(void **state)
{
    struct fixture *f = fixture_new((size_t)64 << 20, true);
    struct prefix_sweep steps = {.stage = SWEEP_IDLE};

    (void)state;
    put(f, "back:key", "v");
    struct prefix *prefix = prefix_find(f->thread, "back", 4);
    store_delete(f->thread, "back:key", 8);
    assert_true(prefix_sweep_step(f->thread, &steps));
    assert_int_equal(prefix->state, PREFIX_RETIRING);
    put(f, "back:key", "v");
    assert_int_equal(prefix->state, PREFIX_LIVE);
    do
        store_thread_tick(f->thread);
    while (prefix_sweep_step(f->thread, &steps));
    assert_ptr_equal(prefix_find(f->thread, "back", 4), prefix);
    fixture_free(f);
}

static void nothing_is_forgotten_while_a_thread_may_be_looking_at_it(void **state)
{
    struct fixture *f = fixture_new((size_t)64 << 20, true);
    struct store_thread *other = store_attach(f->store);
    struct prefix_sweep steps = {.stage = SWEEP_IDLE};

    (void)state;
    put(f, "gone:key", "v");
    store_delete(f->thread, "gone:key", 8);
    for (unsigned i = 0; i < 10; i++) {
        store_thread_tick(f->thread);
        assert_true(prefix_sweep_step(f->thread, &steps));
    }
    assert_non_null(prefix_find(f->thread, "gone", 4));
    store_thread_rest(other);
    do
        store_thread_tick(f->thread);
    while (prefix_sweep_step(f->thread, &steps));
    assert_null(prefix_find(f->thread, "gone", 4));
    store_detach(other);
    fixture_free(f);
}

struct churn {
    struct store *store;
    _Atomic bool stop;
    unsigned number;
    pthread_t thread;
};

/* Makes and removes items under few prefixes, so that they come and go all the time. */
static void *come_and_go(void *argument)
{
    struct churn *churn = argument;
    struct fixture f = {.store = churn->store, .thread = store_attach(churn->store)};
    char key[32];

    for (unsigned i = 0; i < 20000; i++) {
        store_thread_tick(f.thread);
        snprintf(key, sizeof(key), "p%u:%u", i % 7, churn->number);
        if (i / 7 % 2 == 0)
            put(&f, key, "v");
        else
            store_delete(f.thread, key, strlen(key));
    }
    store_detach(f.thread);
    return NULL;
}

static void counts_are_right_after_prefixes_came_and_went_in_several_threads(void **state)
{
    struct fixture *f = fixture_new((size_t)64 << 20, true);
    struct churn churns[3] = {{0}};
    struct prefix_usage usage;
    struct prefix_sweep steps = {.stage = SWEEP_IDLE};
    int64_t items = 0;

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        churns[i].store = f->store;
        churns[i].number = i;
        pthread_create(&churns[i].thread, NULL, come_and_go, &churns[i]);
    }
    for (unsigned i = 0; i < 20000; i++) {
        store_thread_tick(f->thread);
        prefix_sweep_step(f->thread, &steps);
    }
    for (unsigned i = 0; i < 3; i++)
        pthread_join(churns[i].thread, NULL);
    for (uint32_t id = 0; id < f->store->prefixes.id_count; id++) {
        struct prefix *prefix = prefix_at(&f->store->prefixes, id);
        if (!prefix)
            continue;
        prefix_sum(f->store, prefix, &usage);
        assert_true(usage.all_items >= 0);
        items += usage.all_items;
    }
    assert_int_equal(items, count_of(f, STORE_ITEMS));
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_prefix_is_found_after_it_was_made),
        cmocka_unit_test(keys_without_a_prefix_share_one),
        cmocka_unit_test(very_many_prefixes_are_all_found),
        cmocka_unit_test(prefixes_without_items_are_forgotten_and_their_numbers_used_again),
        cmocka_unit_test(a_prefix_that_gets_an_item_while_it_is_to_be_forgotten_stays),
        cmocka_unit_test(nothing_is_forgotten_while_a_thread_may_be_looking_at_it),
        cmocka_unit_test(counts_are_right_after_prefixes_came_and_went_in_several_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
