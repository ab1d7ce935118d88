#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <sys/socket.h>

#include "cacheserver/net/hold.h"
#include "cacheserver/net/worker.h"
#include "tests/unit/cacheserver/command/fixture.h"
#include "tests/unit/cacheserver/persistence/fixture.h"

/* A worker without a thread, a store that is kept, and some clients. */
#define PEERS 3

struct bench {
    struct client *client;
    struct kept kept;
    struct worker *worker;
    struct counters *counters;
    _Atomic unsigned total;
    struct connection *connections[PEERS];
    int peers[PEERS];
};

static struct bench *bench_new(bool async)
{
    struct bench *b = calloc(1, sizeof(*b));
    FILE *errors = fmemopen(b->kept.errors, sizeof(b->kept.errors), "w");
    int fds[2];

    kept_init(&b->kept);
    b->client = client_new();
    const struct persistence_config config = {.data_path = b->kept.directory,
                                              .logs_path = b->kept.directory,
                                              .async_logging = async,
                                              .interval_pct = 100,
                                              .min_log_bytes = 1 << 30};
    b->kept.persistence = persistence_open(&config, b->client->base->store, errors);
    fclose(errors);
    assert_non_null(b->kept.persistence);
    b->client->shared.persistence = b->kept.persistence;
    b->counters = counters_new();
    b->worker = worker_new(&b->client->shared, b->counters, &b->total);
    for (unsigned i = 0; i < PEERS; i++) {
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
        assert_int_equal(worker_adopt(b->worker, fds[0], "192.0.2.1"), 0);
        b->connections[i] = b->worker->connections;
        b->peers[i] = fds[1];
    }
    return b;
}

static void bench_free(struct bench *b)
{
    for (unsigned i = 0; i < PEERS; i++)
        close(b->peers[i]);
    worker_free(b->worker);
    persistence_close(b->kept.persistence);
    b->kept.persistence = NULL;
    kept_deinit(&b->kept);
    free(b->counters);
    client_free(b->client);
    free(b);
}

static void send_text(struct bench *b, unsigned peer, const char *text)
{
    assert_int_equal(write(b->peers[peer], text, strlen(text)), strlen(text));
    connection_event(b->connections[peer], EPOLLIN);
}

static void expect(struct bench *b, unsigned peer, const char *text)
{
    char got[4096];
    ssize_t n = read(b->peers[peer], got, sizeof(got) - 1);

    got[n > 0 ? n : 0] = '\0';
    assert_string_equal(got, text);
}

static unsigned let_go(struct bench *b)
{
    unsigned count = 0;

    while (hold_next(b->worker))
        count++;
    return count;
}

static void the_reply_to_a_change_waits_for_the_disk(void **state)
{
    struct bench *b = bench_new(false);

    (void)state;
    send_text(b, 0, "set a 0 0 1\r\nx\r\nget a\r\n");
    assert_int_equal(b->connections[0]->state, CONNECTION_HOLDING);
    assert_false(connection_is_idle(b->connections[0]));
    assert_int_equal(let_go(b), 0);
    expect(b, 0, "");
    assert_true(atomic_load(&b->worker->held_waiter.armed));
    log_flush(&b->kept.persistence->log);
    assert_false(atomic_load(&b->worker->held_waiter.armed));
    assert_int_equal(let_go(b), 1);
    expect(b, 0, "STORED\r\nVALUE a 0 1\r\nx\r\nEND\r\n");
    assert_int_equal(b->connections[0]->state, CONNECTION_READING);
    assert_true(connection_is_idle(b->connections[0]));
    bench_free(b);
}

static void requests_that_change_nothing_do_not_wait(void **state)
{
    struct bench *b = bench_new(false);

    (void)state;
    send_text(b, 0, "set a 0 0 1\r\nx\r\n");
    send_text(b, 1, "get a\r\nadd a 0 0 1\r\ny\r\ndelete b\r\nset arcus:p 0 0 1\r\n1\r\n");
    expect(b, 1, "VALUE a 0 1\r\nx\r\nEND\r\nNOT_STORED\r\nNOT_FOUND\r\nSTORED\r\n");
    expect(b, 0, "");
    bench_free(b);
}

static void what_comes_while_a_connection_waits_is_answered_after(void **state)
{
    struct bench *b = bench_new(false);

    (void)state;
    send_text(b, 0, "set a 0 0 1\r\nx\r\n");
    send_text(b, 0, "get a\r\n");
    assert_true(b->connections[0]->muted);
    send_text(b, 1, "set b 0 0 1\r\nx\r\n");
    log_flush(&b->kept.persistence->log);
    send_text(b, 2, "set c 0 0 1\r\nx\r\n");
    assert_int_equal(let_go(b), 2);
    expect(b, 0, "STORED\r\n");
    expect(b, 1, "STORED\r\n");
    expect(b, 2, "");
    assert_false(b->connections[0]->muted);
    connection_event(b->connections[0], EPOLLIN);
    expect(b, 0, "VALUE a 0 1\r\nx\r\nEND\r\n");
    bench_free(b);
}

static void a_change_without_a_reply_holds_its_connection_too(void **state)
{
    struct bench *b = bench_new(false);

    (void)state;
    send_text(b, 0, "set a 0 0 1 noreply\r\nx\r\n");
    assert_int_equal(b->connections[0]->state, CONNECTION_HOLDING);
    log_flush(&b->kept.persistence->log);
    assert_int_equal(let_go(b), 1);
    assert_int_equal(b->connections[0]->state, CONNECTION_READING);
    bench_free(b);
}

static void quit_is_done_after_the_reply_to_the_change_before_it(void **state)
{
    struct bench *b = bench_new(false);

    (void)state;
    send_text(b, 0, "set a 0 0 1\r\nx\r\nquit\r\n");
    log_flush(&b->kept.persistence->log);
    assert_int_equal(let_go(b), 1);
    expect(b, 0, "STORED\r\n");
    assert_int_equal(b->connections[0]->state, CONNECTION_CLOSED);
    bench_free(b);
}

static void a_client_that_goes_while_it_waits_is_forgotten(void **state)
{
    struct bench *b = bench_new(false);

    (void)state;
    send_text(b, 0, "set a 0 0 1\r\nx\r\n");
    send_text(b, 1, "set b 0 0 1\r\nx\r\n");
    connection_event(b->connections[0], EPOLLHUP);
    assert_int_equal(b->connections[0]->state, CONNECTION_CLOSED);
    log_flush(&b->kept.persistence->log);
    assert_int_equal(let_go(b), 1);
    expect(b, 1, "STORED\r\n");
    bench_free(b);
}

static void a_log_that_fails_closes_connections_without_an_answer(void **state)
{
    struct bench *b = bench_new(false);

    (void)state;
    send_text(b, 0, "set a 0 0 1\r\nx\r\n");
    log_fail(&b->kept.persistence->log, ENOSPC);
    assert_int_equal(let_go(b), 1);
    expect(b, 0, "");
    assert_int_equal(b->connections[0]->state, CONNECTION_CLOSED);
    send_text(b, 1, "get a\r\n");
    expect(b, 1, "VALUE a 0 1\r\nx\r\nEND\r\n");
    send_text(b, 1, "set b 0 0 1\r\nx\r\n");
    assert_int_equal(let_go(b), 1);
    assert_int_equal(b->connections[1]->state, CONNECTION_CLOSED);
    bench_free(b);
}

static void asynchronous_changes_wait_only_when_the_disk_is_far_behind(void **state)
{
    struct bench *b = bench_new(true);
    struct log *log = &b->kept.persistence->log;

    (void)state;
    send_text(b, 0, "set a 0 0 1\r\nx\r\n");
    expect(b, 0, "STORED\r\n");
    atomic_fetch_add(&log->backlog, PERSISTENCE_BACKLOG_MAX);
    send_text(b, 0, "set b 0 0 1\r\nx\r\n");
    assert_int_equal(b->connections[0]->state, CONNECTION_HOLDING);
    atomic_fetch_sub(&log->backlog, PERSISTENCE_BACKLOG_MAX);
    log_flush(log);
    assert_int_equal(let_go(b), 1);
    expect(b, 0, "STORED\r\n");
    bench_free(b);
}

/* A few bytes that append to a long value are a long record each. */
static void what_one_turn_may_record_is_limited(void **state)
{
    struct bench *b = bench_new(false);
    size_t len = 900000;
    struct store_request request = {.key = "k", .key_len = 1, .value_len = len};
    struct item *item;
    char text[50 * 19 + 1] = "";

    (void)state;
    assert_int_equal(store_prepare(b->client->base->thread, &request, &item), STORE_OK);
    const struct store_condition always = {.mode = STORE_SET};
    struct store_written written;
    assert_int_equal(store_put(b->client->base->thread, item, &always, &written), STORE_OK);
    log_flush(&b->kept.persistence->log);
    for (unsigned i = 0; i < 50; i++)
        strcat(text, "append k 0 0 1\r\n!\r\n");
    send_text(b, 0, text);
    assert_in_range(atomic_load(&b->kept.persistence->log.backlog), len, 3 * len);
    for (unsigned i = 0; i < 100 && b->connections[0]->state == CONNECTION_HOLDING; i++) {
        log_flush(&b->kept.persistence->log);
        let_go(b);
    }
    assert_int_equal(b->connections[0]->state, CONNECTION_READING);
    bench_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_reply_to_a_change_waits_for_the_disk),
        cmocka_unit_test(requests_that_change_nothing_do_not_wait),
        cmocka_unit_test(what_comes_while_a_connection_waits_is_answered_after),
        cmocka_unit_test(a_change_without_a_reply_holds_its_connection_too),
        cmocka_unit_test(quit_is_done_after_the_reply_to_the_change_before_it),
        cmocka_unit_test(a_client_that_goes_while_it_waits_is_forgotten),
        cmocka_unit_test(a_log_that_fails_closes_connections_without_an_answer),
        cmocka_unit_test(asynchronous_changes_wait_only_when_the_disk_is_far_behind),
        cmocka_unit_test(what_one_turn_may_record_is_limited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
