"""One test host: a machine of its own in all that a program sees over SSH.

It has network, process, mount, host name and IPC namespaces of its own and a writable layer over
this machine's files in a tmpfs of limited size (its disk). The disk outlives a power loss; /tmp,
/run and the processes don't.
"""
import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .namespaces import sh, spawn
from .wait import wait_for

HERE = Path(__file__).resolve().parent
SOURCE = HERE.parent.parent
DISK_SIZE = "256m"

SSHD_CONFIG = """\
Port {port}
HostKey /etc/ssh/hostkey
UsePAM no
UseDNS no
PasswordAuthentication no
PermitRootLogin prohibit-password
LogLevel VERBOSE
AcceptEnv LANG LC_*
Subsystem sftp /usr/lib/openssh/sftp-server
SetEnv {environment}
"""
ENVIRONMENT = {
    "ASAN_OPTIONS": "log_path=/var/log/sanitizer/asan",
    "UBSAN_OPTIONS": "print_stacktrace=1:log_path=/var/log/sanitizer/ubsan",
    "TSAN_OPTIONS": "log_path=/var/log/sanitizer/tsan",
}

ZOOKEEPER_ENVIRONMENT = """
JMXDISABLE=true
JVMFLAGS="-Xmx64m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 $JVMFLAGS"
"""


@dataclass(frozen=True)
class Process:
    """One process of a host. pid is the number outside, inner what the host itself sees."""

    pid: int
    inner: int
    start: int
    state: str
    argv: tuple

    @property
    def identity(self):
        return (self.inner, self.start)

    def __contains__(self, word):
        return word in " ".join(self.argv)


class Host:
    """Made by Lab.add_host, which gives it its address and its port on the bridge."""

    def __init__(self, lab, number, name, address, ssh_port=22):
        self.lab = lab
        self.number = number
        self.name = name
        self.address = address
        self.ssh_port = ssh_port
        self.link = f"port{number}"
        self.files = lab.directory / "hosts" / name
        self.disk = lab.directory / "disks" / name
        self.disk_size = DISK_SIZE
        self.frozen = False
        self._unshare = None
        self._init = None
        self._helpers = []
        self.files.mkdir(parents=True)
        self.disk.mkdir(parents=True)
        self._write_files()
        self.mount_disk()

    # Life

    def boot(self):
        """Begin to start; wait_up() waits for it, so that several hosts start side by side.
        To be called from the main thread: the host dies with the thread that booted it."""
        self._unshare = spawn(
            ["unshare", "--net", "--mount", "--uts", "--ipc", "--pid", "--cgroup", "--fork",
             "--kill-child", "/bin/bash", str(HERE / "host_init.sh"), self.name, self.address,
             str(self.disk), str(self.files), str(SOURCE)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self._init = wait_for(self._first_process, what=f"the first process of {self.name}",
                              every=0.005)
        sh(f"ip link add {self.link} type veth peer name eth0 "
           f"address 02:00:00:00:00:{self.number:02x} netns {self._init}")
        sh(f"ip link set {self.link} master bridge0 up")
        self._unshare.stdin.write("go\n")
        self._unshare.stdin.close()
        self._forget_neighbour()

    def use_systemd(self):
        """Start again with systemd as the first process, until the lab is reset."""
        self._systemd_marker.touch()
        self.reboot()

    def wait_up(self):
        line = self._unshare.stdout.readline()
        if line != "up\n":
            raise RuntimeError(f"{self.name} did not start: {line}{self._unshare.stderr.read()}")
        wait_for(self.is_listening_ssh, what=f"sshd on {self.name}", every=0.005)

    def start(self):
        self.boot()
        self.wait_up()

    def power_off(self):
        """As if the plug was pulled: no connection is closed in order, and the disk stays."""
        if self._unshare is None:
            return
        if self._init is not None and self._unshare.poll() is None:
            subprocess.run(["ip", "link", "del", self.link], capture_output=True)
            os.kill(self._init, signal.SIGKILL)
        self._release_helpers()
        self._unshare.wait(timeout=60)
        for stream in (self._unshare.stdout, self._unshare.stderr):
            stream.close()
        self._unshare = None
        self._init = None
        self.frozen = False

    def reboot(self):
        self.power_off()
        self.start()

    def replace(self, new_host_key=True):
        """Another machine, blank, at the same address."""
        self.power_off()
        self.unmount_disk()
        if new_host_key:
            self.make_host_key()
        self.mount_disk()
        self.start()

    def remove(self):
        self.power_off()
        self.unmount_disk()

    @property
    def first_process_id(self):
        return self._init

    def is_up(self):
        return self._unshare is not None and self._unshare.poll() is None

    # Looking inside

    def run(self, *argv, check=True, timeout=60, input=None):
        """Run a command inside the host as root; returns its CompletedProcess."""
        done = subprocess.run(self._enter(argv), capture_output=True, text=True, timeout=timeout,
                              input=input, env={"PATH": os.defpath + ":/usr/sbin:/sbin",
                                                "HOME": "/root"})
        if check and done.returncode != 0:
            raise RuntimeError(f"{self.name}: {' '.join(argv)}: status {done.returncode}: "
                               f"{done.stdout}{done.stderr}")
        return done

    def shell(self, script, **options):
        return self.run("/bin/sh", "-c", script, **options)

    def read(self, path):
        return self.run("/bin/cat", str(path)).stdout

    def write(self, path, text):
        self.run("/bin/sh", "-c", 'cat >"$0"', str(path), input=text)

    def put(self, local, path, mode="0755"):
        """Copy a file of this machine into the host."""
        with open(local, "rb") as source:
            subprocess.run(self._enter(["/bin/sh", "-c", f'cat >"$0" && chmod {mode} "$0"', path]),
                           stdin=source, check=True, timeout=60)

    def spawn(self, *argv, env=None):
        """Start a program of the host in the foreground, as root; its Popen. Ends with the host."""
        process = spawn(self._enter(argv), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                        stderr=subprocess.STDOUT, text=True, errors="replace",
                        env={**ENVIRONMENT, "PATH": os.defpath, **(env or {})})
        self._helpers.append(process)
        return process

    def exists(self, path):
        return self.run("/usr/bin/test", "-e", str(path), check=False).returncode == 0

    def processes(self, *words):
        """The host's processes (not its first one) whose command line holds all the words."""
        namespace = os.readlink(f"/proc/{self._init}/ns/pid")
        found = []
        for entry in os.listdir("/proc"):
            if not entry.isdigit() or int(entry) == self._init:
                continue
            process = self._read_process(int(entry), namespace)
            if process and all(word in process for word in words):
                found.append(process)
        return sorted(found, key=lambda process: process.inner)

    def listening_ports(self):
        """TCP ports that somebody listens on, read without a connection."""
        ports = set()
        for table in ("tcp", "tcp6"):
            for line in Path(f"/proc/{self._init}/net/{table}").read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == "0A":
                    ports.add(int(fields[1].rsplit(":", 1)[1], 16))
        return ports

    def is_listening_ssh(self):
        return self.ssh_port in self.listening_ports()

    def ssh_connections(self):
        """How many SSH connections were opened to this host since its disk was new."""
        log = self.run("/bin/cat", "/var/log/sshd.log", check=False).stdout
        return sum("Connection from" in line for line in log.splitlines())

    def sanitizer_reports(self):
        """What sanitized programs that were started over SSH had to say."""
        return self.shell("cat /var/log/sanitizer/* 2>/dev/null", check=False).stdout

    # Trouble

    def unplug(self):
        sh(f"ip link set {self.link} down")

    def plug(self):
        sh(f"ip link set {self.link} up")
        self._forget_neighbour()

    def freeze(self):
        """Stop every process but keep the network up: connections are accepted, nobody answers."""
        self.frozen = True
        wait_for(self._stop_all, what=f"{self.name} to freeze", every=0.002)

    def thaw(self):
        for process in self.processes():
            _signal(process.pid, signal.SIGCONT)
        os.kill(self._init, signal.SIGCONT)
        self.frozen = False

    def stop_sshd(self):
        """Nobody listens any more and open sessions are cut."""
        for process in self.processes("sshd"):
            _signal(process.pid, signal.SIGKILL)
        wait_for(lambda: not self.is_listening_ssh(), what=f"sshd of {self.name} to end")

    def start_sshd(self):
        self.run("/usr/sbin/sshd", "-E", "/var/log/sshd.log")
        wait_for(self.is_listening_ssh, what=f"sshd on {self.name}")

    def change_host_key(self):
        """The host answers with a key that nobody has pinned; returns a call that undoes it."""
        old = {name: self.read(f"/etc/ssh/{name}") for name in ("hostkey", "hostkey.pub")}
        fresh = self.files / "other"
        for name in ("other", "other.pub"):
            (self.files / name).unlink(missing_ok=True)
        sh(f"ssh-keygen -q -t ed25519 -N '' -f {fresh}")
        self._install_host_key(fresh.read_text(), Path(f"{fresh}.pub").read_text())
        return lambda: self._install_host_key(old["hostkey"], old["hostkey.pub"])

    def fill_disk(self, leave_kib=0):
        """Leave only so much room on the host's disk."""
        used_kib = int(sh(f"df --output=used -k {self.disk}").split()[-1])
        sh(f"mount -o remount,size={used_kib + max(leave_kib, 4)}k {self.disk}")

    def free_disk(self):
        sh(f"mount -o remount,size={self.disk_size} {self.disk}")

    def hide_java(self):
        self.run("/bin/mount", "-t", "tmpfs", "-o", "size=4k", "nojava", "/usr/lib/jvm")

    def show_java(self):
        self.run("/bin/umount", "/usr/lib/jvm")

    def occupy_port(self, port):
        """Somebody else listens there; returns a call that makes them go."""
        holder = self.spawn("/usr/bin/python3", "-c",
                            "import socket, signal, sys\n"
                            "listener = socket.create_server(('', int(sys.argv[1])))\n"
                            "signal.pause()", str(port))
        wait_for(lambda: port in self.listening_ports(), what=f"port {port} to be occupied")

        def release():
            self._end_helper(holder)
            wait_for(lambda: port not in self.listening_ports(), what=f"port {port} to be free")
        return release

    # Inner workings

    def make_host_key(self):
        for name in ("hostkey", "hostkey.pub"):
            (self.files / name).unlink(missing_ok=True)
        sh(f"ssh-keygen -q -t ed25519 -N '' -C {self.name} -f {self.files}/hostkey")

    def public_host_key(self):
        return " ".join((self.files / "hostkey.pub").read_text().split()[:2])

    def _write_files(self):
        self.make_host_key()
        environment = " ".join(f"{name}={value}" for name, value in ENVIRONMENT.items())
        (self.files / "sshd_config").write_text(
            SSHD_CONFIG.format(port=self.ssh_port, environment=environment))
        (self.files / "zookeeper-environment").write_text(ZOOKEEPER_ENVIRONMENT)
        shutil.copy(self.lab.identity.with_suffix(".pub"), self.files / "authorized_keys")
        (self.files / "hosts").symlink_to(self.lab.hosts_file)

    def blank_disk(self):
        """A new disk for a host that is off; its first process is the usual one again."""
        self.unmount_disk()
        self.mount_disk()
        self._systemd_marker.unlink(missing_ok=True)

    def mount_disk(self):
        sh(f"mount -t tmpfs -o mode=755,size={self.disk_size} {self.name} {self.disk}")

    @property
    def _systemd_marker(self):
        return self.files / "systemd"

    def unmount_disk(self):
        sh(f"umount -l {self.disk}")

    def _install_host_key(self, private, public):
        self.write("/etc/ssh/hostkey", private)
        self.write("/etc/ssh/hostkey.pub", public)
        for process in self.processes("sshd", "listener"):
            _signal(process.pid, signal.SIGKILL)
        wait_for(lambda: not self.is_listening_ssh(), what=f"sshd of {self.name} to end")
        self.start_sshd()

    def _forget_neighbour(self):
        """Or who tried to reach it while it was away is told "no route" for some seconds more."""
        sh(f"ip neigh flush dev bridge0 to {self.address} nud all")

    def _enter(self, argv):
        return ["nsenter", "-t", str(self._init), "-m", "-u", "-i", "-n", "-p", "-r", "-w", *argv]

    def _first_process(self):
        if self._unshare.poll() is not None:
            raise RuntimeError(f"{self.name} did not start: {self._unshare.stderr.read()}")
        children = _children(self._unshare)
        return children[0] if children else None

    def _read_process(self, pid, namespace):
        try:
            if os.readlink(f"/proc/{pid}/ns/pid") != namespace:
                return None
            argv = Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0").split(b"\0")
            stat = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            status = Path(f"/proc/{pid}/status").read_text()
        except OSError:
            return None
        inner = next(line for line in status.splitlines() if line.startswith("NSpid:")).split()[-1]
        if argv == [b"sleep", b"infinity"]:
            return None
        return Process(pid, int(inner), int(stat[19]), stat[0],
                       tuple(word.decode(errors="replace") for word in argv))

    def _stop_all(self):
        running = [process for process in self.processes() if process.state not in "TZ"]
        for process in running:
            _signal(process.pid, signal.SIGSTOP)
        return not running

    def _end_helper(self, helper):
        if helper in self._helpers:
            self._helpers.remove(helper)
            for child in _children(helper):
                _signal(child, signal.SIGKILL)
            helper.kill()
            helper.wait()
            helper.stdout.close()

    def _release_helpers(self):
        for helper in list(self._helpers):
            self._end_helper(helper)


def _children(process):
    try:
        text = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
    except FileNotFoundError:
        return []
    return [int(pid) for pid in text.split()]


def _signal(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass
