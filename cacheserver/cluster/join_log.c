/* An entry under today's date, so that people can see when servers came. Whatever goes wrong here
 * is said and passed over. */
#include "cacheserver/cluster/state.h"

#include <stdio.h>
#include <time.h>

#include "cacheserver/contract/znode_paths.h"
#include "cacheserver/runtime/log.h"

static void day_path(char *path, size_t size)
{
    time_t now = time(NULL);
    struct tm day;
    char date[32];

    localtime_r(&now, &day);
    strftime(date, sizeof(date), "%Y-%m-%d", &day);
    snprintf(path, size, ZNODE_SERVER_LOG "/%s", date);
}

enum state log_root(struct membership *m)
{
    await(m, zk_session_create(m->session, ZNODE_SERVER_LOG, "", ZK_PERSISTENT));
    return STATE_LOG_ROOT;
}

ACT(log_day)
{
    char path[128];

    (void)event;
    day_path(path, sizeof(path));
    await(m, zk_session_create(m->session, path, "", ZK_PERSISTENT));
    return STATE_LOG_DAY;
}

ACT(log_entry)
{
    char day[128], path[512];

    (void)event;
    day_path(day, sizeof(day));
    snprintf(path, sizeof(path), "%s/%s-", day, m->identity.znode_name);
    await(m, zk_session_create(m->session, path, m->was_member ? "rejoin" : "join", ZK_SEQUENTIAL));
    return STATE_LOG_ENTRY;
}

ACT(skip_log)
{
    log_write(LOG_LEVEL_WARNING, "the join could not be logged in ZooKeeper: %s",
              event->kind == EVENT_DEADLINE ? "no answer in time" : zk_session_error(event->code));
    return list_members(m, event);
}
