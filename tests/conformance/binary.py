"""Frames of the binary protocol."""
import struct
from dataclasses import dataclass

OPCODES = {
    "get": 0x00, "set": 0x01, "add": 0x02, "replace": 0x03, "delete": 0x04, "incr": 0x05,
    "decr": 0x06, "quit": 0x07, "flush": 0x08, "getq": 0x09, "noop": 0x0a, "version": 0x0b,
    "getk": 0x0c, "getkq": 0x0d, "append": 0x0e, "prepend": 0x0f, "stat": 0x10, "setq": 0x11,
    "addq": 0x12, "replaceq": 0x13, "deleteq": 0x14, "incrq": 0x15, "decrq": 0x16, "quitq": 0x17,
    "flushq": 0x18, "appendq": 0x19, "prependq": 0x1a, "touch": 0x1c, "gat": 0x1d, "gatq": 0x1e,
    "sasl_mechs": 0x20, "sasl_auth": 0x21, "sasl_step": 0x22, "gatk": 0x23, "gatkq": 0x24,
    "getattr": 0x4e, "setattr": 0x4f, "lop create": 0x50, "lop insert": 0x51, "lop delete": 0x52,
    "lop get": 0x53, "lop insertq": 0x54, "lop deleteq": 0x55, "sop create": 0x60,
    "sop insert": 0x61, "sop delete": 0x62, "sop exist": 0x63, "sop get": 0x64,
    "sop insertq": 0x65, "sop deleteq": 0x66, "bop create": 0x70, "bop insert": 0x71,
    "bop upsert": 0x72, "bop update": 0x73, "bop insertq": 0x7c, "bop upsertq": 0x7d,
    "bop updateq": 0x7e, "flush_prefix": 0x90, "scrub": 0xf0, "scrub stale": 0xf1,
}
OK, NOT_FOUND, EXISTS, TOO_LARGE, INVALID, NOT_STORED, NOT_A_NUMBER = range(7)
AUTH_ERROR, AUTH_CONTINUE, BAD_TYPE, OVERFLOWED, BAD_VALUE = 0x20, 0x21, 0x32, 0x33, 0x34
INDEX_OUT_OF_RANGE, ELEMENT_NOT_FOUND, ELEMENT_EXISTS, BAD_ATTRIBUTE = 0x35, 0x37, 0x38, 0x39
BAD_BKEY, BAD_EFLAG = 0x3a, 0x3b
UNREADABLE, BAD_PREFIX, PREFIX_NOT_FOUND = 0x3c, 0x51, 0x52
UNKNOWN, NO_MEMORY, NOT_SUPPORTED = 0x81, 0x82, 0x83

_HEADER = struct.Struct(">BBHBBHI4sQ")


@dataclass
class Response:
    opcode: int
    status: int
    opaque: bytes
    cas: int
    extras: bytes
    key: bytes
    value: bytes


def request(name, key=b"", value=b"", extras=b"", cas=0, opaque=b"\0\0\0\0"):
    opcode = OPCODES.get(name, name)
    body = extras + key + value
    return _HEADER.pack(0x80, opcode, len(key), len(extras), 0, 0, len(body), opaque, cas) + body


def store(name, key, value, flags=0, exptime=0, **more):
    return request(name, key, value, struct.pack(">II", flags, exptime & 0xffffffff), **more)


def number(name, key, delta, initial=0, exptime=0xffffffff, **more):
    return request(name, key, b"", struct.pack(">QQI", delta, initial, exptime), **more)


def create(name, key, flags=0, exptime=0, maxcount=0, overflow=0, readable=1):
    return request(name, key, b"", struct.pack(">IiiBBxx", flags, exptime, maxcount, overflow,
                                               readable))


def lop_insert(key, index, value, create_attributes=None, name="lop insert"):
    attributes = struct.pack(">Iii", *(create_attributes or (0, 0, 0)))
    return request(name, key, value, struct.pack(">i", index) + attributes +
                   bytes([create_attributes is not None, 0, 0, 0]))


def sop_insert(key, value, create_attributes=None, name="sop insert"):
    return request(name, key, value, struct.pack(">Iii", *(create_attributes or (0, 0, 0))) +
                   bytes([create_attributes is not None, 0, 0, 0]))


def bkey_field(bkey):
    """A number, or bytes."""
    if isinstance(bkey, int):
        return struct.pack(">Q", bkey).ljust(32, b"\0")
    return bkey.ljust(31, b"\0") + bytes([len(bkey)])


def bop_insert(key, bkey, value, eflag=b"", create_attributes=None, name="bop insert"):
    return request(name, key, value, bkey_field(bkey) + bkey_field(eflag) + struct.pack(
        ">Iii", *(create_attributes or (0, 0, 0))) + bytes([create_attributes is not None, 0, 0, 0]))


def bop_update(key, bkey, value=None, eflag=None, patch=(0, 3), name="bop update", unread=b""):
    """`unread`: what stands in the place of a value that is not changed."""
    field = bytes(31) + b"\xff" if eflag is None else bkey_field(eflag)
    return request(name, key, unread if value is None else value, bkey_field(bkey) + field +
                   bytes([*patch, value is None, 0, 0, 0, 0, 0]))


def setattr_request(key, exptime=None, maxcount=None, overflow=0, readable=0, maxbkeyrange=None):
    """None and 0: stays."""
    field = bytes(31) + b"\xff" if maxbkeyrange is None else bkey_field(maxbkeyrange)
    return request("setattr", key, b"", struct.pack(">ii", exptime or 0, maxcount or 0) + field +
                   bytes([overflow, readable, exptime is not None, maxcount is not None]))


def elements(response):
    """Flags and elements of the response to a get."""
    flags, count = struct.unpack(">II", response.extras)
    lengths = struct.unpack(f">{count}I", response.value[:4 * count])
    assert len(response.value) == 4 * count + sum(lengths)
    found, at = [], 4 * count
    for length in lengths:
        found.append(response.value[at:at + length])
        at += length
    return flags, found


def expiry(name, key=b"", exptime=0, **more):
    return request(name, key, b"", struct.pack(">I", exptime & 0xffffffff), **more)


def parse(data):
    """All responses of the bytes, which must be whole ones."""
    responses = []
    while data:
        assert len(data) >= 24, data
        magic, opcode, nkey, nextras, kind, status, nbody, opaque, cas = _HEADER.unpack(data[:24])
        assert magic == 0x81 and kind == 0 and len(data) >= 24 + nbody, data
        body, data = data[24:24 + nbody], data[24 + nbody:]
        responses.append(Response(opcode, status, opaque, cas, body[:nextras],
                                  body[nextras:nextras + nkey], body[nextras + nkey:]))
    return responses
