"""The cloud of the classic Arcus guide: three hosts, ZooKeeper on all, six nodes."""
import hashlib
import json
import re

import pytest

from cluster.site import cache, store_and_read
from harness import wait_for

SECONDS = 25
NODES = [f"10.0.0.{host}:{port}" for host in (1, 2, 3) for port in (11211, 11212)]


@pytest.fixture(scope="module")
def classic(lasting_site):
    """The example, applied once to blank hosts."""
    lasting_site.use_example()
    lasting_site.first_plan = lasting_site.plan()
    lasting_site.untouched = [host.exists("/opt/arcus") or host.exists("/var/lib/arcus")
                              for host in lasting_site.lab.hosts]
    lasting_site.first_apply = lasting_site.apply()
    return lasting_site


def test_a_plan_names_every_step_and_touches_nothing(classic):
    steps = classic.first_plan["steps"]
    ops = [step["op"] for step in steps]
    assert classic.untouched == [False, False, False]
    for op, count in {"build": 1, "deploy": 3, "zk-config": 3, "zk-start": 3, "zk-init": 1,
                      "register": 1, "start": 6}.items():
        assert ops.count(op) == count, (op, ops)
    assert classic.first_plan["format_version"] == 1
    assert classic.first_plan["summary"]["steps"] == len(steps)
    assert {step["resource"] for step in steps if step["op"] == "start"} == \
        {f"node/test-cloud/{node}" for node in NODES}
    ids = [step["id"] for step in steps]
    for step in steps:
        assert all(need in ids[:ids.index(step["id"])] for need in step["needs"]), step


def test_one_apply_brings_all_six_nodes_online(classic):
    assert classic.live("test-cloud") == NODES


def test_one_apply_leaves_exactly_three_servers_on_each_host(classic):
    for host in classic.lab.hosts:
        roles = [role for _, role in classic.servers(host)]
        assert sorted(map(str, roles)) == ["11211", "11212", "zookeeper"]


def test_the_ensemble_has_one_leader_and_two_followers(classic):
    modes = sorted(classic.zookeeper_mode(host) for host in classic.lab.hosts)
    assert modes == ["follower", "follower", "leader"]


def test_a_kazoo_client_sees_exactly_the_tree_that_arcus_sh_makes(classic):
    tree = {path: found for path, found in classic.tree().items()
            if not path.startswith("/arcus/cache_server_log/")}
    expected = {"/arcus", "/arcus/cache_list", "/arcus/client_list", "/arcus/cache_server_mapping",
                "/arcus/cache_server_log", "/arcus/cache_list/test-cloud",
                "/arcus/client_list/test-cloud"}
    for node in NODES:
        host = f"cache00{node[7]}.arcus"
        expected |= {f"/arcus/cache_server_mapping/{node}",
                     f"/arcus/cache_server_mapping/{node}/test-cloud",
                     f"/arcus/cache_list/test-cloud/{node}-{host}"}
    assert set(tree) == expected
    for path, (data, ephemeral) in tree.items():
        assert ephemeral == path.startswith("/arcus/cache_list/test-cloud/"), path
        if ephemeral:
            assert data == b"100MB", path
        elif re.fullmatch(r"/arcus/cache_server_mapping/[^/]+", path):
            port = path.rsplit(":", 1)[1]
            assert json.loads(data) == {"port": port, "threads": "6", "memlimit": "100",
                                        "connections": "1000"}
        elif path != "/arcus/cache_list/test-cloud":
            assert data == b"", path


def test_the_cache_list_holds_the_json_that_arcus_sh_reads(classic):
    cloud, _, _ = classic.cloud("test-cloud")
    created = cloud.pop("created")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}", created)
    assert cloud["serviceCode"] == "test-cloud"
    assert cloud["config"] == {"threads": "6", "memlimit": "100", "connections": "1000"}
    assert cloud["servers"] == [
        {"hostname": f"cache00{node[7]}.arcus", "ip": node.split(":")[0],
         "config": {"port": node.split(":")[1]}} for node in NODES]
    assert set(cloud) == {"serviceCode", "servers", "config"}


def test_znodes_are_open_to_every_arcus_tool(classic):
    with classic.client() as client:
        for path in ("/arcus", "/arcus/cache_list/test-cloud",
                     f"/arcus/cache_server_mapping/{NODES[0]}"):
            acls, _ = client.get_acls(path)
            assert [(acl.id.scheme, acl.id.id, acl.perms) for acl in acls] == \
                [("world", "anyone", 31)], path


@pytest.mark.parametrize("node", NODES)
def test_values_stored_through_a_node_are_read_back(classic, node):
    address, port = node.split(":")
    store_and_read(address, int(port))


def test_servers_log_their_joins(classic):
    with classic.client() as client:
        days = client.get_children("/arcus/cache_server_log")
        entries = [entry for day in days
                   for entry in client.get_children(f"/arcus/cache_server_log/{day}")]
    assert sorted(entry.rsplit("-", 2)[0] for entry in entries) == NODES


def test_status_counts_six_of_six_online(classic):
    status = classic.status()
    cloud = next(cloud for cloud in status["clouds"] if "test-cloud" in cloud.values())
    assert (cloud["total"], cloud["online"], cloud["offline"], cloud["undefined"]) == (6, 6, 0, 0)
    text = classic.run("status", check=0).stdout
    assert "test-cloud" in text and all(node in text for node in NODES)


def test_status_works_from_the_ensemble_alone(classic):
    result = classic.program.run("status", "-z", classic.ensemble(), "test-cloud", check=0)
    assert all(node in result.stdout for node in NODES)


def test_a_release_is_unpacked_by_content_hash_and_current_points_to_it(classic):
    for host in classic.lab.hosts:
        releases = host.shell("ls /opt/arcus/releases").stdout.split()
        assert len(releases) == 1 and re.fullmatch(r"arcus-1\.0-[0-9a-f]{12}", releases[0])
        target = host.shell("readlink -f /opt/arcus/current").stdout.strip()
        assert target == f"/opt/arcus/releases/{releases[0]}"
        assert host.exists("/opt/arcus/manifest")
        sent = host.shell("sha256sum </opt/arcus/current/bin/cacheserver").stdout.split()[0]
        assert sent == hashlib.sha256(classic.server.read_bytes()).hexdigest()


def test_afterwards_there_is_nothing_to_do(classic):
    classic.assert_nothing_to_do()


def test_a_second_apply_runs_no_step_and_connects_at_most_once_per_host(classic):
    servers, tree = classic.servers(), classic.tree()
    before = classic.ssh_connections()
    result = classic.apply("--json")
    after = classic.ssh_connections()
    assert all(after[name] - before[name] <= 1 for name in after), (before, after)
    assert classic.servers() == servers and classic.tree() == tree
    assert "step_start" not in [event["event"] for event in result.events], result
    assert result.events[-1]["event"] == "run_end" and result.events[-1]["done"] == 0


def test_history_tells_who_ran_what(classic):
    text = classic.program.run("history", *history_place(classic), check=0).stdout
    assert "apply" in text and "root" in text


def test_a_client_keeps_its_connection_and_values_over_an_apply(classic):
    client = cache("10.0.0.2", 11212)
    # A key that no other node owns after a member joins, or its scrub would remove it.
    client.set("arcus:kept", "value", noreply=False)
    classic.apply()
    assert client.get("arcus:kept") == b"value"
    client.close()


def test_state_commands_tell_what_is_recorded(classic):
    place = history_place(classic)
    listed = classic.program.run("state", "list", *place, check=0).stdout
    for address in ("package/arcus", "release/cache001.arcus/arcus", "zk_server/cache003.arcus",
                    "cloud/test-cloud", f"node/test-cloud/{NODES[5]}"):
        assert address in listed
    shown = classic.program.run("state", "show", "cloud/test-cloud", *place, check=0).stdout
    assert "test-cloud" in shown
    classic.program.run("state", "verify", *place, check=0)
    backup = classic.directory / "backup.db"
    classic.program.run("state", "backup", backup, *place, check=0)
    assert backup.read_bytes().startswith(b"SQLite format 3")


def test_ping_reaches_every_host(classic):
    result = classic.run("ping", check=0)
    assert all(host.name in result.stdout for host in classic.lab.hosts)


def test_one_lost_member_does_not_stop_the_cloud(classic):
    """Last in this module: it leaves a host that was off."""
    classic.lab[3].power_off()
    wait_for(lambda: classic.zookeeper_mode(classic.lab[1]) in ("leader", "follower"), timeout=30)
    store_and_read("10.0.0.1", 11211)
    down = classic.apply(check=3)
    assert "cache003.arcus" in down.text
    classic.lab[3].start()
    classic.apply()
    classic.assert_nothing_to_do()
    assert classic.live("test-cloud") == NODES


def history_place(site):
    return ("--state", site.directory / ".arcusplan" / "state.db")
