#include "planner/types/zk_myids.h"
#include "tests/unit/planner/types/declared.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct declared declared;

static int setup(void **state)
{
    (void)state;
    declared_init(&declared, declared_site);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    declared_deinit(&declared);
    return 0;
}

static struct recorded recorded;
static struct world world;

static int setup_myids(void **state)
{
    setup(state);
    recorded_init(&recorded, declared.arena);
    world_init(&world, declared.arena);
    return 0;
}

static int teardown_myids(void **state)
{
    recorded_deinit(&recorded);
    world_deinit(&world);
    return teardown(state);
}

static void found(const char *address, const char *myid)
{
    struct fact *fact = world_fact(&world, address);

    fact->presence = myid ? PRESENCE_PRESENT : PRESENCE_ABSENT;
    if (myid)
        attrs_add(declared.arena, &fact->attrs, "myid", myid, SRCLOC_NONE);
}

static void remembered(const char *address, const char *myid)
{
    attrs_add(declared.arena, &recorded_add(&recorded, address)->attrs, "myid", myid, SRCLOC_NONE);
}

/* For the list two.arcus, one.arcus. */
static void expect(int two, int one)
{
    int *myids;

    assert_int_equal(
        zk_assign_myids(declared.spec, &recorded, &world, declared.arena, declared.diags, &myids),
        0);
    assert_int_equal(myids[0], two);
    assert_int_equal(myids[1], one);
}

static void new_members_are_numbered_in_list_order(void **state)
{
    (void)state;
    expect(1, 2);
}

static void a_myid_on_a_host_is_adopted_whatever_its_place(void **state)
{
    (void)state;
    found("zk_config/two.arcus", "2");
    found("zk_config/one.arcus", "1");
    expect(2, 1);
}

static void a_new_member_gets_the_lowest_free_number(void **state)
{
    (void)state;
    found("zk_config/one.arcus", "1");
    found("zk_config/two.arcus", NULL);
    expect(2, 1);
}

static void what_the_world_does_not_know_is_taken_from_the_state(void **state)
{
    (void)state;
    remembered("zk_config/two.arcus", "7");
    expect(7, 1);
}

static void a_blank_disk_outweighs_the_state(void **state)
{
    (void)state;
    remembered("zk_config/two.arcus", "7");
    found("zk_config/two.arcus", NULL);
    expect(1, 2);
}

static void the_number_of_a_leaving_member_is_not_given_away(void **state)
{
    (void)state;
    remembered("zk_config/gone.arcus", "1");
    expect(2, 3);
}

static void the_number_of_a_member_that_is_gone_is_free(void **state)
{
    (void)state;
    remembered("zk_config/gone.arcus", "1");
    found("zk_config/gone.arcus", NULL);
    expect(1, 2);
}

static void text_that_is_no_myid_counts_as_none(void **state)
{
    static const char *const odd[] = {"", "0", "256", "-1", "1x", " 1", "99999999999999999999"};

    (void)state;
    for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
        world_fact(&world, "zk_config/two.arcus")->attrs.count = 0;
        found("zk_config/two.arcus", odd[i]);
        expect(1, 2);
    }
}

static void the_same_myid_twice_is_an_error_at_both_places(void **state)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    int *myids;

    (void)state;
    found("zk_config/two.arcus", "3");
    found("zk_config/one.arcus", "3");
    assert_int_equal(
        zk_assign_myids(declared.spec, &recorded, &world, declared.arena, declared.diags, &myids),
        -1);
    assert_null(myids);
    diags_print(declared.diags, out, false);
    fclose(out);
    assert_non_null(strstr(text, "site.yaml:11:22: error[E0506]: host one.arcus has myid 3"));
    assert_non_null(strstr(text, "site.yaml:11:11: note"));
    free(text);
}

static void an_ensemble_of_someone_else_has_no_myids(void **state)
{
    struct spec spec = {0};
    int *myids;

    (void)state;
    assert_int_equal(
        zk_assign_myids(&spec, &recorded, &world, declared.arena, declared.diags, &myids), 0);
    assert_null(myids);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(new_members_are_numbered_in_list_order, setup_myids,
                                        teardown_myids),
        cmocka_unit_test_setup_teardown(a_myid_on_a_host_is_adopted_whatever_its_place, setup_myids,
                                        teardown_myids),
        cmocka_unit_test_setup_teardown(a_new_member_gets_the_lowest_free_number, setup_myids,
                                        teardown_myids),
        cmocka_unit_test_setup_teardown(what_the_world_does_not_know_is_taken_from_the_state,
                                        setup_myids, teardown_myids),
        cmocka_unit_test_setup_teardown(a_blank_disk_outweighs_the_state, setup_myids,
                                        teardown_myids),
        cmocka_unit_test_setup_teardown(the_number_of_a_leaving_member_is_not_given_away,
                                        setup_myids, teardown_myids),
        cmocka_unit_test_setup_teardown(the_number_of_a_member_that_is_gone_is_free, setup_myids,
                                        teardown_myids),
        cmocka_unit_test_setup_teardown(text_that_is_no_myid_counts_as_none, setup_myids,
                                        teardown_myids),
        cmocka_unit_test_setup_teardown(the_same_myid_twice_is_an_error_at_both_places, setup_myids,
                                        teardown_myids),
        cmocka_unit_test_setup_teardown(an_ensemble_of_someone_else_has_no_myids, setup_myids,
                                        teardown_myids),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
