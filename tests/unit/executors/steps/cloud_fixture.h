#pragma once

#include "planner/spec/spec.h"

/* The cloud of the classic Arcus guide, cut to three nodes, made without a spec file: test-cloud on
 * 10.0.0.1 … 10.0.0.3, port 11211; the third has threads of its own. */
enum { CLOUD_NODES = 3 };

struct cloud_fixture {
    struct spec_host hosts[CLOUD_NODES];
    struct spec_node nodes[CLOUD_NODES];
    struct spec_cloud cloud;
};

void cloud_fixture_init(struct cloud_fixture *fixture);
