/* The tree is NAVER's: names here are part of the protocol between servers and clients. */
#include "cacheserver/contract/znode_paths.h"

#include <string.h>

const char *const znode_base_paths[] = {
    ZNODE_ARCUS, ZNODE_CACHE_LIST, ZNODE_SERVER_LOG, ZNODE_MAPPING, ZNODE_CLIENT_LIST, NULL,
};

char *znode_cache_list(struct arena *arena, const char *code)
{
    return arena_printf(arena, ZNODE_CACHE_LIST "/%s", code);
}

char *znode_client_list(struct arena *arena, const char *code)
{
    return arena_printf(arena, ZNODE_CLIENT_LIST "/%s", code);
}

char *znode_mapping(struct arena *arena, const char *node)
{
    return arena_printf(arena, ZNODE_MAPPING "/%s", node);
}

char *znode_mapping_code(struct arena *arena, const char *node, const char *code)
{
    return arena_printf(arena, ZNODE_MAPPING "/%s/%s", node, code);
}

size_t znode_node_length(const char *name)
{
    return strcspn(name, "-");
}
