#pragma once
#include <stdbool.h>
#include <stdint.h>

/* What ZooKeeper keeps in /zookeeper/config about itself. */
struct zk_config {
    char *servers;   /* that clients connect to: "HOST:PORT,…"; heap */
    int64_t version; /* grows with every reconfiguration; 0: not said yet */
};

/* Any text. -1: it names no server or no version (or there is no memory); nothing to free then. */
int zk_config_parse(struct zk_config *config, const char *text);
void zk_config_deinit(struct zk_config *config);

/* A list of one name that has three addresses or more: the name service keeps such a list right.
 * Asks the resolver. */
bool zk_config_is_one_name(const char *servers);
