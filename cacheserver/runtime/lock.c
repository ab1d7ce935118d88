/*
 * Mutexes with ranks. The check keeps a small stack of held ranks per thread: a deadlock needs two
 * threads and bad luck, a wrong order is seen by one thread the first time it happens.
 */
#include "cacheserver/runtime/lock.h"

#include <assert.h>

#ifdef CACHE_LOCK_RANKS
#define HELD_MAX 16

static _Thread_local enum lock_rank held[HELD_MAX];
static _Thread_local unsigned held_count;

void lock_rank_enter(enum lock_rank rank)
{
    for (unsigned i = 0; i < held_count; i++) {
        if (rank == LOCK_RANK_BUCKET)
            assert(held[i] <= rank);
        else
            assert(held[i] < rank);
    }
    assert(held_count < HELD_MAX);
    held[held_count++] = rank;
}

void lock_rank_leave(enum lock_rank rank)
{
    unsigned i = held_count;

    while (i > 0 && held[i - 1] != rank)
        i--;
    assert(i > 0);
    held[i - 1] = held[--held_count];
}
#endif

void lock_init(struct lock *lock, enum lock_rank rank)
{
    pthread_mutex_init(&lock->mutex, NULL);
    lock->rank = rank;
}

void lock_deinit(struct lock *lock)
{
    pthread_mutex_destroy(&lock->mutex);
}

void lock_take(struct lock *lock)
{
    lock_rank_enter(lock->rank);
    int failed = pthread_mutex_lock(&lock->mutex);
    assert(!failed);
    (void)failed;
}

int lock_try(struct lock *lock)
{
    if (pthread_mutex_trylock(&lock->mutex))
        return 1;
    lock_rank_enter(lock->rank);
    return 0;
}

void lock_drop(struct lock *lock)
{
    lock_rank_leave(lock->rank);
    pthread_mutex_unlock(&lock->mutex);
}
