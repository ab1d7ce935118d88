"""An operator's directory with a spec in it, the program, and the hosts that it works on."""
import re
import shutil
from pathlib import Path

import yaml
from pymemcache.client.base import Client

from harness import Arcusplan, find_program, four_letters, kazoo, read_cloud, read_tree, wait_for

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
SPEC = "cloud.yaml"

# One ZooKeeper server on cache001, one cache node on each host: quick to bring up.
SMALL = """\
arcusplan: 1
ssh: {{ user: {user}, become: {become}, connect_timeout: 3s }}
hosts:
  cache001.arcus: {{ address: 10.0.0.1 }}
  cache002.arcus: {{ address: 10.0.0.2 }}
  cache003.arcus: {{ address: 10.0.0.3 }}
packages:
  arcus:
    version: "1.0"
    files:
      - {{ from: {server}, to: bin/cacheserver, mode: "0755" }}
    install_dir: /opt/arcus
zookeeper:
  hosts: [cache001.arcus]
  home: /usr/share/zookeeper
clouds:
  small:
    package: arcus
    config: {{ threads: 2, memlimit: 64MB, connections: 200 }}
    update: {{ watch_time: 0s }}
    nodes:
      - hosts: [cache001.arcus]
        ports: [11211]
      - hosts: [cache002.arcus]
        ports: [11211]
      - hosts: [cache003.arcus]
        ports: [11211]
"""


class Site:
    """The spec is cloud.yaml in the directory; lab.yaml beside it names the lab's keys and the
    server that was built, so that an example can be run as it is."""

    def __init__(self, lab, directory):
        self.lab = lab
        self.directory = Path(directory)
        self.server = find_program("cacheserver", "CACHESERVER").resolve()
        self.known_hosts = self.directory / "known_hosts"
        self.program = Arcusplan(self.directory)
        self.specs = [SPEC, "lab.yaml"]
        lab.write_known_hosts(self.known_hosts)
        self.write("lab.yaml", f"arcusplan: 1\nssh:\n  identity_file: {lab.identity}\n"
                               f"  known_hosts: {self.known_hosts}\n")

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        reports = self.program.sanitizer_reports()
        if kind is None:
            assert not reports, reports

    # The spec

    def write(self, name, text):
        (self.directory / name).write_text(text)

    def write_spec(self, text):
        self.write(SPEC, text)

    def read_spec(self):
        return (self.directory / SPEC).read_text()

    def use_small_spec(self, user="arcus", become="sudo"):
        self.write_spec(SMALL.format(user=user, become=become, server=self.server))

    def use_example(self, name="three-hosts.yaml"):
        """The example with the server that was built in place of the one it names."""
        text = (EXAMPLES / name).read_text()
        assert "../build/cacheserver/cacheserver" in text
        self.write_spec(text.replace("../build/cacheserver/cacheserver", str(self.server)))

    def edit_spec(self, old, new):
        """Replace one piece of text that must be there once."""
        text = self.read_spec()
        assert text.count(old) == 1, f"{old!r} is there {text.count(old)} times"
        self.write_spec(text.replace(old, new))

    def spec_line(self, piece):
        """CLOUD.YAML:LINE of the only line that holds the piece."""
        lines = [number for number, line in enumerate(self.read_spec().splitlines(), 1)
                 if piece in line]
        assert len(lines) == 1, f"{piece!r} is on lines {lines}"
        return f"{SPEC}:{lines[0]}"

    # The program

    def run(self, command, *args, **options):
        return self.program.run(command, *self.specs, *args, **options)

    def apply(self, *args, check=0, **options):
        return self.run("apply", "--yes", *args, check=check, **options)

    def plan(self, *args, check=0):
        return self.run("plan", "--format", "json", *args, check=check).json()

    def status(self, *args):
        return self.run("status", "--json", *args, check=0).json()

    def assert_nothing_to_do(self):
        plan = self.plan()
        assert plan["steps"] == [] and plan["summary"]["steps"] == 0, plan
        assert self.run("plan", "--detailed-exitcode").rc == 0

    # The world

    def ensemble(self):
        names = yaml.safe_load(self.read_spec())["zookeeper"]["hosts"]
        return ",".join(f"{host.address}:2181" for host in self.lab.hosts if host.name in names)

    def client(self):
        return kazoo(self.ensemble())

    def tree(self):
        with self.client() as client:
            return read_tree(client)

    def cloud(self, code):
        """(JSON of the cache list, mappings, live nodes)"""
        with self.client() as client:
            return read_cloud(client, code)

    def live(self, code):
        return self.cloud(code)[2]

    def servers(self, host=None):
        """{(host name, "zookeeper" or port): process} of every server that runs on a host."""
        found = {}
        for one in [host] if host else self.lab.hosts:
            if not one.is_up():
                continue
            for process in one.processes():
                role = _role(process)
                if role and process.state != "Z":
                    found[one.name, role] = process.identity
        return found

    def settle(self):
        """Wait until what a killed run started on the hosts has ended or become a daemon."""
        def is_quiet():
            return not any(host.processes("sshd:", "@") or host.processes("sshd:", "[priv]")
                           for host in self.lab.hosts if host.is_up() and not host.frozen)
        wait_for(is_quiet, timeout=30, what="the killed run's connections to end")

    def ssh_connections(self):
        return {host.name: host.ssh_connections() for host in self.lab.hosts}

    def zookeeper_mode(self, host):
        answer = four_letters(host.address, 2181, "srvr")
        found = re.search(r"^Mode: (\w+)", answer, re.MULTILINE)
        return found.group(1) if found else None

    def forget_state(self):
        shutil.rmtree(self.directory / ".arcusplan")


def _role(process):
    words = " ".join(process.argv)
    if "QuorumPeerMain" in words and "java" in process.argv[0]:
        return "zookeeper"
    if process.argv[0].endswith("/cacheserver") or process.argv[0] == "cacheserver":
        found = re.search(r"(?:-p|--port)[ =]?(\d+)", words)
        return int(found.group(1)) if found else None
    return None


def cache(address, port):
    return Client((address, port), connect_timeout=20, timeout=20, no_delay=True)


def store_and_read(address, port, count=20):
    """Values are kept: stored and read back over separate connections."""
    writer, reader = cache(address, port), cache(address, port)
    for number in range(count):
        assert writer.set(f"key{number}", f"value {number} of {port}", noreply=False)
    for number in range(count):
        assert reader.get(f"key{number}") == f"value {number} of {port}".encode()
    writer.close()
    reader.close()


def stat(address, port, name, group=()):
    client = cache(address, port)
    stats = client.stats(*group)
    client.close()
    return stats[name.encode()]
