"""Membership in a cloud, with a real ZooKeeper."""
import re
import signal
import socket
import time

import pytest

from .server import Server, eventually, free_port
from .zoo import (CACHE_LIST, fails_to_join, is_ready, join, map_node, members,
                  tree)  # noqa: F401


def test_a_server_joins_with_its_address_and_memory(join, tree):
    server = join("-m", "100")
    name, = members(tree)
    assert re.fullmatch(rf"127\.0\.0\.1:{server.port}-[\w.-]+", name)
    data, stat = tree.get(f"{CACHE_LIST}/test/{name}")
    assert data == b"100MB" and stat.ephemeralOwner
    acls, _ = tree.get_acls(f"{CACHE_LIST}/test/{name}")
    assert [(acl.id.scheme, acl.id.id, acl.perms) for acl in acls] == [("world", "anyone", 31)]


def test_joining_is_logged_under_the_day(join, tree):
    join()
    name, = members(tree)
    day = eventually(lambda: tree.exists("/arcus/cache_server_log") and
                     tree.get_children("/arcus/cache_server_log"))[0]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", day)
    entry = eventually(lambda: tree.get_children(f"/arcus/cache_server_log/{day}"))[0]
    assert re.fullmatch(re.escape(name) + r"-\d{10}", entry)
    assert tree.get(f"/arcus/cache_server_log/{day}/{entry}")[0] == b"join"


def test_statistics_show_the_membership(join, tree):
    server = join("-o", "15")
    with server.connect() as client:
        stats = client.stats("zookeeper")
    assert stats["zk_timeout"] == "15000" and stats["zk_failstop"] == "on"
    assert stats["zk_connected"] == "true" and stats["zk_ready"] == "true"


def test_a_signal_leaves_the_cloud_before_clients_are_turned_away(join, tree):
    server = join()
    with server.connect() as client:
        begun = time.monotonic()
        server.process.send_signal(signal.SIGINT)
        eventually(lambda: members(tree) == [])
        assert client.ask(b"version\r\n") == b"VERSION 1.15.0\r\n"
        assert server.process.wait(20) == 0
        assert time.monotonic() - begun < 5


def test_a_restarted_server_joins_at_once(join, tree):
    port = free_port()
    for _ in range(3):
        server = join(port=port)
        assert len(members(tree)) == 1
        assert server.stop() == 0


@pytest.mark.parametrize("mapping", ["cache.example:{port}", "127.0.0.1"])
def test_the_mapping_may_name_the_host_or_the_address_alone(join, tree, mapping):
    server = join(mapping=mapping, env={"ARCUS_CACHE_HOSTNAME_OVERWRITE": "cache.example"})
    assert members(tree) == [f"127.0.0.1:{server.port}-cache.example"]


def test_the_public_address_can_be_given(join, tree):
    server = join(mapping="10.9.8.7:{port}", env={"ARCUS_CACHE_PUBLIC_IP": "10.9.8.7"})
    assert members(tree)[0].startswith(f"10.9.8.7:{server.port}-")


def test_the_service_code_ends_at_a_caret(join, tree):
    port = free_port()
    map_node(tree, f"127.0.0.1:{port}", "test^group^127.0.0.1:20000")
    join(port=port, mapping=None)
    assert len(members(tree)) == 1


def test_two_servers_see_each_other(join, tree):
    first = join("-vv")
    second = join()
    eventually(lambda: "cloud test has 2 members" in first.log())
    second.stop()
    eventually(lambda: first.log().count("cloud test has 1 members") == 2)


def test_without_a_mapping_the_server_ends(zookeeper, tree):
    status, log = fails_to_join(zookeeper.connect_string, free_port())
    assert status == 76 and "no cloud is mapped" in log


def test_two_clouds_for_one_server_are_refused(zookeeper, tree):
    port = free_port()
    for code in ("test", "other"):
        map_node(tree, f"127.0.0.1:{port}", code)
    status, log = fails_to_join(zookeeper.connect_string, port)
    assert status == 76 and "mapped to 2 clouds" in log


def test_a_cloud_without_a_list_is_refused(zookeeper, tree):
    port = free_port()
    map_node(tree, f"127.0.0.1:{port}", "nowhere")
    status, log = fails_to_join(zookeeper.connect_string, port)
    assert status == 76 and "no cache list" in log


def test_a_name_that_is_taken_is_refused(zookeeper, tree):
    port = free_port()
    map_node(tree, f"127.0.0.1:{port}")
    host = socket.getnameinfo(("127.0.0.1", port), 0)[0]
    tree.create(f"{CACHE_LIST}/test/127.0.0.1:{port}-{host}", b"", ephemeral=True)
    status, log = fails_to_join(zookeeper.connect_string, port)
    assert status == 76 and "already" in log


def test_an_unreachable_zookeeper_ends_the_server_in_time():
    begun = time.monotonic()
    status, log = fails_to_join(f"127.0.0.1:{free_port()}", free_port(), "-o", "10")
    assert status == 76 and "no answer in time" in log
    assert 9 < time.monotonic() - begun < 30


def test_an_ensemble_that_does_not_resolve_ends_the_server():
    status, log = fails_to_join("no-such-host.invalid:2181", free_port(), "-o", "10")
    assert status == 76 and "no route" in log


def test_a_signal_ends_a_server_that_is_still_joining():
    with Server("-z", f"127.0.0.1:{free_port()}") as server:
        with server.connect() as client:
            assert client.ask(b"ready\r\n") == b"NOT_READY\r\n"
        assert server.stop() == 0


def test_a_removed_znode_pauses_the_server(join, tree):
    server = join()
    tree.delete(f"{CACHE_LIST}/test/{members(tree)[0]}")
    eventually(lambda: not is_ready(server))
    with server.connect() as client:
        assert client.stats("zookeeper")["zk_connected"] == "false"
        assert client.ask(b"set k 0 0 1\r\nv\r\n") == b"STORED\r\n"
    assert members(tree) == []


def test_an_expired_session_ends_the_server(join, tree):
    server = join("-o", "10")
    server.process.send_signal(signal.SIGSTOP)
    eventually(lambda: members(tree) == [], timeout=60)
    server.process.send_signal(signal.SIGCONT)
    assert server.process.wait(60) == 75
    assert "expired" in server.log()


def test_a_server_serves_on_while_zookeeper_is_away(join, zookeeper, tree):
    server = join("-o", "30")
    port, = zookeeper.ports
    zookeeper.stop_server(port)
    with server.connect() as client:
        eventually(lambda: client.stats("zookeeper")["zk_connected"] == "false")
        assert client.ask(b"ready\r\n") == b"READY\r\n"
        assert client.ask(b"set k 0 0 1\r\nv\r\n") == b"STORED\r\n"
        zookeeper.start_server(port)
        eventually(lambda: client.stats("zookeeper")["zk_connected"] == "true", timeout=60)
    eventually(lambda: len(members(tree)) == 1, timeout=60)


def test_without_zookeeper_the_statistics_and_limits_are_there(start):
    server = start()
    with server.connect() as client:
        assert client.ask(b"ready\r\n") == b"READY\r\n"
        stats = client.stats("zookeeper")
        assert stats.pop("zk_libversion")
        assert stats == {"zk_timeout": "30000", "zk_failstop": "on", "zk_connected": "false",
                         "zk_ready": "false", "zk_reconfig_needed": "off"}
        assert client.ask(b"config hbtimeout\r\n", b"END\r\n") == b"hbtimeout 0\r\nEND\r\n"
        assert client.ask(b"config hbfailstop\r\n", b"END\r\n") == b"hbfailstop 0\r\nEND\r\n"
        assert client.ask(b"config zkfailstop\r\n", b"END\r\n") == b"zkfailstop on\r\nEND\r\n"
        stats = client.stats()
        assert stats["hb_count"] == "0" and stats["hb_latency"] == "0"


def test_a_standalone_zookeeper_has_no_configuration_to_follow(join, tree):
    server = join()
    with server.connect() as client:
        stats = client.stats("zookeeper")
    assert stats["zk_reconfig_needed"] == "on" and stats["zk_reconfig_enabled"] == "off"
    assert stats["zk_reconfig_version"] == "ffffffffffffffff"


def test_the_code_of_a_cloud_may_have_128_characters(start, zookeeper, tree):
    port = free_port()
    tree.ensure_path(f"{CACHE_LIST}/{'c' * 128}")
    map_node(tree, f"127.0.0.1:{port}", "c" * 128)
    server = start("-z", zookeeper.connect_string, listen=("-p", str(port), "-l", "127.0.0.1"))
    eventually(lambda: is_ready(server))
    port = free_port()
    map_node(tree, f"127.0.0.1:{port}", "c" * 129)
    status, log = fails_to_join(zookeeper.connect_string, port)
    assert status == 76 and "longer than 128" in log


def test_a_proxy_stands_in_for_its_server(start, zookeeper, tree):
    map_node(tree, "10.9.9.9:80")
    tree.create(f"{CACHE_LIST}/test/10.9.9.9:80-proxy", b"", ephemeral=True)
    server = start("-z", zookeeper.connect_string, "-x", "10.9.9.9:80")
    eventually(lambda: is_ready(server))
    assert members(tree) == ["10.9.9.9:80-proxy"]
    tree.delete(f"{CACHE_LIST}/test/10.9.9.9:80-proxy")
    assert server.process.wait(30) == 76
    status, log = fails_to_join(zookeeper.connect_string, free_port(), "-x", "10.9.9.9:80")
    assert status == 76 and "removed" in log


def test_a_mapping_that_is_empty_is_refused(zookeeper, tree):
    port = free_port()
    tree.ensure_path(f"/arcus/cache_server_mapping/127.0.0.1:{port}")
    status, log = fails_to_join(zookeeper.connect_string, port)
    assert status == 76 and "mapped to 0 clouds" in log
