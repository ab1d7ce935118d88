#pragma once

#include "planner/base/map.h"
#include "planner/model/attr.h"
#include "planner/spec/spec.h"

#include <stdint.h>

enum presence { PRESENCE_UNKNOWN, PRESENCE_ABSENT, PRESENCE_PRESENT };
enum witness { WITNESS_STATE, WITNESS_LOCAL, WITNESS_HOST, WITNESS_ZOOKEEPER };

/* What is known of one resource, wanted or not. */
struct fact {
    const char *address;
    enum presence presence;
    enum witness said_by;
    struct attrs attrs;
    const char *note;             /* why it is unknown, or what is odd; NULL for nothing */
    const struct spec_host *host; /* NULL: not on a host, or the host is not known */
    const char *digest;           /* over presence and attrs: what a saved plan is bound to */
};

/* One host as the probe found it. */
struct host_fact {
    const struct spec_host *host;
    bool is_reachable;
    struct fault fault; /* when it is not */
    const char *digest; /* of what the probe said, without what always changes */
    struct attrs attrs; /* java, uid, free_kb, boot_id, clock_skew_ms, … */
};

struct zk_fact {
    bool is_connected;
    struct fault fault; /* when it is not */
};

struct world {
    vec_of(struct fact *) facts; /* sorted by address once world_finish was called */
    struct map by_address;
    vec_of(struct host_fact *) hosts;
    struct zk_fact zookeeper;
    bool is_offline; /* made from the state alone */
};

void world_init(struct world *world, struct arena *arena);
void world_deinit(struct world *world);
/* The fact of that address, made UNKNOWN when new. */
struct fact *world_fact(struct world *world, const char *address);
const struct fact *world_find(const struct world *world, const char *address);
const struct host_fact *world_find_host(const struct world *world, const char *name);
/* Sorts facts and attributes and computes digests. Attributes whose name starts with "live." are
 * information that changes by itself (items, uptime, zxid) and do not count. */
void world_finish(struct world *world);
