#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cacheserver/cluster/identity.h"
#include "cacheserver/runtime/log.h"

static int set_up(void **state)
{
    unsetenv("ARCUS_CACHE_PUBLIC_IP");
    unsetenv("ARCUS_CACHE_HOSTNAME_OVERWRITE");
    *state = arena_new();
    return 0;
}

static int tear_down(void **state)
{
    arena_free(*state);
    return 0;
}

static void the_address_is_the_one_that_leads_to_zookeeper(void **state)
{
    struct identity identity;

    assert_int_equal(identity_find(&identity, *state, "127.0.0.1:2181", 11211, NULL), 0);
    assert_string_equal(identity.address, "127.0.0.1");
    assert_string_equal(identity.node, "127.0.0.1:11211");
    assert_true(strlen(identity.host) > 0);
    assert_memory_equal(identity.znode_name, "127.0.0.1:11211-", 16);
    assert_string_equal(identity.znode_name + 16, identity.host);
}

static void the_environment_wins(void **state)
{
    struct identity identity;

    setenv("ARCUS_CACHE_PUBLIC_IP", "10.1.2.3", 1);
    setenv("ARCUS_CACHE_HOSTNAME_OVERWRITE", "cache.example", 1);
    assert_int_equal(identity_find(&identity, *state, "127.0.0.1:2181/chroot", 4, NULL), 0);
    assert_string_equal(identity.znode_name, "10.1.2.3:4-cache.example");
    assert_string_equal(identity.host_port, "cache.example:4");
}

static void a_proxy_gives_address_and_port(void **state)
{
    struct identity identity;

    setenv("ARCUS_CACHE_HOSTNAME_OVERWRITE", "h", 1);
    assert_int_equal(identity_find(&identity, *state, "127.0.0.1:1", 4, "10.9.9.9:80"), 0);
    assert_string_equal(identity.znode_name, "10.9.9.9:80-h");
    assert_int_equal(identity_find(&identity, *state, "127.0.0.1:1", 4, "10.9.9.9"), -1);
    assert_int_equal(identity_find(&identity, *state, "127.0.0.1:1", 4, ":80"), -1);
}

static void a_later_server_of_the_ensemble_will_do(void **state)
{
    struct identity identity;

    assert_int_equal(identity_find(&identity, *state, "none.invalid:2181,127.0.0.1:2181", 4, NULL),
                     0);
    assert_string_equal(identity.address, "127.0.0.1");
    assert_int_equal(identity_find(&identity, *state, "none.invalid:2181", 4, NULL), -1);
    assert_int_equal(identity_find(&identity, *state, ",,", 4, NULL), -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_address_is_the_one_that_leads_to_zookeeper),
        TEST(the_environment_wins),
        TEST(a_proxy_gives_address_and_port),
        TEST(a_later_server_of_the_ensemble_will_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
