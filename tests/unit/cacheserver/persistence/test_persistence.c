#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/stat.h>

#include "cacheserver/persistence/record.h"
#include "cacheserver/store/meta.h"
#include "tests/unit/cacheserver/persistence/fixture.h"

static int set_up(void **state)
{
    struct kept *kept = malloc(sizeof(*kept));

    kept_init(kept);
    *state = kept;
    return 0;
}

static int tear_down(void **state)
{
    kept_deinit(*state);
    free(*state);
    return 0;
}

static void restart(struct kept *kept)
{
    kept_stop(kept);
    assert_true(kept_start(kept));
}

static uint64_t cas_of(struct kept *kept, const char *key)
{
    struct copy copy = {0};

    store_visit_key(kept->base->thread, key, strlen(key), copy_item, &copy);
    free(copy.bytes);
    return copy.cas;
}

static void every_kind_of_change_is_there_after_a_restart(void **state)
{
    struct kept *kept = *state;
    uint64_t value = 10;

    assert_true(kept_start(kept));
    put(kept->base, "set", "1");
    put_value(kept->base, STORE_ADD, "add", "2", 1, CLOCK_NEVER);
    put_value(kept->base, STORE_APPEND, "set", "23", 2, CLOCK_NEVER);
    put_value(kept->base, STORE_PREPEND, "add", "1", 1, CLOCK_NEVER);
    put(kept->base, "gone", "x");
    store_delete(kept->base->thread, "gone", 4);
    put(kept->base, "number", "41");
    store_add_number(kept->base->thread, "number", 6, true, 1, NULL, &value);
    uint64_t cas = cas_of(kept, "number");
    restart(kept);
    assert_true(holds(kept->base, "set", "123"));
    assert_true(holds(kept->base, "add", "12"));
    assert_true(holds(kept->base, "number", "42"));
    assert_null(get(kept->base, "gone"));
    assert_int_equal(cas_of(kept, "number"), cas);
    assert_int_equal(count_of(kept->base, STORE_ITEMS), 3);
    put(kept->base, "later", "x");
    assert_true(cas_of(kept, "later") > cas);
}

static void large_values_and_flags_come_back_whole(void **state)
{
    struct kept *kept = *state;
    size_t len = 3 << 20;
    char *value = malloc(len + 1);
    struct copy copy = {0};

    for (size_t i = 0; i < len; i++)
        value[i] = (char)('a' + i % 23);
    value[len] = '\0';
    assert_true(kept_start(kept));
    assert_int_equal(put_value(kept->base, STORE_SET, "large", value, len, 0), STORE_OK);
    for (unsigned round = 0; round < 2; round++) {
        restart(kept);
        store_visit_key(kept->base->thread, "large", 5, copy_item, &copy);
        assert_int_equal(copy.len, len);
        assert_int_equal(copy.flags, 7);
        assert_memory_equal(copy.bytes, value, len);
        assert_int_equal(persistence_checkpoint(kept->persistence), 0);
    }
    free(copy.bytes);
    free(value);
}

static clock_seconds exptime;

static void note_exptime(struct item *item, void *argument)
{
    (void)argument;
    exptime = item->exptime;
}

static void expiry_times_are_moments_and_not_delays(void **state)
{
    struct kept *kept = *state;

    assert_true(kept_start(kept));
    clock_seconds now = kept->base->thread->now;
    put_value(kept->base, STORE_SET, "k", "v", 1, now + 100);
    put_value(kept->base, STORE_SET, "sticky", "v", 1, CLOCK_STICKY);
    put_value(kept->base, STORE_SET, "touched", "v", 1, CLOCK_NEVER);
    store_touch(kept->base->thread, "touched", 7, now + 200);
    put_value(kept->base, STORE_SET, "expired", "v", 1, 1);
    int64_t due = clock_to_unix(now + 100);
    restart(kept);
    store_visit_key(kept->base->thread, "k", 1, note_exptime, NULL);
    assert_int_equal(clock_to_unix(exptime), due);
    store_visit_key(kept->base->thread, "touched", 7, note_exptime, NULL);
    assert_int_equal(clock_to_unix(exptime), due + 100);
    store_visit_key(kept->base->thread, "sticky", 6, note_exptime, NULL);
    assert_int_equal(exptime, CLOCK_STICKY);
    assert_int_equal(count_of(kept->base, STORE_STICKY_ITEMS), 1);
    assert_null(get(kept->base, "expired"));
}

static void what_a_flush_took_stays_gone_and_what_came_after_it_stays(void **state)
{
    struct kept *kept = *state;

    assert_true(kept_start(kept));
    put(kept->base, "before", "x");
    store_flush(kept->base->thread, 0);
    put(kept->base, "after", "x");
    for (unsigned round = 0; round < 2; round++) {
        restart(kept);
        assert_null(get(kept->base, "before"));
        assert_true(holds(kept->base, "after", "x"));
        assert_int_equal(persistence_checkpoint(kept->persistence), 0);
    }
}

static void a_flushed_prefix_stays_empty_and_the_others_stay(void **state)
{
    struct kept *kept = *state;

    assert_true(kept_start(kept));
    put(kept->base, "a:before", "x");
    put(kept->base, "b:before", "x");
    put(kept->base, "before", "x");
    struct prefix *prefix = prefix_find(kept->base->thread, "a", 1);
    assert_non_null(prefix);
    assert_true(prefix_flush(kept->base->thread, prefix, CLOCK_NEVER));
    put(kept->base, "a:after", "x");
    for (unsigned round = 0; round < 2; round++) {
        restart(kept);
        assert_null(get(kept->base, "a:before"));
        assert_true(holds(kept->base, "b:before", "x"));
        assert_true(holds(kept->base, "before", "x"));
        assert_true(holds(kept->base, "a:after", "x"));
        assert_int_equal(persistence_checkpoint(kept->persistence), 0);
    }
}

/* In Unix time, as every start begins to count seconds anew. */
static int64_t flush_due(struct kept *kept)
{
    return clock_to_unix(atomic_load(&kept->base->store->flush_due));
}

static void a_flush_that_is_due_later_is_not_forgotten(void **state)
{
    struct kept *kept = *state;

    assert_true(kept_start(kept));
    put(kept->base, "k", "x");
    store_flush(kept->base->thread, 1000);
    int64_t due = flush_due(kept);
    for (unsigned round = 0; round < 2; round++) {
        restart(kept);
        assert_int_equal(flush_due(kept), due);
        assert_int_equal(persistence_checkpoint(kept->persistence), 0);
    }
    atomic_store(&kept->base->store->flush_due, 1);
    store_thread_tick(kept->base->thread);
    restart(kept);
    assert_null(get(kept->base, "k"));
    assert_int_equal(atomic_load(&kept->base->store->flush_due), CLOCK_NEVER);
}

static clock_seconds prefix_due(struct kept *kept, const char *name, size_t len)
{
    return atomic_load(&prefix_find(kept->base->thread, name, len)->flush_due);
}

static void a_flush_of_a_prefix_that_is_due_later_is_not_forgotten(void **state)
{
    struct kept *kept = *state;

    assert_true(kept_start(kept));
    put(kept->base, "a:k", "x");
    put(kept->base, "b:k", "x");
    put(kept->base, "k", "x");
    struct store_thread *thread = kept->base->thread;
    assert_int_equal(store_flush_prefix(thread, "a", 1, 1000), STORE_OK);
    assert_int_equal(store_flush_prefix(thread, "", 0, 500), STORE_OK);
    int64_t due = clock_to_unix(prefix_due(kept, "a", 1));
    for (unsigned round = 0; round < 3; round++) {
        restart(kept);
        assert_int_equal(clock_to_unix(prefix_due(kept, "a", 1)), due);
        assert_int_equal(clock_to_unix(prefix_due(kept, "", 0)), due - 500);
        assert_int_equal(prefix_due(kept, "b", 1), CLOCK_NEVER);
        assert_int_equal(persistence_checkpoint(kept->persistence), 0);
    }
    thread = kept->base->thread;
    thread->now = prefix_due(kept, "a", 1);
    prefix_flush_due(thread);
    for (unsigned round = 0; round < 2; round++) {
        restart(kept);
        assert_null(get(kept->base, "a:k"));
        assert_null(get(kept->base, "k"));
        assert_true(holds(kept->base, "b:k", "x"));
        assert_int_equal(persistence_checkpoint(kept->persistence), 0);
    }
}

static void note_marks(struct item *item, void *argument)
{
    struct record *record = argument;
    *record = record_of_item(item);
}

static void stale_values_and_chosen_cas_uniques_stay_what_they_are(void **state)
{
    struct kept *kept = *state;
    const struct store_removal removal = {
        .key = "k", .key_len = 1, .stale = true, .has_unique = true, .unique = 77};

    assert_true(kept_start(kept));
    put(kept->base, "k", "x");
    assert_int_equal(store_remove(kept->base->thread, &removal), STORE_OK);
    for (unsigned round = 0; round < 2; round++) {
        struct record record = {0};
        restart(kept);
        store_visit_key(kept->base->thread, "k", 1, note_marks, &record);
        assert_int_equal(record.marks, RECORD_STALE | RECORD_HAS_UNIQUE);
        assert_int_equal(record.unique, 77);
        assert_int_equal(persistence_checkpoint(kept->persistence), 0);
    }
}

static void internal_items_are_not_kept(void **state)
{
    struct kept *kept = *state;

    assert_true(kept_start(kept));
    put(kept->base, "arcus:zk-ping", "1");
    assert_int_equal(kept->base->thread->journal_seq, 0);
    put(kept->base, "arcusx:k", "1");
    put(kept->base, "arcus", "1");
    assert_int_equal(persistence_checkpoint(kept->persistence), 0);
    restart(kept);
    assert_null(get(kept->base, "arcus:zk-ping"));
    assert_true(holds(kept->base, "arcusx:k", "1"));
    assert_true(holds(kept->base, "arcus", "1"));
}

static void evicted_items_do_not_come_back(void **state)
{
    struct kept *kept = *state;
    char key[32], *value = calloc(1, 4096);
    unsigned there = 0;
    bool *present = calloc(4000, 1);

    memset(value, 'v', 4095);
    assert_true(kept_start_with(kept, &disk_system, 4 << 20));
    for (unsigned i = 0; i < 4000; i++) {
        snprintf(key, sizeof(key), "key%u", i);
        put(kept->base, key, value);
    }
    for (unsigned i = 0; i < 4000; i++) {
        snprintf(key, sizeof(key), "key%u", i);
        char *got = get(kept->base, key);
        present[i] = got;
        there += present[i];
        free(got);
    }
    assert_in_range(there, 100, 2000);
    restart(kept);
    for (unsigned i = 0; i < 4000; i++) {
        snprintf(key, sizeof(key), "key%u", i);
        assert_int_equal(holds(kept->base, key, value), present[i]);
    }
    free(present);
    free(value);
}

/* What does not fit any more must not return when there is room again: somebody may have tried to
 * delete it meanwhile. */
static void what_recovery_had_no_room_for_stays_away(void **state)
{
    struct kept *kept = *state;
    char key[32], *value = calloc(1, 4096);
    unsigned there = 0;

    memset(value, 'v', 4095);
    assert_true(kept_start(kept));
    for (unsigned i = 0; i < 4000; i++) {
        snprintf(key, sizeof(key), "key%u", i);
        put(kept->base, key, value);
    }
    kept_stop(kept);
    assert_true(kept_start_with(kept, &disk_system, 4 << 20));
    int64_t left = count_of(kept->base, STORE_ITEMS);
    restart(kept);
    for (unsigned i = 0; i < 4000; i++) {
        snprintf(key, sizeof(key), "key%u", i);
        there += holds(kept->base, key, value);
    }
    assert_int_equal(there, left);
    free(value);
}

static void the_files_are_as_the_manual_says(void **state)
{
    struct kept *kept = *state;
    char path[512];
    struct stat status;

    assert_true(kept_start(kept));
    put(kept->base, "k", "v");
    assert_int_equal(persistence_checkpoint(kept->persistence), 0);
    kept_stop(kept);
    assert_true(kept_find(kept, "snapshot_2", path, sizeof(path)));
    assert_int_equal(strlen(strrchr(path, '/')), strlen("/snapshot_yyyymmddhhmmss"));
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0640);
    assert_true(kept_find(kept, "cmdlog_2", path, sizeof(path)));
    assert_int_equal(strlen(strrchr(path, '/')), strlen("/cmdlog_yyyymmddhhmmss"));
}

static void the_threads_write_without_being_asked_and_take_checkpoints(void **state)
{
    struct kept *kept = *state;
    char key[32], value[1001];
    struct timespec pause = {.tv_nsec = 1000000};

    memset(value, 'v', 1000);
    value[1000] = '\0';
    assert_true(kept_start(kept));
    assert_int_equal(persistence_start(kept->persistence), 0);
    put(kept->base, "k", "v");
    uint64_t seq = kept->base->thread->journal_seq;
    for (unsigned ms = 0; ms < 10000 && !persistence_is_durable(kept->persistence, seq); ms++)
        nanosleep(&pause, NULL);
    assert_true(persistence_is_durable(kept->persistence, seq));
    uint64_t first = kept->persistence->stamp;
    for (unsigned i = 0; i < 5000; i++) {
        snprintf(key, sizeof(key), "key%u", i);
        put(kept->base, key, value);
    }
    for (unsigned ms = 0; ms < 10000 && !atomic_load(&kept->persistence->last_start); ms++)
        nanosleep(&pause, NULL);
    for (unsigned ms = 0; ms < 10000 && atomic_load(&kept->persistence->in_progress); ms++)
        nanosleep(&pause, NULL);
    assert_true(atomic_load(&kept->persistence->last_start) > first);
    restart(kept);
    assert_int_equal(count_of(kept->base, STORE_ITEMS), 5001);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_kind_of_change_is_there_after_a_restart, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(large_values_and_flags_come_back_whole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(expiry_times_are_moments_and_not_delays, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_a_flush_took_stays_gone_and_what_came_after_it_stays,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_flushed_prefix_stays_empty_and_the_others_stay, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_flush_that_is_due_later_is_not_forgotten, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_flush_of_a_prefix_that_is_due_later_is_not_forgotten,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(stale_values_and_chosen_cas_uniques_stay_what_they_are,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(internal_items_are_not_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(evicted_items_do_not_come_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_recovery_had_no_room_for_stays_away, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_files_are_as_the_manual_says, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_threads_write_without_being_asked_and_take_checkpoints,
                                        set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
