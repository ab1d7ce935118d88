"""Random requests of the binary protocol, each a step of its own."""
import struct

from conformance import binary
from conformance.binary import request

from .step import BinaryStep
from .vocabulary import ODD_KEYS

_STORES = ["set", "add", "replace", "setq", "addq", "replaceq"]
# None of 64 bits: when it reads one, the reference looks for a minus sign in the memory behind it.
_NUMBERS = [0, 1, 2, 7, 99, 1 << 32]
_ATTRIBUTES = [(0, 0, 0), (7, 0, 3), (1, 1000, 2)]


def _key(w, family="k"):
    if w.chance(0.02):
        return w.choice(*ODD_KEYS, "a key").encode()
    return w.key(family if w.chance(0.95) else "any").encode()


def _value(w):
    return w.value().removeprefix("18446744073709551615").encode()


def _step(w, frame, key, with_cas=0.0):
    return BinaryStep(frame, key=key, with_cas=w.chance(with_cas))


def store(w):
    key = _key(w)
    frame = binary.store(w.choice(*_STORES), key, _value(w) or b"5", w.choice(*_NUMBERS) >> 1,
                         w.choice(0, 0, 1000), cas=w.choice(0, 0, 0, 1 << 60))
    return _step(w, frame, key, 0.2)


def extend(w):
    key = _key(w)
    return _step(w, request(w.choice("append", "prepend", "appendq", "prependq"), key, _value(w)),
                 key, 0.1)


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
        request(w.choice("lop delete", "lop deleteq"), key, b"",
                span + bytes([w.choice(0, 1), 0, 0, 0])),
        request("lop get", key, b"", span + bytes([w.choice(0, 0, 1), w.choice(0, 0, 1), 0, 0]))),
        key)


def set_step(w):
    key = _key(w, "s")
    return _step(w, w.choice(
        binary.create("sop create", key, *w.choice(*_ATTRIBUTES), w.choice(0, 1)),
        binary.sop_insert(key, _block(w), _attributes(w)),
        binary.sop_insert(key, _block(w), _attributes(w), "sop insertq"),
        request(w.choice("sop delete", "sop deleteq"), key, _block(w),
                bytes([w.choice(0, 1), 0, 0, 0])),
        request("sop exist", key, _block(w)),
        request("sop get", key, b"", struct.pack(">IBBxx", 0, w.choice(0, 0, 1), 0))), key)


def _element_words(w, key):
    """Bkey and eflag."""
    bkeys = [b"\0", b"\1", b"\1\0", b"\xff"] if b"k2" in key else [0, 1, 2, 3]
    return w.choice(*bkeys), w.choice(b"", b"\1", b"\xff\0")


def tree_step(w):
    key = _key(w, "b")
    bkey, eflag = _element_words(w, key)
    name = w.choice("bop insert", "bop upsert", "bop insertq", "bop upsertq")
    return _step(w, w.choice(
        binary.create("bop create", key, *w.choice(*_ATTRIBUTES), w.choice(0, 1, 4, 5)),
        binary.bop_insert(key, bkey, _block(w), eflag, _attributes(w), name)), key)


def tree_update(w):
    """Of the eflag: a new value ends the reference. Where the value stays it wants one all the
    same, and takes that for the next request."""
    key = w.key("b").encode()
    bkey, eflag = _element_words(w, key)
    patch = (w.choice(0, 1), w.choice(0, 1, 2, 3) if eflag else 3)
    name = w.choice("bop update", "bop updateq")
    unread = request("getq", b"none")
    return BinaryStep(binary.bop_update(key, bkey, None, eflag, patch, name) + unread, key=key,
                      for_reference=binary.bop_update(key, bkey, None, eflag, patch, name, unread))


def attributes(w):
    family = w.choice("k", "l", "s", "b")
    key = _key(w, family)
    if w.chance(0.5):
        return _step(w, request("getattr", key, b"", bytes(56)), key)
    numbers = family == "b" and b"k2" not in key
    return _step(w, binary.setattr_request(
        key, w.choice(None, 0, 1000, 5000), w.choice(None, None, 0, 2, 10),
        w.choice(0, 0, 1, 2, 3, 4, 5, 6, 7), w.choice(0, 0, 1),
        w.choice(None, 3, 5) if numbers else None), key)


def flush(w):
    """Of a prefix that has an item, as in the text protocol; with a length of the body that leaves
    out the key, as the reference wants it."""
    prefix = w.choice(b"p", b"q", b"p:q", b"none", b"<null>", b"arcus")
    extras = w.choice(b"", bytes(4))
    if w.chance(0.3):
        return _step(w, request(w.choice("flush", "flushq"), b"", b"", extras), b"")
    item = binary.store("setq", prefix + b":k1", b"x") if prefix != b"none" else b""
    data = request("flush_prefix", prefix, b"", extras)
    short = data[:8] + struct.pack(">I", len(extras)) + data[12:]
    return BinaryStep(item + data, for_reference=item + short)


def others(w):
    return _step(w, w.choice(
        request("noop"), request("version"), request("stat", b"none"), request("stat", b"detail x"),
        request("get"), request("set", b"k", b"v"), request("noop", b"k"), request("incr", b"k"),
        request("lop get", b"k"), request("stat", b"detail dump"), request("stat", b"reset"),
        request("quit"), request("quitq"), request("sasl_mechs"),
        request("sasl_auth", b"PLAIN", b"x"), request("scrub stale"),
        request(0x1b, b"", b"", bytes(4)), request("setattr", b"k"), request("flush", b"k")), b"")


def operations(_w):
    return BinaryStep(request("stat", b"detail dump"))


BINARY_TABLE = [(20, store), (6, extend), (16, get), (8, number), (6, delete), (12, list_step),
                (12, set_step), (8, tree_step), (4, tree_update), (8, attributes), (0.3, flush), (2, others),
                (2, operations)]
