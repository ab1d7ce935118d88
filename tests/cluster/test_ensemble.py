"""An ensemble grows from one server to five and shrinks again under a cloud that keeps its place."""
from cluster.site import store_and_read
from harness import wait_for

SECONDS = 45

SPEC = """\
arcusplan: 1
ssh: {{ user: arcus, become: sudo, connect_timeout: 5s }}
hosts:
  "cache[001-005].arcus": {{ address: "10.0.0.[1-5]" }}
packages:
  arcus:
    version: "1.0"
    files:
      - {{ from: {server}, to: bin/cacheserver, mode: "0755" }}
    install_dir: /opt/arcus
zookeeper:
  hosts: [{members}]
  home: /usr/share/zookeeper
clouds:
  wide:
    package: arcus
    config: {{ threads: 1, memlimit: 64MB, connections: 100 }}
    update: {{ watch_time: 0s, max_unavailable: 5 }}
    nodes:
      - hosts: ["cache[001-005].arcus"]
        ports: [11211]
"""


def grow_or_shrink(site, count):
    members = [host.name for host in site.lab.hosts[:count]]
    site.write_spec(SPEC.format(server=site.server, members=", ".join(members)))
    site.apply(timeout=240)
    modes = [site.zookeeper_mode(host) for host in site.lab.hosts[:count]]
    assert sorted(modes) == (["standalone"] if count == 1
                             else ["follower"] * (count - 1) + ["leader"]), modes
    for host in site.lab.hosts[count:]:
        assert 2181 not in host.listening_ports()
    site.assert_nothing_to_do()
    wait_for(lambda: site.live("wide") == [f"10.0.0.{number}:11211" for number in range(1, 6)],
             timeout=60, what="all nodes to be in the cache list")


def test_one_three_five_and_back(site):
    site.lab.add_host()
    site.lab.add_host()
    site.lab.write_known_hosts(site.known_hosts)
    grow_or_shrink(site, 1)
    created = site.cloud("wide")[0]["created"]
    grow_or_shrink(site, 3)
    grow_or_shrink(site, 5)
    grow_or_shrink(site, 3)
    grow_or_shrink(site, 1)
    assert site.cloud("wide")[0]["created"] == created, "the registration was lost on the way"
    store_and_read("10.0.0.5", 11211)
