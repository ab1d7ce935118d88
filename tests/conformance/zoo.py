"""Servers in a cloud with a real ZooKeeper, and what stands between the two."""
import hashlib
import select
import socket
import subprocess
import threading

import pytest
from kazoo.client import KazooClient

from .server import BINARY, USER, eventually, free_port

CACHE_LIST = "/arcus/cache_list"
MAPPING = "/arcus/cache_server_mapping"


@pytest.fixture
def tree(zookeeper):
    """The Arcus tree with an empty cloud `test`; nothing of earlier tests."""
    client = KazooClient(zookeeper.connect_string, timeout=30)
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


class Proxy:
    """Passes bytes between servers and ZooKeeper. `limit` says of each connection, by its number,
    after how many bytes of ZooKeeper's it goes on no further; None never. Then it is cut, or, with
    `stalls`, stays open in silence."""

    def __init__(self, target, limit=lambda number: None, stalls=False):
        self.target, self.limit, self.stalls = target, limit, stalls
        self.connections = 0
        self._open = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(near)
            threading.Thread(target=self._pass, args=(near, self.limit(self.connections)),
                             daemon=True).start()

    def _pass(self, near, left):
        host, port = self.target.split(":")
        try:
            with near, socket.create_connection((host, int(port)), timeout=10) as far:
                while left is None or left > 0:
                    ready, _, _ = select.select([near, far], [], [])
                    if near in ready:
                        far.sendall(self._some(near, 65536))
                    if far in ready:
                        data = self._some(far, 65536 if left is None else left)
                        near.sendall(data)
                        left = None if left is None else left - len(data)
                while self.stalls and near.recv(65536):
                    pass
        except (OSError, ValueError):
            return

    @staticmethod
    def _some(sock, most):
        data = sock.recv(most)
        if not data:
            raise OSError("closed")
        return data

    def close(self):
        if self._listener.fileno() >= 0:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
        self.drop()

    def drop(self):
        """Cuts every connection that is open."""
        for near in self._open:
            try:
                near.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def ketama_owner(nodes, key):
    """The node that libketama gives a key to."""
    points = sorted((int.from_bytes(digest[4 * i:4 * i + 4], "little"), node)
                    for node in nodes for n in range(40)
                    for digest in [hashlib.md5(f"{node}-{n}".encode()).digest()] for i in range(4))
    point = int.from_bytes(hashlib.md5(key.encode()).digest()[:4], "little")
    return next((node for at, node in points if at >= point), points[0][1])
