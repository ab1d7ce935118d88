/* The script really runs, here, through the local transport. */
#include "planner/observe/host_probe.h"

#include "planner/base/clock.h"
#include "tests/unit/planner/observe/site_dir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const struct spec_host here = {
    .name = "here", .address = "127.0.0.1", .executor = EXECUTOR_LOCAL};

struct fixture {
    struct arena *arena;
    struct site_dir site;
    struct transport *transport;
    struct probe_request request;
    struct probe probe;
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    struct fault fault = {0};

    fixture->arena = arena_new();
    site_dir_make(&fixture->site);
    probe_request_install_dir(fixture->arena, &fixture->request,
                              arena_printf(fixture->arena, "%s/opt", fixture->site.path));
    probe_request_data_dir(fixture->arena, &fixture->request,
                           arena_printf(fixture->arena, "%s/data", fixture->site.path));
    *state = fixture;
    return transport_open(&here, clock_deadline_ms(60000), NULL, &fixture->transport, &fault);
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    transport_close(fixture->transport);
    site_dir_remove(&fixture->site);
    arena_free(fixture->arena);
    free(fixture);
    return 0;
}

static void probe_here(struct fixture *fixture)
{
    struct fault fault = {0};

    if (host_probe_run(fixture->transport, &fixture->request, clock_deadline_ms(60000), NULL,
                       fixture->arena, &fixture->probe, &fault) < 0)
        fail_msg("%s", fault.text);
}

static const struct probe_process *find_process(const struct fixture *fixture, const char *name)
{
    vec_each(process, &fixture->probe.install_dirs.items[0].processes)
        if (strcmp(process->name, name) == 0)
            return process;
    fail_msg("no run directory %s", name);
    return NULL;
}

static void a_blank_host_has_tools_but_nothing_installed(void **state)
{
    struct fixture *fixture = *state;
    const struct probe *probe = &fixture->probe;

    probe_here(fixture);
    assert_int_equal(probe->uid, getuid());
    assert_int_equal(strlen(probe->boot_id), 36);
    assert_true(probe->clock_ms > INT64_C(1600000000000));
    assert_true(probe->has_tar && probe->has_gzip && probe->has_sha256sum && probe->has_setsid);
    assert_int_equal(probe->install_dirs.count, 1);
    assert_null(probe->install_dirs.items[0].current.name);
    assert_null(probe->install_dirs.items[0].link);
    assert_int_equal(probe->install_dirs.items[0].processes.count, 0);
    assert_true(probe->install_dirs.items[0].free_kb > 0);
    assert_null(probe->data_dirs.items[0].myid);
    assert_null(probe->data_dirs.items[0].server);
    assert_false(probe->data_dirs.items[0].has_data);
    assert_true(probe->data_dirs.items[0].free_kb > 0);
}

static void java_is_found_with_its_version(void **state)
{
    struct fixture *fixture = *state;

    probe_here(fixture);
    assert_non_null(fixture->probe.java);
    assert_true(strspn(fixture->probe.java_version, "0123456789._") > 0);
}

static void the_manifest_is_read_up_to_its_files(void **state)
{
    struct fixture *fixture = *state;
    const struct probe_install *install;

    site_dir_release(&fixture->site, "arcus", 'a');
    probe_here(fixture);
    install = &fixture->probe.install_dirs.items[0];
    assert_string_equal(install->current.name, "arcus");
    assert_string_equal(install->current.version, "1.0");
    assert_int_equal(strlen(install->current.digest), 64);
    assert_string_equal(install->link, "releases/arcus-1.0-aaaaaaaaaaaa");
    assert_int_equal(install->releases.count, 2);
    assert_string_equal(install->releases.items[0].version, "0.9");
}

static void a_running_process_is_alive_with_what_it_was_started_with(void **state)
{
    struct fixture *fixture = *state;
    const struct probe_process *process;

    site_dir_start(&fixture->site, "opt/run/test-cloud-11211/started", getpid(),
                   "attr.server=cacheserver\nattr.set.threads=6\nattr.ensemble=a:1,b:2=c\n");
    probe_here(fixture);
    process = find_process(fixture, "test-cloud-11211");
    assert_true(process->is_alive);
    assert_int_equal(process->pid, getpid());
    assert_string_equal(attrs_value(&process->attrs, "set.threads"), "6");
    assert_string_equal(attrs_value(&process->attrs, "ensemble"), "a:1,b:2=c");
    assert_int_equal(process->attrs.count, 3);
}

static void other_processes_are_dead(void **state)
{
    struct fixture *fixture = *state;

    site_dir_puts(&fixture->site, "opt/run/wrong-start-1/started",
                  "pid=1\nstart=99999999999\nboot=x\nattr.server=cacheserver\n");
    site_dir_puts(&fixture->site, "opt/run/no-pid-2/started", "pid=\nstart=\n");
    site_dir_puts(&fixture->site, "opt/run/no-started-3/log", "x");
    site_dir_start(&fixture->site, "opt/run/wrong-command-4/started", getpid(),
                   "command=/bin/other\n");
    probe_here(fixture);
    assert_int_equal(fixture->probe.install_dirs.items[0].processes.count, 4);
    assert_false(find_process(fixture, "wrong-start-1")->is_alive);
    assert_int_equal(find_process(fixture, "wrong-start-1")->pid, 0);
    assert_int_equal(find_process(fixture, "wrong-start-1")->attrs.count, 1);
    assert_false(find_process(fixture, "no-pid-2")->is_alive);
    assert_false(find_process(fixture, "no-started-3")->is_alive);
    assert_false(find_process(fixture, "wrong-command-4")->is_alive);
}

static void a_zookeeper_data_directory_is_read(void **state)
{
    struct fixture *fixture = *state;
    const struct probe_data *data;

    site_dir_puts(&fixture->site, "data/myid", " 3\n");
    site_dir_puts(&fixture->site, "data/conf/zoo.cfg", "tickTime=2000\n");
    site_dir_puts(&fixture->site, "data/version-2/log.1", "x");
    site_dir_start(&fixture->site, "data/run/started", getpid(), "attr.config=0123456789ab\n");
    probe_here(fixture);
    data = &fixture->probe.data_dirs.items[0];
    assert_string_equal(data->myid, "3");
    assert_string_equal(data->zoo_cfg, "tickTime=2000\n");
    assert_true(data->has_data);
    assert_true(data->server->is_alive);
    assert_string_equal(attrs_value(&data->server->attrs, "config"), "0123456789ab");
}

static void files_and_names_of_any_bytes_do_not_break_the_answer(void **state)
{
    struct fixture *fixture = *state;
    char bytes[256 * 5];

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)(i * 7);
    site_dir_write(&fixture->site, "opt/manifest", bytes, sizeof(bytes));
    site_dir_write(&fixture->site, "opt/run/a b\nend\n-1/started", bytes, sizeof(bytes));
    site_dir_write(&fixture->site, "data/myid", bytes, sizeof(bytes));
    site_dir_write(&fixture->site, "data/conf/zoo.cfg", bytes, sizeof(bytes));
    site_dir_write(&fixture->site, "data/run/started", bytes, sizeof(bytes));
    probe_here(fixture);
    assert_null(fixture->probe.install_dirs.items[0].current.name);
    assert_false(find_process(fixture, "a b\nend\n-1")->is_alive);
    assert_false(fixture->probe.data_dirs.items[0].server->is_alive);
    assert_non_null(fixture->probe.data_dirs.items[0].zoo_cfg);
}

static void directories_with_odd_names_are_quoted(void **state)
{
    struct fixture *fixture = *state;
    const char *odd = arena_printf(fixture->arena, "%s/it's $(false) \"odd\"", fixture->site.path);

    site_dir_puts(&fixture->site, "it's $(false) \"odd\"/myid", "7\n");
    probe_request_data_dir(fixture->arena, &fixture->request, odd);
    probe_request_data_dir(fixture->arena, &fixture->request, odd);
    probe_here(fixture);
    assert_int_equal(fixture->probe.data_dirs.count, 2);
    assert_string_equal(fixture->probe.data_dirs.items[1].myid, "7");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_blank_host_has_tools_but_nothing_installed, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(java_is_found_with_its_version, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_manifest_is_read_up_to_its_files, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_running_process_is_alive_with_what_it_was_started_with,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(other_processes_are_dead, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_zookeeper_data_directory_is_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(files_and_names_of_any_bytes_do_not_break_the_answer,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(directories_with_odd_names_are_quoted, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
