#include "tests/unit/executors/transport/commands.h"

#include "planner/base/clock.h"
#include "planner/base/digest.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct command make_command(const char *script)
{
    return (struct command){.script = script, .deadline_ms = clock_deadline_ms(300000)};
}

struct reply run(struct transport *transport, const char *script)
{
    struct command command = make_command(script);
    struct fault fault = {0};
    struct reply reply;

    if (transport_run(transport, &command, &reply, &fault) < 0)
        fail_msg("%s: %s", script, fault.text);
    return reply;
}

static void expect(struct transport *transport, const char *script, int status, const char *output,
                   const char *errors)
{
    struct reply reply = run(transport, script);

    assert_int_equal(reply.status, status);
    assert_string_equal(str_text(&reply.output), output);
    assert_string_equal(str_text(&reply.errors), errors);
    reply_deinit(&reply);
}

void check_status_and_streams(struct transport *transport)
{
    expect(transport, "echo out; echo err >&2; exit 3", 3, "out\n", "err\n");
    expect(transport, "true", 0, "", "");
    expect(transport, "printf 'no line end'", 0, "no line end", "");
    expect(transport, "cat", 0, "", "");
}

void check_signals(struct transport *transport)
{
    expect(transport, "kill -9 $$", 137, "", "Killed\n");
    expect(transport, "exec 1>&-; exit 4", 4, "", "");
}

void check_quoting(struct transport *transport)
{
    expect(transport, "printf '%s|' 'a b' \"c'd\" '\\n' '$HOME' '`id`' '!' '*'\n# it's\n", 0,
           "a b|c'd|\\n|$HOME|`id`|!|*|", "");
}

static void fill(char *bytes, size_t size)
{
    uint32_t value = 12345;

    for (size_t i = 0; i < size; i++) {
        value = value * 1664525 + 1013904223;
        bytes[i] = (char)(value >> 24);
    }
}

void check_large_input(struct transport *transport)
{
    const size_t size = 50 * 1024 * 1024;
    char *bytes = malloc(size);
    char wanted[DIGEST_HEX_SIZE];
    struct command command = make_command("sha256sum");
    atomic_int_least64_t sent = 0;
    struct reply reply;
    struct fault fault;

    fill(bytes, size);
    digest_of(bytes, size, wanted);
    command.input = bytes;
    command.input_size = size;
    command.sent = &sent;
    assert_int_equal(transport_run_checked(transport, &command, &reply, &fault), 0);
    assert_memory_equal(reply.output.data, wanted, DIGEST_HEX_SIZE - 1);
    assert_int_equal(atomic_load(&sent), size);
    reply_deinit(&reply);
    free(bytes);
}

void check_input_from_file(struct transport *transport)
{
    char name[] = "/tmp/arcusplan-input-XXXXXX";
    struct command command = make_command("cat");
    struct reply reply;
    struct fault fault;

    command.input_fd = mkstemp(name);
    unlink(name);
    assert_int_equal(write(command.input_fd, "0123456789", 10), 10);
    command.input_fd_size = 7;
    assert_int_equal(transport_run_checked(transport, &command, &reply, &fault), 0);
    assert_string_equal(str_text(&reply.output), "0123456");
    reply_deinit(&reply);
    command.input_fd_size = 11;
    assert_int_equal(transport_run_checked(transport, &command, &reply, &fault), -1);
    assert_int_equal(fault.code, DIAG_FILE_READ);
    close(command.input_fd);
}

void check_unread_input(struct transport *transport)
{
    const size_t size = 8 * 1024 * 1024;
    struct command command = make_command("exit 9");
    struct reply reply;
    struct fault fault;

    command.input = calloc(1, size);
    command.input_size = size;
    assert_int_equal(transport_run(transport, &command, &reply, &fault), 0);
    assert_int_equal(reply.status, 9);
    reply_deinit(&reply);
    free((void *)command.input);
}

void check_output_limit(struct transport *transport)
{
    struct command command = make_command("cat /dev/zero");
    struct reply reply;
    struct fault fault;

    assert_int_equal(transport_run(transport, &command, &reply, &fault), -1);
    assert_int_equal(fault.code, DIAG_HOST_REPLY);
    assert_non_null(strstr(fault.text, "1048576 bytes"));
    reply_deinit(&reply);
    expect(transport, "echo usable", 0, "usable\n", "");
}

void check_background_child(struct transport *transport)
{
    int64_t start_ms = clock_now_ms();

    expect(transport, "sleep 20 & echo started", 0, "started\n", "");
    assert_true(clock_now_ms() - start_ms < 30000);
}

void check_long_errors(struct transport *transport)
{
    struct reply reply = run(transport, "i=0; while [ $i -lt 3000 ]; do echo line $i >&2;"
                                        " i=$((i+1)); done; echo over");

    assert_string_equal(str_text(&reply.output), "over\n");
    assert_true(reply.errors.length > 1000 && reply.errors.length <= 8192);
    assert_non_null(strstr(reply.errors.data, "line 2998\nline 2999\n"));
    reply_deinit(&reply);
}

void check_run_checked(struct transport *transport)
{
    static const struct {
        const char *script;
        enum diag_code code;
        const char *text;
    } cases[] = {
        {"echo first >&2; echo 'the last line' >&2; exit 1", DIAG_HOST_COMMAND, "the last line"},
        {"exit 5", DIAG_HOST_COMMAND, "status 5"},
        {"echo 'cat: x: No space left on device' >&2; echo more >&2; exit 1", DIAG_HOST_DISK_FULL,
         "is full"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct command command = make_command(cases[i].script);
        struct reply reply;
        struct fault fault;

        assert_int_equal(transport_run_checked(transport, &command, &reply, &fault), -1);
        assert_int_equal(fault.code, cases[i].code);
        assert_non_null(strstr(fault.text, cases[i].text));
        assert_null(reply.output.data);
    }
}
