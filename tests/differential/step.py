"""What is sent at a time. A placeholder stands where each server must get something of its own:
@CAS(key)@ the last unique that it gave for the key, @NOW(n)@ the time in n seconds, @CURSOR@ the
place that it returned; a step with that is repeated until there is none. Binary requests have 8
bytes for the unique instead, which belongs to their key."""
import re
import struct
import time
from dataclasses import dataclass

from conformance.binary import OPCODES, parse, request

_PLACEHOLDER = re.compile(rb"@(CAS|NOW)\(([^)]*)\)@")
_UNIQUE = re.compile(rb"VALUE (\S+) \d+ \d+ (\d+)\r\n")


@dataclass(frozen=True)
class Protocol:
    """A request that both servers answer alike, to tell where the reply to another one ends."""
    sentinel: bytes
    reply: bytes


TEXT = Protocol(b"version\r\n", b"VERSION 1.15.0\r\n")
META = Protocol(b"mn\r\n", b"MN\r\n")
BINARY = Protocol(request("noop", opaque=b"last"),
                  b"\x81" + request("noop", opaque=b"last")[1:])
_NAMES = {number: name for name, number in OPCODES.items()}


@dataclass(frozen=True)
class Step:
    data: bytes
    protocol: Protocol = TEXT

    def fill_in(self, uniques):
        return uniques.fill_in(self.data)

    def learn(self, uniques, reply):
        uniques.learn(reply)

    @property
    def line(self):
        """The first line as text, by which replies are told apart."""
        return self.data.split(b"\r\n", 1)[0].decode("latin1")


@dataclass(frozen=True)
class BinaryStep(Step):
    protocol: Protocol = BINARY
    key: bytes = b""
    with_cas: bool = False    # the unique that the server gave for the key
    for_reference: bytes = b""    # what only the reference wants to have in this form

    @property
    def line(self):
        return f"binary {_NAMES.get(self.data[1], self.data[1])}"

    def fill_in(self, uniques):
        if self.for_reference and uniques.of_reference:
            return self.for_reference
        if not self.with_cas:
            return self.data
        cas = struct.pack(">Q", int(uniques.of_key.get(self.key, b"0")))
        return self.data[:16] + cas + self.data[24:]

    def learn(self, uniques, reply):
        if reply.endswith((b"<closed>", b"<waits>")):
            return
        for response in parse(reply)[-1:]:
            if response.status == 0 and response.cas:
                uniques.of_key[self.key] = b"%d" % response.cas


class Uniques:
    """The uniques that one server gave."""

    def __init__(self, of_reference=False):
        self.of_reference = of_reference
        self.of_key = {}

    def learn(self, reply):
        for key, unique in _UNIQUE.findall(reply):
            self.of_key[key] = unique

    def fill_in(self, data):
        def value(match):
            what, of = match.groups()
            if what == b"NOW":
                return b"%d" % (int(time.time()) + int(of))
            return self.of_key.get(of, b"0")
        return _PLACEHOLDER.sub(value, data)
