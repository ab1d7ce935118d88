/* `zkensemble`: which ZooKeeper servers are used, and coming back into the cloud. The last two
 * forms take as long as ZooKeeper does, so their clients wait for an answer. */
#include <stdlib.h>
#include <string.h>

#include "cacheserver/command/cloud.h"
#include "cacheserver/command/handlers.h"
#include "cacheserver/command/wait.h"

static void get(struct session *session, struct command_context *context, char *servers)
{
    session_say(session, context, servers);
    session_say(session, context, "\r\n\n\r\n");
}

static void rejoin(struct session *session, struct command_context *context)
{
    const struct command_hooks *hooks = &context->shared->hooks;
    struct command_wait *wait = wait_begin(session, context, "Successfully rejoined\r\n",
                                           "ERROR failed to rejoin ensemble\r\n");

    if (wait)
        hooks->cloud->rejoin(hooks->arg, wait);
}

static void set(struct session *session, struct command_context *context, const struct word *list)
{
    static const char refused[] = "ERROR failed to set the new ensemble address (check logs)\r\n";
    const struct command_hooks *hooks = &context->shared->hooks;
    char *servers = strndup(list->at, list->len);

    if (!servers) {
        session_say(session, context, refused);
        return;
    }
    struct command_wait *wait = wait_begin(session, context, "OK\r\n", refused);
    if (wait)
        hooks->cloud->set_servers(hooks->arg, servers, wait);
    free(servers);
}

HANDLER(zkensemble)
{
    const struct command_hooks *hooks = &context->shared->hooks;
    char *servers = hooks->cloud->servers(hooks->arg);

    if (!servers)
        session_say(session, context, "ERROR not using ZooKeeper\r\n");
    else if (words->count == 2 && word_is(&words->word[1], "get"))
        get(session, context, servers);
    else if (words->count == 2 && word_is(&words->word[1], "rejoin"))
        rejoin(session, context);
    else if (words->count == 3 && word_is(&words->word[1], "set"))
        set(session, context, &words->word[2]);
    else
        session_say_bad_format(session, context);
    free(servers);
}
