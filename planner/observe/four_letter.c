/* ZooKeeper closes the connection after its answer, so the answer's end is the end of the stream.
 */
#include "planner/observe/ask.h"
#include "planner/observe/zk_session.h"

#include <errno.h>
#include <string.h>

int zk_four_letter(const char *host, int port, const char *word, int64_t deadline_ms,
                   struct arena *arena, char **answer, struct fault *fault)
{
    struct ask ask = {.host = host, .port = port, .question = word};
    int error;

    ask_all(&ask, 1, deadline_ms);
    error = ask.error;
    if (!error)
        *answer = arena_strndup(arena, ask.answer.data, ask.answer.length);
    asks_deinit(&ask, 1);
    if (!error)
        return 0;
    return fault_set(fault, error == ETIMEDOUT ? DIAG_ZK_TIMEOUT : DIAG_ZK_CONNECT,
                     "ZooKeeper server %s:%d did not answer \"%s\": %s", host, port, word,
                     strerror(error));
}
