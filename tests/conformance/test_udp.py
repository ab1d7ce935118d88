"""Requests in datagrams, with their frame header."""
import socket
import struct
from pathlib import Path

import pytest

from .binary import parse, request, store

HEADER = struct.Struct(">HHHH")


class Udp:
    def __init__(self, port):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.socket.settimeout(10)
        self.socket.connect(("127.0.0.1", port))
        self.request_id = 0

    def send(self, data, request_id=None, sequence=0, count=1):
        self.request_id = self.request_id + 1 if request_id is None else request_id
        self.socket.send(HEADER.pack(self.request_id, sequence, count, 0) + data)

    def receive(self):
        """A whole reply."""
        parts, count = {}, 1
        while len(parts) < count:
            datagram = self.socket.recv(65536)
            request_id, sequence, count, reserved = HEADER.unpack(datagram[:8])
            assert request_id == self.request_id and reserved == 0 and sequence < count
            assert len(datagram) <= 1400 and sequence not in parts
            parts[sequence] = datagram[8:]
        return b"".join(parts[n] for n in range(count))

    def ask(self, data):
        self.send(data)
        return self.receive()


@pytest.fixture
def server(start):
    return start("-U", "-1")


def udp_port(server):
    lines = (Path(server.directory.name) / "ports").read_text().splitlines()
    ports = dict(line.rsplit(": ", 1) for line in lines)
    assert int(ports["TCP INET"]) == server.port
    return int(ports["UDP INET"])


@pytest.fixture
def udp(server):
    client = Udp(udp_port(server))
    yield client
    client.socket.close()


def test_requests_are_answered_with_their_id(udp):
    assert udp.ask(b"set k 0 0 5\r\nvalue\r\n") == b"STORED\r\n"
    udp.send(b"get k\r\n", request_id=0xfffe)
    assert udp.receive() == b"VALUE k 0 5\r\nvalue\r\nEND\r\n"


def test_both_transports_see_the_same_items(server, udp):
    with server.connect() as tcp:
        assert tcp.ask(b"set k 0 0 1\r\nx\r\n") == b"STORED\r\n"
        assert udp.ask(b"get k\r\n") == b"VALUE k 0 1\r\nx\r\nEND\r\n"
        assert udp.ask(b"incr n 1 0 0 7\r\n") == b"7\r\n"
        assert tcp.ask(b"get n\r\n", b"END\r\n") == b"VALUE n 0 1\r\n7\r\nEND\r\n"


def test_a_long_reply_comes_in_several_datagrams(server, udp):
    value = bytes(range(256)) * 400
    with server.connect() as tcp:
        assert tcp.ask(b"set k 0 0 %d\r\n%s\r\n" % (len(value), value)) == b"STORED\r\n"
    assert udp.ask(b"get k\r\n") == b"VALUE k 0 102400\r\n" + value + b"\r\nEND\r\n"


def test_several_requests_fit_a_datagram(udp):
    assert udp.ask(b"set a 0 0 1\r\n1\r\nget a\r\nversion\r\nmg a v\r\n") == \
        b"STORED\r\nVALUE a 0 1\r\n1\r\nEND\r\nVERSION 1.15.0\r\nVA 1\r\n1\r\n"


def test_the_binary_protocol_works_as_well(udp):
    stored, got = parse(udp.ask(store("set", b"k", b"v") + request("get", b"k")))
    assert stored.status == 0 and got.value == b"v"


def test_what_is_not_one_whole_request_is_forgotten(udp):
    udp.send(b"version\r\n", sequence=1)
    udp.send(b"version\r\n", count=2)
    udp.send(b"")
    udp.socket.send(b"short")
    udp.send(b"get k")
    udp.send(b"set k 0 0 10\r\n12345")
    assert udp.ask(b"get k\r\n") == b"END\r\n"


def test_a_reply_beyond_all_measure_is_an_error(server, udp):
    with server.connect() as tcp:
        for n in range(10):
            tcp.ask(b"set k%d 0 0 1000000\r\n%s\r\n" % (n, b"x" * 1000000))
    keys = b" ".join(b"k%d" % n for n in range(10))
    assert udp.ask(b"get " + keys + b"\r\n") == \
        b"SERVER_ERROR out of memory writing get response\r\n"
    assert udp.ask(b"version\r\n") == b"VERSION 1.15.0\r\n"


def test_quit_ends_nothing(udp):
    assert udp.ask(b"version\r\nquit\r\nversion\r\n") == b"VERSION 1.15.0\r\n"
    assert udp.ask(b"version\r\n") == b"VERSION 1.15.0\r\n"


def test_the_port_is_shown_and_counted(start):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = start("-U", port)
    with server.connect() as tcp:
        assert tcp.stats("settings")["udpport"] == str(port)
        before = int(tcp.stats()["bytes_read"])
        assert Udp(port).ask(b"version\r\n") == b"VERSION 1.15.0\r\n"
        assert int(tcp.stats()["bytes_read"]) >= before + 17


def test_a_port_that_is_taken_ends_the_start(start):
    server = start("-U", "-1")
    with pytest.raises(RuntimeError, match="cannot listen"):
        start("-U", udp_port(server))
