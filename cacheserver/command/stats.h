#pragma once
#include "cacheserver/command/session.h"

/*
 * `stats` and its groups: one row per group. `help` lists their syntax.
 */
struct stats_group {
    const char *name;
    bool by_beginning; /* any word that begins with the name will do */
    void (*run)(struct session *session, struct command_context *context,
                const struct words *words);
    const char *syntax;
};
extern const struct stats_group stats_groups[];
extern const size_t stats_group_count;

#define STATS_GROUP(name)                                                                          \
    void stats_##name(struct session *session, struct command_context *context,                    \
                      const struct words *words)

/* stats_prefixes.c */
STATS_GROUP(prefixes);
STATS_GROUP(prefixlist);
STATS_GROUP(detail);

/* stats_slabs.c */
STATS_GROUP(items);
STATS_GROUP(slabs);

/* stats_store.c */
STATS_GROUP(sizes);
STATS_GROUP(cachedump);
STATS_GROUP(scrub);
STATS_GROUP(dump);

/* kept.c */
STATS_GROUP(persistence);

/* One line. */
void stat_u64(struct command_context *context, const char *name, uint64_t value);
void stat_text(struct command_context *context, const char *name, const char *value);
