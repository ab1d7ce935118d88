/*
 * Mutexes with ranks. The check keeps a small stack of held ranks per thread: a deadlock needs two
 * threads and bad luck, a wrong order is seen by one thread the first time it happens.
 *
 * Builds with CACHE_LOCK_TIMES also measure how long locks are held, in two ways. The CPU time of
 * the thread misses nothing, but interrupts and the host of a virtual machine take their time from
 * it. The compiler calls __sanitizer_cov_trace_pc in every basic block: how many of them a thread
 * runs under a lock depends on nothing but what it does there, but says nothing of what libraries
 * and the system do for it.
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

struct work {
    uint64_t ns, blocks;
};

struct most_work {
    _Atomic uint64_t ns, blocks; /* not always of the same hold */
};

static _Thread_local uint64_t blocks_run;
static struct most_work *most; /* by rank; in a file that others read and set back */

void __sanitizer_cov_trace_pc(void);

__attribute__((no_sanitize_coverage)) void __sanitizer_cov_trace_pc(void)
{
    blocks_run++;
}

static void map_most(void)
{
    const char *path = getenv("CACHE_LOCK_TIMES");
    size_t bytes = LOCK_RANKS * sizeof(*most);
    int fd = open(path ? path : "/dev/null", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    bool shared = fd >= 0 && path && !ftruncate(fd, (off_t)bytes);
    void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                    shared ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS, shared ? fd : -1, 0);

    assert(at != MAP_FAILED);
    most = at;
    close(fd);
}

static struct work work_done(void)
{
    struct timespec time;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (struct work){.ns = (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec,
                         .blocks = blocks_run};
}

static void note_most(_Atomic uint64_t *to, uint64_t value)
{
    uint64_t old = atomic_load_explicit(to, memory_order_relaxed);

    while (value > old && !atomic_compare_exchange_weak(to, &old, value))
        continue;
}

static void note_hold(enum lock_rank rank, const struct work *begun)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct work now = work_done();

    pthread_once(&once, map_most);
    note_most(&most[rank].ns, now.ns - begun->ns);
    note_most(&most[rank].blocks, now.blocks - begun->blocks);
}
#endif

#ifdef CACHE_LOCK_RANKS
#define HELD_MAX 16

struct hold {
    enum lock_rank rank;
#ifdef CACHE_LOCK_TIMES
    struct work begun;
#endif
};

static _Thread_local struct hold held[HELD_MAX];
static _Thread_local unsigned held_count;

void lock_rank_check(enum lock_rank rank)
{
    for (unsigned i = 0; i < held_count; i++) {
        if (rank == LOCK_RANK_BUCKET)
            assert(held[i].rank <= rank);
        else
            assert(held[i].rank < rank);
    }
    assert(held_count < HELD_MAX);
}

void lock_rank_enter(enum lock_rank rank)
{
    struct hold *hold = &held[held_count++];

    hold->rank = rank;
#ifdef CACHE_LOCK_TIMES
    hold->begun = work_done();
#endif
}

void lock_rank_leave(enum lock_rank rank)
{
    unsigned i = held_count;

    while (i > 0 && held[i - 1].rank != rank)
        i--;
    assert(i > 0);
#ifdef CACHE_LOCK_TIMES
    note_hold(rank, &held[i - 1].begun);
#endif
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
    lock_rank_check(lock->rank);
    int failed = pthread_mutex_lock(&lock->mutex);
    assert(!failed);
    (void)failed;
    lock_rank_enter(lock->rank);
}

int lock_try(struct lock *lock)
{
    if (pthread_mutex_trylock(&lock->mutex))
        return 1;
    lock_rank_check(lock->rank);
    lock_rank_enter(lock->rank);
    return 0;
}

void lock_drop(struct lock *lock)
{
    lock_rank_leave(lock->rank);
    pthread_mutex_unlock(&lock->mutex);
}
