#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "cacheserver/runtime/lock.h"

static void locks_are_taken_in_rising_rank(void **state)
{
    struct lock low, high;

    (void)state;
    lock_init(&low, LOCK_RANK_SPLIT);
    lock_init(&high, LOCK_RANK_PAGES);
    lock_take(&low);
    lock_take(&high);
    lock_drop(&low);
    lock_drop(&high);
    lock_take(&low);
    lock_drop(&low);
    lock_deinit(&low);
    lock_deinit(&high);
}

static void *try_it(void *argument)
{
    return lock_try(argument) ? argument : NULL;
}

static void a_lock_that_somebody_has_is_not_got(void **state)
{
    struct lock lock;
    pthread_t thread;
    void *busy;

    (void)state;
    lock_init(&lock, LOCK_RANK_SPLIT);
    lock_take(&lock);
    assert_int_equal(pthread_create(&thread, NULL, try_it, &lock), 0);
    pthread_join(thread, &busy);
    assert_ptr_equal(busy, &lock);
    lock_drop(&lock);
    assert_int_equal(lock_try(&lock), 0);
    lock_drop(&lock);
    lock_deinit(&lock);
}

#ifdef CACHE_LOCK_RANKS
static void a_falling_rank_is_caught_in_debug_builds_before_waiting(void **state)
{
    struct lock low, high;
    int status;

    (void)state;
    pid_t child = fork();
    if (child == 0) {
        signal(SIGABRT, SIG_DFL);
        close(STDERR_FILENO);
        alarm(20);
        lock_init(&low, LOCK_RANK_SPLIT);
        lock_init(&high, LOCK_RANK_PAGES);
        pthread_mutex_lock(&low.mutex); /* nobody will ever let go of it */
        lock_take(&high);
        lock_take(&low);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) != 0);
    assert_false(WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(locks_are_taken_in_rising_rank),
        cmocka_unit_test(a_lock_that_somebody_has_is_not_got),
#ifdef CACHE_LOCK_RANKS
        cmocka_unit_test(a_falling_rank_is_caught_in_debug_builds_before_waiting),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
