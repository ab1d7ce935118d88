"""A real ZooKeeper of Debian's package beside the test hosts, and a look into any ensemble."""
import json
import socket
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

from kazoo.client import KazooClient
from kazoo.exceptions import NoNodeError

from .lab import CONTROLLER
from .namespaces import spawn
from .wait import wait_for

CLASSPATH = "/etc/zookeeper/conf:/usr/share/java/zookeeper.jar"


class ZooKeeper:
    """One standalone server, or an ensemble of 3 or 5, that arcusplan does not manage."""

    def __init__(self, lab, servers=1, first_port=2181, address=CONTROLLER, extra=()):
        self.address = address
        self._extra = tuple(extra)  # lines that come last in zoo.cfg
        self.ports = [first_port + number for number in range(servers)]
        self.directory = Path(tempfile.mkdtemp(prefix="zookeeper-", dir=lab.directory))
        self._processes = {}
        for port in self.ports:
            self._configure(port)
            self.start_server(port)
        lab.adopt_server(self)
        wait_for(self.is_serving, timeout=60, what="the external ensemble to serve")

    @property
    def connect_string(self):
        return ",".join(f"{self.address}:{port}" for port in self.ports)

    def is_serving(self):
        return all(four_letters(self.address, port, "srvr").find("Mode: ") >= 0
                   for port in self.ports)

    def start_server(self, port):
        home = self.directory / str(port)
        with open(home / "log", "ab") as log:
            self._processes[port] = spawn(
                ["java", "-Xmx64m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
                 "-Dzookeeper.jmx.log4j.disable=true", "-cp", CLASSPATH,
                 "org.apache.zookeeper.server.quorum.QuorumPeerMain", str(home / "zoo.cfg")],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=home)

    def stop_server(self, port):
        process = self._processes.pop(port, None)
        if process:
            process.kill()
            process.wait()

    def signal_server(self, port, sign):
        self._processes[port].send_signal(sign)

    def stop(self):
        for port in list(self._processes):
            self.stop_server(port)

    def _configure(self, port):
        home = self.directory / str(port)
        (home / "data").mkdir(parents=True)
        lines = ["tickTime=1000", "initLimit=10", "syncLimit=5", f"dataDir={home}/data",
                 f"clientPort={port}", f"clientPortAddress={self.address}",
                 "admin.enableServer=false", "4lw.commands.whitelist=*", "maxClientCnxns=100",
                 "minSessionTimeout=2000", "maxSessionTimeout=200000"]
        if len(self.ports) > 1:
            number = self.ports.index(port) + 1
            (home / "data" / "myid").write_text(f"{number}\n")
            lines += [f"server.{index + 1}={self.address}:{2888 + index}:{3888 + index}"
                      for index in range(len(self.ports))]
        (home / "zoo.cfg").write_text("\n".join([*lines, *self._extra]) + "\n")


def four_letters(address, port, word, timeout=10.0):
    """The answer to one of ZooKeeper's four letter words; "" when there is none."""
    try:
        with socket.create_connection((address, port), timeout=timeout) as connection:
            connection.sendall(word.encode())
            answer = b""
            while True:
                chunk = connection.recv(65536)
                if not chunk:
                    return answer.decode(errors="replace")
                answer += chunk
    except OSError:
        return ""


@contextmanager
def kazoo(connect_string, timeout=60):
    client = KazooClient(hosts=connect_string, timeout=30)
    client.start(timeout=timeout)
    try:
        yield client
    finally:
        client.stop()
        client.close()


def read_tree(client, path="/arcus"):
    """Every znode below path as {path: (data, is_ephemeral)}."""
    tree = {}
    try:
        data, stat = client.get(path)
        names = client.get_children(path)
    except NoNodeError:
        return tree
    tree[path] = (data, stat.ephemeralOwner != 0)
    for name in names:
        tree.update(read_tree(client, f"{path}/{name}"))
    return tree


def read_cloud(client, code):
    """The JSON kept in the cache list, the mappings and the live nodes of one cloud."""
    root = "/arcus/cache_list/" + code
    mappings = {}
    for name in client.get_children("/arcus/cache_server_mapping"):
        path = "/arcus/cache_server_mapping/" + name
        if code in client.get_children(path):
            mappings[name] = json.loads(client.get(path)[0])
    live = sorted(name.split("-")[0] for name in client.get_children(root))
    return json.loads(client.get(root)[0]), mappings, live
