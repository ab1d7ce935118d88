"""The state database is only a cache of the truth: lost, damaged or old, nothing is restarted."""
import json

import pytest

from harness import wait_for

SECONDS = 55
NODES = [f"10.0.0.{number}:11211" for number in (1, 2, 3)]


@pytest.fixture
def running(site):
    site.use_small_spec()
    site.apply()
    return site


def assert_taken_over(site):
    before = site.servers()
    site.apply()
    assert site.servers() == before
    site.assert_nothing_to_do()
    listed = site.program.run("state", "list", "--state",
                              site.directory / ".arcusplan" / "state.db", check=0).stdout
    assert "node/small/10.0.0.3:11211" in listed


def test_a_lost_state_database(running):
    running.forget_state()
    plan = running.plan()
    assert not [step for step in plan["steps"] if step["op"] in
                ("start", "restart", "stop", "deploy", "zk-start", "zk-restart", "register")], plan
    assert_taken_over(running)


@pytest.mark.parametrize("damage", [b"", b"not a database at all\n" * 100, b"SQLite format 3\0zzz"],
                         ids=["empty", "text", "cut off"])
def test_a_damaged_state_database_is_an_error_with_a_way_out(running, damage):
    before = running.servers()
    for path in (running.directory / ".arcusplan").iterdir():
        if path.name.startswith("state.db"):
            path.unlink()
    (running.directory / ".arcusplan" / "state.db").write_bytes(damage)
    result = running.run("apply", "--yes")
    assert result.rc in (0, 1), result
    if result.rc == 1:
        assert "state.db" in result.text and "hint" in result.text, result
        running.forget_state()
    assert running.servers() == before
    assert_taken_over(running)


def test_znodes_that_were_lost(running):
    before = running.servers()
    with running.client() as client:
        client.delete("/arcus/cache_server_mapping/10.0.0.2:11211/small")
        client.delete("/arcus/cache_server_mapping/10.0.0.2:11211")
    plan = running.plan()
    assert {step["op"] for step in plan["steps"]} == {"register"}
    running.apply()
    assert "10.0.0.2:11211" in running.cloud("small")[1]
    assert running.servers() == before
    running.assert_nothing_to_do()


def test_znodes_that_were_edited_by_hand(running):
    before = running.servers()
    with running.client() as client:
        cloud = json.loads(client.get("/arcus/cache_list/small")[0])
        cloud["config"]["threads"] = "99"
        client.set("/arcus/cache_list/small", json.dumps(cloud).encode())
    running.apply()
    cloud, _, live = running.cloud("small")
    assert cloud["config"]["threads"] == "2" and "modified" in cloud and live == NODES
    assert running.servers() == before
    running.assert_nothing_to_do()


def test_a_znode_that_holds_garbage(running):
    with running.client() as client:
        client.set("/arcus/cache_list/small", b"\xff\xfe{{{ not json")
        client.set("/arcus/cache_server_mapping/10.0.0.1:11211", b"[" * 5000)
    running.apply()
    assert running.cloud("small")[0]["serviceCode"] == "small"
    running.assert_nothing_to_do()


def test_a_server_that_died(running):
    before = running.servers()
    running.lab[2].run("/bin/kill", "-9", str(before["cache002.arcus", 11211][0]))
    wait_for(lambda: running.live("small") == [NODES[0], NODES[2]], timeout=60,
             what="the dead node's session to expire")
    plan = running.plan()
    assert [(step["op"], step["resource"]) for step in plan["steps"]] == \
        [("start", "node/small/10.0.0.2:11211")]
    running.apply()
    after = running.servers()
    assert {key for key in before if before[key] != after[key]} == {("cache002.arcus", 11211)}
    assert running.live("small") == NODES


def test_a_host_replaced_by_a_blank_one(running):
    before = running.servers()
    running.lab[3].replace()
    running.lab.write_known_hosts(running.known_hosts)
    running.apply()
    after = running.servers()
    assert {key for key in before if before[key] != after[key]} <= {("cache003.arcus", 11211)}
    assert running.live("small") == NODES
    running.assert_nothing_to_do()


def test_a_host_that_was_rebooted(running):
    """The pid files are still there and name processes that are others now."""
    before = running.servers()
    running.lab[3].reboot()
    running.apply()
    after = running.servers()
    assert {key: after[key] for key in before if key[0] != "cache003.arcus"} == \
        {key: before[key] for key in before if key[0] != "cache003.arcus"}
    assert running.live("small") == NODES
    running.assert_nothing_to_do()


def test_the_ensembles_only_member_was_rebooted(running):
    running.lab[1].reboot()
    running.apply(timeout=150)
    wait_for(lambda: running.live("small") == NODES, timeout=90, what="all nodes to be back")
    running.apply()
    running.assert_nothing_to_do()


def test_a_cloud_of_the_previous_tool_is_taken_over(site):
    """Its servers run and are registered, no state knows of them: only what differs is done."""
    site.use_small_spec()
    site.apply()
    site.forget_state()
    with site.client() as client:
        old = json.loads(client.get("/arcus/cache_list/small")[0])
        old["created"] = "2019-01-01 00:00:00.000000"
        client.set("/arcus/cache_list/small", json.dumps(old, indent=4).encode())
    before = site.servers()
    site.apply()
    assert site.servers() == before
    assert site.cloud("small")[0]["created"] == "2019-01-01 00:00:00.000000"
