"""Both servers, started alike, and one step given to both."""
import os
import re
import select
import socket
import time
from pathlib import Path

from conformance.server import Server

from .step import META, TEXT, Step, Uniques

REFERENCE = os.environ.get("ARCUS_REFERENCE")
MEMCACHED = os.environ.get("MEMCACHED_REFERENCE")
OPTIONS = ("-t", "1", "-m", "100", "-g", "20", "-b", "64", "-D", ":", "-X", "ascii_scrub.so")
_CURSOR = b"@CURSOR@"
_SCANNED = re.compile(rb"(?:KEYS|PREFIXES) \d+ (\S+)\r\n")
# How long both may say nothing before it is taken that they wait for more data.
_SILENCE_S = 0.15
_SENTINELS_MAX = 4
_DEADLINE_S = 20
# A scan of the few keys there are.
_SCAN_CALLS_MAX = 10000


class Side:
    """One server with one connection."""

    def __init__(self, name, server, of_reference=False):
        self.name, self.server = name, server
        self.uniques = Uniques(of_reference)
        self.socket = None
        self.connect(TEXT)

    def connect(self, protocol):
        """Anew; the first request on a connection decides its protocol."""
        self.protocol = protocol
        if self.socket:
            self.socket.close()
        self.socket = socket.create_connection(("127.0.0.1", self.server.port), _DEADLINE_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def begin(self, step):
        self.reply, self.done = b"", False
        if step.protocol is not self.protocol:
            self.connect(step.protocol)
        self.send(step.fill_in(self.uniques) + self.protocol.sentinel)

    def end(self, step):
        """The reply."""
        reply = self.reply.split(self.protocol.reply)[0] + (b"" if self.done else b"<waits>")
        step.learn(self.uniques, reply)
        return reply

    def scan(self, step):
        """All that the scan shows, sorted, or the complaint about it."""
        lines, cursor, calls = set(), b"0", 0
        while calls == 0 or (cursor != b"0" and calls < _SCAN_CALLS_MAX):
            self.begin(Step(step.data.replace(_CURSOR, cursor)))
            while not self.done:
                self.receive()
            reply = self.end(step)
            head = _SCANNED.match(reply)
            if not head:
                return reply
            lines.update(reply[head.end():].split(b"\r\n")[:-2])
            cursor, calls = head.group(1), calls + 1
        return b"\r\n".join(sorted(lines)) + (b"" if cursor == b"0" else b"<endless>")

    def send(self, data):
        try:
            self.socket.sendall(data)
        except OSError:
            self.reply, self.done = self.reply + b"<closed>", True

    def receive(self):
        try:
            piece = self.socket.recv(1 << 20)
        except ConnectionResetError:
            piece = b""
        self.reply += piece or b"<closed>"
        end = self.protocol.reply
        self.done = not piece or end in self.reply[-len(piece) - len(end):]


def _start_ours():
    return Server(*OPTIONS)


def _start_reference():
    engine = os.environ.get("ARCUS_REFERENCE_ENGINE",
                            str(Path(REFERENCE).parent / ".libs/default_engine.so"))
    extension = str(Path(engine).parent / "ascii_scrub.so")
    options = [extension if option == "ascii_scrub.so" else option for option in OPTIONS]
    return Server("-E", engine, *options, binary=REFERENCE)


def _start_memcached():
    return Server("-t", "1", "-m", "100", "-o", "no_modern", binary=MEMCACHED)


class Pair:
    """Our server and the reference, both fresh."""

    def __init__(self, protocol=TEXT):
        self.protocol = protocol
        start = _start_memcached if protocol is META else _start_reference
        self.sides = (Side("this server", _start_ours()), Side("the reference", start(), of_reference=True))

    def run(self, step):
        """The replies of both; "<closed>" at the end of one whose server closed the connection,
        "<waits>" when it wants more data."""
        if _CURSOR in step.data:
            return [side.scan(step) for side in self.sides]
        for side in self.sides:
            side.begin(step)
        sentinels = self._receive()
        waits = not all(side.done for side in self.sides)
        replies = [side.end(step) for side in self.sides]
        if waits or sentinels > 1 or any(reply.endswith(b"<closed>") for reply in replies):
            self._reconnect()
        return replies

    def _reconnect(self):
        for side in self.sides:
            try:
                side.connect(side.protocol)
            except ConnectionRefusedError:
                side.server.process.wait(_DEADLINE_S)

    def _receive(self):
        sentinels, until = 1, time.monotonic() + _DEADLINE_S
        while time.monotonic() < until:
            waiting = [side for side in self.sides if not side.done]
            if not waiting:
                break
            ready, _, _ = select.select([side.socket for side in waiting], [], [], _SILENCE_S)
            for side in waiting:
                if side.socket in ready:
                    side.receive()
            if ready or len(waiting) < len(self.sides):
                continue
            if sentinels == _SENTINELS_MAX:
                break
            for side in waiting:
                side.send(side.protocol.sentinel)
            sentinels += 1
        return sentinels

    def ended(self):
        """The name of a server that ended, None when both run."""
        for side in self.sides:
            if side.server.process.poll() is not None:
                return side.name
        return None

    def restart(self):
        self.close()
        self.__init__(self.protocol)

    def close(self):
        for side in self.sides:
            side.socket.close()
        for side in self.sides:
            side.server.__exit__(RuntimeError, None, None)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
