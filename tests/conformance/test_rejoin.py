"""Out of the cloud and back, and what must not be served afterwards."""
import signal
import time

from .server import eventually, free_port
from .zoo import (CACHE_LIST, Proxy, is_ready, join, ketama_owner, map_node, members,
                  tree)  # noqa: F401

# So that a session ends, and a scrub follows a join, within a test's patience.
ZOO_CFG = ("maxSessionTimeout=6000",)
KEYS = [f"key{number}" for number in range(300)]
OTHER = "10.9.8.7:11211"


def own_znode(server, tree):
    return next(f"{CACHE_LIST}/test/{name}" for name in members(tree)
                if name.startswith(f"127.0.0.1:{server.port}-"))


def put_out(server, tree):
    tree.delete(own_znode(server, tree))
    eventually(lambda: not is_ready(server))


def rejoin(client):
    return client.ask(b"zkensemble rejoin\r\n")


def store(client, keys):
    for key in keys:
        assert client.ask(b"set %s 0 0 1\r\nv\r\n" % key.encode()) == b"STORED\r\n"


def kept(client, keys):
    reply = client.ask(b"get " + " ".join(keys).encode() + b"\r\n", b"END\r\n").decode()
    return {line.split()[1] for line in reply.splitlines() if line.startswith("VALUE ")}


def join_log(tree):
    day, = tree.get_children("/arcus/cache_server_log")
    return sorted(tree.get(f"/arcus/cache_server_log/{day}/{entry}")[0]
                  for entry in tree.get_children(f"/arcus/cache_server_log/{day}"))


def test_a_server_that_rejoins_has_forgotten_what_it_stored_before(join, tree):
    server = join()
    with server.connect() as client:
        store(client, ["old"])
        put_out(server, tree)
        assert kept(client, ["old"]) == {"old"}
        store(client, ["meanwhile"])
        assert rejoin(client) == b"Successfully rejoined\r\n"
        assert kept(client, ["old", "meanwhile"]) == set()
        store(client, ["new"])
        assert kept(client, ["new"]) == {"new"}
        assert client.stats("zookeeper")["zk_connected"] == "true"
    assert is_ready(server) and len(members(tree)) == 1
    eventually(lambda: join_log(tree) == [b"join", b"rejoin"])


def test_a_restarted_server_forgets_what_it_kept_if_others_had_its_keys(join, tree, tmp_path):
    port = free_port()
    kept_in = f"use_persistence=true;data_path={tmp_path};logs_path={tmp_path}"
    server = join("-e", kept_in, port=port)
    with server.connect() as client:
        store(client, ["old"])
    server.stop()
    server = join("-e", kept_in, port=port)
    with server.connect() as client:
        assert kept(client, ["old"]) == {"old"}
    server.stop()
    tree.create(f"{CACHE_LIST}/test/{OTHER}-other", b"", ephemeral=True)
    server = join("-e", kept_in + ";keep_at_join=true", port=port)
    with server.connect() as client:
        assert kept(client, ["old"]) == {"old"}
    server.stop()
    for keep in ("", ";keep_at_join=true"):
        server = join("-e", kept_in + keep, port=port)
        with server.connect() as client:
            assert kept(client, ["old"]) == set()
        server.stop()


def test_a_member_has_nothing_to_rejoin(join, tree):
    server = join()
    with server.connect() as client:
        store(client, ["k"])
        assert rejoin(client) == b"ERROR failed to rejoin ensemble\r\n"
        assert kept(client, ["k"]) == {"k"}


def test_a_removed_list_pauses_the_server_and_a_new_one_takes_it_back(join, tree):
    server = join()
    tree.delete(f"{CACHE_LIST}/test", recursive=True)
    eventually(lambda: not is_ready(server))
    with server.connect() as client:
        assert rejoin(client) == b"ERROR failed to rejoin ensemble\r\n"
        tree.create(f"{CACHE_LIST}/test", b"")
        assert rejoin(client) == b"Successfully rejoined\r\n"
    assert len(members(tree)) == 1


def test_an_expired_session_pauses_the_server_when_failstop_is_off(join, tree):
    server = join()
    with server.connect() as client:
        assert client.ask(b"config zkfailstop off\r\n") == b"END\r\n"
        assert client.stats("zookeeper")["zk_failstop"] == "off"
        store(client, ["old"])
        server.process.send_signal(signal.SIGSTOP)
        eventually(lambda: members(tree) == [], timeout=60)
        server.process.send_signal(signal.SIGCONT)
        eventually(lambda: not is_ready(server))
        assert kept(client, ["old"]) == {"old"}
        assert client.ask(b"config zkfailstop on\r\n") == b"END\r\n"
        assert rejoin(client) == b"Successfully rejoined\r\n"
        assert kept(client, ["old"]) == set()
    assert len(members(tree)) == 1


def test_a_client_that_waits_holds_up_nobody(join, zookeeper, tree):
    server = join("-t", "1", "-o", "10")
    put_out(server, tree)
    port, = zookeeper.ports
    zookeeper.stop_server(port)
    try:
        with server.connect(60) as waiting, server.connect() as other, server.connect() as gone:
            begun = time.monotonic()
            waiting.send(b"zkensemble rejoin\r\nversion\r\n")
            gone.send(b"zkensemble rejoin\r\n")
            store(other, ["k"])
            gone.close()
            expected = b"ERROR failed to rejoin ensemble\r\nVERSION 1.15.0\r\n"
            assert waiting.read(len(expected)) == expected
            assert 5 < time.monotonic() - begun < 40
            assert kept(other, ["k"]) == {"k"}
    finally:
        zookeeper.start_server(port)
        eventually(zookeeper.is_serving, timeout=60)


def test_a_signal_ends_a_server_with_a_client_that_waits(join, zookeeper, tree):
    server = join("-o", "30")
    put_out(server, tree)
    port, = zookeeper.ports
    zookeeper.stop_server(port)
    try:
        with server.connect() as client:
            client.send(b"zkensemble rejoin\r\n")
            assert server.stop() == 0
    finally:
        zookeeper.start_server(port)
        eventually(zookeeper.is_serving, timeout=60)


def start_behind(start, tree, proxy):
    port = free_port()
    map_node(tree, f"127.0.0.1:{port}")
    server = start("-z", proxy.address, listen=("-p", str(port), "-l", "127.0.0.1"))
    eventually(lambda: is_ready(server))
    return server


def test_the_servers_in_use_can_be_seen_and_changed(start, zookeeper, tree):
    old, new = Proxy(zookeeper.connect_string), Proxy(zookeeper.connect_string)
    server = start_behind(start, tree, old)
    with server.connect() as client, old, new:
        def listed():
            return client.ask(b"zkensemble get\r\n", b"\n\r\n")
        assert listed() == b"%s\r\n\n\r\n" % old.address.encode()
        for nonsense in (b"no-such-host.invalid:2181", b",", b"127.0.0.1"):
            assert client.ask(b"zkensemble set %s\r\n" % nonsense) == \
                b"ERROR failed to set the new ensemble address (check logs)\r\n"
        assert listed() == b"%s\r\n\n\r\n" % old.address.encode()
        assert client.ask(b"zkensemble set %s\r\n" % new.address.encode()) == b"OK\r\n"
        assert listed() == b"%s\r\n\n\r\n" % new.address.encode()
        old.close()
        eventually(lambda: new.connections > 0)
        eventually(lambda: client.stats("zookeeper")["zk_connected"] == "true")
        assert is_ready(server) and len(members(tree)) == 1
        put_out(server, tree)
        assert rejoin(client) == b"Successfully rejoined\r\n"
        assert new.connections > 1


def test_what_a_new_member_took_over_is_scrubbed_after_a_session_timeout(join, tree):
    server = join()
    with server.connect() as client:
        store(client, [*KEYS, "arcus:internal"])
        begun = time.monotonic()
        tree.create(f"{CACHE_LIST}/test/{OTHER}-other", b"", ephemeral=True)
        nodes = [f"127.0.0.1:{server.port}", OTHER]
        mine = {key for key in KEYS if ketama_owner(nodes, key) == nodes[0]}
        assert 0 < len(mine) < len(KEYS)
        eventually(lambda: kept(client, KEYS) == mine, timeout=60)
        assert time.monotonic() - begun > 5
        assert kept(client, ["arcus:internal"]) == {"arcus:internal"}


def test_what_a_member_had_that_went_early_is_scrubbed_at_once(join, tree):
    server = join("-vv")
    with server.connect() as client:
        store(client, KEYS)
        tree.create(f"{CACHE_LIST}/test/{OTHER}-other", b"", ephemeral=True)
        eventually(lambda: "cloud test has 2 members" in server.log())
        tree.delete(f"{CACHE_LIST}/test/{OTHER}-other")
        nodes = [f"127.0.0.1:{server.port}", OTHER]
        mine = {key for key in KEYS if ketama_owner(nodes, key) == nodes[0]}
        begun = time.monotonic()
        eventually(lambda: kept(client, KEYS) == mine)
        assert time.monotonic() - begun < 5
