#include "planner/types/zoo_cfg.h"
#include "tests/unit/planner/types/declared.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
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

static const char *text_of(const struct declared *site)
{
    struct attrs attrs = {0};
    int myids[] = {3, 1, 2};
    struct declare_input input = {.spec = site->spec, .myids = myids};

    zoo_cfg_attrs(site->arena, &input, &attrs);
    attrs_sort(&attrs);
    return zoo_cfg_text(site->arena, &attrs);
}

static void the_file_is_complete_and_sorted(void **state)
{
    (void)state;
    assert_string_equal(text_of(&declared), "4lw.commands.whitelist=*\n"
                                            "admin.enableServer=false\n"
                                            "clientPort=2181\n"
                                            "dataDir=/var/lib/zk\n"
                                            "initLimit=10\n"
                                            "maxClientCnxns=100\n"
                                            "maxSessionTimeout=200000\n"
                                            "minSessionTimeout=4000\n"
                                            "server.1=10.0.0.1:2888:3888\n"
                                            "server.3=10.0.0.2:2888:3888\n"
                                            "syncLimit=5\n"
                                            "tickTime=2000\n");
}

static void the_spec_overrides_defaults_and_adds_keys(void **state)
{
    struct declared other;
    const char *text;

    (void)state;
    declared_init(&other, "arcusplan: 1\n"
                          "hosts: { one: { address: 10.0.0.1 } }\n"
                          "zookeeper:\n"
                          "  hosts: [one]\n"
                          "  home: /zk\n"
                          "  data_dir: /var/zk\n"
                          "  config: { tickTime: 500, snapCount: 1000 }\n");
    text = text_of(&other);
    assert_non_null(strstr(text, "\ntickTime=500\n"));
    assert_non_null(strstr(text, "\nsnapCount=1000\n"));
    assert_null(strstr(text, "tickTime=2000"));
    declared_deinit(&other);
}

static void a_single_server_is_standalone(void **state)
{
    struct declared other;

    (void)state;
    declared_init(&other, "arcusplan: 1\n"
                          "hosts: { one: { address: 10.0.0.1 } }\n"
                          "zookeeper: { hosts: [one], home: /zk, data_dir: /var/zk }\n");
    assert_null(strstr(text_of(&other), "server."));
    declared_deinit(&other);
}

static void only_cfg_attributes_are_in_the_file(void **state)
{
    struct attrs attrs = {0};

    (void)state;
    attrs_add(declared.arena, &attrs, "cfg.a", "1", SRCLOC_NONE);
    attrs_add(declared.arena, &attrs, "cfg.unknown", NULL, SRCLOC_NONE);
    attrs_add(declared.arena, &attrs, "myid", "2", SRCLOC_NONE);
    assert_string_equal(zoo_cfg_text(declared.arena, &attrs), "a=1\n");
}

static void the_digest_is_the_start_of_the_texts_own(void **state)
{
    char digest[DIGEST_SHORT + 1];

    (void)state;
    zoo_cfg_digest("abc", digest);
    assert_string_equal(digest, "ba7816bf8f01");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_file_is_complete_and_sorted, setup, teardown),
        cmocka_unit_test_setup_teardown(the_spec_overrides_defaults_and_adds_keys, setup, teardown),
        cmocka_unit_test_setup_teardown(a_single_server_is_standalone, setup, teardown),
        cmocka_unit_test_setup_teardown(only_cfg_attributes_are_in_the_file, setup, teardown),
        cmocka_unit_test_setup_teardown(the_digest_is_the_start_of_the_texts_own, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
