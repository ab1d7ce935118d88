"""Day to day: start, stop, restart, destroy, saved plans, both ways to be root, local execution."""
import json

import pytest

from harness import ZooKeeper, wait_for

SECONDS = 130
NODES = [f"10.0.0.{number}:11211" for number in (1, 2, 3)]


@pytest.fixture
def running(site):
    site.use_small_spec()
    site.apply()
    return site


def test_one_node_is_stopped_and_started(running):
    before = running.servers()
    running.run("stop", "--node", "10.0.0.2:11211", check=0)
    stopped = running.servers()
    assert set(before) - set(stopped) == {("cache002.arcus", 11211)}
    assert {key: before[key] for key in stopped} == stopped
    wait_for(lambda: running.live("small") == [NODES[0], NODES[2]], what="it to leave ZooKeeper",
             timeout=30)
    status = running.status()
    cloud = next(cloud for cloud in status["clouds"] if "small" in cloud.values())
    assert (cloud["total"], cloud["online"], cloud["offline"]) == (3, 2, 1)
    running.run("start", "--node", "10.0.0.2:11211", check=0)
    assert running.live("small") == NODES
    running.assert_nothing_to_do()


def test_a_hosts_nodes_are_restarted(running):
    before = running.servers()
    running.run("restart", "--host", "cache003.arcus", check=0)
    after = running.servers()
    assert {key for key in before if before[key] != after[key]} == {("cache003.arcus", 11211)}
    assert running.live("small") == NODES


def test_zookeeper_is_stopped_and_started_by_hand(running):
    running.run("stop", "--zookeeper", check=0)
    assert not running.lab[1].processes("QuorumPeerMain")
    running.run("start", "--zookeeper", check=0)
    assert running.zookeeper_mode(running.lab[1]) == "standalone"


def test_destroy_removes_servers_znodes_and_releases_but_no_data(running):
    running.run("destroy", "--yes", check=0)
    assert running.servers() == {}
    for host in running.lab.hosts:
        assert host.shell("ls -A /opt/arcus/releases 2>/dev/null || true").stdout == ""
    assert running.lab[1].exists("/var/lib/arcus/zookeeper/version-2")
    running.apply()
    assert running.live("small") == NODES


def test_destroy_with_purge_leaves_nothing(running):
    running.run("destroy", "--yes", "--purge", check=0)
    assert running.servers() == {}
    for host in running.lab.hosts:
        assert not host.exists("/var/lib/arcus/zookeeper"), host.name
        assert not host.exists("/opt/arcus/current"), host.name


def test_a_saved_plan_is_applied(site):
    site.use_small_spec()
    site.run("plan", "--out", "saved.plan", check=0)
    site.program.run("apply", "saved.plan", "--yes", check=0)
    assert site.live("small") == NODES
    site.assert_nothing_to_do()


def test_a_saved_plan_is_refused_when_the_world_moved(running):
    running.edit_spec("threads: 2", "threads: 3")
    running.run("plan", "--out", "saved.plan", check=0)
    with running.client() as client:
        client.set("/arcus/cache_server_mapping/10.0.0.1:11211", b"{}")
    before = running.servers()
    result = running.program.run("apply", "saved.plan", "--yes")
    assert result.rc == 5, result
    assert running.servers() == before


def test_a_saved_plan_is_refused_when_the_state_moved(running):
    running.edit_spec("threads: 2", "threads: 3")
    running.run("plan", "--out", "saved.plan", check=0)
    running.apply()
    before = running.servers()
    assert running.program.run("apply", "saved.plan", "--yes").rc == 5
    assert running.servers() == before


@pytest.mark.parametrize("content", [b"", b"{", b"\0" * 64, b'{"format_version": 99}', b"[" * 9999],
                         ids=["empty", "cut off", "zeros", "another version", "deep"])
def test_a_broken_plan_file_is_an_error(site, content):
    (site.directory / "broken.plan").write_bytes(content)
    result = site.program.run("apply", "broken.plan", "--yes", timeout=20)
    assert result.rc in (1, 5, 64) and "broken.plan" in result.text, result


def test_root_needs_no_sudo(site):
    site.use_small_spec(user="root", become="none")
    site.apply()
    assert site.live("small") == NODES
    site.assert_nothing_to_do()


def test_a_bad_spec_touches_nothing(site):
    site.use_small_spec()
    site.edit_spec("threads: 2", "thread: 2")
    site.edit_spec("version: \"1.0\"", "version: [")
    before = site.ssh_connections()
    for command in ("validate", "plan", "apply"):
        result = site.run(command, *(["--yes"] if command == "apply" else []))
        assert result.rc == 1 and "cloud.yaml:" in result.stderr and "error[" in result.stderr
    assert site.ssh_connections() == before
    assert not any(host.exists("/opt/arcus") for host in site.lab.hosts)


def test_an_external_ensemble_is_used_and_never_touched(site):
    server = ZooKeeper(site.lab)
    site.use_small_spec()
    site.edit_spec("  hosts: [cache001.arcus]\n  home: /usr/share/zookeeper\n",
                   f"  external: {server.connect_string}\n")
    site.apply()
    plan = site.plan()
    assert plan["steps"] == []
    assert not any(host.processes("QuorumPeerMain") for host in site.lab.hosts)
    status = site.program.run("status", "-z", server.connect_string, "small", check=0)
    assert all(node in status.stdout for node in NODES)
    site.run("destroy", "--yes", check=0)
    assert server.is_serving()


def test_an_ensemble_of_five_on_five_hosts(site):
    """Every server gets the id of its place in the list and finds the others."""
    for _ in (4, 5):
        site.lab.add_host()
    site.lab.write_known_hosts(site.known_hosts)
    site.use_small_spec()
    site.edit_spec("  cache003.arcus: { address: 10.0.0.3 }\n",
                   "".join(f"  cache00{number}.arcus: {{ address: 10.0.0.{number} }}\n"
                           for number in (3, 4, 5)))
    names = ", ".join(host.name for host in site.lab.hosts)
    site.edit_spec("zookeeper:\n  hosts: [cache001.arcus]", f"zookeeper:\n  hosts: [{names}]")
    site.apply(timeout=150)
    modes = sorted(site.zookeeper_mode(host) for host in site.lab.hosts)
    assert modes == ["follower"] * 4 + ["leader"]
    ids = [host.read("/var/lib/arcus/zookeeper/myid").strip() for host in site.lab.hosts]
    assert ids == ["1", "2", "3", "4", "5"]
    site.assert_nothing_to_do()


def test_an_existing_myid_is_adopted_and_never_swapped(site):
    site.use_example()
    for host, number in zip(site.lab.hosts, (3, 1, 2)):
        host.shell("mkdir -p /var/lib/arcus/zookeeper")
        host.write("/var/lib/arcus/zookeeper/myid", f"{number}\n")
    site.apply()
    ids = [host.read("/var/lib/arcus/zookeeper/myid").strip() for host in site.lab.hosts]
    assert ids == ["3", "1", "2"]
    assert len(site.live("test-cloud")) == 6
    site.assert_nothing_to_do()


def test_this_machine_is_a_host_without_ssh(site):
    """The program runs on one of the hosts, as on a fresh machine of a new user."""
    host = site.lab[1]
    host.put(site.program.program, "/usr/local/bin/arcusplan")
    host.put(site.server, "/usr/local/bin/cacheserver")
    host.run("/bin/mkdir", "/root/cloud")
    site.use_example("local.yaml")
    host.write("/root/cloud/local.yaml", site.read_spec().replace(
        str(site.server), "/usr/local/bin/cacheserver"))

    def arcusplan(*args, check=True):
        return host.run("/usr/local/bin/arcusplan", *args, timeout=90, check=check)

    arcusplan("apply", "/root/cloud/local.yaml", "--yes")
    status = json.loads(arcusplan("status", "/root/cloud/local.yaml", "--json").stdout)
    assert status["clouds"][0]["online"] == 2
    plan = arcusplan("plan", "/root/cloud/local.yaml", "--detailed-exitcode")
    assert plan.returncode == 0
    assert sorted(host.listening_ports() & {2181, 11211, 11212}) == [2181, 11211, 11212]
    arcusplan("destroy", "/root/cloud/local.yaml", "--yes", "--purge")
    assert not host.listening_ports() & {2181, 11211, 11212}
