/*
 * Mutexes with ranks. The check keeps a small stack of held ranks per thread: a deadlock needs two
 * threads and bad luck, a wrong order is seen by one thread the first time it happens.
 *
 * Builds with CACHE_LOCK_TIMES also measure how long locks are held, in CPU time of the thread, for
 * a machine that does other work would make any hold long.
 */
#include "cacheserver/runtime/lock.h"

#include <assert.h>

#ifdef CACHE_LOCK_TIMES
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#endif

#ifdef CACHE_LOCK_RANKS
#define HELD_MAX 16

static _Thread_local enum lock_rank held[HELD_MAX];
static _Thread_local unsigned held_count;

#ifdef CACHE_LOCK_TIMES
static _Thread_local uint64_t taken_ns[HELD_MAX];
static _Atomic uint64_t *longest_ns; /* by rank; in a file that others read and set back */

static void map_longest(void)
{
    const char *path = getenv("CACHE_LOCK_TIMES");
    size_t bytes = LOCK_RANKS * sizeof(*longest_ns);
    int fd = open(path ? path : "/dev/null", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    bool shared = fd >= 0 && path && !ftruncate(fd, (off_t)bytes);
    void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                    shared ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS, shared ? fd : -1, 0);

    assert(at != MAP_FAILED);
    longest_ns = at;
    close(fd);
}

static uint64_t cpu_ns(void)
{
    struct timespec time;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static void note_hold(enum lock_rank rank, uint64_t ns)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, map_longest);
    uint64_t longest = atomic_load_explicit(&longest_ns[rank], memory_order_relaxed);
    while (ns > longest && !atomic_compare_exchange_weak(&longest_ns[rank], &longest, ns))
        continue;
}
#endif

void lock_rank_enter(enum lock_rank rank)
{
    for (unsigned i = 0; i < held_count; i++) {
        if (rank == LOCK_RANK_BUCKET)
            assert(held[i] <= rank);
        else
            assert(held[i] < rank);
    }
    assert(held_count < HELD_MAX);
#ifdef CACHE_LOCK_TIMES
    taken_ns[held_count] = cpu_ns();
#endif
    held[held_count++] = rank;
}

void lock_rank_leave(enum lock_rank rank)
{
    unsigned i = held_count;

    while (i > 0 && held[i - 1] != rank)
        i--;
    assert(i > 0);
    held[i - 1] = held[--held_count];
#ifdef CACHE_LOCK_TIMES
    note_hold(rank, cpu_ns() - taken_ns[i - 1]);
    taken_ns[i - 1] = taken_ns[held_count];
#endif
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
