#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cacheserver/cluster/events.h"

static void events_come_in_the_order_in_which_they_were_put(void **state)
{
    struct event_queue queue;

    (void)state;
    assert_int_equal(event_queue_init(&queue), 0);
    for (unsigned i = 0; i < 100; i++)
        event_queue_put(&queue, event_new(EVENT_OK, i));
    for (unsigned i = 0; i < 100; i++) {
        struct event *event = event_queue_take(&queue, 0);
        assert_non_null(event);
        assert_int_equal(event->session, i);
        event_free(event);
    }
    assert_null(event_queue_take(&queue, 0));
    event_queue_deinit(&queue);
}

static void what_nobody_took_is_freed_with_the_queue(void **state)
{
    struct event_queue queue;
    char first[] = "first", second[] = "second", *names[] = {first, second};
    struct event *event = event_new(EVENT_OK, 1);

    (void)state;
    assert_int_equal(event_queue_init(&queue), 0);
    assert_true(event_copy_names(event, names, 2));
    strcpy(first, "other");
    assert_string_equal(event->names[0], "first");
    assert_int_equal(event->name_count, 2);
    event_queue_put(&queue, event);
    event_queue_deinit(&queue);
    event_free(NULL);
}

static void *put_many(void *argument)
{
    for (unsigned i = 0; i < 1000; i++)
        event_queue_put(argument, event_new(EVENT_CONNECTED, i));
    return NULL;
}

static void several_threads_may_put(void **state)
{
    struct event_queue queue;
    pthread_t threads[3];
    unsigned taken = 0;

    (void)state;
    assert_int_equal(event_queue_init(&queue), 0);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, put_many, &queue), 0);
    while (taken < 3000) {
        struct event *event = event_queue_take(&queue, 10000);
        assert_non_null(event);
        event_free(event);
        taken++;
    }
    for (unsigned i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    event_queue_deinit(&queue);
}

static void count_refusals(void *arg, bool done)
{
    assert_false(done);
    ++*(unsigned *)arg;
}

static void a_wish_that_nobody_answers_is_refused_once(void **state)
{
    struct event_queue queue;
    unsigned refused = 0;

    (void)state;
    assert_int_equal(event_queue_init(&queue), 0);
    for (unsigned i = 0; i < 3; i++) {
        struct event *wish = event_new(EVENT_SET_SERVERS, 0);
        assert_true(event_copy_text(wish, "a:1,b:2", 3));
        assert_string_equal(wish->text, "a:1");
        wish->answer = count_refusals;
        wish->answer_arg = &refused;
        event_queue_put(&queue, wish);
    }
    struct event *taken = event_queue_take(&queue, 1000);
    taken->answer = NULL;
    event_free(taken);
    event_free(event_queue_take(&queue, 1000));
    assert_int_equal(refused, 1);
    event_queue_deinit(&queue);
    assert_int_equal(refused, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_come_in_the_order_in_which_they_were_put),
        cmocka_unit_test(what_nobody_took_is_freed_with_the_queue),
        cmocka_unit_test(several_threads_may_put),
        cmocka_unit_test(a_wish_that_nobody_answers_is_refused_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
