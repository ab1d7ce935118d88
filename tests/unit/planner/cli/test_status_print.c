#include "planner/cli/status.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
    struct arena *arena;
    struct node_stats known, unknown;
    struct status status;
};

static int setup(void **state)
{
    struct arena *arena = arena_new();
    struct fixture *fixture = arena_new_of(arena, struct fixture);
    struct status *status = &fixture->status;
    struct status_cloud *cloud;

    fixture->arena = arena;
    fixture->known = (struct node_stats){.answered = true,
                                         .items = 12,
                                         .bytes = 1500000,
                                         .limit_bytes = 3000000,
                                         .hits = 3,
                                         .misses = 1,
                                         .uptime_s = 93784,
                                         .connections = 5,
                                         .version = "1.0"};
    fixture->unknown = (struct node_stats){.items = -1,
                                           .bytes = -1,
                                           .limit_bytes = -1,
                                           .hits = -1,
                                           .misses = -1,
                                           .uptime_s = -1,
                                           .connections = -1};
    status->is_readable = true;
    status->drift = 2;
    status->ensemble.connect = "10.0.0.1:2181,10.0.0.2:2181";
    *vec_push(arena, &status->ensemble.members) =
        (struct zk_member){"10.0.0.1", 2181, true, true, "leader", "0x10000000a", 7, NULL};
    *vec_push(arena, &status->ensemble.members) =
        (struct zk_member){"10.0.0.2", 2181, false, false, NULL, NULL, -1, "refused"};
    cloud = vec_push(arena, &status->clouds);
    *cloud = (struct status_cloud){
        .code = "test", .total = 2, .online = 1, .offline = 1, .is_registered = true};
    *vec_push(arena, &cloud->nodes) =
        (struct status_node){"10.0.0.1:11211", "cache001", NODE_ONLINE, &fixture->known};
    *vec_push(arena, &cloud->nodes) =
        (struct status_node){"10.0.0.2:11211", NULL, NODE_OFFLINE, &fixture->unknown};
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    arena_free(((struct fixture *)*state)->arena);
    return 0;
}

static const char *printed(struct fixture *fixture, bool json)
{
    char *text = NULL, *copy;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    assert_non_null(out);
    if (json)
        status_print_json(&fixture->status, out);
    else
        status_print(&fixture->status, fixture->arena, out, false);
    fclose(out);
    copy = arena_strdup(fixture->arena, text);
    free(text);
    return copy;
}

static void everything_stands_in_columns(void **state)
{
    assert_string_equal(
        printed(*state, false),
        "ZOOKEEPER      MODE    ZXID         CONNECTIONS\n"
        "10.0.0.1:2181  leader  0x10000000a            7\n"
        "10.0.0.2:2181  down    -                      -\n"
        "\n"
        "CLOUD  TOTAL  ONLINE  OFFLINE  UNDEFINED  STATE\n"
        "test       2       1        1          0  SOME_DOWN\n"
        "\n"
        "CLOUD  NODE            HOST      STATE    ITEMS        MEMORY   HITS  CONNECTIONS"
        "  UPTIME\n"
        "test   10.0.0.1:11211  cache001  online      12  1.5 MB (50%)  75.0%            5"
        "   1d 2h\n"
        "test   10.0.0.2:11211  -         offline      -             -      -            -"
        "       -\n"
        "\n"
        "drift: 2 steps, see arcusplan plan\n");
}

static void no_drift_and_no_clouds_are_said(void **state)
{
    struct fixture *fixture = *state;

    fixture->status.drift = 0;
    fixture->status.clouds.count = 0;
    assert_non_null(strstr(printed(fixture, false), "no clouds\n"));
    assert_non_null(strstr(printed(fixture, false), "drift: none\n"));
    fixture->status.drift = -1;
    assert_null(strstr(printed(fixture, false), "drift"));
}

static void an_unread_ensemble_is_not_taken_for_an_empty_one(void **state)
{
    struct fixture *fixture = *state;

    fixture->status.is_readable = false;
    assert_non_null(strstr(printed(fixture, false), "UNKNOWN"));
    fixture->status.clouds.count = 0;
    assert_non_null(strstr(printed(fixture, false), "the clouds are not known"));
}

static void a_cloud_is_as_well_as_its_nodes(void **state)
{
    struct fixture *fixture = *state;
    struct status_cloud *cloud = &fixture->status.clouds.items[0];

    assert_string_equal(cloud_state_word(&fixture->status, cloud), "SOME_DOWN");
    cloud->offline = 0;
    assert_string_equal(cloud_state_word(&fixture->status, cloud), "OK");
    cloud->online = 0;
    assert_string_equal(cloud_state_word(&fixture->status, cloud), "DOWN");
    cloud->online = 2;
    cloud->is_registered = false;
    assert_string_equal(cloud_state_word(&fixture->status, cloud), "DOWN");
}

static void json_tells_numbers_and_what_is_not_known(void **state)
{
    json_t *object = json_loads(printed(*state, true), 0, NULL);
    json_t *cloud, *node;
    const char *connect, *mode;
    int drift, total, online, items;
    double ratio;

    assert_non_null(object);
    assert_int_equal(json_unpack(object, "{s:s, s:i, s:[{s:s}], s:[o]}", "connect", &connect,
                                 "drift", &drift, "ensemble", "mode", &mode, "clouds", &cloud),
                     0);
    assert_string_equal(mode, "leader");
    assert_int_equal(drift, 2);
    assert_int_equal(json_unpack(cloud, "{s:i, s:i, s:[{s:i, s:f}, o]}", "total", &total, "online",
                                 &online, "nodes", "items", &items, "hit_ratio", &ratio, &node),
                     0);
    assert_int_equal(total, 2);
    assert_int_equal(online, 1);
    assert_int_equal(items, 12);
    assert_true(ratio == 0.75);
    assert_true(json_is_null(json_object_get(node, "items")));
    assert_true(json_is_null(json_object_get(node, "host")));
    json_decref(object);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    static const struct CMUnitTest tests[] = {
        CASE(everything_stands_in_columns),
        CASE(no_drift_and_no_clouds_are_said),
        CASE(an_unread_ensemble_is_not_taken_for_an_empty_one),
        CASE(a_cloud_is_as_well_as_its_nodes),
        CASE(json_tells_numbers_and_what_is_not_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
