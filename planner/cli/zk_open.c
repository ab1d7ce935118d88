#include "planner/cli/zk_open.h"

#include "planner/base/clock.h"

enum { SESSION_MS = 10000, CONNECT_MS = 5000 };

int zk_connect_string(struct cli *cli, size_t first, struct site *site, const char **connect)
{
    const char *list = cli_value(cli, OPTION_ZOOKEEPER_LIST);

    *connect = list;
    site_without_spec(cli, site);
    if (cli->operands.count <= first)
        return 0;
    if (list)
        return usage_error(cli, "a spec and -z exclude each other");
    if (site_load(cli, first, site))
        return -1;
    if (site->spec->zookeeper)
        *connect = site->spec->zookeeper->connect;
    return 0;
}

int zk_open(const char *connect, struct zk_session **session, struct fault *fault)
{
    return zk_session_open(connect, SESSION_MS, clock_deadline_ms(CONNECT_MS), NULL, session,
                           fault);
}
