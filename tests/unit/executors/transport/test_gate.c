#include "executors/transport/gate.h"

#include "planner/base/clock.h"

#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static atomic_int inside, most;

static void *pass(void *data)
{
    struct fault fault;

    if (gate_enter("bastion", clock_deadline_ms(60000), NULL, &fault) < 0)
        abort();
    int now = atomic_fetch_add(&inside, 1) + 1, seen = atomic_load(&most);

    while (now > seen && !atomic_compare_exchange_weak(&most, &seen, now))
        continue;
    poll(NULL, 0, 5);
    atomic_fetch_sub(&inside, 1);
    gate_leave("bastion");
    return data;
}

static void never_more_than_the_limit_are_inside(void **state)
{
    pthread_t threads[40];

    (void)state;
    for (int i = 0; i < 40; i++)
        pthread_create(&threads[i], NULL, pass, NULL);
    for (int i = 0; i < 40; i++)
        pthread_join(threads[i], NULL);
    assert_true(atomic_load(&most) <= GATE_LIMIT);
    assert_true(atomic_load(&most) > 1);
}

static void a_full_gate_meets_deadline_and_cancel_and_leaves_others_alone(void **state)
{
    atomic_bool cancel = true;
    struct fault fault;

    (void)state;
    for (int i = 0; i < GATE_LIMIT; i++)
        assert_int_equal(gate_enter("a", clock_deadline_ms(1000), NULL, &fault), 0);
    assert_int_equal(gate_enter("a", clock_deadline_ms(50), NULL, &fault), -1);
    assert_int_equal(fault.code, DIAG_HOST_TIMEOUT);
    assert_int_equal(gate_enter("a", clock_deadline_ms(60000), &cancel, &fault), -1);
    assert_int_equal(fault.code, DIAG_INTERRUPTED);
    assert_int_equal(gate_enter("b", clock_deadline_ms(1000), NULL, &fault), 0);
    gate_leave("b");
    for (int i = 0; i < GATE_LIMIT; i++)
        gate_leave("a");
    assert_int_equal(gate_enter("a", clock_deadline_ms(1000), NULL, &fault), 0);
    gate_leave("a");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(never_more_than_the_limit_are_inside),
        cmocka_unit_test(a_full_gate_meets_deadline_and_cancel_and_leaves_others_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
