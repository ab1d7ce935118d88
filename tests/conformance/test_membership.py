"""Membership in a cloud, with a real ZooKeeper."""
import re
import signal
import socket
import subprocess
import time

import pytest
from kazoo.client import KazooClient

from .server import BINARY, USER, Server, free_port

CACHE_LIST = "/arcus/cache_list"
MAPPING = "/arcus/cache_server_mapping"


def eventually(condition, timeout=30):
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, "the condition did not come true"
        time.sleep(0.05)


@pytest.fixture
def tree(zookeeper):
    """The Arcus tree with an empty cloud `test`; nothing of earlier tests."""
    client = KazooClient(zookeeper.connect_string, timeout=10)
    client.start(timeout=30)
    if client.exists("/arcus"):
        client.delete("/arcus", recursive=True)
    for path in (f"{CACHE_LIST}/test", "/arcus/client_list/test", MAPPING):
        client.ensure_path(path)
    yield client
    client.stop()
    client.close()


def map_node(tree, name, code="test"):
    tree.ensure_path(f"{MAPPING}/{name}/{code}")


@pytest.fixture
def join(start, zookeeper, tree):
    """Starts a server on a mapped port and waits until it is a member."""
    def start_member(*options, port=None, mapping="127.0.0.1:{port}", ready=True, **how):
        port = port or free_port()
        if mapping:
            map_node(tree, mapping.format(port=port))
        server = start("-z", zookeeper.connect_string, *options,
                       listen=("-p", str(port), "-l", "127.0.0.1"), **how)
        if ready:
            eventually(lambda: is_ready(server))
        return server
    return start_member


def is_ready(server):
    with server.connect() as client:
        return client.ask(b"ready\r\n") == b"READY\r\n"


def members(tree):
    return tree.get_children(f"{CACHE_LIST}/test")


def fails_to_join(zookeeper, port, *options, timeout=60):
    """The exit status and what was logged."""
    result = subprocess.run([BINARY, *USER, "-z", zookeeper, "-p", str(port), "-l", "127.0.0.1",
                             *options], capture_output=True, text=True, timeout=timeout)
    return result.returncode, result.stderr


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
