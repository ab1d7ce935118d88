"""The real server as a process, and the feed program that cuts input where it is told."""
import os
import signal
import socket
import struct
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BINARY = os.environ.get("CACHESERVER", str(ROOT / "build/cacheserver/cacheserver"))
FEED = os.environ.get("FEED", str(Path(BINARY).resolve().parents[1] / "tests/conformance/feed"))
USER = ["-u", "root"] if os.geteuid() == 0 else []
LIBRARY_LEAKS = f"suppressions={ROOT}/tests/lsan.supp:print_suppressions=0"


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def eventually(condition, timeout=30):
    """What the condition gives as soon as that is something."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, "the condition did not come true"
        time.sleep(0.01)


class Server:
    """Listens on a free port of 127.0.0.1; fails the test when a sanitizer complained."""

    def __init__(self, *options, env=None, listen=("-p", "-1", "-l", "127.0.0.1"),
                 binary=BINARY):
        self.directory = tempfile.TemporaryDirectory(prefix="cacheserver-test-")
        port_file = Path(self.directory.name) / "ports"
        self._log = open(Path(self.directory.name) / "log", "w+b")
        self.process = subprocess.Popen(
            [binary, *USER, *listen, *map(str, options)], stdin=subprocess.DEVNULL,
            stdout=self._log, stderr=self._log,
            env={**os.environ, "MEMCACHED_PORT_FILENAME": str(port_file),
                 "LSAN_OPTIONS": LIBRARY_LEAKS if "-z" in options else "", **(env or {})})
        eventually(lambda: port_file.exists() or self.process.poll() is not None)
        if self.process.poll() is not None:
            raise RuntimeError(f"the server ended with {self.process.returncode}: {self.log()}")
        lines = port_file.read_text().split("\n")
        self.port = int(lines[0].split()[-1]) if lines[0] else None

    def log(self):
        self._log.seek(0)
        return self._log.read().decode(errors="replace")

    def connect(self, timeout=20):
        return Client(socket.create_connection(("127.0.0.1", self.port), timeout))

    def stop(self, sign=signal.SIGTERM, timeout=20):
        """The exit status after the signal."""
        if self.process.poll() is None:
            self.process.send_signal(sign)
        status = self.process.wait(timeout)
        assert "Sanitizer" not in self.log(), self.log()
        return status

    def __enter__(self):
        return self

    def __exit__(self, kind, value, traceback):
        try:
            if kind is None:
                assert self.stop() == 0, self.log()
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            self._log.close()
            self.directory.cleanup()


class Client:
    def __init__(self, sock):
        self.socket = sock
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, data):
        self.socket.sendall(data)

    def receive(self, most):
        """b"" at the end, even when the server closed with input unread."""
        try:
            return self.socket.recv(most)
        except ConnectionResetError:
            return b""

    def read(self, n):
        data = b""
        while len(data) < n:
            piece = self.receive(min(n - len(data), 1 << 20))
            if not piece:
                break
            data += piece
        return data

    def read_until(self, end):
        data = b""
        while not data.endswith(end):
            piece = self.receive(1 << 16)
            if not piece:
                break
            data += piece
        return data

    def ask(self, data, end=b"\r\n"):
        self.send(data)
        return self.read_until(end)

    def stats(self, group=""):
        text = self.ask(f"stats {group}".strip().encode() + b"\r\n", b"END\r\n").decode()
        return dict(line.split(" ", 2)[1:] for line in text.splitlines() if line != "END")

    def is_closed(self):
        return self.receive(1) == b""

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Feed:
    """A session without a socket: each piece is given to it as one read."""

    RESET = b""
    CLOSED = 0xFFFFFFFF

    def __init__(self, options):
        self.process = subprocess.Popen([FEED, *options], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)
        self.closed = False

    def give(self, pieces):
        """The replies to all of them. RESET asks for a fresh store and session."""
        replies = []
        # As many at once as fit a pipe, whatever the replies are.
        for some in [pieces] if sum(map(len, pieces)) < 10000 else [[piece] for piece in pieces]:
            self.process.stdin.write(b"".join(struct.pack("<I", len(piece)) + piece
                                              for piece in some))
            self.process.stdin.flush()
            replies += [self._read(piece) for piece in some]
        return b"".join(replies)

    def _read(self, piece):
        if piece == self.RESET:
            self.closed = False
        size, = struct.unpack("<I", self.process.stdout.read(4))
        if size == self.CLOSED:
            self.closed = True
            size, = struct.unpack("<I", self.process.stdout.read(4))
        return self.process.stdout.read(size)

    def end(self):
        self.process.stdin.close()
        self.process.stdout.close()
        return self.process.wait(20)
