#pragma once
#include <pthread.h>
#include <stdatomic.h>

#include "cacheserver/cluster/events.h"
#include "cacheserver/cluster/identity.h"
#include "cacheserver/cluster/membership.h"
#include "cacheserver/cluster/scrub_plan.h"
#include "cacheserver/cluster/zk_session.h"
#include "cacheserver/runtime/lock.h"

/* What the parts of a membership share. All of it runs in the membership's thread. */

enum state {
    STATE_CONNECTING,
    STATE_SYNCING,
    STATE_MAPPING,
    STATE_LOOKING, /* restored: does the cloud have members? */
    STATE_JOINING,
    STATE_JOINED_BEFORE, /* our znode exists: whose is it? */
    STATE_LOG_ROOT,
    STATE_LOG_DAY,
    STATE_LOG_ENTRY,
    STATE_LISTING,
    STATE_MEMBER,
    STATE_PAUSED, /* no session; the server serves on */
    STATE_LEFT,
    STATE_FAILED,
    STATE_COUNT,
    STATE_ANY = STATE_COUNT,
    STATE_SAME,
};

/* Following the ensemble's own configuration; reconfig.c. */
struct reconfig {
    unsigned request;     /* the one whose answer is awaited; 0 none */
    uint64_t deadline_ms; /* ask again then; FOREVER */
    _Atomic bool needed, enabled;
    _Atomic int64_t version; /* -1: none seen */
};

struct membership {
    /* set once */
    struct membership_config config;
    struct arena *arena;
    struct event_queue queue;
    pthread_t thread;
    int fatal_fd;

    /* the thread's own */
    enum state state;
    struct identity identity;
    struct zk_session *session;
    unsigned session_number;
    unsigned request; /* the one whose answer is awaited; 0 none */
    uint64_t deadline_ms;
    uint64_t join_by_ms; /* joining as a whole must be done by then; FOREVER: it is */
    unsigned mapping_tried;
    bool was_member; /* so joining is rejoining */
    bool list_stale; /* something changed while the list was being read, or could not be read */
    char *code;
    char *list_path;
    char *own_path;
    struct event *rejoin; /* the wish under way; NULL none */
    struct scrub_plan scrub;
    struct reconfig reconfig;

    struct lock lock; /* guards the two */
    char *servers;    /* with the chroot, if the list began with one */
    struct ring_view *ring;

    /* what others look at */
    _Atomic bool connected, ready, failstop;
    _Atomic unsigned session_timeout_ms;
    _Atomic unsigned members;
    _Atomic int exit_status;
};

#define FOREVER UINT64_MAX

/* What a state does upon an event, and the state afterwards. */
#define ACT(name) enum state name(struct membership *m, const struct event *event)

/* membership.c */
void await(struct membership *m, unsigned request);
void await_nothing(struct membership *m);
void show_ring(struct membership *m, struct ring_view *ring);

/* endings.c: how a membership, or the attempt to have one, ends */
enum state fail(struct membership *m, int exit_status);
/* The server cannot join: it ends, unless it was a member before. Say why first. */
enum state give_up(struct membership *m);
enum state pause_membership(struct membership *m, const char *why);
void answer_rejoin(struct membership *m, bool done);
ACT(cannot_join);
ACT(refuse_auth);
ACT(expire);
ACT(leave);

/* join.c: from a session to the znode */
void open_session(struct membership *m);
/* Begins to join; the session's timeout is the time for all of it. */
enum state begin_joining(struct membership *m);
ACT(reconnect);
ACT(begin_sync);
ACT(look_up_mapping);
ACT(try_next_mapping);
ACT(join);
ACT(join_restored);
ACT(no_cloud);
ACT(ask_whose);
ACT(begin_log);
ACT(check_whose);
ACT(rejoin);

/* join_log.c: useful to people, not needed to serve */
enum state log_root(struct membership *m);
ACT(log_day);
ACT(log_entry);
ACT(skip_log);

/* members.c: watching the members, and scrubbing what others took over */
/* Whether this server is among the names. */
bool is_listed(const struct membership *m, const struct event *event);
ACT(list_members);
ACT(list_later);
ACT(list_if_stale);
ACT(note_members);
ACT(note_stale);
ACT(lose_list);
void scrub_if_due(struct membership *m, uint64_t now_ms);

/* reconfig.c */
void reconfig_init(struct membership *m);
void reconfig_ask(struct membership *m);
void reconfig_answer(struct membership *m, const struct event *event);
/* No session, no answer. */
void reconfig_forget(struct membership *m);
/* NULL, or what is wrong with them. */
const char *use_servers(struct membership *m, const char *servers);
ACT(set_servers);
