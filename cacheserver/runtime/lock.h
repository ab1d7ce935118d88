#pragma once
#include <pthread.h>

/*
 * Every lock has a rank, and a thread takes locks in rising rank only (two buckets of the hash
 * table, of equal rank, in the table's own order). Debug and sanitizer builds assert it on every
 * take; other builds compile the check away. This list is the whole order.
 */
enum lock_rank {
    LOCK_RANK_CHECKPOINT = 5,   /* when the next checkpoint is due */
    LOCK_RANK_CLOUD = 7,        /* starting scrubs by the ring of the cloud */
    LOCK_RANK_MAINTENANCE = 8,  /* a scrub or dump: what it does and how far it is */
    LOCK_RANK_OBSERVERS = 9,    /* top keys, samples of long queries, the command log */
    LOCK_RANK_CONNECTIONS = 10, /* a worker's list of connections */
    LOCK_RANK_LOG_FILES = 12,   /* whoever writes the command log */
    LOCK_RANK_STORE = 15,       /* the store's list of threads */
    LOCK_RANK_SPLIT = 20,       /* growth of the hash table */
    LOCK_RANK_BUCKET = 30,      /* one bucket of the hash table and the items in it */
    LOCK_RANK_PREFIX = 35,      /* the table of prefixes */
    LOCK_RANK_SIZE_CLASS = 40,  /* free objects of one size */
    LOCK_RANK_PAGES = 50,       /* free pages and regions */
    LOCK_RANK_LOG = 55,         /* records that are not written yet */
    LOCK_RANK_MEMBERSHIP = 56,  /* what a membership shows to others */
    LOCK_RANK_HEARTBEAT = 57,   /* the limits of the heartbeat */
    LOCK_RANK_WAIT = 58,        /* the answer that a request waits for */
    LOCK_RANK_EVENTS = 60,      /* the queue of membership events */
    LOCK_RANKS,
};

struct lock {
    pthread_mutex_t mutex;
    enum lock_rank rank;
};

void lock_init(struct lock *lock, enum lock_rank rank);
void lock_deinit(struct lock *lock);
void lock_take(struct lock *lock);
/* 1 when somebody else has it. */
int lock_try(struct lock *lock);
void lock_drop(struct lock *lock);

/* For locks that are not a struct lock: before waiting for one, when one has it, and before it is
 * let go. */
#ifdef CACHE_LOCK_RANKS
void lock_rank_check(enum lock_rank rank);
void lock_rank_enter(enum lock_rank rank);
void lock_rank_leave(enum lock_rank rank);
#else
static inline void lock_rank_check(enum lock_rank rank)
{
    (void)rank;
}
static inline void lock_rank_enter(enum lock_rank rank)
{
    (void)rank;
}
static inline void lock_rank_leave(enum lock_rank rank)
{
    (void)rank;
}
#endif
