#include "tests/unit/planner/plan/scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct scene scene;

static int setup(void **state)
{
    (void)state;
    scene_init(&scene);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    scene_deinit(&scene);
    return 0;
}

static const char *cloud_of_ten(const char *update, const char *threads)
{
    const char *text =
        scene_edit(&scene, scene_external, "nodes: [{ hosts: [h1, h2], ports: [11211] }]",
                   "nodes: [{ hosts: [h1], ports: [11211-11220] }]");

    text = scene_edit(&scene, text, "  alpha:\n    package: arcus\n",
                      arena_printf(scene.arena,
                                   "  alpha:\n    package: arcus\n    config: { threads: %s }\n%s",
                                   threads, update));
    return text;
}

static void restart_ten(const char *update)
{
    scene_stand(&scene, "before.yaml", cloud_of_ten("", "4"));
    scene_spec(&scene, "a.yaml", cloud_of_ten(update, "8"));
    assert_int_equal(scene_plan(&scene), 0);
}

static const char *node(int i)
{
    return arena_printf(scene.arena, "node/alpha/10.0.0.1:%d", 11211 + i);
}

/* -1 when the i-th restart waits for no other restart, -2 for several. */
static int waits_for(int i)
{
    int found = -1;

    for (int j = 0; j < 10; j++)
        if (scene_needs(&scene, node(i), node(j)))
            found = found == -1 ? j : -2;
    return found;
}

static void restarts_go_one_by_one_unless_told_otherwise(void **state)
{
    (void)state;
    restart_ten("");
    for (int i = 0; i < 10; i++)
        assert_int_equal(waits_for(i), i - 1);
}

static void canaries_go_first_and_then_some_at_a_time(void **state)
{
    (void)state;
    restart_ten("    update: { canaries: 2, max_unavailable: 3 }\n");
    assert_int_equal(waits_for(0), -1);
    assert_int_equal(waits_for(1), 0);
    for (int i = 2; i < 5; i++)
        assert_int_equal(waits_for(i), 1);
    for (int i = 5; i < 10; i++)
        assert_int_equal(waits_for(i), i - 3);
}

static void without_canaries_the_first_ones_wait_for_nobody(void **state)
{
    (void)state;
    restart_ten("    update: { canaries: 0, max_unavailable: 4 }\n");
    for (int i = 0; i < 4; i++)
        assert_int_equal(waits_for(i), -1);
    for (int i = 4; i < 10; i++)
        assert_int_equal(waits_for(i), i - 4);
}

static void all_may_restart_at_once_when_the_spec_says_so(void **state)
{
    (void)state;
    restart_ten("    update: { canaries: 0, max_unavailable: 50 }\n");
    for (int i = 0; i < 10; i++)
        assert_int_equal(waits_for(i), -1);
}

static void tolerated_failures_do_not_stop_the_rest(void **state)
{
    (void)state;
    restart_ten("    update: { canaries: 1, max_unavailable: 1, max_failures: 2 }\n");
    assert_int_equal(waits_for(1), 0);
    assert_int_equal(waits_for(5), -1);
    assert_true(scene_comes_after(&scene, node(5), node(4)));
}

static void starts_and_settings_of_running_nodes_are_not_spread(void **state)
{
    (void)state;
    scene_stand(&scene, "before.yaml", scene_external);
    scene_spec(&scene, "a.yaml", scene_external);
    scene_gone(&scene, "node/alpha/10.0.0.1:11211");
    scene_set_fact(&scene, "node/alpha/10.0.0.2:11211", "set.memlimit", "1");
    assert_int_equal(scene_plan(&scene), 0);
    assert_int_equal(scene.plan->steps.count, 2);
    vec_each(step, &scene.plan->steps)
        assert_int_equal((*step)->needs.count, 0);
}

static void change_zookeeper(void)
{
    scene_stand(&scene, "before.yaml", scene_site);
    scene_spec(
        &scene, "a.yaml",
        scene_edit(&scene, scene_site, "  data_dir", "  config: { tickTime: 500 }\n  data_dir"));
}

static void servers_restart_one_by_one_with_the_leader_last(void **state)
{
    (void)state;
    change_zookeeper();
    scene_set_fact(&scene, "zk_server/h1", "live.mode", "leader");
    scene_set_fact(&scene, "zk_server/h2", "live.mode", "follower");
    assert_int_equal(scene_plan(&scene), 0);
    assert_true(scene_needs(&scene, "zk_server/h3", "zk_server/h2"));
    assert_true(scene_needs(&scene, "zk_server/h1", "zk_server/h3"));
    assert_false(scene_needs(&scene, "zk_server/h2", "zk_server/h1"));
}

static void each_server_has_its_own_file_before_it_restarts(void **state)
{
    (void)state;
    change_zookeeper();
    assert_int_equal(scene_plan(&scene), 0);
    assert_true(scene_needs(&scene, "zk_server/h2", "zk_config/h2"));
    assert_false(scene_needs(&scene, "zk_server/h2", "zk_config/h3"));
}

static void a_dead_member_is_started_before_others_restart(void **state)
{
    (void)state;
    change_zookeeper();
    scene_gone(&scene, "zk_server/h3");
    assert_int_equal(scene_plan(&scene), 0);
    assert_int_equal(scene_step(&scene, "zk_server/h3")->op, OP_ZK_START);
    assert_true(scene_needs(&scene, "zk_server/h1", "zk_server/h3"));
    assert_true(scene_needs(&scene, "zk_server/h2", "zk_server/h1"));
}

static const char *ensemble_of(const char *hosts)
{
    return scene_edit(&scene, scene_site, "hosts: [h1, h2, h3]\n  home",
                      arena_printf(scene.arena, "hosts: [%s]\n  home", hosts));
}

/* One new member gives the old one its quorum; both new ones would not need the old one. */
static void new_members_who_could_outvote_the_old_one_do_not_run_before_it(void **state)
{
    (void)state;
    scene_stand(&scene, "before.yaml", ensemble_of("h1"));
    scene_spec(&scene, "a.yaml", scene_site);
    assert_int_equal(scene_plan(&scene), 0);
    assert_int_equal(scene_step(&scene, "zk_server/h1")->op, OP_ZK_RESTART);
    assert_true(scene_needs(&scene, "zk_server/h1", "zk_server/h2"));
    assert_true(scene_needs(&scene, "zk_server/h3", "zk_server/h1"));
}

static void two_blank_members_of_three_join_the_survivor_one_by_one(void **state)
{
    (void)state;
    scene_stand(&scene, "before.yaml", scene_site);
    scene_spec(&scene, "a.yaml", scene_site);
    scene_gone(&scene, "zk_config/h1");
    scene_gone(&scene, "zk_server/h1");
    scene_gone(&scene, "zk_config/h3");
    scene_gone(&scene, "zk_server/h3");
    assert_int_equal(scene_plan(&scene), 0);
    assert_true(scene_needs(&scene, "zk_server/h3", "zk_server/h1"));
    assert_false(scene_needs(&scene, "zk_server/h1", "zk_server/h3"));
}

static void an_old_member_that_is_down_starts_before_the_blank_majority(void **state)
{
    (void)state;
    scene_stand(&scene, "before.yaml", scene_site);
    scene_spec(&scene, "a.yaml", scene_site);
    for (int i = 1; i <= 3; i++)
        scene_gone(&scene, arena_printf(scene.arena, "zk_server/h%d", i));
    scene_set_fact(&scene, "zk_config/h1", "live.data", "no");
    scene_set_fact(&scene, "zk_config/h2", "live.data", "no");
    scene_set_fact(&scene, "zk_config/h3", "live.data", "yes");
    assert_int_equal(scene_plan(&scene), 0);
    assert_int_equal(scene_step(&scene, "zk_server/h3")->needs.count, 0);
    assert_int_equal(scene_step(&scene, "zk_server/h1")->needs.count, 0);
    assert_true(scene_needs(&scene, "zk_server/h2", "zk_server/h1"));
    assert_true(scene_needs(&scene, "zk_server/h2", "zk_server/h3"));
}

static void an_ensemble_that_was_only_stopped_starts_all_at_once(void **state)
{
    (void)state;
    scene_stand(&scene, "before.yaml", scene_site);
    scene_spec(&scene, "a.yaml", scene_site);
    for (int i = 1; i <= 3; i++)
        scene_gone(&scene, arena_printf(scene.arena, "zk_server/h%d", i));
    assert_int_equal(scene_plan(&scene), 0);
    for (int i = 1; i <= 3; i++)
        assert_int_equal(
            scene_step(&scene, arena_printf(scene.arena, "zk_server/h%d", i))->needs.count, 0);
}

static void a_single_new_member_starts_before_the_old_ones_restart(void **state)
{
    (void)state;
    scene_stand(&scene, "before.yaml", ensemble_of("h1, h2"));
    scene_spec(&scene, "a.yaml", scene_site);
    assert_int_equal(scene_plan(&scene), 0);
    assert_true(scene_needs(&scene, "zk_server/h1", "zk_server/h3"));
    assert_true(scene_needs(&scene, "zk_server/h2", "zk_server/h1"));
}

static void a_new_ensemble_starts_all_at_once(void **state)
{
    (void)state;
    scene_spec(&scene, "a.yaml", scene_site);
    assert_int_equal(scene_plan(&scene), 0);
    assert_int_equal(scene_step(&scene, "zk_server/h2")->needs.count, 1);
    assert_int_equal(scene_step(&scene, "zk_server/h3")->needs.count, 1);
}

static void a_first_start_that_was_cut_off_goes_on_all_at_once(void **state)
{
    (void)state;
    scene_stand(&scene, "before.yaml", ensemble_of("h1"));
    scene_spec(&scene, "a.yaml", scene_site);
    scene_forget_all(&scene);
    scene_set_fact(&scene, "zk_config/h1", "cfg.server.1", "10.0.0.1:2888:3888");
    scene_gone(&scene, "zk_server/h1");
    scene_recorded(&scene, "zk_server/h1")->is_uncertain = true;
    assert_int_equal(scene_plan(&scene), 0);
    assert_false(scene_needs(&scene, "zk_server/h2", "zk_server/h1"));
    assert_false(scene_needs(&scene, "zk_server/h3", "zk_server/h2"));
}

static void a_replaced_minority_starts_while_the_majority_runs_on(void **state)
{
    (void)state;
    scene_stand(&scene, "before.yaml", scene_site);
    scene_spec(&scene, "a.yaml", scene_site);
    scene_gone(&scene, "zk_config/h2");
    scene_gone(&scene, "zk_server/h2");
    assert_int_equal(scene_plan(&scene), 0);
    assert_int_equal(scene.plan->steps.count, 2);
    assert_true(scene_needs(&scene, "zk_server/h2", "zk_config/h2"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(restarts_go_one_by_one_unless_told_otherwise, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(canaries_go_first_and_then_some_at_a_time, setup, teardown),
        cmocka_unit_test_setup_teardown(without_canaries_the_first_ones_wait_for_nobody, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(all_may_restart_at_once_when_the_spec_says_so, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(tolerated_failures_do_not_stop_the_rest, setup, teardown),
        cmocka_unit_test_setup_teardown(starts_and_settings_of_running_nodes_are_not_spread, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(servers_restart_one_by_one_with_the_leader_last, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(each_server_has_its_own_file_before_it_restarts, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_dead_member_is_started_before_others_restart, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(
            new_members_who_could_outvote_the_old_one_do_not_run_before_it, setup, teardown),
        cmocka_unit_test_setup_teardown(two_blank_members_of_three_join_the_survivor_one_by_one,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(an_old_member_that_is_down_starts_before_the_blank_majority,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(an_ensemble_that_was_only_stopped_starts_all_at_once, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_single_new_member_starts_before_the_old_ones_restart,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_new_ensemble_starts_all_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(a_first_start_that_was_cut_off_goes_on_all_at_once, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_replaced_minority_starts_while_the_majority_runs_on,
                                        setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
