#pragma once
#include "cacheserver/auth/users.h"

/*
 * Users of a group in ZooKeeper: /arcus_acl/GROUP/USER holds the categories separated by commas,
 * its children the SASL properties. Waits at most timeout_ms for all of it. NULL: said on `errors`.
 */
struct users *users_read_zookeeper(const char *servers, const char *group, unsigned timeout_ms,
                                   FILE *errors);
