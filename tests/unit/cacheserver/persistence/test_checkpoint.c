/*
 * For k = 1, 2, ... the k-th call that changes something on disk fails, or the process ends there,
 * or the power goes. A model keeps what was acknowledged; what a later start finds must be that and
 * some of the changes made after it, in their order and without gaps.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cacheserver/persistence/checkpoint.h"
#include "tests/unit/cacheserver/persistence/fixture.h"
#include "tests/unit/cacheserver/persistence/frail_disk.h"

#define KEYS        400
#define CHANGES_MAX 4000
#define FLUSH       KEYS /* in place of a key: flush_all */

struct change {
    unsigned key;
    unsigned version; /* 0: deleted */
};

struct world {
    struct kept kept;
    struct frail_disk frail;
    bool power; /* goes, too */
    struct change changes[CHANGES_MAX];
    unsigned made, acknowledged;
    unsigned versions; /* given out */
    uint64_t random;
};

static unsigned draw(struct world *world, unsigned below)
{
    world->random = world->random * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(world->random >> 33) % below;
}

/* Some values are long enough to be pinned, and all tell which they are. */
static size_t value_of(unsigned key, unsigned version, char *value)
{
    size_t len = 600 + (key * 37 + version * 11) % 900;

    memset(value, 'a' + (int)(version % 26), len);
    int n = snprintf(value, len, "%u/%u/", key, version);
    value[n] = 'x';
    return len;
}

static void change(struct world *world, unsigned key, unsigned version)
{
    struct fixture *base = world->kept.base;
    char name[16], value[2048];

    assert_true(world->made < CHANGES_MAX);
    snprintf(name, sizeof(name), "key%u", key);
    if (key == FLUSH)
        store_flush(base->thread, 0);
    else if (version == 0)
        store_delete(base->thread, name, strlen(name));
    else
        assert_int_equal(put_value(base, STORE_SET, name, value, value_of(key, version, value), 0),
                         STORE_OK);
    world->changes[world->made++] = (struct change){.key = key, .version = version};
}

static void change_something(struct world *world)
{
    unsigned key = draw(world, KEYS);

    change(world, key, draw(world, 5) ? ++world->versions : 0);
}

static void change_before_a_call(void *argument)
{
    struct world *world = argument;

    if (world->kept.persistence && world->made + 200 < CHANGES_MAX)
        for (unsigned i = 0; i < 3; i++)
            change_something(world);
}

static void flush(struct world *world)
{
    unsigned made = world->made;
    uint64_t seq = world->kept.base->thread->journal_seq;

    if (draw(world, 2))
        log_ask(&world->kept.persistence->log, seq);
    log_flush(&world->kept.persistence->log);
    if (persistence_is_durable(world->kept.persistence, seq))
        world->acknowledged = made;
}

static void some_changes(struct world *world, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        change_something(world);
        if (i % 10 == 9)
            flush(world);
    }
}

/* What a server does between its start and its end. */
static void live(struct world *world)
{
    some_changes(world, 40);
    persistence_checkpoint(world->kept.persistence);
    some_changes(world, 20);
    change(world, FLUSH, 0);
    flush(world);
    some_changes(world, 20);
    persistence_checkpoint(world->kept.persistence);
    some_changes(world, 10);
}

/* --- the model --- */

static bool has_version(struct world *world, unsigned key, unsigned version)
{
    char name[16], value[2048];
    struct copy copy = {0};

    snprintf(name, sizeof(name), "key%u", key);
    store_visit_key(world->kept.base->thread, name, strlen(name), copy_item, &copy);
    bool same = version == 0 ? copy.bytes == NULL
                             : copy.bytes && copy.len == value_of(key, version, value) &&
                                   !memcmp(copy.bytes, value, copy.len);
    free(copy.bytes);
    return same;
}

static void apply(const struct change *change, unsigned *versions)
{
    if (change->key == FLUSH)
        memset(versions, 0, KEYS * sizeof(*versions));
    else
        versions[change->key] = change->version;
}

static bool is_state(struct world *world, const unsigned *versions)
{
    for (unsigned key = 0; key < KEYS; key++)
        if (!has_version(world, key, versions[key]))
            return false;
    return true;
}

/* After how many changes the store looked as it does now; made + 1: never since the last
 * acknowledgement. */
static unsigned state_found(struct world *world)
{
    unsigned versions[KEYS] = {0};

    for (unsigned i = 0; i < world->acknowledged; i++)
        apply(&world->changes[i], versions);
    for (unsigned i = world->acknowledged; i <= world->made; i++) {
        if (is_state(world, versions))
            return i;
        if (i < world->made)
            apply(&world->changes[i], versions);
    }
    return world->made + 1;
}

static void check_recovery(struct world *world, unsigned k)
{
    char path[512];

    if (!kept_start(&world->kept))
        fail_msg("at call %u: %s", k, world->kept.errors);
    if (state_found(world) > world->made)
        fail_msg("at call %u: %u changes were acknowledged and are not all there", k,
                 world->acknowledged);
    assert_true(kept_find(&world->kept, "snapshot_", path, sizeof(path)));
    assert_true(kept_find(&world->kept, "cmdlog_", path, sizeof(path)));
    kept_stop(&world->kept);
}

/* A directory with a snapshot and a log that goes on from it. */
static void begin(struct world *world)
{
    memset(world, 0, sizeof(*world));
    world->random = 1;
    kept_init(&world->kept);
    assert_true(kept_start(&world->kept));
    for (unsigned key = 0; key < KEYS; key++)
        change(world, key, ++world->versions);
    flush(world);
    assert_int_equal(persistence_checkpoint(world->kept.persistence), 0);
    some_changes(world, 30);
    kept_stop(&world->kept);
    assert_int_equal(world->acknowledged, world->made);
}

/* false: the k-th call was never made. */
static bool live_until(struct world *world, enum frailty frailty, unsigned k)
{
    frail_disk_init(&world->frail, frailty, k);
    world->frail.before = change_before_a_call;
    world->frail.argument = world;
    if (kept_start_with(&world->kept, &world->frail.disk, (size_t)64 << 20)) {
        live(world);
        /* The end of the process: nothing is written any more. */
        world->frail.before = NULL;
        if (frailty == FRAIL_ENDS || persistence_has_failed(world->kept.persistence)) {
            world->frail.frailty = FRAIL_ENDS;
            world->frail.countdown = 1;
        }
        kept_stop(&world->kept);
    }
    if (world->power)
        frail_disk_lose_power(&world->frail, world->kept.directory);
    return k <= world->frail.calls;
}

static void try_every_call(enum frailty frailty, bool power)
{
    static struct world world;

    for (unsigned k = 1;; k++) {
        begin(&world);
        world.power = power;
        bool reached = live_until(&world, frailty, k);
        check_recovery(&world, k);
        kept_deinit(&world.kept);
        if (!reached) {
            assert_true(k > 30);
            return;
        }
    }
}

static void a_call_that_fails_loses_nothing_that_was_acknowledged(void **state)
{
    (void)state;
    try_every_call(FRAIL_FAILS, false);
}

static void an_end_at_any_call_loses_nothing_that_was_acknowledged(void **state)
{
    (void)state;
    try_every_call(FRAIL_ENDS, false);
}

static void a_loss_of_power_at_any_call_loses_nothing_that_was_acknowledged(void **state)
{
    (void)state;
    try_every_call(FRAIL_ENDS, true);
}

static void a_first_start_may_end_at_any_call(void **state)
{
    static struct world world;

    (void)state;
    for (unsigned k = 1; k < 20; k++) {
        memset(&world, 0, sizeof(world));
        kept_init(&world.kept);
        world.power = k % 2;
        live_until(&world, FRAIL_ENDS, k);
        check_recovery(&world, k);
        kept_deinit(&world.kept);
    }
}

static void a_checkpoint_that_failed_is_taken_again(void **state)
{
    static struct world world;

    (void)state;
    begin(&world);
    frail_disk_init(&world.frail, FRAIL_NOT, 0);
    assert_true(kept_start_with(&world.kept, &world.frail.disk, (size_t)64 << 20));
    uint64_t stamp = world.kept.persistence->stamp;
    world.frail.frailty = FRAIL_FAILS;
    world.frail.countdown = 3;
    assert_int_equal(persistence_checkpoint(world.kept.persistence), -1);
    assert_int_equal(world.kept.persistence->stamp, stamp);
    assert_int_equal(atomic_load(&world.kept.persistence->failure_count), 1);
    assert_false(persistence_has_failed(world.kept.persistence));
    some_changes(&world, 10);
    assert_int_equal(world.acknowledged, world.made);
    assert_int_equal(persistence_checkpoint(world.kept.persistence), 0);
    assert_true(world.kept.persistence->stamp > stamp);
    kept_stop(&world.kept);
    check_recovery(&world, 0);
    kept_deinit(&world.kept);
}

static void checkpoints_are_due_when_the_log_has_outgrown_the_snapshot(void **state)
{
    struct kept kept;

    (void)state;
    kept_init(&kept);
    assert_true(kept_start(&kept));
    struct persistence *persistence = kept.persistence;
    atomic_store(&persistence->min_log_bytes, 1000000);
    atomic_store(&persistence->interval_pct, 50);
    atomic_store(&persistence->snapshot_bytes, 100);
    atomic_store(&persistence->log.current_bytes, 999999);
    assert_false(checkpoint_is_due(persistence));
    atomic_store(&persistence->log.current_bytes, 1000000);
    assert_true(checkpoint_is_due(persistence));
    atomic_store(&persistence->snapshot_bytes, 10000000);
    atomic_store(&persistence->log.current_bytes, 14990000);
    assert_false(checkpoint_is_due(persistence));
    atomic_store(&persistence->log.current_bytes, 15010000);
    assert_true(checkpoint_is_due(persistence));
    kept_deinit(&kept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_that_fails_loses_nothing_that_was_acknowledged),
        cmocka_unit_test(an_end_at_any_call_loses_nothing_that_was_acknowledged),
        cmocka_unit_test(a_loss_of_power_at_any_call_loses_nothing_that_was_acknowledged),
        cmocka_unit_test(a_first_start_may_end_at_any_call),
        cmocka_unit_test(a_checkpoint_that_failed_is_taken_again),
        cmocka_unit_test(checkpoints_are_due_when_the_log_has_outgrown_the_snapshot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
