"""Random requests of the binary protocol, each a step of its own."""
import struct

from conformance import binary
from conformance.binary import request

from .step import BinaryStep

_STORES = ["set", "add", "replace", "setq", "addq", "replaceq"]
_NUMBERS = [0, 1, 2, 7, 99, 1 << 32, (1 << 64) - 1]
_ATTRIBUTES = [(0, 0, 0), (7, 0, 3), (1, 1000, 2)]


def _key(w, family="k"):
    return w.key(family).encode()


def _value(w):
    return w.value().encode()


def _step(w, frame, key, with_cas=0.0):
    return BinaryStep(frame, key=key, with_cas=w.chance(with_cas))


def store(w):
    key = _key(w)
    frame = binary.store(w.choice(*_STORES), key, _value(w) or b"5", w.choice(*_NUMBERS[:6]) >> 1,
                         w.choice(0, 0, 1000), cas=w.choice(0, 0, 0, 1 << 60))
    return _step(w, frame, key, 0.2)


def extend(w):
    key = _key(w)
    return _step(w, request(w.choice("append", "prepend", "appendq", "prependq"), key, _value(w)),
                 key)


def get(w):
    key = _key(w)
    return _step(w, request(w.choice("get", "getk", "getq", "getkq"), key), key)


def number(w):
    key = _key(w)
    frame = binary.number(w.choice("incr", "decr", "incrq", "decrq"), key, w.choice(*_NUMBERS),
                          w.choice(*_NUMBERS), w.choice(0xffffffff, 0xffffffff, 0, 1000))
    return _step(w, frame, key)


def delete(w):
    key = _key(w, w.choice("k", "k", "k", "l", "s"))
    return _step(w, request(w.choice("delete", "deleteq"), key), key, 0.1)


def _block(w):
    return _value(w) + b"\r\n"


def _attributes(w):
    return w.choice(None, *_ATTRIBUTES)


def list_step(w):
    key = _key(w, "l")
    low, high = w.choice(0, 1, -1, 3, -7), w.choice(0, 1, -1, 5)
    span = struct.pack(">ii", low, high)
    return _step(w, w.choice(
        binary.create("lop create", key, *w.choice(*_ATTRIBUTES), w.choice(0, 1, 2, 3)),
        binary.lop_insert(key, low, _block(w), _attributes(w)),
        binary.lop_insert(key, low, _block(w), _attributes(w), "lop insertq"),
        request("lop delete", key, b"", span + bytes([w.choice(0, 1), 0, 0, 0])),
        request("lop get", key, b"", span + bytes([w.choice(0, 0, 1), w.choice(0, 0, 1), 0, 0]))),
        key)


def set_step(w):
    key = _key(w, "s")
    return _step(w, w.choice(
        binary.create("sop create", key, *w.choice(*_ATTRIBUTES), w.choice(0, 1)),
        binary.sop_insert(key, _block(w), _attributes(w)),
        binary.sop_insert(key, _block(w), _attributes(w), "sop insertq"),
        request("sop delete", key, _block(w), bytes([w.choice(0, 1), 0, 0, 0])),
        request("sop exist", key, _block(w)),
        request("sop get", key, b"", struct.pack(">IBBxx", 0, w.choice(0, 0, 1), 0))), key)


def tree_step(w):
    key = _key(w, "b")
    bkey, eflag = w.choice(0, 1, 2, 3), w.choice(b"", b"\1", b"\xff\0")
    return _step(w, w.choice(
        binary.create("bop create", key, *w.choice(*_ATTRIBUTES), w.choice(0, 1, 4, 5)),
        binary.bop_insert(key, bkey, _block(w), eflag, _attributes(w)),
        binary.bop_insert(key, bkey, _block(w), eflag, _attributes(w), "bop upsert")), key)


def others(w):
    return _step(w, w.choice(
        request("noop"), request("version"), request("stat", b"none"), request("stat", b"detail x"),
        request("get"), request("set", b"k", b"v"), request("noop", b"k"), request("incr", b"k"),
        request("lop get", b"k"), request("stat", b"detail dump")), b"")


BINARY_TABLE = [(20, store), (6, extend), (16, get), (8, number), (6, delete), (12, list_step),
                (12, set_step), (6, tree_step), (1, others)]
