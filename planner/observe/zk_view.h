#pragma once

#include "planner/base/map.h"
#include "planner/base/vec.h"
#include "planner/model/attr.h"
#include "planner/observe/zk_session.h"

/* What ZooKeeper holds of Arcus clouds. */

/* /arcus/cache_server_mapping/IP:PORT */
struct zk_mapping {
    const char *node;         /* IP:PORT */
    struct zk_node data;      /* data NULL: there is no such mapping */
    struct zk_names children; /* the clouds it belongs to */
};

struct zk_cloud {
    const char *code;
    bool has_list; /* /arcus/cache_list/CODE exists */
    struct zk_node list;
    struct zk_names live; /* its children: the ephemerals of running servers */
    bool has_client_list; /* /arcus/client_list/CODE exists */
    struct zk_names clients;
    vec_of(struct zk_mapping) mappings; /* sorted by node */
};

struct zk_view {
    vec_of(const char *) base_paths; /* those of the base znodes that exist, sorted */
    vec_of(struct zk_cloud) clouds;  /* one for each code asked for, in that order */
};

/* Reads those clouds with all their mappings: those that have the cloud as a child, whoever
 * registered them. A cloud that is not there is empty. 0 or -1. */
int zk_view_read(struct zk_session *session, const char *const *codes, size_t count,
                 int64_t deadline_ms, struct arena *arena, struct zk_view *view,
                 struct fault *fault);

/* Reads one cloud with the mappings of the given nodes only, each of which gets an entry, existing
 * or not. */
int zk_cloud_read(struct zk_session *session, const char *code, const char *const *nodes,
                  size_t count, int64_t deadline_ms, struct arena *arena, struct zk_cloud *cloud,
                  struct fault *fault);

bool zk_names_has(const struct zk_names *names, const char *name);
/* Whether the mapping is there for the cloud. */
bool zk_mapping_is_of(const struct zk_mapping *mapping, const char *code);
/* Another cloud that the mapping belongs to; NULL for none. */
const char *zk_mapping_other(const struct zk_mapping *mapping, const char *code);
/* Whether IP:PORT is in the cache list. */
bool zk_cloud_is_online(const struct zk_cloud *cloud, const char *node);
/* Whether anything of the cloud exists. */
bool zk_cloud_is_present(const struct zk_cloud *cloud);

/* The attributes of the resource cloud/CODE; *note: what is odd about it, or NULL. */
void zk_cloud_attrs(const struct zk_cloud *cloud, struct arena *arena, struct attrs *attrs,
                    const char **note);
