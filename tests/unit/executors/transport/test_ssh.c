#include "planner/base/clock.h"
#include "tests/unit/executors/transport/commands.h"
#include "tests/unit/executors/transport/sshd.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

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

static struct transport *connect_to(const struct spec_host *host)
{
    struct transport *transport;
    struct fault fault = {0};

    if (transport_open(host, clock_deadline_ms(60000), NULL, &transport, &fault) < 0)
        fail_msg("%s", fault.text);
    return transport;
}

static struct fault refuse(const struct spec_host *host)
{
    struct transport *transport = NULL;
    struct fault fault = {0};

    assert_int_equal(transport_open(host, clock_deadline_ms(60000), NULL, &transport, &fault), -1);
    assert_null(transport);
    return fault;
}

static int next_descriptor(void)
{
    int fd = dup(0);

    close(fd);
    return fd;
}

static void commands_run_as_everywhere(void **state)
{
    struct spec_host host = sshd_host(&sshd, "one", "127.0.0.1");
    struct transport *transport = connect_to(&host);

    (void)state;
    check_status_and_streams(transport);
    check_signals(transport);
    check_quoting(transport);
    check_large_input(transport);
    check_input_from_file(transport);
    check_unread_input(transport);
    check_output_limit(transport);
    check_background_child(transport);
    check_long_errors(transport);
    check_run_checked(transport);
    assert_false(transport_is_broken(transport));
    transport_close(transport);
}

static void many_commands_share_one_connection(void **state)
{
    struct spec_host host = sshd_host(&sshd, "one", "127.0.0.1");
    struct transport *transport = connect_to(&host);

    (void)state;
    for (int i = 0; i < 100; i++) {
        struct reply reply = run(transport, "echo $SSH_CONNECTION; sleep 5 & :");

        assert_non_null(strstr(reply.output.data, "127.0.0.1"));
        reply_deinit(&reply);
    }
    transport_close(transport);
}

static void a_connection_leaves_no_descriptor_behind(void **state)
{
    struct spec_host host = sshd_host(&sshd, "one", "127.0.0.1");
    int before = next_descriptor();

    (void)state;
    for (int i = 0; i < 3; i++) {
        struct transport *transport = connect_to(&host);
        struct reply reply = run(transport, "true");

        reply_deinit(&reply);
        transport_close(transport);
    }
    host.ssh.known_hosts = "/dev/null";
    refuse(&host);
    assert_int_equal(next_descriptor(), before);
}

static void an_unknown_host_key_is_refused_with_its_fingerprint(void **state)
{
    struct spec_host host = sshd_host(&sshd, "one", "127.0.0.1");
    struct fault fault;
    char print[256];
    FILE *keygen;
    char command[128];

    (void)state;
    snprintf(command, sizeof(command), "ssh-keygen -lf %s/host_key.pub | cut -d' ' -f2",
             sshd.directory);
    keygen = popen(command, "re");
    assert_int_equal(fscanf(keygen, "%255s", print), 1);
    pclose(keygen);
    host.ssh.known_hosts = "/nonexistent/known_hosts";
    fault = refuse(&host);
    assert_int_equal(fault.code, DIAG_HOST_KEY);
    assert_non_null(strstr(fault.text, print));
    assert_non_null(strstr(fault.hint, "ssh-keyscan -p"));
    assert_non_null(strstr(fault.hint, "/nonexistent/known_hosts"));
}

static void a_changed_host_key_is_refused_with_its_line(void **state)
{
    struct spec_host host = sshd_host(&sshd, "one", "127.0.0.1");
    char other[128], place[160];
    struct fault fault;

    (void)state;
    snprintf(other, sizeof(other), "%s/other_hosts", sshd.directory);
    shell("{ echo '# comment'; echo; echo \"[127.0.0.1]:%d $(cat %s.pub)\"; } >%s", sshd.port,
          sshd.identity, other);
    host.ssh.known_hosts = other;
    fault = refuse(&host);
    assert_int_equal(fault.code, DIAG_HOST_KEY);
    assert_non_null(strstr(fault.text, "has changed"));
    snprintf(place, sizeof(place), "%s:3", other);
    assert_non_null(strstr(fault.text, place));
}

static void a_key_of_another_kind_than_the_known_one_is_refused(void **state)
{
    struct spec_host host = sshd_host(&sshd, "one", "127.0.0.1");
    char other[128];
    struct fault fault;

    (void)state;
    snprintf(other, sizeof(other), "%s/rsa_hosts", sshd.directory);
    shell("ssh-keygen -q -t rsa -b 2048 -N '' -f %s/rsa; "
          "echo \"[127.0.0.1]:%d $(cat %s/rsa.pub)\" >%s",
          sshd.directory, sshd.port, sshd.directory, other);
    host.ssh.known_hosts = other;
    fault = refuse(&host);
    assert_true(fault.code == DIAG_HOST_KEY || fault.code == DIAG_HOST_CONNECT);
}

static void a_host_may_be_known_by_its_name(void **state)
{
    struct spec_host host = sshd_host(&sshd, "cache001.arcus", "127.0.0.1");
    char other[128];

    (void)state;
    snprintf(other, sizeof(other), "%s/name_hosts", sshd.directory);
    shell("echo \"[cache001.arcus]:%d $(cat %s/host_key.pub)\" >%s", sshd.port, sshd.directory,
          other);
    host.ssh.known_hosts = other;
    transport_close(connect_to(&host));
}

static void a_key_that_is_not_accepted_is_named(void **state)
{
    struct spec_host host = sshd_host(&sshd, "one", "127.0.0.1");
    char other[128];
    struct fault fault;

    (void)state;
    snprintf(other, sizeof(other), "%s/other_key", sshd.directory);
    shell("ssh-keygen -q -t ed25519 -N '' -f %s", other);
    host.ssh.identity_file = other;
    fault = refuse(&host);
    assert_int_equal(fault.code, DIAG_HOST_AUTH);
    assert_non_null(strstr(fault.text, other));
    host.ssh.identity_file = "/nonexistent/key";
    fault = refuse(&host);
    assert_int_equal(fault.code, DIAG_HOST_AUTH);
    assert_non_null(strstr(fault.text, "/nonexistent/key"));
}

static void a_key_with_a_passphrase_does_not_prompt(void **state)
{
    struct spec_host host = sshd_host(&sshd, "one", "127.0.0.1");
    const char *const formats[] = {"", "-m PEM -t rsa -b 2048"};
    char locked[128];

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct fault fault;

        snprintf(locked, sizeof(locked), "%s/locked%zu", sshd.directory, i);
        shell("ssh-keygen -q -N secret %s -f %s", formats[i], locked);
        host.ssh.identity_file = locked;
        fault = refuse(&host);
        assert_int_equal(fault.code, DIAG_HOST_AUTH);
        assert_non_null(strstr(fault.text, "passphrase"));
    }
}

static void keys_of_the_agent_are_offered(void **state)
{
    struct spec_host host = sshd_host(&sshd, "one", "127.0.0.1");
    char socket[128], home[96];
    char *old_home = strdup(getenv("HOME") ? getenv("HOME") : "/");

    (void)state;
    snprintf(socket, sizeof(socket), "%s/agent", sshd.directory);
    shell("ssh-agent -a %s >%s/agent_env; . %s/agent_env >/dev/null; ssh-add -q %s", socket,
          sshd.directory, sshd.directory, sshd.identity);
    snprintf(home, sizeof(home), "%s", sshd.directory);
    setenv("SSH_AUTH_SOCK", socket, 1);
    setenv("HOME", home, 1);
    host.ssh.identity_file = NULL;
    transport_close(connect_to(&host));
    host.ssh.identity_file = "/nonexistent/key";
    transport_close(connect_to(&host));
    shell(". %s/agent_env >/dev/null; ssh-agent -k >/dev/null", sshd.directory);
    unsetenv("SSH_AUTH_SOCK");
    setenv("HOME", old_home, 1);
    free(old_home);
}

static void a_closed_port_is_reported_at_once(void **state)
{
    struct spec_host host = sshd_host(&sshd, "one", "127.0.0.1");
    int64_t start_ms = clock_now_ms();
    struct fault fault;

    (void)state;
    host.ssh.port = free_port();
    fault = refuse(&host);
    assert_int_equal(fault.code, DIAG_HOST_CONNECT);
    assert_non_null(strstr(fault.text, "Connection refused"));
    assert_true(clock_now_ms() - start_ms < 30000);
}

static int listen_on(int *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(fd, 16), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

static void a_server_that_accepts_and_says_nothing_meets_the_timeout(void **state)
{
    struct spec_host host = sshd_host(&sshd, "one", "127.0.0.1");
    int64_t start_ms = clock_now_ms();
    struct fault fault;
    int fd = listen_on(&host.ssh.port);

    (void)state;
    host.ssh.connect_timeout_ms = 500;
    fault = refuse(&host);
    assert_int_equal(fault.code, DIAG_HOST_TIMEOUT);
    assert_true(clock_now_ms() - start_ms >= 500 && clock_now_ms() - start_ms < 30000);
    close(fd);
}

struct dropper {
    int fd;
    int target;
    int drops;
};

/* Hangs up on the first connections, as an overrun sshd does, then hands the port to sshd. */
static void *drop_some(void *data)
{
    struct dropper *dropper = data;

    while (dropper->drops-- > 0)
        close(accept(dropper->fd, NULL, NULL));
    close(dropper->fd);
    return NULL;
}

static void a_connection_dropped_before_the_key_exchange_is_tried_again(void **state)
{
    struct spec_host host = sshd_host(&sshd, "one", "127.0.0.1");
    struct dropper dropper = {.drops = 3};
    struct fault fault;
    pthread_t thread;

    (void)state;
    dropper.fd = listen_on(&host.ssh.port);
    pthread_create(&thread, NULL, drop_some, &dropper);
    fault = refuse(&host);
    pthread_join(thread, NULL);
    assert_int_equal(dropper.drops, -1);
    assert_non_null(strstr(fault.text, "Connection refused"));
}

static void a_server_that_is_no_ssh_server_is_given_up(void **state)
{
    struct spec_host host = sshd_host(&sshd, "one", "127.0.0.1");
    int fd = listen_on(&host.ssh.port), peer;
    struct transport *transport;
    struct fault fault;

    (void)state;
    host.ssh.connect_timeout_ms = 1000;
    fcntl(fd, F_SETFL, O_NONBLOCK);
    assert_int_equal(transport_open(&host, clock_deadline_ms(300), NULL, &transport, &fault), -1);
    peer = accept(fd, NULL, NULL);
    assert_true(peer >= 0);
    close(peer);
    close(fd);
}

static void a_command_over_its_deadline_breaks_the_connection(void **state)
{
    struct spec_host host = sshd_host(&sshd, "one", "127.0.0.1");
    struct transport *transport = connect_to(&host);
    struct command command = make_command("sleep 300");
    struct reply reply;
    struct fault fault;

    (void)state;
    command.deadline_ms = clock_deadline_ms(300);
    assert_int_equal(transport_run(transport, &command, &reply, &fault), -1);
    assert_int_equal(fault.code, DIAG_HOST_TIMEOUT);
    assert_true(transport_is_broken(transport));
    command.deadline_ms = clock_deadline_ms(60000);
    assert_int_equal(transport_run(transport, &command, &reply, &fault), -1);
    assert_int_equal(fault.code, DIAG_HOST_CONNECT);
    transport_close(transport);
}

struct later {
    int after_ms;
    atomic_bool *flag;
};

static void *act_later(void *data)
{
    struct later *later = data;

    poll(NULL, 0, later->after_ms);
    if (later->flag)
        atomic_store(later->flag, true);
    else
        sshd_kill(&sshd);
    return NULL;
}

static struct fault disturb(const char *script, struct later *later)
{
    struct spec_host host = sshd_host(&sshd, "one", "127.0.0.1");
    struct transport *transport = connect_to(&host);
    struct command command = make_command(script);
    int64_t start_ms = clock_now_ms();
    struct reply reply;
    struct fault fault;
    pthread_t thread;

    command.cancel = later->flag;
    pthread_create(&thread, NULL, act_later, later);
    assert_int_equal(transport_run(transport, &command, &reply, &fault), -1);
    assert_true(clock_now_ms() - start_ms < 30000);
    assert_true(transport_is_broken(transport));
    pthread_join(thread, NULL);
    transport_close(transport);
    return fault;
}

static void a_cancelled_command_gives_up_at_once(void **state)
{
    atomic_bool cancel = false;
    struct later later = {200, &cancel};

    (void)state;
    assert_int_equal(disturb("sleep 300", &later).code, DIAG_INTERRUPTED);
}

static void a_login_can_be_cancelled(void **state)
{
    struct spec_host host = sshd_host(&sshd, "one", "127.0.0.1");
    atomic_bool cancel = true;
    struct transport *transport;
    struct fault fault;
    int fd = listen_on(&host.ssh.port);

    (void)state;
    assert_int_equal(transport_open(&host, clock_deadline_ms(60000), &cancel, &transport, &fault),
                     -1);
    assert_int_equal(fault.code, DIAG_INTERRUPTED);
    close(fd);
}

static void a_host_reached_through_a_bastion_works_alike(void **state)
{
    struct spec_host host = sshd_host(&sshd, "one", "127.0.0.2");
    char jump[128];
    struct transport *transport;

    (void)state;
    snprintf(jump, sizeof(jump), "%s@127.0.0.1:%d", host.ssh.user, sshd.port);
    host.ssh.proxy_jump = jump;
    transport = connect_to(&host);
    check_status_and_streams(transport);
    check_large_input(transport);
    check_unread_input(transport);
    check_output_limit(transport);
    check_background_child(transport);
    transport_close(transport);
}

static void both_host_keys_are_checked_through_a_bastion(void **state)
{
    struct spec_host host = sshd_host(&sshd, "one", "127.0.0.2");
    char jump[128], only[128];
    const char *const known[] = {"127.0.0.1", "127.0.0.2"};
    const char *const missing[] = {"127.0.0.2 port", "127.0.0.1 port"};

    (void)state;
    snprintf(jump, sizeof(jump), "%s@127.0.0.1:%d", host.ssh.user, sshd.port);
    host.ssh.proxy_jump = jump;
    snprintf(only, sizeof(only), "%s/only_one", sshd.directory);
    host.ssh.known_hosts = only;
    for (size_t i = 0; i < 2; i++) {
        struct fault fault;

        shell("echo \"[%s]:%d $(cat %s/host_key.pub)\" >%s", known[i], sshd.port, sshd.directory,
              only);
        fault = refuse(&host);
        assert_int_equal(fault.code, DIAG_HOST_KEY);
        assert_non_null(strstr(fault.text, missing[i]));
    }
}

static void a_bastion_that_cannot_reach_the_host_says_so(void **state)
{
    struct spec_host host = sshd_host(&sshd, "one", "127.0.0.2");
    char jump[128];
    struct fault fault;

    (void)state;
    snprintf(jump, sizeof(jump), "%s@127.0.0.1:%d", host.ssh.user, sshd.port);
    host.ssh.proxy_jump = jump;
    host.ssh.port = free_port();
    fault = refuse(&host);
    assert_int_equal(fault.code, DIAG_HOST_CONNECT);
    assert_non_null(strstr(fault.text, "cannot reach 127.0.0.2"));
    host.ssh.proxy_jump = "bastion:port";
    fault = refuse(&host);
    assert_non_null(strstr(fault.text, "[USER@]HOST[:PORT]"));
}

/* Another sshd, whose sessions are disturbed as extra says; until check has seen it. */
static struct fault refuse_command(const char *extra, enum become become)
{
    struct sshd other;
    struct spec_host host;
    struct transport *transport;
    struct command command = make_command("echo out");
    struct reply reply;
    struct fault fault = {0};

    sshd_start(&other, extra);
    host = sshd_host(&other, "one", "127.0.0.1");
    host.ssh.become = become;
    transport = connect_to(&host);
    assert_int_equal(transport_run(transport, &command, &reply, &fault), -1);
    assert_false(transport_is_broken(transport));
    transport_close(transport);
    sshd_stop(&other);
    return fault;
}

static void a_host_that_freezes_meets_the_deadline(void **state)
{
    struct spec_host host = sshd_host(&sshd, "one", "127.0.0.1");
    struct transport *transport = connect_to(&host);
    struct command command = make_command("echo never");
    struct reply reply;
    struct fault fault;
    int64_t start_ms = clock_now_ms();

    (void)state;
    sshd_signal_connections(&sshd, SIGSTOP);
    command.deadline_ms = clock_deadline_ms(500);
    assert_int_equal(transport_run(transport, &command, &reply, &fault), -1);
    assert_int_equal(fault.code, DIAG_HOST_TIMEOUT);
    transport_close(transport);
    sshd_signal_connections(&sshd, SIGCONT);
    assert_true(clock_now_ms() - start_ms < 30000);
}

static void what_a_login_shell_says_by_itself_is_dropped(void **state)
{
    struct sshd noisy;
    struct spec_host host;
    struct transport *transport;

    (void)state;
    sshd_start(&noisy, "ForceCommand echo noise; echo more noise >&2; printf 'no end'; "
                       "sh -c \"$SSH_ORIGINAL_COMMAND\"; echo goodbye; sleep 1");
    host = sshd_host(&noisy, "one", "127.0.0.1");
    transport = connect_to(&host);
    check_status_and_streams(transport);
    transport_close(transport);
    sshd_stop(&noisy);
}

static void a_login_shell_that_runs_nothing_is_quoted(void **state)
{
    struct fault fault = refuse_command(
        "ForceCommand echo This account is currently not available.; exit 1", BECOME_NONE);

    (void)state;
    assert_int_equal(fault.code, DIAG_HOST_COMMAND);
    assert_non_null(strstr(fault.text, "This account is currently not available."));
}

/* Puts an `id` that says we are not root before the real one, and the sudo given. */
static void make_path(char *path, size_t size, const char *sudo)
{
    snprintf(path, size, "%s/bin-XXXXXX", sshd.directory);
    assert_non_null(mkdtemp(path));
    shell("cd %s && echo 'echo 1000' >id && printf '%%s\\n' '%s' >sudo && chmod +x id sudo", path,
          sudo);
}

static void a_sudo_that_wants_a_password_is_reported_with_what_to_do(void **state)
{
    char path[128], extra[256];
    struct fault fault;

    (void)state;
    if (geteuid() != 0)
        skip();
    make_path(path, sizeof(path),
              "exec setpriv --reuid=nobody --regid=nogroup --clear-groups /usr/bin/sudo \"$@\"");
    snprintf(extra, sizeof(extra), "SetEnv PATH=%s:/usr/bin:/bin", path);
    fault = refuse_command(extra, BECOME_SUDO);
    assert_int_equal(fault.code, DIAG_HOST_BECOME);
    assert_non_null(strstr(fault.text, "sudo: "));
    assert_non_null(strstr(fault.hint, "NOPASSWD"));
}

static void commands_run_through_sudo_alike(void **state)
{
    char path[128], extra[256];
    struct sshd other;
    struct spec_host host;
    struct transport *transport;

    (void)state;
    if (geteuid() != 0)
        skip();
    make_path(path, sizeof(path), "echo used >>$0.log; exec /usr/bin/sudo \"$@\"");
    snprintf(extra, sizeof(extra), "SetEnv PATH=%s:/usr/bin:/bin", path);
    sshd_start(&other, extra);
    host = sshd_host(&other, "one", "127.0.0.1");
    host.ssh.become = BECOME_SUDO;
    transport = connect_to(&host);
    check_status_and_streams(transport);
    check_quoting(transport);
    check_large_input(transport);
    check_background_child(transport);
    shell("[ $(wc -l <%s/sudo.log) = 7 ]", path);
    transport_close(transport);
    sshd_stop(&other);
}

static void root_needs_no_sudo(void **state)
{
    struct spec_host host = sshd_host(&sshd, "one", "127.0.0.1");
    struct transport *transport;

    (void)state;
    if (geteuid() != 0)
        skip();
    host.ssh.become = BECOME_SUDO;
    transport = connect_to(&host);
    check_status_and_streams(transport);
    transport_close(transport);
}

static void a_killed_sshd_is_noticed_in_mid_command(void **state)
{
    struct later later = {200, NULL};

    (void)state;
    assert_int_equal(disturb("sleep 300", &later).code, DIAG_HOST_CONNECT);
    sshd_stop(&sshd);
    sshd_start(&sshd, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands_run_as_everywhere),
        cmocka_unit_test(many_commands_share_one_connection),
        cmocka_unit_test(a_connection_leaves_no_descriptor_behind),
        cmocka_unit_test(an_unknown_host_key_is_refused_with_its_fingerprint),
        cmocka_unit_test(a_changed_host_key_is_refused_with_its_line),
        cmocka_unit_test(a_key_of_another_kind_than_the_known_one_is_refused),
        cmocka_unit_test(a_host_may_be_known_by_its_name),
        cmocka_unit_test(a_key_that_is_not_accepted_is_named),
        cmocka_unit_test(a_key_with_a_passphrase_does_not_prompt),
        cmocka_unit_test(keys_of_the_agent_are_offered),
        cmocka_unit_test(a_closed_port_is_reported_at_once),
        cmocka_unit_test(a_server_that_accepts_and_says_nothing_meets_the_timeout),
        cmocka_unit_test(a_connection_dropped_before_the_key_exchange_is_tried_again),
        cmocka_unit_test(a_server_that_is_no_ssh_server_is_given_up),
        cmocka_unit_test(a_command_over_its_deadline_breaks_the_connection),
        cmocka_unit_test(a_cancelled_command_gives_up_at_once),
        cmocka_unit_test(a_login_can_be_cancelled),
        cmocka_unit_test(a_host_reached_through_a_bastion_works_alike),
        cmocka_unit_test(both_host_keys_are_checked_through_a_bastion),
        cmocka_unit_test(a_bastion_that_cannot_reach_the_host_says_so),
        cmocka_unit_test(a_host_that_freezes_meets_the_deadline),
        cmocka_unit_test(what_a_login_shell_says_by_itself_is_dropped),
        cmocka_unit_test(a_login_shell_that_runs_nothing_is_quoted),
        cmocka_unit_test(a_sudo_that_wants_a_password_is_reported_with_what_to_do),
        cmocka_unit_test(commands_run_through_sudo_alike),
        cmocka_unit_test(root_needs_no_sudo),
        cmocka_unit_test(a_killed_sshd_is_noticed_in_mid_command),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
