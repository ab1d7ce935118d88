#pragma once
#include <stdbool.h>
#include <zookeeper/zookeeper.h>

#include "tests/unit/planner/observe/zk_server.h"

/* A real ZooKeeper with an empty cloud "test" that 127.0.0.1 is mapped to, and a hand in it. */
struct zoo {
    struct zk_server server;
    zhandle_t *hand;
};

#define ZOO_LIST "/arcus/cache_list/test"

/* Group set-up and tear-down: *state becomes the struct zoo. */
int zoo_set_up(void **state);
int zoo_tear_down(void **state);

void zoo_make(struct zoo *zoo, const char *path, bool ephemeral);
void zoo_remove(struct zoo *zoo, const char *path);
/* How many children; -1 none because it is not there. */
int zoo_count(struct zoo *zoo, const char *path);
/* The first child's name, or "". */
const char *zoo_first(struct zoo *zoo, const char *path);

/* Until the condition holds; fails the test after a while. */
#define EVENTUALLY(condition)                                                                      \
    do {                                                                                           \
        unsigned tries = 0;                                                                        \
        while (!(condition)) {                                                                     \
            assert_true(tries++ < 3000);                                                           \
            poll(NULL, 0, 10);                                                                     \
        }                                                                                          \
    } while (0)
