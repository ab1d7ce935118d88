#include "cacheserver/cluster/zk_config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_servers(const char *text, const char *servers, int64_t version)
{
    struct zk_config config;

    assert_int_equal(zk_config_parse(&config, text), 0);
    assert_string_equal(config.servers, servers);
    assert_true(config.version == version);
    zk_config_deinit(&config);
}

static void the_servers_are_what_clients_connect_to(void **state)
{
    (void)state;
    assert_servers("server.1=127.0.0.1:2888:3888:participant;127.0.0.2:2181\n"
                   "server.2=zk2.example:2889:3889:observer;zk2.public:2182\n"
                   "version=10000000d",
                   "127.0.0.2:2181,zk2.public:2182", 0x10000000d);
}

static void an_address_that_stands_for_all_is_the_servers_own(void **state)
{
    (void)state;
    assert_servers("server.1=10.0.0.1:2888:3888:participant;0.0.0.0:2181\r\n"
                   "server.2=zk2:2888:3888;2182\r\n"
                   "server.3=[fd00::3]:2888:3888:participant;[::]:2183\r\n"
                   "server.4=zk4:2888:3888:participant;[0:0:0:0:0:0:0:0]:2184\r\n"
                   "server.5=zk5:2888:3888:participant;[fd00::5]:2185\r\n"
                   "version=0",
                   "10.0.0.1:2181,zk2:2182,[fd00::3]:2183,zk4:2184,[fd00::5]:2185", 0);
}

static void a_server_without_a_port_for_clients_is_passed_over(void **state)
{
    (void)state;
    assert_servers("server.1=a:1:2:participant\nserver.2=b:1:2;2181\nserver.3=c:1:2;x\n"
                   "server.4=d:1:2;\nserver.5\nserver.6=;7\nother=e:1:2;3\nversion=a",
                   "b:2181", 10);
}

static void what_names_no_server_or_no_version_is_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "\n\n",
        "version=5",
        "server.1=a:1:2;3",
        "server.1=a:1:2;3\nversion=",
        "server.1=a:1:2;3\nversion=x",
        "server.1=a:1:2;3\nversion=-1",
        "server.1=a:1:2;3\nversion=ffffffffffffffffffff",
        "server.1=a:1:2;123456\nversion=1",
        "server.1=[a;3\nversion",
        ";=:",
    };
    struct zk_config config;

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_int_equal(zk_config_parse(&config, texts[i]), -1);
}

static void a_text_may_end_anywhere(void **state)
{
    static const char text[] = "server.1=[fd00::1]:2888:3888:participant;[::]:2181\n"
                               "server.2=b:2888:3888:participant;0.0.0.0:2181\nversion=1000";
    struct zk_config config;
    unsigned complete = 0;

    (void)state;
    for (size_t len = 0; len < sizeof(text); len++) {
        char *part = strndup(text, len);
        if (zk_config_parse(&config, part) == 0) {
            complete++;
            zk_config_deinit(&config);
        }
        free(part);
    }
    assert_int_equal(complete, 4);
}

static void a_list_or_an_address_is_not_one_name(void **state)
{
    (void)state;
    assert_false(zk_config_is_one_name("127.0.0.1:2181"));
    assert_false(zk_config_is_one_name("localhost:2181,localhost:2182"));
    assert_false(zk_config_is_one_name("no-such-host.invalid:2181"));
    assert_false(zk_config_is_one_name(""));
    assert_false(zk_config_is_one_name(":2181"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_servers_are_what_clients_connect_to),
        cmocka_unit_test(an_address_that_stands_for_all_is_the_servers_own),
        cmocka_unit_test(a_server_without_a_port_for_clients_is_passed_over),
        cmocka_unit_test(what_names_no_server_or_no_version_is_refused),
        cmocka_unit_test(a_text_may_end_anywhere),
        cmocka_unit_test(a_list_or_an_address_is_not_one_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
