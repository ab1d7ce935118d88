/* Rebuilding a lost state from what the plan keeps. */
#include "tests/unit/statedb/fixture.h"

#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

struct world_view {
    struct diff diff;
    struct recorded recorded;
    struct plan plan;
};

static struct change *add_change(struct fixture *fixture, struct world_view *view, enum verb verb,
                                 const char *address, enum witness said_by, struct attrs attrs)
{
    struct change *change = arena_new_of(fixture->arena, struct change);
    struct fact *fact = arena_new_of(fixture->arena, struct fact);
    struct resource *resource = arena_new_of(fixture->arena, struct resource);

    *fact = (struct fact){
        .address = address, .presence = PRESENCE_PRESENT, .said_by = said_by, .attrs = attrs};
    resource->address = address;
    *change = (struct change){.address = address,
                              .verb = verb,
                              .fact = fact,
                              .resource = resource,
                              .recorded = recorded_find(&view->recorded, address)};
    *vec_push(fixture->arena, &view->diff.changes) = change;
    return change;
}

static struct statedb *view_open(struct fixture *fixture, struct world_view *view)
{
    struct statedb *db = fixture_open(fixture);

    *view = (struct world_view){0};
    assert_int_equal(statedb_snapshot(db, fixture->arena, fixture->diags, &view->recorded), 0);
    return db;
}

static void view_adopt(struct fixture *fixture, struct world_view *view, struct statedb *db)
{
    view->plan.spec = &fixture->spec;
    view->plan.recorded = &view->recorded;
    view->plan.diff = &view->diff;
    assert_int_equal(statedb_adopt(db, &view->plan, fixture->diags), 0);
    recorded_deinit(&view->recorded);
    statedb_close(db);
}

static void adopt_one(struct fixture *fixture, enum verb verb, enum witness said_by,
                      struct attrs attrs)
{
    struct world_view view;
    struct statedb *db = view_open(fixture, &view);

    add_change(fixture, &view, verb, "node/test/10.0.0.1:1", said_by, attrs)->host =
        &fixture->hosts[0];
    view_adopt(fixture, &view, db);
}

static const char both_hosts[] = "host cache001 10.0.0.1 2222\nhost cache002 127.0.0.1 22\n";

static void assert_dump(struct fixture *fixture, const char *resources)
{
    assert_string_equal(fixture_dump(fixture),
                        arena_printf(fixture->arena, "%s%s", resources, both_hosts));
}

static void what_the_world_has_and_the_plan_keeps_is_recorded(void **state)
{
    struct fixture *fixture = *state;

    adopt_one(fixture, VERB_KEEP, WITNESS_HOST,
              fixture_attrs(fixture, "running", "yes", "live.items", "9", NULL));
    assert_dump(fixture, "serial 1\nnode/test/10.0.0.1:1 on cache001\n  running=yes\n");
}

static void adopting_the_same_again_writes_nothing(void **state)
{
    struct fixture *fixture = *state;

    adopt_one(fixture, VERB_KEEP, WITNESS_HOST,
              fixture_attrs(fixture, "running", "yes", "live.items", "9", NULL));
    adopt_one(fixture, VERB_KEEP, WITNESS_HOST,
              fixture_attrs(fixture, "running", "yes", "live.items", "10", NULL));
    assert_non_null(strstr(fixture_dump(fixture), "serial 1\n"));
}

static void what_differs_from_the_record_replaces_it(void **state)
{
    struct fixture *fixture = *state;

    adopt_one(fixture, VERB_KEEP, WITNESS_HOST,
              fixture_attrs(fixture, "running", "yes", "odd", "1", NULL));
    adopt_one(fixture, VERB_KEEP, WITNESS_HOST, fixture_attrs(fixture, "running", "no", NULL));
    assert_dump(fixture, "serial 2\nnode/test/10.0.0.1:1 on cache001\n  running=no\n");
}

static void the_state_does_not_confirm_itself(void **state)
{
    struct fixture *fixture = *state;

    adopt_one(fixture, VERB_KEEP, WITNESS_STATE, fixture_attrs(fixture, "running", "yes", NULL));
    assert_dump(fixture, "serial 0\n");
}

static void what_has_a_step_is_left_to_the_step(void **state)
{
    struct fixture *fixture = *state;

    adopt_one(fixture, VERB_RESTART, WITNESS_HOST, fixture_attrs(fixture, "running", "yes", NULL));
    assert_dump(fixture, "serial 0\n");
}

static void an_uncertain_resource_that_is_kept_becomes_certain(void **state)
{
    struct fixture *fixture = *state;
    struct statedb *db = fixture_open(fixture);
    struct step *step =
        fixture_step(fixture, 1, OP_START, VERB_CREATE, "node/test/10.0.0.1:1", &fixture->hosts[0]);
    int64_t run_id;

    assert_int_equal(statedb_run_begin(db, "apply", "me", &fixture->spec, fixture->diags, &run_id),
                     0);
    assert_int_equal(statedb_intent(db, run_id, step, fixture->diags), 0);
    statedb_close(db);
    assert_non_null(strstr(fixture_dump(fixture), "uncertain"));
    adopt_one(fixture, VERB_KEEP, WITNESS_HOST, (struct attrs){0});
    assert_null(strstr(fixture_dump(fixture), "uncertain"));
}

static void what_is_gone_and_not_wanted_is_forgotten(void **state)
{
    struct fixture *fixture = *state;
    struct world_view view;
    struct statedb *db;
    struct change *change;

    adopt_one(fixture, VERB_KEEP, WITNESS_HOST, fixture_attrs(fixture, "running", "yes", NULL));
    db = view_open(fixture, &view);
    change = add_change(fixture, &view, VERB_FORGET, "node/test/10.0.0.1:1", WITNESS_HOST,
                        (struct attrs){0});
    change->resource = NULL;
    view_adopt(fixture, &view, db);
    assert_dump(fixture, "serial 2\n");
}

static void protection_follows_the_spec(void **state)
{
    struct fixture *fixture = *state;

    for (int i = 0; i < 2; i++) {
        struct world_view view;
        struct statedb *db = view_open(fixture, &view);
        struct change *change = add_change(fixture, &view, VERB_KEEP, "cloud/test",
                                           WITNESS_ZOOKEEPER, (struct attrs){0});
        struct resource resource = *change->resource;

        fixture->cloud.prevent_destroy = i == 0;
        resource.cloud = &fixture->cloud;
        change->resource = &resource;
        view_adopt(fixture, &view, db);
        assert_dump(fixture, i == 0 ? "serial 1\ncloud/test on - protected\n"
                                    : "serial 1\ncloud/test on -\n");
    }
}

static void hosts_are_remembered_as_long_as_something_is_on_them(void **state)
{
    struct fixture *fixture = *state;
    struct world_view view;
    struct statedb *db;

    adopt_one(fixture, VERB_KEEP, WITNESS_HOST, fixture_attrs(fixture, "running", "yes", NULL));
    fixture->spec.host_count = 0;
    db = view_open(fixture, &view);
    assert_int_equal(view.recorded.hosts.count, 2);
    assert_string_equal(view.recorded.hosts.items[0]->ssh.user, "arcus");
    assert_int_equal(view.recorded.hosts.items[0]->ssh.become, BECOME_SUDO);
    assert_int_equal(view.recorded.hosts.items[0]->ssh.connect_timeout_ms, 5000);
    assert_int_equal(view.recorded.hosts.items[1]->executor, EXECUTOR_LOCAL);
    assert_null(view.recorded.hosts.items[1]->ssh.user);
    view_adopt(fixture, &view, db);
    assert_string_equal(fixture_dump(fixture),
                        "serial 1\nnode/test/10.0.0.1:1 on cache001\n  running=yes\n"
                        "host cache001 10.0.0.1 2222\n");
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    static const struct CMUnitTest tests[] = {
        CASE(what_the_world_has_and_the_plan_keeps_is_recorded),
        CASE(adopting_the_same_again_writes_nothing),
        CASE(what_differs_from_the_record_replaces_it),
        CASE(the_state_does_not_confirm_itself),
        CASE(what_has_a_step_is_left_to_the_step),
        CASE(an_uncertain_resource_that_is_kept_becomes_certain),
        CASE(what_is_gone_and_not_wanted_is_forgotten),
        CASE(protection_follows_the_spec),
        CASE(hosts_are_remembered_as_long_as_something_is_on_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
