#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "cacheserver/cluster/events.h"

/*
 * One ZooKeeper session. Every answer arrives as an event in the queue, marked with the session's
 * number and the request's; nothing here waits. The only file that knows ZooKeeper's library.
 */
struct zk_session;

/* NULL: the servers' names cannot be resolved, or there is no memory. */
struct zk_session *zk_session_open(const char *servers, unsigned timeout_ms, unsigned number,
                                   struct event_queue *queue);
/* Ends the session: its ephemeral nodes go. Takes NULL. */
void zk_session_close(struct zk_session *session);

/* Each returns the number of the request, or 0 when it could not even be sent. */
unsigned zk_session_sync(struct zk_session *session, const char *path);
unsigned zk_session_list(struct zk_session *session, const char *path, bool watch);
unsigned zk_session_owner(struct zk_session *session, const char *path);
/* The ensemble's own configuration, and a watch on it when it exists; the answer has its text. */
unsigned zk_session_config(struct zk_session *session);

enum zk_node { ZK_PERSISTENT, ZK_EPHEMERAL, ZK_SEQUENTIAL };
unsigned zk_session_create(struct zk_session *session, const char *path, const char *data,
                           enum zk_node kind);

/* Uses these servers from now on, and may change to one of them at once. Looks their names up.
 * NULL, or what is wrong. */
const char *zk_session_set_servers(struct zk_session *session, const char *servers);
/* What the ensemble granted; once connected. */
unsigned zk_session_timeout_ms(struct zk_session *session);

int64_t zk_session_id(const struct zk_session *session);
const char *zk_session_error(int code);
const char *zk_library_version(void);
