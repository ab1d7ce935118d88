"""Streams: for each family random steps of its commands, and steps that look at what is left."""
import random

from .binaries import BINARY_TABLE
from .key_value import KEY_VALUE, flush
from .lists_sets_maps import LIST, MAP, SET
from .metas import META_TABLE
from .scans import SCAN
from .step import META, Step
from .trees import TREE
from .vocabulary import KEYS, Words

_PIPED = {"lop": ("insert", "delete"), "sop": ("insert", "delete", "exist"),
          "mop": ("insert", "upsert", "delete", "update"),
          "bop": ("insert", "upsert", "delete", "update", "incr", "decr")}


def _draw(w, table):
    w.begin_step()
    _, draw = w.random.choices(table, weights=[weight for weight, _ in table])[0]
    return draw(w)


def _piped(data):
    """The command with "pipe" at its end, None when it cannot have one."""
    line, end, rest = data.partition(b"\r\n")
    words = line.decode("latin1").split()
    if len(words) < 3 or words[1] not in _PIPED.get(words[0], ()):
        return None
    if words[-1] in ("noreply", "getrim", "pipe"):
        return None
    return line + b" pipe" + end + rest


def _pipeline(table):
    def draw(w):
        """With little that is odd, so that few batches end early. What comes of one whose last
        reply has several lines is undefined."""
        oddity, w.oddity = w.oddity, 0
        piped = [_piped(_draw(w, table)) for _ in range(w.choice(1, 3, 6, 12))]
        last = _draw(w, table)
        w.oddity = oddity
        return b"".join(filter(None, piped)) + (last if _piped(last) else b"delete none\r\n")
    return draw


_FAMILIES = {
    "kv": ("k", KEY_VALUE),
    "list": ("l", LIST),
    "set": ("s", SET),
    "map": ("m", MAP),
    "tree": ("b", TREE),
}
for name in ("list", "set", "map", "tree"):
    letter, table = _FAMILIES[name]
    third = sum(weight for weight, _ in table) // 3
    _FAMILIES[f"{name}-pipe"] = (letter, [(third, _pipeline(table)), *table])
FAMILIES = [*_FAMILIES, "mixed", "scan", "binary", "meta"]


def _look(letter, key):
    """Everything that can be seen of a key."""
    head, colon, tail = key.rpartition(":")
    key = f"{head}{colon}{letter}{tail}".encode()
    return [b"get %b\r\n" % key, b"getattr %b\r\n" % key, b"lop get %b 0..-1\r\n" % key,
            b"sop get %b 0\r\n" % key, b"mop get %b 0 0\r\n" % key,
            b"bop get %b 0..18446744073709551615\r\n" % key,
            b"bop get %b 0x00..0x%b\r\n" % (key, b"ff" * 31)]


def _ending(letters, odd):
    """Both servers drop what was flushed when it suits them, so statistics then differ. So they do
    after malformed requests, of which the reference counts some: odd streams have both."""
    steps = [data for letter in letters for key in KEYS for data in _look(letter, key)]
    return steps if odd else steps + [b"stats\r\n", b"stats prefixes\r\n", b"stats detail dump\r\n",
                    b"stats prefixlist item\r\n", b"stats scrub\r\n"]


def _mixed(w, tables, flushes):
    if flushes and w.chance(0.003):
        return flush(w)
    w.family, table = w.random.choice(tables)
    return _draw(w, table)


def _binary(source, length):
    w = Words(source, "k", oddity=0)
    letters = "klsb"
    return ([_draw(w, BINARY_TABLE) for _ in range(length)] +
            [Step(data) for data in _ending(letters, True)])


def _meta(source, length):
    w = Words(source, "k", oddity=0)
    return [Step(_draw(w, META_TABLE), META) for _ in range(length)]


_OTHER_PROTOCOLS = {"binary": _binary, "meta": _meta}


def make(family, seed, length):
    """The same steps for the same arguments."""
    source = random.Random(f"{family} {seed}")
    if family in _OTHER_PROTOCOLS:
        return _OTHER_PROTOCOLS[family](source, length)
    if family in ("mixed", "scan"):
        tables = [_FAMILIES[name] for name in ("kv", "list", "set", "map", "tree")]
        if family == "scan":
            tables = [(letter, table + SCAN) for letter, table in tables]
    else:
        letter, table = _FAMILIES[family]
        tables = [(letter, table + KEY_VALUE[-3:])]
    w = Words(source, tables[0][0])
    w.hex_share = 0
    odd = seed % 2
    # Both servers drop what has expired, or was flushed, when it suits them; until then it counts
    # for its prefix.
    w.may_expire = family != "scan"
    flushes = odd and family != "scan"
    w.oddity = 0.06 if odd else 0
    steps = [_mixed(w, tables, flushes) for _ in range(length)]
    return [Step(data) for data in steps + _ending([letter for letter, _ in tables], odd)]
