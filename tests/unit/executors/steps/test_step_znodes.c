/* Against a real server. Each test starts without /arcus. */
#include "executors/steps/step_znodes.h"

#include "cacheserver/contract/cache_list.h"
#include "planner/base/clock.h"
#include "planner/observe/zk_view.h"
#include "tests/unit/executors/steps/cloud_fixture.h"
#include "tests/unit/planner/observe/zk_server.h"

#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { LONG_MS = 60000 };

static struct {
    struct zk_server server;
    struct zk_session *session, *other;
    struct arena *arena;
    struct cloud_fixture wanted;
    struct resource resource;
    struct fact fact;
    struct change change;
    struct step step;
    struct step_context context;
    struct outcome outcome;
    atomic_bool cancel;
} fixture;

static int start_server(void **state)
{
    (void)state;
    return zk_server_start(&fixture.server);
}

static int remove_server(void **state)
{
    (void)state;
    zk_server_remove(&fixture.server);
    return 0;
}

static int give_session(void *data, int64_t deadline_ms, struct zk_session **session,
                        struct fault *fault)
{
    (void)data, (void)deadline_ms, (void)fault;
    *session = fixture.session;
    return 0;
}

static int get(const char *path, struct zk_node *node)
{
    struct fault fault = {0};
    int result =
        zk_get(fixture.session, path, clock_deadline_ms(LONG_MS), fixture.arena, node, &fault);

    if (result < 0)
        fail_msg("%s", fault.text);
    return result;
}

static const char *data_of(const char *path)
{
    struct zk_node node;

    if (get(path, &node) != 0)
        fail_msg("%s is missing", path);
    return node.data;
}

static bool exists(const char *path)
{
    struct zk_node node;

    return get(path, &node) == 0;
}

static void write_one(struct zk_session *session, enum zk_op_kind kind, const char *path,
                      const char *data)
{
    const struct zk_op op = {kind, -1, path, data, data ? strlen(data) : 0};
    struct fault fault = {0};
    size_t failed;
    int result = zk_multi(session, &op, 1, clock_deadline_ms(LONG_MS), &failed, &fault);

    if (result != 0)
        fail_msg("%s: result %d %s", path, result, fault.text);
}

static void remove_tree(const char *path)
{
    struct zk_names names;
    struct fault fault;

    if (zk_children(fixture.session, path, clock_deadline_ms(LONG_MS), fixture.arena, &names,
                    &fault) != 0)
        return;
    for (size_t i = 0; i < names.count; i++)
        remove_tree(arena_printf(fixture.arena, "%s/%s", path, names.items[i]));
    write_one(fixture.session, ZK_OP_DELETE, path, NULL);
}

static void make_context(void)
{
    fixture.resource =
        (struct resource){.address = "cloud/test-cloud", .cloud = &fixture.wanted.cloud};
    fixture.fact = (struct fact){.address = "cloud/test-cloud"};
    fixture.change = (struct change){.address = "cloud/test-cloud",
                                     .verb = VERB_CREATE,
                                     .resource = &fixture.resource,
                                     .fact = &fixture.fact};
    fixture.step = (struct step){.id = 1, .op = OP_REGISTER, .change = &fixture.change};
    fixture.context = (struct step_context){.step = &fixture.step,
                                            .arena = fixture.arena,
                                            .zookeeper = give_session,
                                            .cancel = &fixture.cancel};
    fixture.outcome = (struct outcome){0};
    atomic_store(&fixture.cancel, false);
}

static int open_sessions(void **state)
{
    int64_t deadline_ms = clock_deadline_ms(LONG_MS);
    struct fault fault = {0};

    (void)state;
    fixture.arena = arena_new();
    if (zk_session_open(fixture.server.connect, 20000, deadline_ms, NULL, &fixture.session,
                        &fault) < 0 ||
        zk_session_open(fixture.server.connect, 20000, deadline_ms, NULL, &fixture.other, &fault) <
            0)
        return -1;
    remove_tree("/arcus");
    cloud_fixture_init(&fixture.wanted);
    make_context();
    return 0;
}

static int close_sessions(void **state)
{
    (void)state;
    zk_session_close(fixture.session);
    zk_session_close(fixture.other);
    arena_free(fixture.arena);
    return 0;
}

static void expect(void (*step)(const struct step_context *, struct outcome *),
                   enum outcome_kind kind)
{
    fixture.outcome = (struct outcome){0};
    step(&fixture.context, &fixture.outcome);
    if (fixture.outcome.kind != kind)
        fail_msg("%s: %s", outcome_word(fixture.outcome.kind), fixture.outcome.fault.text);
}

static void expect_fault(void (*step)(const struct step_context *, struct outcome *),
                         enum diag_code code)
{
    expect(step, OUTCOME_FAILED);
    if (fixture.outcome.fault.code != code)
        fail_msg("%s", fixture.outcome.fault.text);
}

static void register_cloud(void)
{
    expect(step_zk_init, OUTCOME_DONE);
    expect(step_register, OUTCOME_DONE);
}

/* What the plan would have seen now. */
static void observe_cloud(void)
{
    struct zk_view view;
    struct fault fault = {0};
    const char *code = "test-cloud";

    if (zk_view_read(fixture.session, &code, 1, clock_deadline_ms(LONG_MS), fixture.arena, &view,
                     &fault) < 0)
        fail_msg("%s", fault.text);
    fixture.fact = (struct fact){
        .address = "cloud/test-cloud", .said_by = WITNESS_ZOOKEEPER, .presence = PRESENCE_ABSENT};
    fixture.change.seen = NULL;
    if (!zk_cloud_is_present(&view.clouds.items[0]))
        return;
    fixture.fact.presence = PRESENCE_PRESENT;
    zk_cloud_attrs(&view.clouds.items[0], fixture.arena, &fixture.fact.attrs, &fixture.fact.note);
    fixture.change.seen = &fixture.fact.attrs;
}

static struct cache_list read_list(void)
{
    struct cache_list list;
    const char *text = data_of("/arcus/cache_list/test-cloud"), *problem = NULL;

    if (!cache_list_parse(text, strlen(text), fixture.arena, &list, &problem))
        fail_msg("%s", problem);
    return list;
}

static void init_makes_what_is_missing_once(void **state)
{
    (void)state;
    write_one(fixture.session, ZK_OP_CREATE, "/arcus", "kept");
    expect(step_zk_init, OUTCOME_DONE);
    assert_string_equal(data_of("/arcus"), "kept");
    assert_string_equal(data_of("/arcus/cache_list"), "");
    assert_true(exists("/arcus/client_list"));
    assert_true(exists("/arcus/cache_server_mapping"));
    assert_true(exists("/arcus/cache_server_log"));
    assert_string_equal(attrs_value(&fixture.outcome.attrs, "nodes"),
                        "/arcus /arcus/cache_list /arcus/cache_server_log "
                        "/arcus/cache_server_mapping /arcus/client_list");
    expect(step_zk_init, OUTCOME_UNCHANGED);
}

static void a_registered_cloud_is_as_arcus_sh_makes_it(void **state)
{
    struct cache_list list;

    (void)state;
    register_cloud();
    list = read_list();
    assert_string_equal(list.service_code, "test-cloud");
    assert_int_equal(list.server_count, 3);
    assert_string_equal(list.servers[0].ip, "10.0.0.1");
    assert_non_null(list.created);
    assert_null(list.modified);
    assert_string_equal(data_of("/arcus/client_list/test-cloud"), "");
    assert_string_equal(data_of("/arcus/cache_server_mapping/10.0.0.3:11211"),
                        "{\"connections\": \"1000\", \"memlimit\": \"100\", \"port\": \"11211\", "
                        "\"threads\": \"4\"}");
    assert_string_equal(data_of("/arcus/cache_server_mapping/10.0.0.3:11211/test-cloud"), "");
}

static void what_is_recorded_is_what_is_there(void **state)
{
    const struct attrs *attrs = &fixture.outcome.attrs;

    (void)state;
    register_cloud();
    assert_string_equal(attrs_value(attrs, "config.threads"), "6");
    assert_string_equal(attrs_value(attrs, "node.10.0.0.1:11211"), "cache001.arcus");
    assert_string_equal(attrs_value(attrs, "node.10.0.0.3:11211"), "cache003.arcus threads=4");
    assert_string_equal(attrs_value(attrs, "mapping.10.0.0.1:11211"),
                        "connections=1000 memlimit=100 port=11211 threads=6");
    assert_string_equal(attrs_value(attrs, "client_list"), "yes");
    assert_null(attrs_find(attrs, "live.version"));
    assert_int_equal(attrs->count, 3 + 3 + 3 + 1);
}

static void registering_twice_writes_once(void **state)
{
    struct zk_node node;

    (void)state;
    register_cloud();
    expect(step_register, OUTCOME_UNCHANGED);
    assert_int_equal(get("/arcus/cache_list/test-cloud", &node), 0);
    assert_int_equal(node.version, 0);
}

static void an_update_keeps_when_it_was_created(void **state)
{
    const char *created;

    (void)state;
    register_cloud();
    created = read_list().created;
    observe_cloud();
    fixture.change.verb = VERB_UPDATE;
    fixture.wanted.cloud.node_count = 2;
    expect(step_unregister, OUTCOME_DONE);
    assert_string_equal(read_list().created, created);
    assert_non_null(read_list().modified);
    assert_int_equal(read_list().server_count, 2);
    assert_false(exists("/arcus/cache_server_mapping/10.0.0.3:11211"));
    assert_true(exists("/arcus/cache_server_mapping/10.0.0.2:11211/test-cloud"));
}

static void an_edit_since_the_plan_stops_it(void **state)
{
    (void)state;
    register_cloud();
    observe_cloud();
    write_one(fixture.other, ZK_OP_SET, "/arcus/cache_list/test-cloud", "{}");
    expect_fault(step_register, DIAG_ZK_CHANGED);
    assert_string_equal(data_of("/arcus/cache_list/test-cloud"), "{}");
}

static void work_that_is_done_is_unchanged_whatever_the_plan_saw(void **state)
{
    (void)state;
    expect(step_zk_init, OUTCOME_DONE);
    observe_cloud();
    assert_int_equal(fixture.fact.presence, PRESENCE_ABSENT);
    expect(step_register, OUTCOME_DONE);
    expect(step_register, OUTCOME_UNCHANGED);
}

static void a_cloud_made_since_the_plan_is_not_overwritten(void **state)
{
    (void)state;
    expect(step_zk_init, OUTCOME_DONE);
    observe_cloud();
    write_one(fixture.other, ZK_OP_CREATE, "/arcus/cache_list/test-cloud", "{}");
    expect_fault(step_register, DIAG_ZK_CHANGED);
    assert_false(exists("/arcus/cache_server_mapping/10.0.0.1:11211"));
}

static void a_damaged_cloud_is_mended_when_the_plan_saw_it(void **state)
{
    (void)state;
    register_cloud();
    write_one(fixture.other, ZK_OP_SET, "/arcus/cache_list/test-cloud", "\xff");
    write_one(fixture.other, ZK_OP_SET, "/arcus/cache_server_mapping/10.0.0.1:11211", "[]");
    write_one(fixture.other, ZK_OP_DELETE, "/arcus/cache_server_mapping/10.0.0.2:11211/test-cloud",
              NULL);
    observe_cloud();
    assert_non_null(strstr(fixture.fact.note, "not readable"));
    expect(step_register, OUTCOME_DONE);
    observe_cloud();
    assert_null(fixture.fact.note);
    assert_int_equal(read_list().server_count, 3);
    assert_true(exists("/arcus/cache_server_mapping/10.0.0.2:11211/test-cloud"));
}

static void a_node_of_another_cloud_is_refused_by_name(void **state)
{
    (void)state;
    expect(step_zk_init, OUTCOME_DONE);
    write_one(fixture.other, ZK_OP_CREATE, "/arcus/cache_server_mapping/10.0.0.2:11211", "{}");
    write_one(fixture.other, ZK_OP_CREATE, "/arcus/cache_server_mapping/10.0.0.2:11211/rival",
              NULL);
    expect_fault(step_register, DIAG_ZK_DATA);
    assert_non_null(strstr(fixture.outcome.fault.text, "rival"));
    assert_false(exists("/arcus/cache_list/test-cloud"));
}

static void a_deleted_cloud_leaves_nothing_but_the_base(void **state)
{
    struct zk_names names;
    struct fault fault;

    (void)state;
    register_cloud();
    write_one(fixture.other, ZK_OP_CREATE_EPHEMERAL, "/arcus/client_list/test-cloud/client", NULL);
    observe_cloud();
    fixture.change.verb = VERB_DELETE;
    expect(step_unregister, OUTCOME_DONE);
    assert_int_equal(fixture.outcome.attrs.count, 0);
    assert_false(exists("/arcus/cache_list/test-cloud"));
    assert_false(exists("/arcus/client_list/test-cloud"));
    assert_int_equal(zk_children(fixture.session, "/arcus/cache_server_mapping",
                                 clock_deadline_ms(LONG_MS), fixture.arena, &names, &fault),
                     0);
    assert_int_equal(names.count, 0);
    expect(step_unregister, OUTCOME_UNCHANGED);
}

static void leave_when_waited_for(void *data, const char *text)
{
    (void)data;
    if (strstr(text, "leave") && fixture.other) {
        zk_session_close(fixture.other);
        fixture.other = NULL;
    }
}

static void a_server_that_leaves_late_is_waited_for(void **state)
{
    (void)state;
    register_cloud();
    write_one(fixture.other, ZK_OP_CREATE_EPHEMERAL,
              "/arcus/cache_list/test-cloud/10.0.0.1:11211-cache001", "100MB");
    observe_cloud();
    fixture.change.verb = VERB_DELETE;
    fixture.context.phase = leave_when_waited_for;
    expect(step_unregister, OUTCOME_DONE);
    assert_false(exists("/arcus/cache_list/test-cloud"));
}

static void cancel_when_waited_for(void *data, const char *text)
{
    (void)data;
    if (strstr(text, "leave"))
        atomic_store(&fixture.cancel, true);
}

static void waiting_for_a_server_can_be_cut(void **state)
{
    (void)state;
    register_cloud();
    write_one(fixture.other, ZK_OP_CREATE_EPHEMERAL,
              "/arcus/cache_list/test-cloud/10.0.0.1:11211-cache001", "100MB");
    fixture.change.verb = VERB_DELETE;
    fixture.context.phase = cancel_when_waited_for;
    expect_fault(step_unregister, DIAG_INTERRUPTED);
    assert_true(exists("/arcus/cache_list/test-cloud"));
}

enum { MANY = 2500 };

static void make_many_nodes(void)
{
    struct spec_host *hosts = arena_array_of(fixture.arena, struct spec_host, MANY);
    struct spec_node *nodes = arena_array_of(fixture.arena, struct spec_node, MANY);

    for (int i = 0; i < MANY; i++) {
        hosts[i] = (struct spec_host){
            .name = arena_printf(fixture.arena, "cache%05d", i),
            .address = arena_printf(fixture.arena, "10.1.%d.%d", i / 250, i % 250)};
        nodes[i] = fixture.wanted.nodes[0];
        nodes[i].host = &hosts[i];
    }
    fixture.wanted.cloud.nodes = nodes;
    fixture.wanted.cloud.node_count = MANY;
}

static void a_cloud_too_large_for_one_multi_is_written_in_several(void **state)
{
    (void)state;
    make_many_nodes();
    register_cloud();
    assert_int_equal(read_list().server_count, MANY);
    expect(step_register, OUTCOME_UNCHANGED);
    fixture.change.verb = VERB_DELETE;
    expect(step_unregister, OUTCOME_DONE);
    assert_false(exists("/arcus/cache_list/test-cloud"));
    assert_false(exists("/arcus/cache_server_mapping/10.1.0.0:11211"));
}

static void *register_in_background(void *data)
{
    step_register(&fixture.context, data);
    return NULL;
}

/* Waits until at least count mappings are there, or the registration has come to its end. */
static void wait_for_mappings(int32_t count)
{
    int64_t deadline_ms = clock_deadline_ms(LONG_MS);
    struct zk_node node = {0};
    struct fault fault;

    while (node.child_count < count && clock_left_ms(deadline_ms) > 0)
        if (zk_exists(fixture.other, "/arcus/cache_server_mapping", deadline_ms, &node, &fault) !=
            0)
            fail_msg("%s", fault.text);
        else
            poll(NULL, 0, 1);
    assert_true(node.child_count >= count);
}

static void the_server_may_die_at_any_moment_of_a_registration(void **state)
{
    (void)state;
    make_many_nodes();
    expect(step_zk_init, OUTCOME_DONE);
    for (int32_t count = 0; count <= MANY; count += MANY / 2) {
        pthread_t thread;

        fixture.change.verb = VERB_CREATE;
        assert_int_equal(pthread_create(&thread, NULL, register_in_background, &fixture.outcome),
                         0);
        wait_for_mappings(count);
        zk_server_kill(&fixture.server);
        assert_int_equal(zk_server_restart(&fixture.server), 0);
        pthread_join(thread, NULL);
        if (fixture.outcome.kind == OUTCOME_FAILED)
            fail_msg("after %d mappings: %s", count, fixture.outcome.fault.text);
        expect(step_register, OUTCOME_UNCHANGED);
        assert_int_equal(read_list().server_count, MANY);
        fixture.change.verb = VERB_DELETE;
        expect(step_unregister, OUTCOME_DONE);
    }
}

static void a_server_that_is_gone_is_a_fault_and_the_next_try_finishes(void **state)
{
    (void)state;
    expect(step_zk_init, OUTCOME_DONE);
    atomic_store(&fixture.cancel, true);
    expect_fault(step_register, DIAG_INTERRUPTED);
    atomic_store(&fixture.cancel, false);
    zk_server_kill(&fixture.server);
    assert_int_equal(zk_server_restart(&fixture.server), 0);
    expect(step_register, OUTCOME_DONE);
}

static void base_znodes_that_are_missing_are_said(void **state)
{
    (void)state;
    expect_fault(step_register, DIAG_ZK_DATA);
    assert_non_null(strstr(fixture.outcome.fault.text, "/arcus is missing"));
}

#define znodes_test(name) cmocka_unit_test_setup_teardown(name, open_sessions, close_sessions)

int main(void)
{
    const struct CMUnitTest tests[] = {
        znodes_test(init_makes_what_is_missing_once),
        znodes_test(a_registered_cloud_is_as_arcus_sh_makes_it),
        znodes_test(what_is_recorded_is_what_is_there),
        znodes_test(registering_twice_writes_once),
        znodes_test(an_update_keeps_when_it_was_created),
        znodes_test(an_edit_since_the_plan_stops_it),
        znodes_test(work_that_is_done_is_unchanged_whatever_the_plan_saw),
        znodes_test(a_cloud_made_since_the_plan_is_not_overwritten),
        znodes_test(a_damaged_cloud_is_mended_when_the_plan_saw_it),
        znodes_test(a_node_of_another_cloud_is_refused_by_name),
        znodes_test(a_deleted_cloud_leaves_nothing_but_the_base),
        znodes_test(a_server_that_leaves_late_is_waited_for),
        znodes_test(waiting_for_a_server_can_be_cut),
        znodes_test(a_cloud_too_large_for_one_multi_is_written_in_several),
        znodes_test(the_server_may_die_at_any_moment_of_a_registration),
        znodes_test(a_server_that_is_gone_is_a_fault_and_the_next_try_finishes),
        znodes_test(base_znodes_that_are_missing_are_said),
    };

    return cmocka_run_group_tests(tests, start_server, remove_server);
}
