#pragma once

#include "planner/base/arena.h"
#include "planner/spec/spec.h"

/* A spec made by hand: host "here" reached directly and host "gone" that nobody reaches, a package
 * "arcus", a managed ZooKeeper server on "here" and the cloud "test-cloud" with one node on each
 * host. */
struct site_spec {
    struct spec spec;
    struct spec_host hosts[2];
    struct spec_package package;
    struct spec_zookeeper zookeeper;
    const struct spec_host *zookeeper_hosts[1];
    struct srcloc zookeeper_places[1];
    struct spec_node nodes[2];
    struct spec_cloud cloud;
};

/* site_dir: holds "opt" and "data". */
void site_spec_init(struct site_spec *site, const char *site_dir, int zookeeper_port,
                    int gone_ssh_port, struct arena *arena);
