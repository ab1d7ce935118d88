/* Opening a session to servers that are not there takes until a deadline; a question that is
 * refused at once tells the same at once, and the answers are facts about the servers besides. */
#include "planner/observe/zk_ensemble.h"

#include "planner/observe/ask.h"

#include <stdlib.h>
#include <string.h>

enum { DEFAULT_PORT = 2181 };

/* "HOST:PORT" or "[IPV6]:PORT". */
static void add_member(struct arena *arena, struct zk_ensemble *ensemble, char *text)
{
    char *colon = strrchr(text, ':');
    size_t length;
    struct zk_member *member;

    if (!*text)
        return;
    member = vec_push(arena, &ensemble->members);
    member->port = colon ? atoi(colon + 1) : DEFAULT_PORT;
    member->connections = -1;
    if (colon)
        *colon = '\0';
    length = strlen(text);
    if (*text == '[' && text[length - 1] == ']') {
        text[length - 1] = '\0';
        text++;
    }
    member->host = text;
}

static void parse_connect(const char *connect, struct arena *arena, struct zk_ensemble *ensemble)
{
    char *rest = arena_strndup(arena, connect, strcspn(connect, "/")), *text;

    while ((text = strsep(&rest, ",")))
        add_member(arena, ensemble, text + strspn(text, " "));
}

/* What stands behind "KEY" up to the line's end; NULL without such a line. */
static const char *find_line(const char *answer, const char *key, struct arena *arena)
{
    size_t length = strlen(key);

    for (const char *line = answer; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, key, length) == 0)
            return arena_strndup(arena, line + length, strcspn(line + length, "\r\n"));
    }
    return NULL;
}

static void read_answer(const struct ask *ask, struct arena *arena, struct zk_member *member)
{
    const char *answer = str_text(&ask->answer);
    const char *connections;

    if (ask->error) {
        member->problem = arena_strdup(arena, strerror(ask->error));
        return;
    }
    member->is_answering = true;
    member->mode = find_line(answer, "Mode: ", arena);
    member->zxid = find_line(answer, "Zxid: ", arena);
    connections = find_line(answer, "Connections: ", arena);
    if (connections)
        member->connections = strtoll(connections, NULL, 10);
    member->is_serving = member->mode || strstr(answer, "not in the whitelist");
    if (!member->is_serving)
        member->problem = "it has no quorum";
}

void zk_ensemble_ask(const char *connect, int64_t deadline_ms, struct arena *arena,
                     struct zk_ensemble *ensemble)
{
    struct ask *asks;
    size_t count;

    *ensemble = (struct zk_ensemble){.connect = connect};
    parse_connect(connect, arena, ensemble);
    count = ensemble->members.count;
    asks = arena_array_of(arena, struct ask, count);
    for (size_t i = 0; i < count; i++)
        asks[i] = (struct ask){.host = ensemble->members.items[i].host,
                               .port = ensemble->members.items[i].port,
                               .question = "srvr"};
    ask_all(asks, count, deadline_ms);
    for (size_t i = 0; i < count; i++)
        read_answer(&asks[i], arena, &ensemble->members.items[i]);
    asks_deinit(asks, count);
}

int zk_ensemble_check(const struct zk_ensemble *ensemble, struct fault *fault)
{
    const struct zk_member *blamed = NULL;

    vec_each(member, &ensemble->members) {
        if (member->is_serving)
            return 0;
        if (!blamed || (member->is_answering && !blamed->is_answering))
            blamed = member;
    }
    if (!blamed)
        return fault_set(fault, DIAG_ZK_CONNECT, "no ZooKeeper servers in \"%s\"",
                         ensemble->connect);
    if (blamed->is_answering)
        return fault_set(fault, DIAG_ZK_QUORUM,
                         "no server of %s serves: %s:%d answers that it has no quorum",
                         ensemble->connect, blamed->host, blamed->port);
    return fault_set(fault, DIAG_ZK_CONNECT, "no server of %s answers: %s:%d: %s",
                     ensemble->connect, blamed->host, blamed->port, blamed->problem);
}

const struct zk_member *zk_ensemble_find(const struct zk_ensemble *ensemble, const char *host,
                                         int port)
{
    vec_each(member, &ensemble->members)
        if (member->port == port && strcmp(member->host, host) == 0)
            return member;
    return NULL;
}
