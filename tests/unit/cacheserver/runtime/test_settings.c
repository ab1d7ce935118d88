#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cacheserver/runtime/settings.h"

#define ARGUMENTS_MAX 32

static char complaint[512];

/* The words of the line as arguments; what was complained about is in `complaint`. */
static int parse(struct settings *settings, const char *line)
{
    char copy[1024], *rest, name[] = "cacheserver", *argv[ARGUMENTS_MAX] = {name};
    int argc = 1;
    FILE *errors = tmpfile();

    snprintf(copy, sizeof(copy), "%s", line);
    for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
        argv[argc++] = word;
    int outcome = settings_parse(settings, argc, argv, errors);
    rewind(errors);
    size_t n = fread(complaint, 1, sizeof(complaint) - 1, errors);
    complaint[n] = '\0';
    fclose(errors);
    return outcome;
}

static void without_options_the_defaults_hold(void **state)
{
    struct settings s;

    (void)state;
    assert_int_equal(parse(&s, ""), SETTINGS_RUN);
    assert_int_equal(s.tcp_port, 11211);
    assert_int_equal(s.udp_port, 0);
    assert_int_equal(s.memory_limit_bytes, 64 << 20);
    assert_int_equal(s.item_size_max_bytes, 1 << 20);
    assert_int_equal(s.threads, 4);
    assert_int_equal(s.max_connections, 1024);
    assert_int_equal(s.zk_timeout_s, 30);
    assert_int_equal(s.unix_mask, 0700);
    assert_int_equal(s.prefix_delimiter, ':');
    assert_false(s.no_eviction || s.daemonize || s.detail_enabled);
    assert_null(s.zk_ensemble);
    settings_deinit(&s);
}

static void the_line_of_the_arcus_scripts_is_understood(void **state)
{
    struct settings s;

    (void)state;
    assert_int_equal(parse(&s, "-E lib/default_engine.so -X lib/syslog_logger.so -X "
                               "lib/ascii_scrub.so -d -v -r -R5 -U 0 -D: -b 8192 -m 100 -p 11212 "
                               "-c 1000 -t 6 -z h1:2181,h2:2181"),
                     SETTINGS_RUN);
    assert_string_equal(s.engine, "lib/default_engine.so");
    assert_true(settings_has_extension(&s, "syslog_logger"));
    assert_true(settings_has_extension(&s, "ascii_scrub"));
    assert_false(settings_has_extension(&s, "ascii"));
    assert_true(s.daemonize && s.core_dumps && s.detail_enabled);
    assert_int_equal(s.verbosity, 1);
    assert_int_equal(s.requests_per_event, 5);
    assert_int_equal(s.backlog, 8192);
    assert_int_equal(s.memory_limit_bytes, 100 << 20);
    assert_int_equal(s.tcp_port, 11212);
    assert_int_equal(s.threads, 6);
    assert_string_equal(s.zk_ensemble, "h1:2181,h2:2181");
    settings_deinit(&s);
}

static void a_udp_port_alone_sets_the_tcp_port(void **state)
{
    struct settings s;

    (void)state;
    assert_int_equal(parse(&s, "-U 4000"), SETTINGS_RUN);
    assert_int_equal(s.tcp_port, 4000);
    settings_deinit(&s);
    assert_int_equal(parse(&s, "-p 5000 -U 4000"), SETTINGS_RUN);
    assert_int_equal(s.tcp_port, 5000);
    settings_deinit(&s);
}

static void sizes_take_units(void **state)
{
    struct settings s;

    (void)state;
    assert_int_equal(parse(&s, "-I 2m -m 1g -g 512k"), SETTINGS_RUN);
    assert_int_equal(s.item_size_max_bytes, 2 << 20);
    assert_int_equal(s.memory_limit_bytes, 1 << 30);
    assert_int_equal(s.sticky_limit_bytes, 512 << 10);
    settings_deinit(&s);
}

static void a_session_timeout_out_of_range_keeps_the_default(void **state)
{
    const char *const lines[] = {"-o 5", "-o 3000", "-o relaxed_privileges", "-o -1"};
    struct settings s;

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        assert_int_equal(parse(&s, lines[i]), SETTINGS_RUN);
        assert_int_equal(s.zk_timeout_s, 30);
        settings_deinit(&s);
    }
    assert_int_equal(parse(&s, "-o 10"), SETTINGS_RUN);
    assert_int_equal(s.zk_timeout_s, 10);
    settings_deinit(&s);
}

static void engine_settings_win_over_flags_before_them(void **state)
{
    struct settings s;

    (void)state;
    assert_int_equal(parse(&s, "-m 64 -e cache_size=100;eviction=false;num_threads=2;vb0=true"),
                     SETTINGS_RUN);
    assert_int_equal(s.memory_limit_bytes, 100 << 20);
    assert_true(s.no_eviction);
    assert_int_equal(s.threads, 2);
    assert_false(s.no_cas);
    settings_deinit(&s);
    assert_int_equal(parse(&s, "-C -e use_cas=true"), SETTINGS_RUN);
    assert_false(s.no_cas);
    settings_deinit(&s);
    assert_int_equal(parse(&s, "-e use_cas=false"), SETTINGS_RUN);
    assert_true(s.no_cas);
    settings_deinit(&s);
}

static void the_environment_limits_collections_and_engine_settings_win(void **state)
{
    struct settings s;

    (void)state;
    setenv("ARCUS_MAX_LIST_SIZE", "20000", 1);
    setenv("ARCUS_MAX_SET_SIZE", "20000", 1);
    setenv("ARCUS_MAX_BTREE_SIZE", "9999", 1);
    assert_int_equal(parse(&s, "-e max_set_size=1000000;max_element_bytes=1024;scrub_count=16"),
                     SETTINGS_RUN);
    unsetenv("ARCUS_MAX_LIST_SIZE");
    unsetenv("ARCUS_MAX_SET_SIZE");
    unsetenv("ARCUS_MAX_BTREE_SIZE");
    assert_int_equal(s.max_list_size, 20000);
    assert_int_equal(s.max_set_size, 1000000);
    assert_int_equal(s.max_map_size, 50000);
    assert_int_equal(s.max_btree_size, 50000);
    assert_int_equal(s.max_element_bytes, 1024);
    assert_int_equal(s.scrub_count, 16);
    assert_non_null(strstr(complaint, "ARCUS_MAX_BTREE_SIZE=9999 is too small; ignored"));
    settings_deinit(&s);
}

static void engine_settings_may_be_in_a_file(void **state)
{
    char path[] = "/tmp/cacheserver-settings-XXXXXX", line[128];
    static const char text[] = "# a comment\ncache_size=200\n\n  eviction=true  \n";
    struct settings s;

    (void)state;
    int fd = mkstemp(path);
    assert_int_equal(write(fd, text, sizeof(text) - 1), sizeof(text) - 1);
    close(fd);
    snprintf(line, sizeof(line), "-e config_file=%s", path);
    assert_int_equal(parse(&s, line), SETTINGS_RUN);
    assert_int_equal(s.memory_limit_bytes, 200 << 20);
    assert_false(s.no_eviction);
    settings_deinit(&s);
    unlink(path);
}

static void what_is_wrong_is_said_in_one_line(void **state)
{
    static const struct {
        const char *line, *says;
    } cases[] = {
        {"-p 65536", "-p 65536: is too large"},
        {"-t 0", "-t 0: is too small"},
        {"-t 129", "-t 129: is too large"},
        {"-m x", "-m x: is not a size"},
        {"-I 20000", "-I 20000: is too small"},
        {"-I 256m", "-I 256m: is too large"},
        {"-I 1x", "-I 1x: is not a size"},
        {"-B http", "neither auto, ascii nor binary"},
        {"-p", "-p needs an argument"},
        {"-Z", "-Z is not an option"},
        {"more", "unexpected argument more"},
        {"-f 1.0", "-f 1.0: is not a number above 1"},
        {"-a 999", "-a 999: is not a mask"},
        {"-e cache_size", "lacks a '='"},
        {"-e nothing=1", "has an unknown key"},
        {"-e config_file=/nowhere", "cannot be read"},
        {"-m 1 -I 2m", "-I is larger than the memory"},
        {"-m 1 -g 2", "-g is larger than the memory"},
    };
    struct settings s;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(parse(&s, cases[i].line), -1);
        assert_non_null(strstr(complaint, cases[i].says));
        assert_ptr_equal(strchr(complaint, '\n'), complaint + strlen(complaint) - 1);
        settings_deinit(&s);
    }
}

static void there_are_options_that_ask_for_text(void **state)
{
    struct settings s;

    (void)state;
    assert_int_equal(parse(&s, "-h"), SETTINGS_HELP);
    settings_deinit(&s);
    assert_int_equal(parse(&s, "-V"), SETTINGS_VERSION);
    settings_deinit(&s);
    assert_int_equal(parse(&s, "-i"), SETTINGS_LICENCE);
    settings_deinit(&s);
}

static void the_help_has_a_line_for_every_option(void **state)
{
    static const char letters[] = "pUsaldrumMgckvPfnLDtRCbBIEeqSXzoxhVi";
    char text[16384], start[8];
    FILE *file = tmpfile();

    (void)state;
    settings_print_help(file);
    rewind(file);
    text[0] = '\n';
    size_t n = fread(text + 1, 1, sizeof(text) - 2, file);
    text[n + 1] = '\0';
    fclose(file);
    for (const char *letter = letters; *letter; letter++) {
        snprintf(start, sizeof(start), "\n-%c ", *letter);
        assert_non_null(strstr(text, start));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_options_the_defaults_hold),
        cmocka_unit_test(the_line_of_the_arcus_scripts_is_understood),
        cmocka_unit_test(a_udp_port_alone_sets_the_tcp_port),
        cmocka_unit_test(sizes_take_units),
        cmocka_unit_test(a_session_timeout_out_of_range_keeps_the_default),
        cmocka_unit_test(engine_settings_win_over_flags_before_them),
        cmocka_unit_test(the_environment_limits_collections_and_engine_settings_win),
        cmocka_unit_test(engine_settings_may_be_in_a_file),
        cmocka_unit_test(what_is_wrong_is_said_in_one_line),
        cmocka_unit_test(there_are_options_that_ask_for_text),
        cmocka_unit_test(the_help_has_a_line_for_every_option),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
