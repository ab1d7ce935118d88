#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cacheserver/command/config.h"
#include "cacheserver/command/stats.h"
#include "tests/unit/cacheserver/command/fixture.h"

static const char *help(struct client *c, const char *group)
{
    char line[64];

    snprintf(line, sizeof(line), "help %s\r\n", group);
    return say(c, line);
}

static void every_command_is_in_the_help_of_its_group(void **state)
{
    struct client *c = client_new();

    (void)state;
    for (size_t i = 0; i < command_count; i++) {
        const char *text = help(c, commands[i].help_group);
        assert_null(strstr(text, "Usage"));
        if (!(commands[i].traits & IS_FAMILY) && strcmp(commands[i].name, "config") != 0)
            assert_non_null(strstr(text, commands[i].syntax));
    }
    client_free(c);
}

static void groups_of_stats_and_settings_of_config_are_in_the_help_of_admin(void **state)
{
    struct client *c = client_new();
    const char *text = help(c, "admin");
    char line[64];

    (void)state;
    for (size_t i = 0; i < stats_group_count; i++)
        assert_non_null(strstr(text, stats_groups[i].syntax));
    for (size_t i = 0; i < config_row_count; i++) {
        snprintf(line, sizeof(line), "\tconfig %s [", config_rows[i].name);
        assert_non_null(strstr(text, line));
    }
    client_free(c);
}

static void the_help_of_collections_explains_what_their_rows_refer_to(void **state)
{
    struct client *c = client_new();

    (void)state;
    assert_non_null(strstr(help(c, "list"), "* <attributes> :"));
    assert_null(strstr(help(c, "list"), "* <eflag_filter> :"));
    assert_non_null(strstr(help(c, "btree"), "* <eflag_filter> :"));
    assert_null(strstr(help(c, "kv"), "* <attributes> :"));
    client_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_command_is_in_the_help_of_its_group),
        cmocka_unit_test(groups_of_stats_and_settings_of_config_are_in_the_help_of_admin),
        cmocka_unit_test(the_help_of_collections_explains_what_their_rows_refer_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
