/* Any bytes in a cloud's znode and in a mapping of it: they become attributes, and what can be read
 * as a list means the same after it was printed. */
#include "cacheserver/contract/cache_list.h"
#include "executors/steps/registration.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_list(const char *text, size_t size, struct arena *arena)
{
    struct cache_list list, again;
    const char *problem = NULL;
    char *printed;

    if (!cache_list_parse(text, size, arena, &list, &problem)) {
        assert(problem);
        return;
    }
    printed = cache_list_print(&list, arena);
    assert(cache_list_parse(printed, strlen(printed), arena, &again, &problem));
    assert(strcmp(cache_list_print(&again, arena), printed) == 0);
}

/* A registration of such a cloud either is refused or ends with the list's own znode. */
static void check_registration(const struct zk_cloud *cloud, struct arena *arena)
{
    const struct spec_host host = {.name = "here", .address = "10.0.0.1"};
    const struct spec_node node = {.host = &host, .port = 11211};
    const struct spec_cloud wanted = {.code = "test-cloud", .nodes = &node, .node_count = 1};
    struct registration registration;
    struct fault fault = {0};

    assert(registration_plan(&wanted, cloud, "now", arena, &registration, &fault) == 0);
    if (registration.touches_list)
        assert(registration.ops.items[registration.ops.count - 1].op.kind == ZK_OP_SET);
    assert(registration_plan(NULL, cloud, "now", arena, &registration, &fault) == 0);
    assert(registration.touches_list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *ours[] = {"test-cloud"};
    struct arena *arena = arena_new();
    char *text = arena_strndup(arena, (const char *)data, size);
    struct zk_cloud cloud = {.code = "test-cloud", .has_list = true};
    struct registration_nodes nodes = {0};
    struct attrs attrs = {0};
    const char *note;

    cloud.list = (struct zk_node){.data = text, .size = size};
    *vec_push(arena, &cloud.mappings) =
        (struct zk_mapping){.node = "10.0.0.1:11211", .data = cloud.list, .children = {ours, 1}};
    check_list(text, size, arena);
    zk_cloud_attrs(&cloud, arena, &attrs, &note);
    assert(attrs_find(&attrs, "mapping.10.0.0.1:11211"));
    registration_listed_nodes(&cloud.list, arena, &nodes);
    check_registration(&cloud, arena);
    arena_free(arena);
    return 0;
}
