#pragma once

#include "planner/base/arena.h"

/* The znodes of the Arcus tree, as NAVER's servers and clients use them. */
#define ZNODE_ARCUS       "/arcus"
#define ZNODE_CACHE_LIST  "/arcus/cache_list"
#define ZNODE_CLIENT_LIST "/arcus/client_list"
#define ZNODE_MAPPING     "/arcus/cache_server_mapping"
#define ZNODE_SERVER_LOG  "/arcus/cache_server_log"

/* The five above, sorted (so parents come first), NULL at the end. */
extern const char *const znode_base_paths[];

char *znode_cache_list(struct arena *arena, const char *code);
char *znode_client_list(struct arena *arena, const char *code);
char *znode_mapping(struct arena *arena, const char *node); /* IP:PORT */
char *znode_mapping_code(struct arena *arena, const char *node, const char *code);
/* Length of the IP:PORT in an ephemeral's name "IP:PORT-HOST": what stands before the first "-". */
size_t znode_node_length(const char *name);
