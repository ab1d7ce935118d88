#include "planner/observe/host_facts.h"

#include "tests/unit/planner/observe/site_spec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define DIGEST_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static struct {
    struct arena *arena;
    struct site_spec site;
    struct recorded recorded;
    struct world world;
    struct probe probe;
    struct target_codes codes;
} fixture;

static int set_up(void **state)
{
    struct arena *arena = fixture.arena = arena_new();

    (void)state;
    site_spec_init(&fixture.site, "/site", 2181, 22, arena);
    recorded_init(&fixture.recorded, arena);
    world_init(&fixture.world, arena);
    targets_declare(&fixture.site.spec, &fixture.recorded, arena, &fixture.world);
    target_codes_collect(&fixture.site.spec, &fixture.recorded, arena, &fixture.codes);
    fixture.probe = (struct probe){.uid = 0, .boot_id = "boot", .has_tar = true};
    *vec_push(arena, &fixture.probe.install_dirs) =
        (struct probe_install){.dir = "/site/opt", .free_kb = 100};
    *vec_push(arena, &fixture.probe.data_dirs) =
        (struct probe_data){.dir = "/site/data", .free_kb = 200};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    recorded_deinit(&fixture.recorded);
    world_deinit(&fixture.world);
    arena_free(fixture.arena);
    return 0;
}

static void fill(void)
{
    host_facts_add(&fixture.site.hosts[0], &fixture.probe, 1500, &fixture.codes, fixture.arena,
                   &fixture.world);
}

static const struct fact *find(const char *address)
{
    const struct fact *fact = world_find(&fixture.world, address);

    if (!fact)
        fail_msg("no fact %s", address);
    return fact;
}

static const char *value(const char *address, const char *name)
{
    const struct fact *fact = find(address);

    assert_int_equal(fact->presence, PRESENCE_PRESENT);
    assert_int_equal(fact->said_by, WITNESS_HOST);
    return attrs_value(&fact->attrs, name);
}

static struct probe_process *add_process(const char *name, bool is_alive)
{
    struct probe_process *process =
        vec_push(fixture.arena, &fixture.probe.install_dirs.items[0].processes);

    *process = (struct probe_process){.name = name, .is_alive = is_alive, .pid = is_alive ? 42 : 0};
    return process;
}

static void start_with(struct attrs *attrs, const char *name, const char *text)
{
    attrs_add(fixture.arena, attrs, name, text, SRCLOC_NONE);
}

static void a_blank_host_has_nothing_and_others_stay_unknown(void **state)
{
    (void)state;
    fill();
    assert_int_equal(find("release/here/arcus")->presence, PRESENCE_ABSENT);
    assert_int_equal(find("zk_config/here")->presence, PRESENCE_ABSENT);
    assert_int_equal(find("zk_server/here")->presence, PRESENCE_ABSENT);
    assert_int_equal(find("node/test-cloud/127.0.0.1:27411")->presence, PRESENCE_ABSENT);
    assert_int_equal(find("node/test-cloud/127.0.0.2:27411")->presence, PRESENCE_UNKNOWN);
    assert_int_equal(find("cloud/test-cloud")->presence, PRESENCE_UNKNOWN);
}

static void a_release_is_the_one_that_current_leads_to(void **state)
{
    struct probe_install *install = &fixture.probe.install_dirs.items[0];

    (void)state;
    install->current = (struct probe_release){"arcus", "1.0", DIGEST_A};
    install->link = "releases/arcus-1.0-aaaaaaaaaaaa";
    fill();
    assert_string_equal(value("release/here/arcus", "version"), "1.0");
    assert_string_equal(value("release/here/arcus", "digest"), DIGEST_A);
    assert_string_equal(value("release/here/arcus", "install_dir"), "/site/opt");
}

static void a_manifest_that_current_contradicts_is_no_release(void **state)
{
    struct probe_install *install = &fixture.probe.install_dirs.items[0];

    (void)state;
    install->current = (struct probe_release){"arcus", "1.0", DIGEST_A};
    install->link = "releases/arcus-0.9-bbbbbbbbbbbb";
    fill();
    assert_int_equal(find("release/here/arcus")->presence, PRESENCE_ABSENT);
    assert_non_null(find("release/here/arcus")->note);
}

static void a_release_of_another_package_is_not_ours(void **state)
{
    struct probe_install *install = &fixture.probe.install_dirs.items[0];

    (void)state;
    install->current = (struct probe_release){"other", "1.0", DIGEST_A};
    install->link = "releases/other-1.0-aaaaaaaaaaaa";
    fill();
    assert_int_equal(find("release/here/arcus")->presence, PRESENCE_ABSENT);
}

static void a_live_process_is_a_node_with_what_it_was_started_with(void **state)
{
    struct probe_process *process = add_process("test-cloud-27411", true);

    (void)state;
    start_with(&process->attrs, "release", DIGEST_A);
    start_with(&process->attrs, "set.threads", "6");
    start_with(&process->attrs, "running", "no");
    start_with(&process->attrs, "online", "yes");
    start_with(&process->attrs, "live.items", "7");
    fill();
    assert_string_equal(value("node/test-cloud/127.0.0.1:27411", "running"), "yes");
    assert_string_equal(value("node/test-cloud/127.0.0.1:27411", "release"), DIGEST_A);
    assert_string_equal(value("node/test-cloud/127.0.0.1:27411", "set.threads"), "6");
    assert_string_equal(value("node/test-cloud/127.0.0.1:27411", "install_dir"), "/site/opt");
    assert_string_equal(value("node/test-cloud/127.0.0.1:27411", "live.pid"), "42");
    assert_null(value("node/test-cloud/127.0.0.1:27411", "online"));
    assert_null(value("node/test-cloud/127.0.0.1:27411", "live.items"));
}

static void a_dead_process_is_no_node(void **state)
{
    (void)state;
    add_process("test-cloud-27411", false);
    fill();
    assert_int_equal(find("node/test-cloud/127.0.0.1:27411")->presence, PRESENCE_ABSENT);
}

static void a_running_node_that_nobody_names_is_seen_in_a_cloud_of_ours_only(void **state)
{
    (void)state;
    add_process("test-cloud-11299", true);
    add_process("rival-cloud-11300", true);
    add_process("test-cloud", true);
    add_process("test-cloud-", true);
    add_process("test-cloud-123456", true);
    fill();
    assert_string_equal(value("node/test-cloud/127.0.0.1:11299", "running"), "yes");
    assert_string_equal(find("node/test-cloud/127.0.0.1:11299")->host->name, "here");
    assert_null(world_find(&fixture.world, "node/rival-cloud/127.0.0.1:11300"));
    assert_int_equal(fixture.world.facts.count, 9);
}

static void zookeeper_is_told_by_its_directory(void **state)
{
    struct probe_process server = {.name = "", .is_alive = true, .pid = 7};
    struct probe_data *data = &fixture.probe.data_dirs.items[0];

    (void)state;
    start_with(&server.attrs, "config", "0123456789ab");
    data->myid = "2";
    data->zoo_cfg =
        "# made\ntickTime=2000\r\nserver.1=a:2888:3888\ntickTime=3000\nnonsense\n\nx=\n";
    data->server = &server;
    data->has_data = true;
    fill();
    assert_string_equal(value("zk_config/here", "myid"), "2");
    assert_string_equal(value("zk_config/here", "cfg.tickTime"), "3000");
    assert_string_equal(value("zk_config/here", "cfg.server.1"), "a:2888:3888");
    assert_string_equal(value("zk_config/here", "cfg.x"), "");
    assert_int_equal(find("zk_config/here")->attrs.count, 5);
    assert_string_equal(value("zk_server/here", "config"), "0123456789ab");
    assert_string_equal(value("zk_server/here", "running"), "yes");
    assert_string_equal(value("zk_server/here", "data_dir"), "/site/data");
}

static void a_myid_alone_is_a_configuration_to_be_completed(void **state)
{
    (void)state;
    fixture.probe.data_dirs.items[0].myid = "3";
    fill();
    assert_string_equal(value("zk_config/here", "myid"), "3");
    assert_int_equal(find("zk_server/here")->presence, PRESENCE_ABSENT);
}

static void the_host_itself_has_a_fact(void **state)
{
    const struct host_fact *fact;

    (void)state;
    fixture.probe.java = "/usr/bin/java";
    fixture.probe.java_version = "17";
    fixture.probe.clock_ms = 1;
    fill();
    fact = world_find_host(&fixture.world, "here");
    assert_true(fact->is_reachable);
    assert_string_equal(attrs_value(&fact->attrs, "uid"), "0");
    assert_string_equal(attrs_value(&fact->attrs, "java_version"), "17");
    assert_string_equal(attrs_value(&fact->attrs, "tar"), "yes");
    assert_string_equal(attrs_value(&fact->attrs, "gzip"), "no");
    assert_string_equal(attrs_value(&fact->attrs, "live.clock_skew_ms"), "1500");
    assert_string_equal(attrs_value(&fact->attrs, "live.free_kb./site/opt"), "100");
}

static const char *digest_now(void)
{
    world_deinit(&fixture.world);
    world_init(&fixture.world, fixture.arena);
    targets_declare(&fixture.site.spec, &fixture.recorded, fixture.arena, &fixture.world);
    fill();
    return world_find_host(&fixture.world, "here")->digest;
}

static void the_digest_changes_with_what_a_plan_depends_on_only(void **state)
{
    const char *before = digest_now(), *after;

    (void)state;
    fixture.probe.boot_id = "another";
    fixture.probe.install_dirs.items[0].free_kb = 1;
    fixture.probe.clock_ms = 99;
    assert_string_equal(digest_now(), before);
    fixture.probe.data_dirs.items[0].myid = "1";
    after = digest_now();
    assert_string_not_equal(after, before);
    add_process("test-cloud-27411", true);
    before = digest_now();
    assert_string_not_equal(before, after);
    fixture.probe.install_dirs.items[0].processes.items[0].pid = 43;
    assert_string_equal(digest_now(), before);
    fixture.probe.install_dirs.items[0].processes.items[0].is_alive = false;
    assert_string_not_equal(digest_now(), before);
}

static void an_unreachable_host_says_why(void **state)
{
    struct fault fault = {.code = DIAG_HOST_CONNECT, .text = "connection refused"};
    const struct host_fact *fact;

    (void)state;
    host_facts_add_unreachable(&fixture.site.hosts[1], &fault, fixture.arena, &fixture.world);
    fact = world_find_host(&fixture.world, "gone");
    assert_false(fact->is_reachable);
    assert_string_equal(fact->fault.text, "connection refused");
    assert_int_equal(find("release/gone/arcus")->presence, PRESENCE_UNKNOWN);
}

#define facts_test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        facts_test(a_blank_host_has_nothing_and_others_stay_unknown),
        facts_test(a_release_is_the_one_that_current_leads_to),
        facts_test(a_manifest_that_current_contradicts_is_no_release),
        facts_test(a_release_of_another_package_is_not_ours),
        facts_test(a_live_process_is_a_node_with_what_it_was_started_with),
        facts_test(a_dead_process_is_no_node),
        facts_test(a_running_node_that_nobody_names_is_seen_in_a_cloud_of_ours_only),
        facts_test(zookeeper_is_told_by_its_directory),
        facts_test(a_myid_alone_is_a_configuration_to_be_completed),
        facts_test(the_host_itself_has_a_fact),
        facts_test(the_digest_changes_with_what_a_plan_depends_on_only),
        facts_test(an_unreachable_host_says_why),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
