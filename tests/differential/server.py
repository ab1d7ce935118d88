"""Both servers, started alike, and one step given to both."""
import os
import select
import socket
import time
from pathlib import Path

from conformance.server import Server

from .step import Uniques

REFERENCE = os.environ.get("ARCUS_REFERENCE")
OPTIONS = ("-t", "1", "-m", "100", "-g", "20", "-b", "64", "-X", "ascii_scrub.so")
_SENTINEL = b"version\r\n"
_SENTINEL_REPLY = b"VERSION 1.15.0\r\n"
# How long both may say nothing before it is taken that they wait for more data.
_SILENCE_S = 0.15
_SENTINELS_MAX = 4
_DEADLINE_S = 20


class Side:
    """One server with one connection."""

    def __init__(self, name, server):
        self.name, self.server = name, server
        self.uniques = Uniques()
        self.socket = None
        self.connect()

    def connect(self):
        if self.socket:
            self.socket.close()
        self.socket = socket.create_connection(("127.0.0.1", self.server.port), _DEADLINE_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def begin(self, data):
        self.reply, self.done = b"", False
        self.send(data)

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
        self.done = not piece or _SENTINEL_REPLY in self.reply[-len(piece) - len(_SENTINEL_REPLY):]


def _start_ours():
    return Server(*OPTIONS)


def _start_reference():
    engine = os.environ.get("ARCUS_REFERENCE_ENGINE",
                            str(Path(REFERENCE).parent / ".libs/default_engine.so"))
    extension = str(Path(engine).parent / "ascii_scrub.so")
    options = [extension if option == "ascii_scrub.so" else option for option in OPTIONS]
    return Server("-E", engine, *options, binary=REFERENCE)


class Pair:
    """Our server and the reference, both fresh."""

    def __init__(self):
        self.sides = (Side("this server", _start_ours()),
                      Side("the reference", _start_reference()))

    def run(self, data):
        """The replies of both; "<closed>" at the end of one whose server closed the connection,
        "<waits>" when it wants more data."""
        for side in self.sides:
            side.begin(side.uniques.fill_in(data) + _SENTINEL)
        sentinels = self._receive()
        waits = not all(side.done for side in self.sides)
        replies = []
        for side in self.sides:
            reply = side.reply.split(_SENTINEL_REPLY)[0] + (b"" if side.done else b"<waits>")
            side.uniques.learn(reply)
            replies.append(reply)
        if waits or sentinels > 1 or any(reply.endswith(b"<closed>") for reply in replies):
            self._reconnect()
        return replies

    def _reconnect(self):
        for side in self.sides:
            try:
                side.connect()
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
                side.send(_SENTINEL)
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
        self.__init__()

    def close(self):
        for side in self.sides:
            side.socket.close()
        for side in self.sides:
            side.server.__exit__(RuntimeError, None, None)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
