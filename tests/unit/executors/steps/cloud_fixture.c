#include "tests/unit/executors/steps/cloud_fixture.h"

static const struct setting defaults[] = {
    {"connections", "1000"}, {"memlimit", "100"}, {"threads", "6"}};
static const struct setting third[] = {
    {"connections", "1000"}, {"memlimit", "100"}, {"threads", "4"}};
static const struct setting own[] = {{"threads", "4"}};
static const char *const names[] = {"cache001.arcus", "cache002.arcus", "cache003.arcus"};
static const char *const addresses[] = {"10.0.0.1", "10.0.0.2", "10.0.0.3"};

void cloud_fixture_init(struct cloud_fixture *fixture)
{
    *fixture = (struct cloud_fixture){0};
    for (int i = 0; i < CLOUD_NODES; i++) {
        fixture->hosts[i] = (struct spec_host){.name = names[i], .address = addresses[i]};
        fixture->nodes[i] =
            (struct spec_node){.host = &fixture->hosts[i], .port = 11211, .config = {defaults, 3}};
    }
    fixture->nodes[2].config = (struct settings){third, 3};
    fixture->nodes[2].own = (struct settings){own, 1};
    fixture->cloud = (struct spec_cloud){.code = "test-cloud",
                                         .config = {defaults, 3},
                                         .nodes = fixture->nodes,
                                         .node_count = CLOUD_NODES};
}
