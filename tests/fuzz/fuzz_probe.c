/* Any bytes as a host's answer to the probe: what can be read of it becomes facts. */
#include "planner/observe/host_facts.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct spec_host host = {.name = "here", .address = "10.0.0.1"};

static void check_fact(const struct fact *fact)
{
    assert(fact->digest && strlen(fact->digest) == 64);
    if (fact->presence != PRESENCE_PRESENT)
        assert(fact->attrs.count == 0);
    vec_each(attr, &fact->attrs)
        assert(attr->value);
}

static void make_facts(const struct probe *probe, struct arena *arena)
{
    static const char *const addresses[] = {"release/here/arcus", "zk_config/here",
                                            "zk_server/here", "node/test-cloud/10.0.0.1:11211"};
    struct target_codes codes = {0};
    struct world world;

    *vec_push(arena, &codes.items) = "test-cloud";
    world_init(&world, arena);
    for (size_t i = 0; i < sizeof(addresses) / sizeof(*addresses); i++)
        world_fact(&world, addresses[i])->host = &host;
    host_facts_add(&host, probe, 0, &codes, arena, &world);
    world_finish(&world);
    vec_each(fact, &world.facts)
        check_fact(*fact);
    assert(strlen(world_find_host(&world, "here")->digest) == 64);
    world_deinit(&world);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new();
    struct probe_request request = {0};
    struct fault fault = {0};
    struct probe probe;

    probe_request_install_dir(arena, &request, "/opt/arcus");
    probe_request_install_dir(arena, &request, "/opt/zookeeper");
    probe_request_data_dir(arena, &request, "/var/lib/arcus/zookeeper");
    if (host_probe_parse((const char *)data, size, &request, arena, &probe, &fault) == 0)
        make_facts(&probe, arena);
    else
        assert(fault.code == DIAG_HOST_REPLY);
    arena_free(arena);
    return 0;
}
