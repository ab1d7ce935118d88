/*
 * Requests below the threshold cost one comparison. The others take the lock and, while their
 * command has room, leave a line: requests with equal arguments leave one, whatever their keys,
 * unless they ask for all there is. Positions in a list count as elements from the nearer end, as
 * they do in servers that walk there, so that thresholds mean the same.
 */
#include "cacheserver/command/lqdetect.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cacheserver/command/moment.h"
#include "cacheserver/runtime/lock.h"

#define SAMPLES     20
#define KEY_SHOWN   250
#define KEY_HALF    124
#define QUERY_SHOWN 120

enum state { STOPPED, FULL, RUNNING };

struct sample {
    size_t arguments_at;                       /* in request */
    char request[KEY_SHOWN + QUERY_SHOWN + 8]; /* key and arguments */
    char line[KEY_SHOWN + QUERY_SHOWN + 160];
};

struct watched {
    const char *command;
    bool from_end;       /* its fourth word is a place in a list */
    unsigned count_word; /* a 0 there means all elements; 0: none means that */
    uint32_t count;
    unsigned saved;
    struct sample samples[SAMPLES];
};

static const struct {
    const char *command;
    bool from_end;
    unsigned count_word;
} commands_watched[] = {
    {"sop get", false, 3},    {"mop delete", false, 4}, {"mop get", false, 4},
    {"lop insert", true, 0},  {"lop delete", true, 0},  {"lop get", true, 0},
    {"bop delete", false, 0}, {"bop get", false, 0},    {"bop count", false, 0},
    {"bop gbp", false, 0},
};
#define WATCHED (sizeof(commands_watched) / sizeof(commands_watched[0]))

struct lqdetect {
    _Atomic bool on;
    _Atomic uint32_t threshold;
    struct lock lock; /* guards what follows */
    enum state state;
    int64_t begun_s, ended_s;
    unsigned full;
    struct watched watched[WATCHED];
};

struct lqdetect *lqdetect_new(void)
{
    struct lqdetect *lqdetect = calloc(1, sizeof(*lqdetect));

    if (!lqdetect)
        return NULL;
    lock_init(&lqdetect->lock, LOCK_RANK_OBSERVERS);
    for (size_t i = 0; i < WATCHED; i++) {
        lqdetect->watched[i].command = commands_watched[i].command;
        lqdetect->watched[i].from_end = commands_watched[i].from_end;
        lqdetect->watched[i].count_word = commands_watched[i].count_word;
    }
    return lqdetect;
}

void lqdetect_free(struct lqdetect *lqdetect)
{
    if (lqdetect)
        lock_deinit(&lqdetect->lock);
    free(lqdetect);
}

bool lqdetect_is_on(const struct lqdetect *lqdetect)
{
    return lqdetect && atomic_load_explicit(&lqdetect->on, memory_order_relaxed);
}

bool lqdetect_start(struct lqdetect *lqdetect, uint32_t threshold)
{
    lock_take(&lqdetect->lock);
    bool started = lqdetect->state != RUNNING;
    if (started) {
        for (size_t i = 0; i < WATCHED; i++)
            lqdetect->watched[i].count = lqdetect->watched[i].saved = 0;
        lqdetect->full = 0;
        lqdetect->state = RUNNING;
        lqdetect->begun_s = time(NULL);
        lqdetect->ended_s = 0;
        atomic_store_explicit(&lqdetect->threshold,
                              threshold ? threshold : LQDETECT_THRESHOLD_DEFAULT,
                              memory_order_relaxed);
        atomic_store_explicit(&lqdetect->on, true, memory_order_relaxed);
    }
    lock_drop(&lqdetect->lock);
    return started;
}

/* The lock is held. */
static void end(struct lqdetect *lqdetect, enum state state)
{
    atomic_store_explicit(&lqdetect->on, false, memory_order_relaxed);
    lqdetect->state = state;
    lqdetect->ended_s = time(NULL);
}

bool lqdetect_stop(struct lqdetect *lqdetect)
{
    lock_take(&lqdetect->lock);
    bool stopped = lqdetect->state == RUNNING;
    if (stopped)
        end(lqdetect, STOPPED);
    lock_drop(&lqdetect->lock);
    return stopped;
}

/* Elements that are passed on the way to this place, "-3" or "7" or "7..9". */
static uint32_t elements_before(const struct word *place)
{
    bool from_tail = place->len > 0 && place->at[0] == '-';
    uint64_t index = 0;

    for (size_t i = from_tail; i < place->len && place->at[i] >= '0' && place->at[i] <= '9'; i++)
        index = index < UINT32_MAX ? index * 10 + (uint64_t)(place->at[i] - '0') : index;
    index += from_tail ? 0 : 1;
    return index < UINT32_MAX ? (uint32_t)index : UINT32_MAX;
}

static size_t put_key(char *to, size_t size, const struct word *key)
{
    int n;

    if (key->len <= KEY_SHOWN)
        n = snprintf(to, size, "%.*s", (int)key->len, key->at);
    else
        n = snprintf(to, size, "%.*s...%.*s", KEY_HALF, key->at, KEY_HALF - 1,
                     key->at + key->len - (KEY_HALF - 1));
    return (size_t)n;
}

/* Key and arguments, cut where they are long; returns where the arguments begin. */
static size_t describe(char *to, size_t size, const struct words *words)
{
    size_t n = put_key(to, size, &words->word[2]), arguments_at = n;

    for (unsigned i = 3; i < words->count && i < LIMIT_WORDS && n + 2 < size; i++) {
        size_t room = size - n - 2;
        size_t len = words->word[i].len < room ? words->word[i].len : room;
        n += (size_t)snprintf(to + n, size - n, " %.*s", (int)len, words->word[i].at);
    }
    return arguments_at;
}

static bool is_known(const struct watched *watched, const char *request, size_t arguments_at,
                     const struct words *words)
{
    unsigned at = watched->count_word;
    bool of_key = at && at < words->count && word_is(&words->word[at], "0");

    for (unsigned i = 0; i < watched->saved; i++) {
        const struct sample *sample = &watched->samples[i];
        if (of_key ? !strcmp(sample->request, request)
                   : !strcmp(sample->request + sample->arguments_at, request + arguments_at))
            return true;
    }
    return false;
}

/* The lock is held. */
static void save(struct lqdetect *lqdetect, struct watched *watched, const char *peer,
                 const struct words *words, uint32_t elements)
{
    char request[sizeof(watched->samples[0].request)], now[MOMENT_TEXT];

    watched->count++;
    if (watched->saved == SAMPLES)
        return;
    size_t arguments_at = describe(request, sizeof(request), words);
    if (is_known(watched, request, arguments_at, words))
        return;
    struct sample *sample = &watched->samples[watched->saved++];
    sample->arguments_at = arguments_at;
    memcpy(sample->request, request, sizeof(request));
    snprintf(sample->line, sizeof(sample->line), "%s %s <%u> %s %s\n", moment_now(now), peer,
             elements, watched->command, request);
    if (watched->saved == SAMPLES && ++lqdetect->full == WATCHED)
        end(lqdetect, FULL);
}

void lqdetect_note(struct lqdetect *lqdetect, const char *command, const char *peer,
                   const struct words *words, uint32_t elements)
{
    size_t i = 0;

    while (i < WATCHED && strcmp(commands_watched[i].command, command) != 0)
        i++;
    if (i == WATCHED || words->count < 4)
        return;
    uint32_t before = commands_watched[i].from_end ? elements_before(&words->word[3]) : 0;
    elements = elements > UINT32_MAX - before ? UINT32_MAX : elements + before;
    if (elements < atomic_load_explicit(&lqdetect->threshold, memory_order_relaxed))
        return;
    lock_take(&lqdetect->lock);
    if (lqdetect->state == RUNNING)
        save(lqdetect, &lqdetect->watched[i], peer, words, elements);
    lock_drop(&lqdetect->lock);
}

void lqdetect_show(struct lqdetect *lqdetect, struct reply *reply)
{
    lock_take(&lqdetect->lock);
    for (size_t i = 0; i < WATCHED; i++) {
        const struct watched *watched = &lqdetect->watched[i];
        reply_format(reply, "%s : %u\n", watched->command, watched->count);
        for (unsigned n = 0; n < watched->saved; n++)
            reply_text(reply, watched->samples[n].line);
    }
    lock_drop(&lqdetect->lock);
}

void lqdetect_stats(struct lqdetect *lqdetect, struct reply *reply)
{
    static const char *const states[] = {[STOPPED] = "stopped by explicit request",
                                         [FULL] = "stopped by internal buffer overflow",
                                         [RUNNING] = "running"};
    char begun[MOMENT_TEXT], ended[MOMENT_TEXT];
    uint64_t total = 0;

    lock_take(&lqdetect->lock);
    for (size_t i = 0; i < WATCHED; i++)
        total += lqdetect->watched[i].count;
    reply_format(reply,
                 "\tLong query detection stats : %s\n"
                 "\tThe last running time : %s ~ %s\n"
                 "\tThe number of total long query commands : %llu\n"
                 "\tThe detection threshold : %u\n",
                 states[lqdetect->state], moment_numbers(lqdetect->begun_s, begun),
                 moment_numbers(lqdetect->ended_s, ended), (unsigned long long)total,
                 atomic_load_explicit(&lqdetect->threshold, memory_order_relaxed));
    lock_drop(&lqdetect->lock);
}
