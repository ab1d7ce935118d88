/*
 * An ensemble that can be reconfigured says in a znode which servers it has. That is read at every
 * connection and whenever it changes; a newer version than the one known replaces the list of
 * servers. The first version only sets the mark, because the operator's list may name the servers
 * in the way that works from here. A standalone server has the znode, too, but nothing in it.
 */
#include "cacheserver/cluster/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cacheserver/cluster/zk_config.h"
#include "cacheserver/runtime/clock.h"
#include "cacheserver/runtime/log.h"

void reconfig_init(struct membership *m)
{
    atomic_store(&m->reconfig.needed, !zk_config_is_one_name(m->servers));
}

void reconfig_forget(struct membership *m)
{
    m->reconfig.request = 0;
    m->reconfig.deadline_ms = FOREVER;
}

void reconfig_ask(struct membership *m)
{
    if (!m->session || !atomic_load(&m->reconfig.needed))
        return;
    m->reconfig.request = zk_session_config(m->session);
    m->reconfig.deadline_ms = clock_coarse_ms() + m->config.session_timeout_ms;
}

/* A chroot stays what it was: the library wants it in the first list only. */
static char *with_chroot(struct membership *m, const char *servers)
{
    const char *chroot = strchr(m->servers, '/');
    char *list;

    return asprintf(&list, "%.*s%s", (int)strcspn(servers, "/"), servers, chroot ? chroot : "") > 0
               ? list
               : NULL;
}

const char *use_servers(struct membership *m, const char *servers)
{
    char *list = with_chroot(m, servers);

    if (!list)
        return "no memory";
    if (m->session) {
        char *plain = strndup(list, strcspn(list, "/"));
        const char *wrong = plain ? zk_session_set_servers(m->session, plain) : "no memory";
        free(plain);
        if (wrong) {
            free(list);
            return wrong;
        }
    }
    lock_take(&m->lock);
    char *old = m->servers;
    m->servers = list;
    lock_drop(&m->lock);
    free(old);
    return NULL;
}

ACT(set_servers)
{
    struct event *wish = (struct event *)event;
    const char *wrong = use_servers(m, event->text);

    if (wrong)
        log_write(LOG_LEVEL_ERROR, "cannot use the ZooKeeper servers %s: %s", event->text, wrong);
    else
        log_write(LOG_LEVEL_INFO, "using the ZooKeeper servers %s", event->text);
    wish->answer(wish->answer_arg, !wrong);
    wish->answer = NULL;
    return STATE_SAME;
}

static void follow(struct membership *m, const struct zk_config *config)
{
    int64_t known = atomic_load(&m->reconfig.version);

    if (known >= 0 && config->version <= known)
        return;
    if (known >= 0) {
        const char *wrong = use_servers(m, config->servers);
        log_write(wrong ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO,
                  "ZooKeeper has version %llx of its servers: %s%s%s",
                  (unsigned long long)config->version, config->servers, wrong ? ": " : "",
                  wrong ? wrong : "");
        if (wrong)
            return;
    }
    atomic_store(&m->reconfig.version, config->version);
}

void reconfig_answer(struct membership *m, const struct event *event)
{
    struct zk_config config;

    reconfig_forget(m);
    if (event->kind == EVENT_LOST)
        return;
    atomic_store(&m->reconfig.enabled, event->kind == EVENT_OK && event->text && *event->text);
    if (!atomic_load(&m->reconfig.enabled))
        return;
    if (zk_config_parse(&config, event->text)) {
        log_write(LOG_LEVEL_WARNING,
                  "the configuration that ZooKeeper shows has no servers for clients");
        return;
    }
    follow(m, &config);
    zk_config_deinit(&config);
}
