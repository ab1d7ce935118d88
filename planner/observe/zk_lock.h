#pragma once

#include "planner/observe/zk_session.h"
#include "statedb/run_lock.h"

/* The lock that keeps other operators out of an ensemble: the ephemeral znode ZNODE_LOCK, whose
 * data says who holds it. It lives as long as the session that took it, which may do anything else
 * besides. */
#define ZNODE_LOCK "/arcusplan/lock"

/* 0 taken, also when this session has it already; 1 held by *holder; -1 with fault. The lock of a
 * process of this machine that has died is taken over, so that nobody has to wait for its session
 * to expire. */
int zk_lock_take(struct zk_session *session, const struct lock_holder *self, int64_t deadline_ms,
                 struct arena *arena, struct lock_holder *holder, struct fault *fault);

/* Gives up the session's lock; nothing when it has none. 0, or -1: it goes with the session. */
int zk_lock_drop(struct zk_session *session, int64_t deadline_ms, struct fault *fault);

/* 0 and *holder when held; 1 when free; -1 with fault. Data that is no holder gives one whose
 * texts say "unknown". */
int zk_lock_read(struct zk_session *session, int64_t deadline_ms, struct arena *arena,
                 struct lock_holder *holder, struct fault *fault);

/* Takes the lock with that id away, whoever holds it. 0 done; 1 no such lock is held; -1 with
 * fault. */
int zk_lock_break(struct zk_session *session, const char *id, int64_t deadline_ms,
                  struct arena *arena, struct fault *fault);
