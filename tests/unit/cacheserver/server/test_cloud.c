/* A server that is in no cloud, or not yet; what it does in one is tested with a real ZooKeeper. */
#include "cacheserver/server/cloud.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/cacheserver/command/fixture.h"

struct bench {
    struct client *client;
    struct cloud cloud;
};

static struct bench *bench_new(const char *ensemble)
{
    struct bench *b = calloc(1, sizeof(*b));

    b->client = client_new();
    b->client->settings.zk_ensemble = ensemble ? strdup(ensemble) : NULL;
    cloud_init(&b->cloud, &b->client->settings);
    return b;
}

static void bench_free(struct bench *b)
{
    cloud_deinit(&b->cloud);
    client_free(b->client);
    free(b);
}

static void without_a_cloud_the_server_is_ready_and_nothing_ends_it(void **state)
{
    struct bench *b = bench_new(NULL);
    struct listeners listeners = {0};

    (void)state;
    assert_int_equal(cloud_start(&b->cloud, b->client->base->store, &listeners), 0);
    assert_true(cloud_is_ready(&b->cloud));
    assert_int_equal(cloud_fatal_fd(&b->cloud), -1);
    assert_null(cloud_servers(&b->cloud));
    assert_int_equal(cloud_scrub_stale(&b->cloud), SCRUB_STALE_NOT_SUPPORTED);
    assert_false(cloud_leave(&b->cloud, 0));
    bench_free(b);
}

static void before_it_joins_the_server_is_not_ready(void **state)
{
    struct bench *b = bench_new("zk1:2181");

    (void)state;
    assert_false(cloud_is_ready(&b->cloud));
    char *servers = cloud_servers(&b->cloud);
    assert_string_equal(servers, "zk1:2181");
    free(servers);
    bench_free(b);
}

static void wishes_are_refused_while_there_is_no_membership(void **state)
{
    struct bench *b = bench_new(NULL);
    struct client *c = b->client;

    (void)state;
    c->zk_servers = "zk1:2181";
    say(c, "zkensemble rejoin\r\n");
    cloud_rejoin(&b->cloud, c->wait);
    assert_string_equal(say(c, ""), "ERROR failed to rejoin ensemble\r\n");
    say(c, "zkensemble set zk2:2181\r\n");
    cloud_set_servers(&b->cloud, "zk2:2181", c->wait);
    assert_non_null(strstr(say(c, ""), "ERROR failed to set"));
    bench_free(b);
}

static void limits_are_kept_and_out_of_range_ones_refused(void **state)
{
    struct bench *b = bench_new(NULL);
    struct cloud *cloud = &b->cloud;

    (void)state;
    assert_int_equal(cloud_number(cloud, CLOUD_FAILSTOP), true);
    assert_true(cloud_set_number(cloud, CLOUD_FAILSTOP, 0));
    assert_int_equal(cloud_number(cloud, CLOUD_FAILSTOP), false);
    assert_true(cloud_set_number(cloud, CLOUD_HB_TIMEOUT_MS, 50));
    assert_false(cloud_set_number(cloud, CLOUD_HB_TIMEOUT_MS, 49));
    assert_false(cloud_set_number(cloud, CLOUD_HB_TIMEOUT_MS, ((uint64_t)1 << 32) + 50));
    assert_int_equal(cloud_number(cloud, CLOUD_HB_TIMEOUT_MS), 50);
    assert_false(cloud_set_number(cloud, CLOUD_HB_FAILSTOP_MS, 2999));
    assert_true(cloud_set_number(cloud, CLOUD_HB_FAILSTOP_MS, 0));
    assert_int_equal(cloud_number(cloud, CLOUD_HB_FAILSTOP_MS), 0);
    assert_false(cloud_set_number(cloud, CLOUD_HB_COUNT, 1));
    bench_free(b);
}

static void statistics_are_there_before_the_membership(void **state)
{
    struct bench *b = bench_new("zk1:2181");
    struct reply *reply = reply_new();

    (void)state;
    cloud_set_number(&b->cloud, CLOUD_FAILSTOP, 0);
    cloud_stats(&b->cloud, reply);
    reply_bytes(reply, "", 1);
    assert_non_null(strstr(reply->buffer, "STAT zk_failstop off\r\n"
                                          "STAT zk_connected false\r\n"
                                          "STAT zk_ready false\r\n"
                                          "STAT zk_reconfig_needed off\r\n"));
    reply_free(reply, b->client->base->thread);
    bench_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_cloud_the_server_is_ready_and_nothing_ends_it),
        cmocka_unit_test(before_it_joins_the_server_is_not_ready),
        cmocka_unit_test(wishes_are_refused_while_there_is_no_membership),
        cmocka_unit_test(limits_are_kept_and_out_of_range_ones_refused),
        cmocka_unit_test(statistics_are_there_before_the_membership),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
