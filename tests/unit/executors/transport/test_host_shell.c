#include "executors/transport/host_shell.h"

#include "planner/base/clock.h"
#include "tests/unit/executors/transport/commands.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const struct spec_host here = {.name = "here", .executor = EXECUTOR_LOCAL};
static struct transport *transport;

static int start(void **state)
{
    struct fault fault;

    (void)state;
    if (transport_init(&fault) < 0)
        return -1;
    return transport_open(&here, clock_deadline_ms(1000), NULL, &transport, &fault);
}

static int stop(void **state)
{
    (void)state;
    transport_close(transport);
    return 0;
}

/* Runs a script after the prelude, in an empty directory of its own. */
static void expect(const char *script, int status, const char *output)
{
    struct str text = {0};
    struct reply reply;

    str_puts(&text, host_shell_prelude);
    str_puts(&text, "dir=$(mktemp -d) && trap 'rm -rf \"$dir\"' EXIT && cd \"$dir\"\n");
    str_puts(&text, script);
    reply = run(transport, text.data);
    if (reply.status != status || strcmp(str_text(&reply.output), output) != 0)
        fail_msg("%s: status %d, output %s, errors %s", script, reply.status,
                 str_text(&reply.output), str_text(&reply.errors));
    reply_deinit(&reply);
    str_deinit(&text);
}

#define START_SLEEP                                                                                \
    "sleep 30 & pid=$!\n"                                                                          \
    "until [ \"$(process_command $pid)\" = 'sleep 30 ' ]; do sleep 0.01; done\n"                   \
    "record() {\n"                                                                                 \
    "    printf 'pid=%s\\nstart=%s\\nboot=%s\\n%s' \"$1\" \"$2\" \"$3\" \"$4\" >started\n"         \
    "}\n"                                                                                          \
    "record $pid $(process_start $pid) $(boot_id) ''\n"

static void a_recorded_process_is_alive_until_it_is_killed(void **state)
{
    (void)state;
    expect(START_SLEEP "process_alive started && [ $process_pid = $pid ] && echo alive\n"
                       "kill $pid; wait $pid 2>/dev/null\n"
                       "process_alive started || echo \"dead:$process_pid\"\n",
           0, "alive\ndead:\n");
}

static void another_boot_start_time_pid_or_command_line_is_another_process(void **state)
{
    (void)state;
    expect(START_SLEEP "start=$(process_start $pid)\n"
                       "record $pid 1 $(boot_id) ''; process_alive started && echo start\n"
                       "record $pid $start other-boot ''; process_alive started && echo boot\n"
                       "record 1 $start $(boot_id) ''; process_alive started && echo pid\n"
                       "record $pid $start $(boot_id) 'command=sleep 40 \n'\n"
                       "process_alive started && echo command\n"
                       "record $pid $start $(boot_id) 'command=sleep 30 \n'\n"
                       "process_alive started && echo same\n"
                       "kill $pid\n",
           0, "same\n");
}

static void a_damaged_record_is_no_process(void **state)
{
    (void)state;
    expect("boot=$(boot_id)\n"
           "for pid in '' 0 -1 1x '*' '1 2' 4194305 ../self; do\n"
           "    printf 'pid=%s\\nstart=1\\nboot=%s\\n' \"$pid\" \"$boot\" >started\n"
           "    process_alive started && echo \"alive: $pid\"\n"
           "done\n"
           "printf 'pid=1' >started; process_alive started && echo alive\n"
           ": >started; process_alive started && echo alive\n"
           "head -c 5000 /dev/urandom >started; process_alive started 2>/dev/null && echo alive\n"
           "rm started; process_alive started || echo none\n",
           0, "none\n");
}

static void a_zombie_is_not_alive(void **state)
{
    (void)state;
    expect("sh -c 'sleep 0.05 & echo $!; exec sleep 2' >pid &\n"
           "until [ -s pid ]; do sleep 0.01; done\n"
           "read -r pid <pid\n"
           "i=0; while process_start $pid >/dev/null && [ $i -lt 200 ]; do\n"
           "    i=$((i + 1)); sleep 0.01\n"
           "done\n"
           "[ -d /proc/$pid ] && echo zombie\n",
           0, "zombie\n");
}

static void values_of_a_record_are_read_as_they_are(void **state)
{
    (void)state;
    expect("printf '%s\\n' 'a=1=2 ' 'attr.x=\\t $HOME' 'a=3' >record\n"
           "record_value record a; record_value record attr.x\n"
           "record_value record b || echo none; record_value missing b || echo none\n",
           0, "1=2 \n\\t $HOME\nnone\nnone\n");
}

static void a_file_is_written_whole_or_not_at_all(void **state)
{
    (void)state;
    expect("echo old >file; echo new | write_atomically file 0640\n"
           "cat file; stat -c %a file; ls\n"
           "echo x | write_atomically missing/file 0644 2>/dev/null || echo failed\n"
           "sha256_of file\n",
           0,
           "new\n640\nfile\nfailed\n"
           "7aa7a5359173d05b63cfd682e3c38487f3cb4f7f1d60659fe59fab1505977d4c\n");
}

static void fail_ends_the_script_with_its_text(void **state)
{
    (void)state;
    expect("fail no 2>&1; echo after", 1, "no\n");
}

static void set_values_are_what_was_given(void **state)
{
    struct str script = {0};

    (void)state;
    host_shell_set(&script, "value", "it's $HOME\nand `more`");
    str_puts(&script, "printf '%s' \"$value\"");
    expect(script.data, 0, "it's $HOME\nand `more`");
    str_deinit(&script);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_recorded_process_is_alive_until_it_is_killed),
        cmocka_unit_test(another_boot_start_time_pid_or_command_line_is_another_process),
        cmocka_unit_test(a_damaged_record_is_no_process),
        cmocka_unit_test(a_zombie_is_not_alive),
        cmocka_unit_test(values_of_a_record_are_read_as_they_are),
        cmocka_unit_test(a_file_is_written_whole_or_not_at_all),
        cmocka_unit_test(fail_ends_the_script_with_its_text),
        cmocka_unit_test(set_values_are_what_was_given),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
