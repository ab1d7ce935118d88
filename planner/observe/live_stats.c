/* The answers are only ever shown, so lines that are missing are simply missing. */
#include "planner/observe/live_stats.h"

#include "planner/observe/ask.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *stat, *attr;
} known_stats[] = {
    {"curr_items", "live.items"},
    {"uptime", "live.uptime"},
    {"bytes", "live.bytes"},
    {"limit_maxbytes", "live.limit_bytes"},
    {"cmd_get", "live.gets"},
    {"get_hits", "live.hits"},
    {"curr_connections", "live.connections"},
    {"version", "live.version"},
};

struct questions {
    struct fact **facts;
    struct ask *asks;
    size_t count;
};

/* Takes "node/CODE/ADDRESS:PORT" apart. */
static bool plan_question(struct arena *arena, const char *address, struct ask *ask)
{
    const char *node = strrchr(address, '/'), *colon = strrchr(address, ':');

    if (strncmp(address, "node/", strlen("node/")) != 0 || !colon || colon < node)
        return false;
    *ask = (struct ask){.host = arena_strndup(arena, node + 1, (size_t)(colon - node - 1)),
                        .port = atoi(colon + 1),
                        .question = "stats\r\n",
                        .end = "END\r\n"};
    return true;
}

static void collect(struct world *world, struct arena *arena, struct questions *questions)
{
    questions->facts = arena_array_of(arena, struct fact *, world->facts.count);
    questions->asks = arena_array_of(arena, struct ask, world->facts.count);
    vec_each(slot, &world->facts) {
        struct fact *fact = *slot;

        if (fact->presence != PRESENCE_PRESENT || fact->said_by != WITNESS_HOST ||
            !plan_question(arena, fact->address, &questions->asks[questions->count]))
            continue;
        questions->facts[questions->count++] = fact;
    }
}

/* A line "STAT NAME VALUE". */
static void add_stat(struct arena *arena, const char *line, size_t length, struct attrs *attrs)
{
    static const char prefix[] = "STAT ";
    const char *name = line + strlen(prefix);

    if (length < strlen(prefix) || strncmp(line, prefix, strlen(prefix)) != 0)
        return;
    for (size_t i = 0; i < sizeof(known_stats) / sizeof(*known_stats); i++) {
        size_t name_length = strlen(known_stats[i].stat);
        size_t start = strlen(prefix) + name_length + 1;

        if (start >= length || strncmp(name, known_stats[i].stat, name_length) != 0 ||
            name[name_length] != ' ' || attrs_find(attrs, known_stats[i].attr))
            continue;
        attrs_add(arena, attrs, known_stats[i].attr,
                  arena_strndup(arena, line + start, length - start), SRCLOC_NONE);
    }
}

static void read_stats(struct arena *arena, const char *text, struct attrs *attrs)
{
    while (*text) {
        size_t length = strcspn(text, "\r\n");

        add_stat(arena, text, length, attrs);
        text += length;
        text += strspn(text, "\r\n");
    }
}

void live_stats_add(struct world *world, int64_t deadline_ms, struct arena *arena)
{
    struct questions questions = {0};

    collect(world, arena, &questions);
    ask_all(questions.asks, questions.count, deadline_ms);
    for (size_t i = 0; i < questions.count; i++) {
        struct fact *fact = questions.facts[i];

        if (questions.asks[i].error)
            fact->note = arena_printf(arena, "it runs but does not answer on its port: %s",
                                      strerror(questions.asks[i].error));
        else
            read_stats(arena, str_text(&questions.asks[i].answer), &fact->attrs);
    }
    asks_deinit(questions.asks, questions.count);
}
