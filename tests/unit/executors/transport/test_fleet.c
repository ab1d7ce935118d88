#include "executors/transport/fleet.h"

#include "planner/base/clock.h"
#include "tests/unit/executors/transport/commands.h"
#include "tests/unit/executors/transport/sshd.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { HOSTS = 30, PER_HOST = 5, WAIT_MS = 300000 };

static const struct spec_host here = {.name = "here", .executor = EXECUTOR_LOCAL};
static struct sshd sshd;

static int start(void **state)
{
    struct fault fault;

    (void)state;
    unsetenv("SSH_AUTH_SOCK");
    if (transport_init(&fault) < 0)
        return -1;
    sshd_start(&sshd, "");
    return 0;
}

static int stop(void **state)
{
    (void)state;
    sshd_stop(&sshd);
    return 0;
}

static struct fleet *make_fleet(int parallel)
{
    struct fault fault;
    struct fleet *fleet = fleet_new(parallel, &fault);

    assert_non_null(fleet);
    return fleet;
}

static struct job *next(struct fleet *fleet)
{
    struct job *job = fleet_next(fleet, clock_deadline_ms(WAIT_MS));

    assert_non_null(job);
    return job;
}

struct echo {
    struct job job;
    int number;
    char output[64];
};

/* Prints the address that the host sees itself under. */
static int run_echo(struct job *job, struct transport *transport)
{
    struct echo *echo = job->data;
    struct command command = make_command("set -- $SSH_CONNECTION; echo \"$3 $PPID\"");
    struct reply reply;

    if (transport_run_checked(transport, &command, &reply, &job->fault) < 0)
        return -1;
    snprintf(echo->output, sizeof(echo->output), "%s", str_text(&reply.output));
    reply_deinit(&reply);
    return 0;
}

static void thirty_hosts_work_at_once_each_in_order_over_one_connection(void **state)
{
    static struct spec_host hosts[HOSTS];
    static char names[HOSTS][16];
    static struct echo jobs[HOSTS][PER_HOST];
    int last[HOSTS] = {0};
    struct fleet *fleet = make_fleet(16);

    (void)state;
    for (int i = 0; i < HOSTS; i++) {
        snprintf(names[i], sizeof(names[i]), "127.0.0.%d", i + 2);
        hosts[i] = sshd_host(&sshd, names[i], names[i]);
    }
    for (int number = 0; number < PER_HOST; number++)
        for (int i = 0; i < HOSTS; i++) {
            jobs[i][number] = (struct echo){.number = number};
            jobs[i][number].job =
                (struct job){.host = &hosts[i], .run = run_echo, .data = &jobs[i][number]};
            fleet_submit(fleet, &jobs[i][number].job);
        }
    assert_int_equal(fleet_pending(fleet), HOSTS * PER_HOST);
    for (int count = 0; count < HOSTS * PER_HOST; count++) {
        struct job *job = next(fleet);
        struct echo *echo = job->data;
        int host = (int)(job->host - hosts);

        if (job->result < 0)
            fail_msg("%s: %s", job->host->name, job->fault.text);
        assert_int_equal(echo->number, last[host]++);
        assert_memory_equal(echo->output, job->host->name, strlen(job->host->name));
    }
    assert_int_equal(fleet_pending(fleet), 0);
    assert_null(fleet_next(fleet, 0));
    shell("[ $(grep -c 'Accepted publickey' %s/log) -ge %d ]", sshd.directory, HOSTS);
    shell("[ $(grep -c 'Accepted publickey' %s/log) -le %d ]", sshd.directory, HOSTS + 1);
    fleet_free(fleet);
}

static int count_up(struct job *job, struct transport *transport)
{
    assert_null(transport);
    atomic_fetch_add((atomic_int *)job->data, 1);
    return 0;
}

static void jobs_without_a_host_run_too(void **state)
{
    struct job jobs[20] = {0};
    struct fleet *fleet = make_fleet(4);
    atomic_int count = 0;

    (void)state;
    for (int i = 0; i < 20; i++) {
        jobs[i] = (struct job){.run = count_up, .data = &count};
        fleet_submit(fleet, &jobs[i]);
    }
    for (int i = 0; i < 20; i++)
        assert_int_equal(next(fleet)->result, 0);
    assert_int_equal(atomic_load(&count), 20);
    fleet_free(fleet);
}

static void the_wake_descriptor_tells_of_ended_jobs(void **state)
{
    atomic_int count = 0;
    struct job job = {.run = count_up, .data = &count};
    struct fleet *fleet = make_fleet(1);
    struct pollfd wake = {fleet_wake_fd(fleet), POLLIN, 0};

    (void)state;
    assert_int_equal(poll(&wake, 1, 0), 0);
    fleet_submit(fleet, &job);
    assert_int_equal(poll(&wake, 1, WAIT_MS), 1);
    assert_ptr_equal(fleet_next(fleet, 0), &job);
    assert_int_equal(poll(&wake, 1, 0), 0);
    fleet_free(fleet);
}

static void a_host_that_cannot_be_reached_fails_its_own_jobs_only(void **state)
{
    struct spec_host closed = sshd_host(&sshd, "closed", "127.0.0.1");
    struct spec_host good = sshd_host(&sshd, "good", "127.0.0.1");
    struct echo jobs[6] = {0};
    struct fleet *fleet = make_fleet(2);

    (void)state;
    closed.ssh.port = free_port();
    for (int i = 0; i < 6; i++) {
        jobs[i].job =
            (struct job){.host = i % 2 ? &good : &closed, .run = run_echo, .data = &jobs[i]};
        fleet_submit(fleet, &jobs[i].job);
    }
    for (int i = 0; i < 6; i++) {
        struct job *job = next(fleet);

        assert_int_equal(job->result, job->host == &good ? 0 : -1);
        assert_int_equal(job->is_connect_fault, job->host == &closed);
        if (job->host == &closed)
            assert_int_equal(job->fault.code, DIAG_HOST_CONNECT);
    }
    fleet_free(fleet);
}

static int run_long(struct job *job, struct transport *transport)
{
    struct command command = make_command("sleep 300");
    struct reply reply;

    command.cancel = job->data;
    return transport_run(transport, &command, &reply, &job->fault);
}

static void cancelling_ends_what_runs_and_fails_what_waits(void **state)
{
    struct fleet *fleet = make_fleet(2);
    void *flag = (void *)fleet_cancel_flag(fleet);
    struct job jobs[3] = {{.host = &here, .run = run_long, .data = flag},
                          {.host = &here, .run = run_long, .data = flag},
                          {.host = &here, .run = run_long, .data = flag}};
    int64_t start_ms = clock_now_ms();

    (void)state;
    for (int i = 0; i < 3; i++)
        fleet_submit(fleet, &jobs[i]);
    assert_null(fleet_next(fleet, clock_deadline_ms(200)));
    fleet_cancel(fleet);
    for (int i = 0; i < 3; i++) {
        struct job *job = next(fleet);

        assert_int_equal(job->result, -1);
        assert_int_equal(job->fault.code, DIAG_INTERRUPTED);
    }
    assert_true(clock_now_ms() - start_ms < 30000);
    fleet_free(fleet);
}

static void freeing_cancels_what_still_runs(void **state)
{
    struct fleet *fleet = make_fleet(1);
    struct job job = {.host = &here, .run = run_long, .data = (void *)fleet_cancel_flag(fleet)};
    int64_t start_ms = clock_now_ms();

    (void)state;
    fleet_submit(fleet, &job);
    fleet_free(fleet);
    assert_true(clock_now_ms() - start_ms < 30000);
}

static int run_into_deadline(struct job *job, struct transport *transport)
{
    struct command command = make_command("sleep 300");
    struct reply reply;

    command.deadline_ms = clock_deadline_ms(200);
    return transport_run(transport, &command, &reply, &job->fault);
}

static void a_broken_connection_is_opened_again_for_the_next_job(void **state)
{
    struct spec_host host = sshd_host(&sshd, "one", "127.0.0.1");
    struct echo echo = {0};
    struct job breaking = {.host = &host, .run = run_into_deadline};
    struct fleet *fleet = make_fleet(1);

    (void)state;
    echo.job = (struct job){.host = &host, .run = run_echo, .data = &echo};
    fleet_submit(fleet, &breaking);
    fleet_submit(fleet, &echo.job);
    assert_int_equal(next(fleet)->result, -1);
    assert_int_equal(next(fleet)->result, 0);
    fleet_free(fleet);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(thirty_hosts_work_at_once_each_in_order_over_one_connection),
        cmocka_unit_test(jobs_without_a_host_run_too),
        cmocka_unit_test(the_wake_descriptor_tells_of_ended_jobs),
        cmocka_unit_test(a_host_that_cannot_be_reached_fails_its_own_jobs_only),
        cmocka_unit_test(cancelling_ends_what_runs_and_fails_what_waits),
        cmocka_unit_test(freeing_cancels_what_still_runs),
        cmocka_unit_test(a_broken_connection_is_opened_again_for_the_next_job),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
