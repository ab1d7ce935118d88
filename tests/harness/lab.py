"""A network of test hosts on this machine, cut off from every other network."""
import os
import shutil
import tempfile
from pathlib import Path

from .host import Host
from .namespaces import PrivateNamespaces, sh

PREFIX = "arcusplan-lab-"
CONTROLLER = "10.0.0.254"


def reap_stale_directories(parent=None):
    """Remove what a killed test run could not: only its directory, the kernel did the rest."""
    for path in Path(parent or tempfile.gettempdir()).glob(f"{PREFIX}*-*"):
        pid = path.name[len(PREFIX):].split("-")[0]
        if pid.isdigit() and not Path(f"/proc/{pid}").exists():
            shutil.rmtree(path, ignore_errors=True)


class Lab:
    """Test hosts cache001.arcus, cache002.arcus, ... at 10.0.0.1, 10.0.0.2, ... on one bridge.

    While it is open the calling thread, and the threads and processes it starts, are in the
    bridge's own network namespace at 10.0.0.254, with an /etc/hosts that knows the hosts.
    Use it as a context manager, in the main thread, one at a time.
    """

    def __init__(self, hosts=3):
        self.hosts = []
        self._count = hosts
        self._namespaces = PrivateNamespaces()
        self._servers = []
        self.directory = None

    def __enter__(self):
        if os.geteuid() != 0:
            raise PermissionError("test hosts need network and mount namespaces: run as root")
        reap_stale_directories()
        self._namespaces.enter()
        try:
            self._set_up()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        for server in self._servers:
            server.stop()
        self._servers = []
        for host in self.hosts:
            host.remove()
        self.hosts = []
        if self.directory:
            sh("umount -l /etc/hosts")
            shutil.rmtree(self.directory, ignore_errors=True)
            self.directory = None
        sh("ip link del bridge0")
        self._namespaces.leave()

    def __getitem__(self, number):
        """lab[1] is cache001.arcus."""
        return self.hosts[number - 1]

    def add_host(self, ssh_port=22, boot=True):
        number = len(self.hosts) + 1
        host = Host(self, number, f"cache{number:03d}.arcus", f"10.0.0.{number}", ssh_port)
        self.hosts.append(host)
        self.write_hosts_file()
        if boot:
            host.start()
        return host

    def drop_host(self, host):
        """Take the last host away for good."""
        if host is not self.hosts[-1]:
            raise ValueError("only the host added last can go")
        self.hosts.pop().remove()
        for place in (host.files, host.disk):
            shutil.rmtree(place, ignore_errors=True)
        self.write_hosts_file()

    def reset(self, hosts=None):
        """Every host blank and healthy again with a known key, all servers of the lab gone."""
        for server in self._servers:
            server.stop()
        self._servers = []
        wanted = self._count if hosts is None else hosts
        while len(self.hosts) > wanted:
            self.drop_host(self.hosts[-1])
        for host in self.hosts:
            host.power_off()
            host.blank_disk()
        for host in self.hosts:
            host.boot()
        for host in self.hosts:
            host.wait_up()

    def assert_no_sanitizer_reports(self):
        for host in self.hosts:
            if host.is_up() and not host.frozen:
                report = host.sanitizer_reports()
                assert not report, f"on {host.name}:\n{report}"

    def adopt_server(self, server):
        """Something with stop() that ends with the lab."""
        self._servers.append(server)
        return server

    def write_known_hosts(self, path, skip=()):
        """Pin every host's present key, under its name and its address."""
        lines = []
        for host in self.hosts:
            if host in skip:
                continue
            names = [host.name, host.address]
            if host.ssh_port != 22:
                names = [f"[{name}]:{host.ssh_port}" for name in names]
            lines.append(f"{','.join(names)} {host.public_host_key()}\n")
        Path(path).write_text("".join(lines))
        return Path(path)

    def write_hosts_file(self):
        lines = ["127.0.0.1 localhost\n", f"{CONTROLLER} controller.arcus\n"]
        lines += [f"{host.address} {host.name}\n" for host in self.hosts]
        self.hosts_file.write_text("".join(lines))

    def _set_up(self):
        self.directory = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
        self.directory.chmod(0o755)
        self.identity = self.directory / "id_ed25519"
        self.hosts_file = self.directory / "hosts.txt"
        sh(f"ssh-keygen -q -t ed25519 -N '' -C lab -f {self.identity}")
        sh("ip link add bridge0 type bridge forward_delay 0 stp_state 0")
        sh(f"ip addr add {CONTROLLER}/24 dev bridge0")
        sh("ip link set bridge0 up")
        self.write_hosts_file()
        sh(f"mount --bind {self.hosts_file} /etc/hosts")
        for _ in range(self._count):
            self.add_host(boot=False)
        for host in self.hosts:
            host.boot()
        for host in self.hosts:
            host.wait_up()
