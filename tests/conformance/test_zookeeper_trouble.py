"""ZooKeeper frozen, cut off in the middle of an answer, or reconfigured; a server that hangs."""
import ctypes
import os
import signal
import socket
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from harness.zookeeper import ZooKeeper

from .server import Client, eventually, free_port
from .zoo import (CACHE_LIST, Proxy, fails_to_join, is_ready, join, map_node, members,
                  tree)  # noqa: F401

ZOO_CFG = ("standaloneEnabled=false", "reconfigEnabled=true", "skipACL=yes",
           "dynamicConfigFile=zoo.cfg.dynamic")
PTRACE_ATTACH = 16
WALL = 0x40000000


@pytest.fixture(scope="module")
def zookeeper(tmp_path_factory):
    """An ensemble of one that can be reconfigured."""
    class Reconfigurable(ZooKeeper):
        def _configure(self, port):
            home = self.directory / str(port)
            (home / "data").mkdir(parents=True)
            (home / "data" / "myid").write_text("1\n")
            (home / "zoo.cfg.dynamic").write_text(
                f"server.1={self.address}:{free_port()}:{free_port()}:participant;"
                f"{self.address}:{port}\n")
            (home / "zoo.cfg").write_text("\n".join(
                ["tickTime=1000", "initLimit=10", "syncLimit=5", f"dataDir={home}/data",
                 "admin.enableServer=false", "4lw.commands.whitelist=*", "maxClientCnxns=100",
                 "minSessionTimeout=2000", "maxSessionTimeout=200000", *ZOO_CFG]) + "\n")

    place = SimpleNamespace(directory=tmp_path_factory.mktemp("zookeeper"), adopt_server=lambda _: 0)
    server = Reconfigurable(place, first_port=free_port(), address="127.0.0.1")
    yield server
    server.stop()


def start_behind(start, tree, proxy, *options, ready=True):
    port = free_port()
    map_node(tree, f"127.0.0.1:{port}")
    server = start("-z", proxy.address, *options, listen=("-p", str(port), "-l", "127.0.0.1"))
    if ready:
        eventually(lambda: is_ready(server), timeout=60)
    return server


def zk_stat(server, name):
    with server.connect() as client:
        return client.stats("zookeeper")[name]


def is_back_or_over(server):
    """Which of the two depends on whether ZooKeeper was away for longer than the session."""
    try:
        return zk_stat(server, "zk_connected") == "true"
    except (OSError, KeyError):
        return server.process.poll() == 75


def test_a_frozen_zookeeper_does_not_hold_up_members(join, zookeeper, tree):
    server, leaving = join("-o", "10"), join("-o", "10")
    port, = zookeeper.ports
    zookeeper.signal_server(port, signal.SIGSTOP)
    try:
        eventually(lambda: zk_stat(server, "zk_connected") == "false", timeout=60)
        with server.connect() as client:
            assert client.ask(b"set k 0 0 1\r\nv\r\n") == b"STORED\r\n"
            assert client.ask(b"ready\r\n") == b"READY\r\n"
        assert leaving.stop() == 0
        status, log = fails_to_join(zookeeper.connect_string, free_port(), "-o", "10")
        assert status == 76 and "no answer in time" in log
    finally:
        zookeeper.signal_server(port, signal.SIGCONT)
    eventually(lambda: is_back_or_over(server), timeout=60)


def test_joining_survives_connections_that_are_cut_anywhere(start, zookeeper, tree):
    proxies = [Proxy(zookeeper.connect_string, limit=lambda number, step=step: number * step)
               for step in (19, 37, 71, 113)]
    servers = [start_behind(start, tree, proxy, "-o", "90", ready=False) for proxy in proxies]
    for server in servers:
        eventually(lambda server=server: is_ready(server), timeout=100)
    eventually(lambda: len(members(tree)) == len(servers))
    assert all(proxy.connections > 1 for proxy in proxies)
    for server in servers:
        assert server.stop() == 0
    for proxy in proxies:
        proxy.close()


def test_answers_that_stop_half_way_end_joining_in_time(start, zookeeper, tree):
    proxies = [Proxy(zookeeper.connect_string, limit=lambda number, most=most: most, stalls=True)
               for most in (0, 3, 41, 47, 90)]
    begun = time.monotonic()
    servers = [start_behind(start, tree, proxy, "-o", "10", ready=False) for proxy in proxies]
    assert [server.process.wait(60) for server in servers] == [76] * len(servers)
    assert time.monotonic() - begun < 50
    for proxy in proxies:
        proxy.close()


def test_members_survive_connections_that_are_cut_again_and_again(start, zookeeper, tree):
    proxy = Proxy(zookeeper.connect_string,
                  limit=lambda number: None if number in (1, 5) else 50 * number)
    server = start_behind(start, tree, proxy, "-o", "60")
    proxy.drop()
    eventually(lambda: proxy.connections >= 5 and zk_stat(server, "zk_connected") == "true",
               timeout=60)
    other = f"{CACHE_LIST}/test/10.9.8.7:1-other"
    tree.create(other, b"", ephemeral=True)
    eventually(lambda: len(members(tree)) == 2)
    assert is_ready(server)
    tree.delete(f"{CACHE_LIST}/test/" + next(name for name in members(tree) if "other" not in name))
    eventually(lambda: not is_ready(server))
    assert server.stop() == 0
    proxy.close()


def test_the_heartbeat_shows_in_the_statistics(join, tree):
    server = join()
    with server.connect() as client:
        eventually(lambda: int(client.stats()["hb_count"]) >= 2)
        assert int(client.stats()["hb_latency"]) < 5000
        assert int(client.stats()["cmd_set"]) >= 2
        eventually(lambda: client.stats()["curr_items"] == "0")
        settings = client.stats("settings")
        assert (settings["hb_timeout"], settings["hb_failstop"]) == ("10000", "60000")
        assert client.ask(b"config hbtimeout 60001\r\n") == b"CLIENT_ERROR bad value\r\n"
        assert client.ask(b"config hbfailstop 9999\r\n") == b"CLIENT_ERROR bad value\r\n"


def test_the_heartbeat_goes_where_the_server_listens(start, zookeeper, tree):
    port = free_port()
    map_node(tree, f"127.0.0.1:{port}")
    start("-z", zookeeper.connect_string, listen=("-p", str(port), "-l", "127.0.0.9"))
    with Client(socket.create_connection(("127.0.0.9", port), 20)) as client:
        eventually(lambda: client.stats()["cmd_set"] != "0")


def test_the_heartbeat_needs_no_login(join, tree, tmp_path):
    passwords = tmp_path / "passwords"
    passwords.write_text("user:secret\n")
    server = join("-o", "10", "-S", env={"MEMCACHED_SASL_PWDB": str(passwords)})
    with server.connect() as client:
        assert client.ask(b"set k 0 0 1\r\nv\r\n") == b"CLIENT_ERROR unauthorized\r\n"
        eventually(lambda: int(client.stats()["hb_count"]) >= 2)
        assert client.stats()["cmd_set"] != "0"
        eventually(lambda: client.stats()["curr_items"] == "0")
        assert client.ask(b"ready\r\n") == b"READY\r\n"


def freeze_workers(process):
    """Stops the threads that serve clients, and only those."""
    libc = ctypes.CDLL(None, use_errno=True)
    frozen = []
    for task in Path(f"/proc/{process.pid}/task").iterdir():
        if (task / "comm").read_text() == "worker\n":
            if libc.ptrace(PTRACE_ATTACH, int(task.name), None, None):
                pytest.skip(f"ptrace: {os.strerror(ctypes.get_errno())}")
            frozen.append(int(task.name))
            os.waitpid(int(task.name), WALL)
    assert frozen
    return frozen


def is_over(frozen):
    """Whoever stopped a thread must take note of its end."""
    for thread in list(frozen):
        if os.waitpid(thread, os.WNOHANG | WALL)[0]:
            frozen.remove(thread)
    return not frozen


def test_a_server_that_hangs_leaves_the_cloud_and_ends(join, tree):
    server = join("-t", "2")
    with server.connect() as client:
        assert client.ask(b"config hbtimeout 500\r\n") == b"END\r\n"
        assert client.ask(b"config hbfailstop 3000\r\n") == b"END\r\n"
    frozen = freeze_workers(server.process)
    begun = time.monotonic()
    eventually(lambda: members(tree) == [])
    eventually(lambda: is_over(frozen))
    assert server.process.wait(30) == 75
    assert time.monotonic() - begun > 2
    assert "heartbeat" in server.log()


def test_a_reconfigured_ensemble_is_followed(join, zookeeper, tree):
    server = join()
    assert zk_stat(server, "zk_reconfig_needed") == "on"
    eventually(lambda: zk_stat(server, "zk_reconfig_enabled") == "on")
    before = int(zk_stat(server, "zk_reconfig_version"), 16)
    config, _ = tree.get("/zookeeper/config")
    line = next(line for line in config.decode().splitlines() if line.startswith("server.1="))
    moved = free_port()
    members_line = line.split(";")[0] + f";127.0.0.1:{moved}"
    tree.reconfig(joining=members_line, leaving=None, new_members=None)
    eventually(lambda: int(zk_stat(server, "zk_reconfig_version"), 16) > before)
    with server.connect() as client:
        assert client.ask(b"zkensemble get\r\n", b"\n\r\n") == b"127.0.0.1:%d\r\n\n\r\n" % moved
    assert is_ready(server)
    # Back again for the tests that follow. A member that is cut off before it reads this knows only
    # an address where nobody is any more, as any client would.
    tree.reconfig(joining=line, leaving=None, new_members=None)
