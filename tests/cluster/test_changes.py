"""What changes in the spec is what changes on the hosts, and nothing else does."""
import pytest

from cluster.site import cache, stat, store_and_read
from harness import wait_for

SECONDS = 145

OTHER_CLOUD = """\
  other:
    package: arcus
    config: { threads: 2, memlimit: 64MB, connections: 200 }
    nodes:
      - hosts: [cache002.arcus, cache003.arcus]
        ports: [12000]
"""
THIRD_NODE = """\
      - hosts: [cache003.arcus]
        ports: [11211]
"""


@pytest.fixture
def running(site):
    site.use_small_spec()
    site.apply()
    site.assert_nothing_to_do()
    return site


def steps_of(plan, *ops):
    return sorted((step["op"], step["resource"]) for step in plan["steps"]
                  if not ops or step["op"] in ops)


def test_threads_of_one_node_restart_only_that_node(running):
    before = running.servers()
    kept = cache("10.0.0.1", 11211)
    # A key that no other node owns after a member joins, or its scrub would remove it.
    kept.set("arcus:kept", "value", noreply=False)
    running.edit_spec("      - hosts: [cache002.arcus]\n        ports: [11211]\n",
                      "      - hosts: [cache002.arcus]\n        ports: [11211]\n"
                      "        config: { threads: 3 }\n")
    plan = running.plan()
    restarts = [step for step in plan["steps"] if step["op"] == "restart"]
    assert [step["resource"] for step in restarts] == ["node/small/10.0.0.2:11211"]
    assert not [step for step in plan["steps"] if step["op"] in ("start", "stop", "deploy")]
    change = next(change for change in restarts[0]["changes"] if "threads" in change["attribute"])
    assert (change["old"], change["new"]) == ("2", "3")
    place = running.spec_line("config: { threads: 3 }")
    assert f"cloud.yaml:{restarts[0]['source']['line']}" == place
    text = running.run("plan", check=0).stdout
    assert place in text and "10.0.0.1:11211" not in text

    running.apply()
    after = running.servers()
    changed = {key for key in before if before[key] != after.get(key)}
    assert changed == {("cache002.arcus", 11211)} and set(after) == set(before)
    assert stat("10.0.0.2", 11211, "threads") in (3, b"3")
    assert kept.get("arcus:kept") == b"value"
    assert running.cloud("small")[1]["10.0.0.2:11211"]["threads"] == "3"
    running.assert_nothing_to_do()


def test_a_changed_package_is_deployed_and_restarts_what_runs_it(running):
    before = running.servers()
    (running.directory / "notes").write_text("version two\n")
    running.edit_spec('to: bin/cacheserver, mode: "0755" }\n',
                      'to: bin/cacheserver, mode: "0755" }\n'
                      "      - { from: notes, to: share/notes }\n")
    plan = running.plan()
    assert len(steps_of(plan, "deploy")) == 3 and len(steps_of(plan, "restart")) == 3
    running.apply()
    after = running.servers()
    assert after["cache001.arcus", "zookeeper"] == before["cache001.arcus", "zookeeper"]
    assert all(after[key] != before[key] for key in before if key[1] == 11211)
    for host in running.lab.hosts:
        assert host.read("/opt/arcus/current/share/notes") == "version two\n"
        assert len(host.shell("ls /opt/arcus/releases").stdout.split()) == 2
    assert running.live("small") == [f"10.0.0.{number}:11211" for number in (1, 2, 3)]
    running.assert_nothing_to_do()


def test_a_node_is_added_and_removed(running):
    before = running.servers()
    running.edit_spec(THIRD_NODE, THIRD_NODE.replace("[11211]", "[11211, 11212]"))
    plan = running.plan()
    assert steps_of(plan, "start") == [("start", "node/small/10.0.0.3:11212")]
    running.apply()
    added = running.servers()
    assert set(added) - set(before) == {("cache003.arcus", 11212)}
    assert {key: added[key] for key in before} == before
    store_and_read("10.0.0.3", 11212)
    assert "10.0.0.3:11212" in running.live("small")
    running.assert_nothing_to_do()

    running.edit_spec("[11211, 11212]", "[11211]")
    plan = running.plan()
    assert steps_of(plan, "stop") == [("stop", "node/small/10.0.0.3:11212")]
    assert plan["summary"]["delete"] >= 1
    running.apply()
    assert running.servers() == before
    cloud, mappings, live = running.cloud("small")
    assert "10.0.0.3:11212" not in live and "10.0.0.3:11212" not in mappings
    assert "11212" not in [server["config"]["port"] for server in cloud["servers"]]
    assert "/arcus/cache_server_mapping/10.0.0.3:11212" not in running.tree()
    running.assert_nothing_to_do()


def test_a_host_is_added_and_removed(running):
    before = running.servers()
    fourth = running.lab.add_host()
    running.lab.write_known_hosts(running.known_hosts)
    running.edit_spec("  cache003.arcus: { address: 10.0.0.3 }\n",
                      "  cache003.arcus: { address: 10.0.0.3 }\n"
                      "  cache004.arcus: { address: 10.0.0.4 }\n")
    running.edit_spec(THIRD_NODE, THIRD_NODE.replace("[cache003.arcus]",
                                                     "[cache003.arcus, cache004.arcus]"))
    running.apply()
    added = running.servers()
    assert set(added) - set(before) == {("cache004.arcus", 11211)}
    assert {key: added[key] for key in before} == before
    running.assert_nothing_to_do()

    running.edit_spec("  cache004.arcus: { address: 10.0.0.4 }\n", "")
    running.edit_spec(", cache004.arcus]", "]")
    plan = running.plan()
    assert [resource for _, resource in steps_of(plan, "undeploy")] == \
        ["release/cache004.arcus/arcus"]
    running.apply()
    assert running.servers() == before
    assert fourth.shell("ls -A /opt/arcus/releases 2>/dev/null || true").stdout == ""
    assert not fourth.exists("/opt/arcus/current")
    running.assert_nothing_to_do()


def test_a_second_cloud_comes_and_goes_without_touching_the_first(running):
    before, tree = running.servers(), running.tree()
    running.write_spec(running.read_spec() + OTHER_CLOUD)
    running.apply()
    both = running.servers()
    assert set(both) - set(before) == {("cache002.arcus", 12000), ("cache003.arcus", 12000)}
    assert {key: both[key] for key in before} == before
    assert running.live("other") == ["10.0.0.2:12000", "10.0.0.3:12000"]
    assert {path: found for path, found in running.tree().items() if path in tree} == tree
    store_and_read("10.0.0.3", 12000)
    running.assert_nothing_to_do()

    running.write_spec(running.read_spec().replace(OTHER_CLOUD, ""))
    plan = running.plan()
    assert steps_of(plan, "stop") == [("stop", "node/other/10.0.0.2:12000"),
                                      ("stop", "node/other/10.0.0.3:12000")]
    assert steps_of(plan, "unregister") == [("unregister", "cloud/other")]
    running.apply()
    assert running.servers() == before
    gone = running.tree()
    assert not [path for path in gone if "other" in path or ":12000" in path
                and "cache_server_log" not in path]
    assert {path: gone.get(path) for path in tree} == tree
    running.assert_nothing_to_do()


def test_a_cloud_that_must_not_be_destroyed_stays_although_its_line_is_gone(running):
    running.write_spec(running.read_spec() + OTHER_CLOUD + "    prevent_destroy: true\n")
    running.apply()
    before = running.servers()
    running.write_spec(running.read_spec().replace(OTHER_CLOUD, "")
                       .replace("    prevent_destroy: true\n", ""))
    refused = running.run("apply", "--yes")
    assert refused.rc == 1 and "prevent_destroy" in refused.text and "other" in refused.text
    assert running.servers() == before


def test_target_and_exclude_choose_the_steps(running):
    running.edit_spec("threads: 2", "threads: 3")
    plan = running.plan("--target", "node/small/10.0.0.2:*")
    assert steps_of(plan, "restart") == [("restart", "node/small/10.0.0.2:11211")]
    plan = running.plan("--exclude", "node/small/10.0.0.2:*")
    assert [resource for _, resource in steps_of(plan, "restart")] == \
        ["node/small/10.0.0.1:11211", "node/small/10.0.0.3:11211"]
    before = running.servers()
    running.apply("--target", "node/small/10.0.0.2:11211")
    changed = {key for key, process in running.servers().items() if before[key] != process}
    assert changed == {("cache002.arcus", 11211)}
    assert running.run("plan", "--detailed-exitcode").rc == 2


def test_a_rolling_restart_takes_down_one_node_at_a_time(running):
    running.edit_spec("threads: 2, memlimit", "threads: 3, memlimit")
    process = running.program.start("apply", *running.specs, "--yes")
    fewest = 3
    while process.poll() is None:
        up = sum(11211 in host.listening_ports() for host in running.lab.hosts)
        fewest = min(fewest, up)
    assert running.program.finish(process, check=0)
    assert fewest >= 2
    wait_for(lambda: len(running.live("small")) == 3, what="three live nodes")
