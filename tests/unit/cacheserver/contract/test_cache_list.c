#include "cacheserver/contract/cache_list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char classic[] =
    "{\"created\": \"2014-10-15 16:52:41.012345\", \"serviceCode\": \"test-cloud\", \"servers\": "
    "[{\"ip\": \"10.0.0.1\", \"hostname\": \"cache001\", \"config\": {\"port\": \"11211\"}}, "
    "{\"ip\": \"10.0.0.2\", \"hostname\": \"cache002\", \"config\": {\"threads\": \"4\", "
    "\"port\": \"11211\"}}], \"config\": {\"threads\": \"6\", \"memlimit\": \"100\", "
    "\"connections\": \"1000\"}, \"modified\": \"2014-10-16 09:00:00.000001\"}";

static int make_arena(void **state)
{
    *state = arena_new();
    return 0;
}

static int free_arena(void **state)
{
    arena_free(*state);
    return 0;
}

static struct cache_list parse(struct arena *arena, const char *text)
{
    struct cache_list list;
    const char *problem = NULL;

    if (!cache_list_parse(text, strlen(text), arena, &list, &problem))
        fail_msg("refused: %s", problem);
    return list;
}

static void assert_refused(struct arena *arena, const char *text, const char *expected)
{
    struct cache_list list;
    const char *problem = NULL;

    assert_false(cache_list_parse(text, strlen(text), arena, &list, &problem));
    assert_non_null(problem);
    if (!strstr(problem, expected))
        fail_msg("\"%s\" does not say \"%s\"", problem, expected);
}

static void what_arcus_sh_wrote_is_read(void **state)
{
    struct cache_list list = parse(*state, classic);

    assert_string_equal(list.service_code, "test-cloud");
    assert_string_equal(list.created, "2014-10-15 16:52:41.012345");
    assert_string_equal(list.modified, "2014-10-16 09:00:00.000001");
    assert_int_equal(list.config.count, 3);
    assert_string_equal(list.config.items[0].key, "connections");
    assert_string_equal(cache_settings_get(&list.config, "memlimit"), "100");
    assert_null(cache_settings_get(&list.config, "port"));
    assert_int_equal(list.server_count, 2);
    assert_string_equal(list.servers[1].hostname, "cache002");
    assert_string_equal(list.servers[1].ip, "10.0.0.2");
    assert_string_equal(list.servers[1].config.items[0].key, "port");
    assert_string_equal(cache_settings_get(&list.servers[1].config, "threads"), "4");
}

static void numbers_written_by_hand_are_read_as_text(void **state)
{
    struct cache_list list =
        parse(*state, "{\"serviceCode\": 12, \"config\": {\"threads\": 6, \"sticky_ratio\": 2.5, "
                      "\"cas\": true, \"evict\": false}, \"servers\": [{\"ip\": \"h\", \"config\": "
                      "{\"port\": 11211}}]}");

    assert_string_equal(list.service_code, "12");
    assert_string_equal(cache_settings_get(&list.config, "threads"), "6");
    assert_string_equal(cache_settings_get(&list.config, "sticky_ratio"), "2.5");
    assert_string_equal(cache_settings_get(&list.config, "cas"), "true");
    assert_string_equal(cache_settings_get(&list.config, "evict"), "false");
    assert_string_equal(cache_settings_get(&list.servers[0].config, "port"), "11211");
    assert_string_equal(list.servers[0].hostname, "");
}

static void unknown_keys_are_passed_over_and_missing_parts_are_empty(void **state)
{
    struct cache_list list =
        parse(*state, "{\"serviceCode\": \"a\", \"owner\": {\"x\": [1]}, \"created\": null}");

    assert_int_equal(list.server_count, 0);
    assert_int_equal(list.config.count, 0);
    assert_null(list.created);
    assert_null(list.modified);
    assert_string_equal(cache_list_print(&list, *state),
                        "{\"serviceCode\": \"a\", \"servers\": [], \"config\": {}}");
}

static void other_things_are_refused_with_what_is_wrong(void **state)
{
    assert_refused(*state, "", "line 1");
    assert_refused(*state, "[]", "expected a JSON object");
    assert_refused(*state, "7", "expected a JSON object");
    assert_refused(*state, "{}", "serviceCode");
    assert_refused(*state, "{\"serviceCode\": \"a\",\n\"servers\": [}", "line 2");
    assert_refused(*state, "{\"serviceCode\": \"a\", \"servers\": {}}", "not an array");
    assert_refused(*state, "{\"serviceCode\": \"a\", \"servers\": [1]}", "\"ip\"");
    assert_refused(*state, "{\"serviceCode\": \"a\", \"servers\": [{\"ip\": []}]}", "\"ip\"");
    assert_refused(*state, "{\"serviceCode\": \"a\", \"config\": []}", "not an object");
    assert_refused(*state, "{\"serviceCode\": \"a\", \"config\": {\"port\": null}}", "\"port\"");
    assert_refused(*state, "{\"serviceCode\": \"\\u0000\"}", "line 1");
    assert_refused(*state, "{\"serviceCode\": \"\xff\"}", "line 1");
}

static void what_is_printed_reads_back_the_same(void **state)
{
    struct cache_list list = parse(*state, classic);
    char *text = cache_list_print(&list, *state);
    struct cache_list again = parse(*state, text);

    assert_string_equal(cache_list_print(&again, *state), text);
    assert_int_equal(again.server_count, 2);
    assert_string_equal(again.modified, list.modified);
}

static void every_setting_is_printed_as_a_string(void **state)
{
    struct cache_settings settings;
    const char *problem;
    const char text[] = "{\"threads\": 6, \"port\": \"11211\", \"memlimit\": 100}";

    assert_true(cache_settings_parse(text, strlen(text), *state, &settings, &problem));
    assert_string_equal(cache_settings_print(&settings, *state),
                        "{\"memlimit\": \"100\", \"port\": \"11211\", \"threads\": \"6\"}");
}

static void text_is_printed_as_ascii(void **state)
{
    struct cache_setting items[] = {{"a", "\xc3\xa9"}, {"b\xff", "\xff|"}};
    struct cache_settings settings = {items, 2};

    assert_string_equal(cache_settings_print(&settings, *state),
                        "{\"a\": \"\\u00E9\", \"b?\": \"?|\"}");
}

static void no_cut_and_no_flipped_byte_crashes_the_reader(void **state)
{
    size_t length = strlen(classic);

    for (size_t at = 0; at < length; at++) {
        struct arena *arena = arena_new();
        char *damaged = malloc(length);
        struct cache_list list;
        const char *problem = "";

        for (size_t i = 0; i < length; i++)
            damaged[i] = classic[i];
        assert_false(cache_list_parse(damaged, at, arena, &list, &problem));
        for (int bit = 0; bit < 8; bit++) {
            damaged[at] = (char)(classic[at] ^ (1 << bit));
            if (!cache_list_parse(damaged, length, arena, &list, &problem))
                assert_true(strlen(problem) > 0);
        }
        free(damaged);
        arena_free(arena);
    }
    (void)state;
}

static void deep_nesting_is_refused(void **state)
{
    enum { DEPTH = 200000 };
    char *text = malloc(DEPTH);
    struct cache_settings settings;
    const char *problem = NULL;

    memset(text, '[', DEPTH);
    assert_false(cache_settings_parse(text, DEPTH, *state, &settings, &problem));
    assert_non_null(problem);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_arcus_sh_wrote_is_read, make_arena, free_arena),
        cmocka_unit_test_setup_teardown(numbers_written_by_hand_are_read_as_text, make_arena,
                                        free_arena),
        cmocka_unit_test_setup_teardown(unknown_keys_are_passed_over_and_missing_parts_are_empty,
                                        make_arena, free_arena),
        cmocka_unit_test_setup_teardown(other_things_are_refused_with_what_is_wrong, make_arena,
                                        free_arena),
        cmocka_unit_test_setup_teardown(what_is_printed_reads_back_the_same, make_arena,
                                        free_arena),
        cmocka_unit_test_setup_teardown(every_setting_is_printed_as_a_string, make_arena,
                                        free_arena),
        cmocka_unit_test_setup_teardown(text_is_printed_as_ascii, make_arena, free_arena),
        cmocka_unit_test_setup_teardown(no_cut_and_no_flipped_byte_crashes_the_reader, make_arena,
                                        free_arena),
        cmocka_unit_test_setup_teardown(deep_nesting_is_refused, make_arena, free_arena),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
