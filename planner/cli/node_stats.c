/* Figures that are missing from an answer are simply not known. */
#include "planner/cli/node_stats.h"

#include "planner/base/utf8.h"
#include "planner/observe/ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void forget(struct node_stats *stats)
{
    *stats = (struct node_stats){.node = stats->node,
                                 .items = -1,
                                 .bytes = -1,
                                 .limit_bytes = -1,
                                 .hits = -1,
                                 .misses = -1,
                                 .uptime_s = -1,
                                 .connections = -1};
}

static void take_figure(struct node_stats *stats, const char *name, const char *value,
                        struct arena *arena)
{
    const struct {
        const char *name;
        int64_t *value;
    } figures[] = {
        {"curr_items", &stats->items},
        {"bytes", &stats->bytes},
        {"limit_maxbytes", &stats->limit_bytes},
        {"get_hits", &stats->hits},
        {"get_misses", &stats->misses},
        {"uptime", &stats->uptime_s},
        {"curr_connections", &stats->connections},
    };

    if (strcmp(name, "version") == 0)
        stats->version = utf8_clean(arena, arena_strdup(arena, value));
    for (size_t i = 0; i < sizeof(figures) / sizeof(*figures); i++)
        if (strcmp(name, figures[i].name) == 0 && value[0] >= '0' && value[0] <= '9')
            *figures[i].value = strtoll(value, NULL, 10);
}

void node_stats_parse(struct node_stats *stats, const char *text, struct arena *arena)
{
    forget(stats);
    stats->answered = true;
    while (*text) {
        char name[32], value[64];

        if (sscanf(text, "STAT %31s %63[^\r\n]", name, value) == 2)
            take_figure(stats, name, value, arena);
        text += strcspn(text, "\n");
        text += *text == '\n';
    }
}

/* False when the name is not "ADDRESS:PORT". */
static bool plan_question(const char *node, struct arena *arena, struct ask *ask)
{
    const char *colon = strrchr(node, ':');

    if (!colon)
        return false;
    *ask = (struct ask){.host = arena_strndup(arena, node, (size_t)(colon - node)),
                        .port = atoi(colon + 1),
                        .question = "stats\r\n",
                        .end = "END\r\n"};
    return true;
}

void node_stats_read(struct node_stats *nodes, size_t count, int64_t deadline_ms,
                     struct arena *arena)
{
    struct ask *asks = arena_array_of(arena, struct ask, count);
    struct node_stats **asked = arena_array_of(arena, struct node_stats *, count);
    size_t questions = 0;

    for (size_t i = 0; i < count; i++) {
        forget(&nodes[i]);
        if (plan_question(nodes[i].node, arena, &asks[questions]))
            asked[questions++] = &nodes[i];
    }
    ask_all(asks, questions, deadline_ms);
    for (size_t i = 0; i < questions; i++)
        if (!asks[i].error)
            node_stats_parse(asked[i], str_text(&asks[i].answer), arena);
    asks_deinit(asks, questions);
}
