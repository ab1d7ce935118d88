/* The server that is asked is a thread of the test: it answers, or does not. */
#include "cacheserver/cluster/heartbeat.h"

#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "cacheserver/runtime/clock.h"

#define REQUEST "set arcus:zk-ping 1 0 1\r\n1\r\ndelete arcus:zk-ping noreply\r\n"

enum { PERIOD_MS = 20, PATIENCE_MS = 20000 };

struct peer {
    struct heartbeat heartbeat;
    int listener;
    struct sockaddr_storage address;
    socklen_t len;
};

static int set_up(void **state)
{
    static struct peer peer;
    struct sockaddr_in *address = (struct sockaddr_in *)&peer.address;

    memset(&peer, 0, sizeof(peer));
    heartbeat_init(&peer.heartbeat);
    address->sin_family = AF_INET;
    peer.len = sizeof(*address);
    peer.listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(peer.listener, (struct sockaddr *)address, peer.len), 0);
    assert_int_equal(listen(peer.listener, 8), 0);
    assert_int_equal(getsockname(peer.listener, (struct sockaddr *)address, &peer.len), 0);
    *state = &peer;
    return 0;
}

static int tear_down(void **state)
{
    struct peer *peer = *state;

    heartbeat_deinit(&peer->heartbeat);
    close(peer->listener);
    return 0;
}

static void start(struct peer *peer)
{
    assert_int_equal(
        heartbeat_start(&peer->heartbeat, (struct sockaddr *)&peer->address, peer->len, PERIOD_MS),
        0);
}

static bool is_readable(int fd, int timeout_ms)
{
    struct pollfd waits = {.fd = fd, .events = POLLIN};
    return poll(&waits, 1, timeout_ms) == 1;
}

static int take_beat(struct peer *peer, char request[sizeof(REQUEST)])
{
    assert_true(is_readable(peer->listener, PATIENCE_MS));
    int fd = accept(peer->listener, NULL, NULL);
    size_t n = 0;

    while (n < sizeof(REQUEST) - 1 && is_readable(fd, PATIENCE_MS)) {
        ssize_t received = recv(fd, request + n, sizeof(REQUEST) - 1 - n, 0);
        if (received <= 0)
            break;
        n += (size_t)received;
    }
    request[n] = '\0';
    return fd;
}

static void wait_for_beats(struct peer *peer, uint64_t count)
{
    uint64_t until_ms = clock_coarse_ms() + PATIENCE_MS;

    while (atomic_load(&peer->heartbeat.count) < count) {
        assert_true(clock_coarse_ms() < until_ms);
        poll(NULL, 0, 2);
    }
}

static void each_beat_stores_a_byte_on_a_connection_of_its_own(void **state)
{
    struct peer *peer = *state;
    char request[sizeof(REQUEST)];

    start(peer);
    for (unsigned i = 0; i < 3; i++) {
        int fd = take_beat(peer, request);
        assert_string_equal(request, REQUEST);
        assert_int_equal(send(fd, "STO", 3, 0), 3);
        assert_int_equal(send(fd, "RED\r\n", 5, 0), 5);
        wait_for_beats(peer, i + 1);
        close(fd);
    }
    assert_false(is_readable(heartbeat_fatal_fd(&peer->heartbeat), 0));
}

static void late_beats_in_a_row_end_the_server(void **state)
{
    struct peer *peer = *state;

    start(peer);
    assert_true(heartbeat_set_timeout(&peer->heartbeat, 1200));
    assert_true(heartbeat_set_failstop(&peer->heartbeat, 3000));
    assert_true(is_readable(heartbeat_fatal_fd(&peer->heartbeat), PATIENCE_MS));
    assert_int_equal(atomic_load(&peer->heartbeat.count), 3);
    assert_true(atomic_load(&peer->heartbeat.latency_ms) >= 3600);
}

static void without_a_failstop_limit_they_are_only_counted(void **state)
{
    struct peer *peer = *state;

    start(peer);
    assert_true(heartbeat_set_failstop(&peer->heartbeat, 0));
    assert_true(heartbeat_set_timeout(&peer->heartbeat, 50));
    wait_for_beats(peer, 5);
    assert_true(atomic_load(&peer->heartbeat.latency_ms) >= 4 * 50);
    assert_false(is_readable(heartbeat_fatal_fd(&peer->heartbeat), 0));
}

static void a_refused_connection_is_not_late(void **state)
{
    struct peer *peer = *state;

    start(peer);
    close(peer->listener);
    peer->listener = dup(0);
    uint64_t seen = atomic_load(&peer->heartbeat.count);
    wait_for_beats(peer, seen + 3);
    assert_true(atomic_load(&peer->heartbeat.latency_ms) < 10000);
}

static void a_beat_under_way_does_not_hold_up_the_end(void **state)
{
    struct peer *peer = *state;
    char request[sizeof(REQUEST)];

    start(peer);
    int fd = take_beat(peer, request);
    uint64_t begun_ms = clock_coarse_ms();
    heartbeat_stop(&peer->heartbeat);
    assert_true(clock_coarse_ms() - begun_ms < 5000);
    assert_int_equal(atomic_load(&peer->heartbeat.count), 0);
    close(fd);
}

static void a_unix_socket_can_be_asked_too(void **state)
{
    struct peer *peer = *state;
    struct sockaddr_un *address = (struct sockaddr_un *)&peer->address;
    char request[sizeof(REQUEST)];

    close(peer->listener);
    memset(&peer->address, 0, sizeof(peer->address));
    address->sun_family = AF_UNIX;
    snprintf(address->sun_path + 1, sizeof(address->sun_path) - 1, "heartbeat-%d", getpid());
    peer->len =
        (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(address->sun_path + 1));
    peer->listener = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(peer->listener, (struct sockaddr *)address, peer->len), 0);
    assert_int_equal(listen(peer->listener, 1), 0);
    start(peer);
    int fd = take_beat(peer, request);
    assert_string_equal(request, REQUEST);
    close(fd);
    wait_for_beats(peer, 1);
}

static void a_socket_whose_queue_is_full_makes_a_beat_late(void **state)
{
    struct peer *peer = *state;
    struct sockaddr_un *address = (struct sockaddr_un *)&peer->address;

    close(peer->listener);
    memset(&peer->address, 0, sizeof(peer->address));
    address->sun_family = AF_UNIX;
    snprintf(address->sun_path + 1, sizeof(address->sun_path) - 1, "heartbeat-full-%d", getpid());
    peer->len =
        (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(address->sun_path + 1));
    peer->listener = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(peer->listener, (struct sockaddr *)address, peer->len), 0);
    assert_int_equal(listen(peer->listener, 0), 0);
    int filler = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(connect(filler, (struct sockaddr *)address, peer->len), 0);
    start(peer);
    assert_true(heartbeat_set_timeout(&peer->heartbeat, 100));
    assert_true(heartbeat_set_failstop(&peer->heartbeat, 0));
    wait_for_beats(peer, 2);
    assert_true(atomic_load(&peer->heartbeat.latency_ms) >= 200);
    close(filler);
}

static void the_limits_must_fit_each_other(void **state)
{
    struct peer *peer = *state;
    struct heartbeat *heartbeat = &peer->heartbeat;
    unsigned timeout_ms, failstop_ms;

    heartbeat_limits(heartbeat, &timeout_ms, &failstop_ms);
    assert_int_equal(timeout_ms, 0);
    assert_int_equal(failstop_ms, 0);
    start(peer);
    heartbeat_limits(heartbeat, &timeout_ms, &failstop_ms);
    assert_int_equal(timeout_ms, 10000);
    assert_int_equal(failstop_ms, 60000);
    assert_false(heartbeat_set_timeout(heartbeat, 49));
    assert_false(heartbeat_set_timeout(heartbeat, 60001));
    assert_false(heartbeat_set_failstop(heartbeat, 9999));
    assert_false(heartbeat_set_failstop(heartbeat, 1));
    assert_false(heartbeat_set_failstop(heartbeat, 300001));
    assert_true(heartbeat_set_failstop(heartbeat, 10000));
    assert_true(heartbeat_set_timeout(heartbeat, 10000));
    assert_true(heartbeat_set_failstop(heartbeat, 0));
    assert_true(heartbeat_set_timeout(heartbeat, 300000));
    assert_false(heartbeat_set_timeout(heartbeat, 300001));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_beat_stores_a_byte_on_a_connection_of_its_own),
        TEST(late_beats_in_a_row_end_the_server),
        TEST(without_a_failstop_limit_they_are_only_counted),
        TEST(a_refused_connection_is_not_late),
        TEST(a_beat_under_way_does_not_hold_up_the_end),
        TEST(a_unix_socket_can_be_asked_too),
        TEST(a_socket_whose_queue_is_full_makes_a_beat_late),
        TEST(the_limits_must_fit_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
