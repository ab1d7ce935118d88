#include "tests/unit/planner/observe/site_spec.h"

static const struct setting settings[] = {
    {"connections", "1000"}, {"memlimit", "100"}, {"threads", "6"}};

static void make_hosts(struct site_spec *site, int gone_ssh_port)
{
    site->hosts[0] =
        (struct spec_host){.name = "here", .address = "127.0.0.1", .executor = EXECUTOR_LOCAL};
    site->hosts[1] = (struct spec_host){.name = "gone",
                                        .address = "127.0.0.2",
                                        .executor = EXECUTOR_SSH,
                                        .ssh = {.user = "nobody",
                                                .port = gone_ssh_port,
                                                .known_hosts = "/dev/null",
                                                .connect_timeout_ms = 5000}};
}

static void make_zookeeper(struct site_spec *site, const char *site_dir, int port,
                           struct arena *arena)
{
    site->zookeeper_hosts[0] = &site->hosts[0];
    site->zookeeper = (struct spec_zookeeper){
        .is_managed = true,
        .hosts = site->zookeeper_hosts,
        .host_places = site->zookeeper_places,
        .host_count = 1,
        .connect = arena_printf(arena, "127.0.0.1:%d", port),
        .home = "/usr/share/zookeeper",
        .client_port = port,
        .data_dir = arena_printf(arena, "%s/data", site_dir),
    };
}

static void make_cloud(struct site_spec *site)
{
    for (int i = 0; i < 2; i++)
        site->nodes[i] =
            (struct spec_node){.host = &site->hosts[i], .port = 27411, .config = {settings, 3}};
    site->cloud = (struct spec_cloud){.code = "test-cloud",
                                      .package = &site->package,
                                      .config = {settings, 3},
                                      .nodes = site->nodes,
                                      .node_count = 2};
}

void site_spec_init(struct site_spec *site, const char *site_dir, int zookeeper_port,
                    int gone_ssh_port, struct arena *arena)
{
    *site = (struct site_spec){0};
    make_hosts(site, gone_ssh_port);
    site->package = (struct spec_package){
        .name = "arcus", .version = "1.0", .install_dir = arena_printf(arena, "%s/opt", site_dir)};
    make_zookeeper(site, site_dir, zookeeper_port, arena);
    make_cloud(site);
    site->spec = (struct spec){.hosts = site->hosts,
                               .host_count = 2,
                               .packages = &site->package,
                               .package_count = 1,
                               .zookeeper = &site->zookeeper,
                               .clouds = &site->cloud,
                               .cloud_count = 1};
}
