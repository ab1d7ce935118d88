#include "executors/transport/tcp.h"

#include "planner/base/clock.h"
#include "tests/unit/executors/transport/sshd.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static int listen_on(int *port, int backlog)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(fd, backlog), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

static void a_literal_and_a_name_both_connect(void **state)
{
    const char *const hosts[] = {"127.0.0.1", "localhost"};
    int port, listener = listen_on(&port, 8);

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct fault fault = {0};
        int fd = -1, value = 0;
        socklen_t size = sizeof(value);

        assert_int_equal(tcp_connect(hosts[i], port, clock_deadline_ms(60000), NULL, &fd, &fault),
                         0);
        assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
        assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
        getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &value, &size);
        assert_int_not_equal(value, 0);
        close(fd);
    }
    close(listener);
}

static void a_refused_connection_is_said_to_be_refused(void **state)
{
    struct fault fault = {0};
    int fd;

    (void)state;
    assert_int_equal(
        tcp_connect("127.0.0.1", free_port(), clock_deadline_ms(60000), NULL, &fd, &fault), -1);
    assert_int_equal(fault.code, DIAG_HOST_CONNECT);
    assert_non_null(strstr(fault.text, "Connection refused"));
}

/* A listener whose queue is full leaves the next ones without an answer. */
static void silence_meets_the_deadline(void **state)
{
    int port, listener = listen_on(&port, 0);
    int64_t start_ms = clock_now_ms();
    struct fault fault = {0};
    int fds[8], made = 0, result = 0;

    (void)state;
    while (made < 8 && result == 0)
        result = tcp_connect("127.0.0.1", port, clock_deadline_ms(300), NULL, &fds[made++], &fault);
    assert_int_equal(result, -1);
    assert_int_equal(fault.code, DIAG_HOST_TIMEOUT);
    assert_true(clock_now_ms() - start_ms < 30000);
    for (int i = 0; i < made - 1; i++)
        close(fds[i]);
    close(listener);
}

static void an_unknown_name_is_named(void **state)
{
    struct fault fault = {0};
    int fd;

    (void)state;
    assert_int_equal(
        tcp_connect("no-such-host.invalid", 22, clock_deadline_ms(60000), NULL, &fd, &fault), -1);
    assert_true(fault.code == DIAG_HOST_CONNECT || fault.code == DIAG_HOST_TIMEOUT);
}

static void a_name_that_is_too_long_is_refused(void **state)
{
    struct fault fault = {0};
    char name[400];
    int fd;

    (void)state;
    memset(name, 'a', sizeof(name));
    name[sizeof(name) - 1] = '\0';
    assert_int_equal(tcp_connect(name, 22, clock_deadline_ms(1000), NULL, &fd, &fault), -1);
    assert_int_equal(fault.code, DIAG_HOST_CONNECT);
}

static void cancelling_is_noticed(void **state)
{
    int port, listener = listen_on(&port, 0);
    atomic_bool cancel = true;
    struct fault fault = {0};
    int fds[8], made = 0, result = 0;

    (void)state;
    while (made < 8 && result == 0)
        result =
            tcp_connect("127.0.0.1", port, clock_deadline_ms(60000), &cancel, &fds[made++], &fault);
    assert_int_equal(result, -1);
    assert_int_equal(fault.code, DIAG_INTERRUPTED);
    for (int i = 0; i < made - 1; i++)
        close(fds[i]);
    close(listener);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_literal_and_a_name_both_connect),
        cmocka_unit_test(a_refused_connection_is_said_to_be_refused),
        cmocka_unit_test(silence_meets_the_deadline),
        cmocka_unit_test(an_unknown_name_is_named),
        cmocka_unit_test(a_name_that_is_too_long_is_refused),
        cmocka_unit_test(cancelling_is_noticed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
