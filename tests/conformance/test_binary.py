"""The binary protocol: the real server, and a session that gets each request cut at every byte."""
import struct

import pytest

from . import binary
from .binary import (AUTH_CONTINUE, AUTH_ERROR, EXISTS, INVALID, NOT_A_NUMBER, NOT_FOUND,
                     NOT_STORED, OK, TOO_LARGE, UNKNOWN, expiry, number, parse, request,
                     setattr_request, store)
from .server import Feed, Server

FLAGS = struct.Struct(">I")


class Whole:
    """Each exchange in one piece, to the server."""

    def __init__(self, server):
        self.client = server.connect()
        self.client.send(request("flush"))
        self.client.read(24)

    def ask(self, *requests):
        self.client.send(b"".join(requests) + request("noop", opaque=b"last"))
        data = b""
        while True:
            header = self.client.read(24)
            if len(header) < 24:
                return parse(data)
            data += header + self.client.read(struct.unpack(">I", header[8:12])[0])
            if header[1] == 0x0a and header[12:16] == b"last":
                return parse(data[:-24])


class Cut:
    """Each exchange in two pieces, to a session of its own that saw everything before."""

    def __init__(self, feed, share):
        self.feed, self.share = feed, share
        feed.give([feed.RESET])

    def ask(self, *requests):
        data = b"".join(requests)
        at = int(len(data) * self.share)
        return parse(self.feed.give([piece for piece in (data[:at], data[at:]) if piece]))


class Bytes(Cut):
    def __init__(self, feed):
        super().__init__(feed, 0)

    def ask(self, *requests):
        data = b"".join(requests)
        size = 1 if len(data) < 5000 else 4099
        return parse(self.feed.give([data[i:i + size] for i in range(0, len(data), size)]))


@pytest.fixture(scope="module")
def server():
    with Server("-t", "2") as running:
        yield running


@pytest.fixture(scope="module")
def feed():
    running = Feed(())
    yield running
    assert running.end() == 0


@pytest.fixture(params=["whole", "bytes"] + [f"cut {n}" for n in range(1, 60)])
def client(request, server, feed):
    if request.param == "whole":
        return Whole(server)
    if request.param == "bytes":
        return Bytes(feed)
    return Cut(feed, int(request.param.split()[1]) / 60)


def statuses(responses):
    return [response.status for response in responses]


def test_an_item_is_stored_and_read(client):
    stored, = client.ask(store("set", b"k", b"value", flags=7, opaque=b"\1\2\3\4"))
    assert stored.status == OK and stored.opaque == b"\1\2\3\4" and stored.cas > 0
    assert stored.key == stored.value == stored.extras == b""
    got, = client.ask(request("get", b"k", opaque=b"abcd"))
    assert (got.status, got.value, got.key, got.opaque) == (OK, b"value", b"", b"abcd")
    assert FLAGS.unpack(got.extras) == (7,) and got.cas == stored.cas
    got, = client.ask(request("getk", b"k"))
    assert (got.key, got.value) == (b"k", b"value")


def test_a_missing_key_is_said_to_be_missing(client):
    missing, with_key = client.ask(request("get", b"none"), request("getk", b"none"))
    assert (missing.status, missing.value, missing.key) == (NOT_FOUND, b"Not found", b"")
    assert (with_key.status, with_key.key) == (NOT_FOUND, b"none")


def test_quiet_gets_say_hits_only(client):
    responses = client.ask(store("setq", b"k", b"v"), request("getq", b"none"),
                           request("getkq", b"none"), request("getq", b"k"),
                           request("getkq", b"k"), request("noop"))
    assert [r.opcode for r in responses] == [0x09, 0x0d, 0x0a]
    assert responses[1].key == b"k"


def test_empty_large_and_binary_values_survive(client):
    every_byte = bytes(range(256)) * 300
    for value in (b"", b"\r\n", every_byte):
        stored, got = client.ask(store("set", b"\0\r\n k", value), request("getk", b"\0\r\n k"))
        assert (stored.status, got.value, got.key) == (OK, value, b"\0\r\n k")


def test_add_and_replace_depend_on_the_key(client):
    assert statuses(client.ask(store("replace", b"k", b"a"), store("add", b"k", b"a"),
                               store("add", b"k", b"b"), store("replace", b"k", b"c"),
                               request("get", b"k"))) == [NOT_FOUND, OK, EXISTS, OK, OK]
    assert statuses(client.ask(store("addq", b"k", b"d"), store("replaceq", b"l", b"d"),
                               store("replaceq", b"k", b"e"))) == [EXISTS, NOT_FOUND]


def test_append_and_prepend_extend(client):
    assert statuses(client.ask(request("append", b"k", b"x"), request("prepend", b"k", b"x"))) == \
        [NOT_STORED, NOT_STORED]
    client.ask(store("set", b"k", b"b", flags=3))
    extended, = client.ask(request("append", b"k", b"c"))
    assert extended.status == OK
    assert client.ask(request("prependq", b"k", b"a"), request("appendq", b"k", b"d")) == []
    got, = client.ask(request("get", b"k"))
    assert got.value == b"abcd" and FLAGS.unpack(got.extras) == (3,)


def test_a_cas_unique_is_compared(client):
    first, = client.ask(store("set", b"k", b"a"))
    assert statuses(client.ask(store("set", b"k", b"b", cas=first.cas + 1000000),
                               store("set", b"none", b"b", cas=1))) == [EXISTS, NOT_FOUND]
    second, = client.ask(store("set", b"k", b"b", cas=first.cas))
    assert second.status == OK and second.cas != first.cas
    assert statuses(client.ask(request("append", b"k", b"c", cas=first.cas),
                               request("delete", b"k", cas=first.cas),
                               number("incr", b"k", 1, cas=first.cas))) == [EXISTS] * 3
    added, missing = client.ask(store("add", b"k", b"d", cas=second.cas),
                                store("add", b"none", b"d", cas=1))
    assert (added.status, missing.status) == (OK, NOT_FOUND)
    assert statuses(client.ask(request("delete", b"k", cas=added.cas))) == [OK]


def test_a_key_is_deleted_once(client):
    client.ask(store("set", b"k", b"v"))
    assert statuses(client.ask(request("delete", b"k"), request("delete", b"k"))) == [OK, NOT_FOUND]
    assert statuses(client.ask(store("setq", b"k", b"v"), request("deleteq", b"k"),
                               request("deleteq", b"k"))) == [NOT_FOUND]


def value_of(response):
    return struct.unpack(">Q", response.value)[0]


def test_numbers_go_up_and_down(client):
    missing, = client.ask(number("incr", b"n", 1))
    assert missing.status == NOT_FOUND
    made, = client.ask(number("incr", b"n", 5, initial=40, exptime=0))
    more, = client.ask(number("incr", b"n", 2, initial=1, exptime=0))
    less, = client.ask(number("decr", b"n", 100))
    assert [value_of(r) for r in (made, more, less)] == [40, 42, 0] and less.cas > 0
    assert client.ask(number("incrq", b"n", 3), number("decrq", b"n", 1)) == []
    got, = client.ask(request("get", b"n"))
    assert got.value == b"2"
    client.ask(store("set", b"n", b"18446744073709551615"))
    assert value_of(client.ask(number("incr", b"n", 1))[0]) == 0
    client.ask(store("set", b"n", b"x"))
    assert statuses(client.ask(number("incr", b"n", 1))) == [NOT_A_NUMBER]


def test_an_expiry_is_set_and_changed(client):
    assert statuses(client.ask(store("set", b"k", b"v", exptime=-2), request("get", b"k"))) == \
        [OK, NOT_FOUND]
    assert statuses(client.ask(store("set", b"k", b"v"), expiry("touch", b"k", 100),
                               expiry("touch", b"none", 100))) == [OK, OK, NOT_FOUND]
    touched, with_key = client.ask(expiry("gat", b"k", 100), expiry("gatk", b"k", 100))
    assert (touched.value, touched.key, with_key.key) == (b"v", b"", b"k")
    assert statuses(client.ask(expiry("gatq", b"none", 1), expiry("gatkq", b"none", 1))) == []
    assert statuses(client.ask(expiry("gat", b"k", -2), request("get", b"k"))) == [OK, NOT_FOUND]


def test_everything_is_flushed(client):
    client.ask(store("set", b"k", b"v"))
    assert statuses(client.ask(expiry("flush", exptime=1000), request("get", b"k"))) == [OK, OK]
    assert statuses(client.ask(request("flush"), request("get", b"k"))) == [OK, NOT_FOUND]
    assert client.ask(request("flushq"), expiry("flushq", exptime=0)) == []


def test_the_version_is_that_of_the_text_protocol(client):
    version, noop = client.ask(request("version"), request("noop", opaque=b"wxyz"))
    assert version.value == b"1.15.0" and noop.opaque == b"wxyz" and noop.value == b""


def test_statistics_come_one_by_one(client):
    responses = client.ask(request("stat"))
    statistics = {r.key: r.value for r in responses}
    assert statistics[b"version"] == b"1.15.0" and statistics[b"cmd_get"].isdigit()
    assert responses[-1].key == responses[-1].value == b"" and all(r.status == OK for r in responses)
    settings = {r.key: r.value for r in client.ask(request("stat", b"settings"))}
    assert settings[b"binding_protocol"] == b"auto-negotiate"
    for group in (b"no such group", b"detail", b"detail x", b"prefixlist", b"topkeys"):
        assert statuses(client.ask(request("stat", group))) == [NOT_FOUND]
    client.ask(store("set", b"p:k", b"v"))
    details, end = client.ask(request("stat", b"prefixes"))
    assert details.key == b"detailed" and b"PREFIX p itm 1 " in details.value and end.key == b""
    assert statuses(client.ask(request("stat", b"detail off"))) == [OK]


def operations(client):
    """What was counted of the prefix `detail`, without zeros."""
    counted, _ = client.ask(request("stat", b"detail dump"))
    assert counted.value.startswith(b"PREFIX detail ") and counted.value.endswith(b"\r\nEND\r\n")
    words = counted.value.split()
    counts = dict(zip(words[2:-1:2], map(int, words[3:-1:2])))
    return {name.decode(): n for name, n in counts.items() if n}


def test_operations_are_counted_by_prefix_and_dumped_as_text(client):
    client.ask(request("stat", b"detail off"), request("flush_prefix", b"detail"))
    nothing, end = client.ask(request("stat", b"detail dump"))
    assert (nothing.key, nothing.value) == (b"detailed", b"END\r\n") and end.key == end.value == b""
    assert statuses(client.ask(request("stat", b"detail on"))) == [OK]
    client.ask(binary.create("lop create", b"detail:l"), binary.lop_insert(b"detail:l", 0, b"v"),
               lop_range("lop get", b"detail:l", 0, 0), binary.sop_insert(b"detail:s", b"v", (0, 0, 0)),
               request("getattr", b"detail:l"), expiry("touch", b"detail:l", 100),
               binary.bop_insert(b"detail:none", 1, b"v"))
    assert operations(client) == {"lcs": 1, "lis": 1, "lih": 1, "lgs": 1, "lgh": 1, "sis": 1,
                                  "sih": 1, "gas": 1, "sas": 1, "bis": 1}
    client.ask(request("flush_prefix", b"detail"), request("stat", b"detail off"))


def test_what_is_refused_before_its_value_is_read_is_counted_by_its_prefix(client):
    client.ask(request("stat", b"detail on"))
    large, block = b"x" * 1100000, b"x" * 40000
    refused = [store("set", b"detail:k", large), store("addq", b"detail:k", large),
               store("replace", b"detail:k", large, cas=1), request("append", b"detail:k", large),
               binary.lop_insert(b"detail:l", 0, block), binary.sop_insert(b"detail:s", block),
               request("sop delete", b"detail:s", block, bytes(4)),
               request("sop exist", b"detail:s", block),
               binary.bop_insert(b"detail:b", 1, block), binary.bop_update(b"detail:b", 1, block)]
    for one in refused:
        assert statuses(client.ask(one, request("noop"))) == [TOO_LARGE, OK]
    assert operations(client) == {"set": 4, "lis": 1, "sis": 1, "sds": 1, "ses": 1, "bis": 1,
                                  "bus": 1}
    client.ask(request("flush_prefix", b"detail"), request("stat", b"detail off"))


def test_a_request_of_the_wrong_shape_is_refused_and_dropped(client):
    wrong = [request("get"), request("get", b"k", b"value"), request("get", b"k", b"", b"1234"),
             request("set", b"k", b"v"), store("set", b"", b"v"), request("noop", b"k"),
             request("incr", b"k"), request("delete", b"k", b"v"), request("append", b"k", b"", b"x"),
             request("version", b"", b"v"), request("touch", b"k"), request("get", b"k" * 16001)]
    for one in wrong:
        assert statuses(client.ask(one, request("noop"))) == [INVALID, OK], one


def test_an_opcode_that_is_none_is_said_to_be_unknown(client):
    for opcode in (0x1b, 0x1f, 0x30, 0x4d, 0x56, 0x74, 0x75, 0x80, 0xff):
        unknown, noop = client.ask(request(opcode, b"key", b"value", b"extras"), request("noop"))
        assert (unknown.status, unknown.opcode, noop.status) == (UNKNOWN, opcode, OK)
        assert unknown.value == b"Unknown command"


def test_a_value_that_is_too_large_is_refused_and_dropped(client):
    client.ask(store("set", b"k", b"old"))
    assert statuses(client.ask(store("set", b"k", b"x" * 1100000), request("get", b"k"))) == \
        [TOO_LARGE, NOT_FOUND]


def test_a_value_that_is_too_large_for_another_cas_unique_leaves_the_old_one(client):
    client.ask(store("set", b"k", b"old"))
    unique = client.ask(request("get", b"k"))[0].cas
    other, mine = (store("set", b"k", b"x" * 1100000, cas=unique + n) for n in (1, 0))
    assert statuses(client.ask(other, request("get", b"k"))) == [TOO_LARGE, OK]
    assert statuses(client.ask(mine, request("get", b"k"))) == [TOO_LARGE, NOT_FOUND]


def test_a_prefix_that_is_none_is_refused_and_has_nothing_to_change(client):
    assert statuses(client.ask(store("set", b"-a:k", b"v"), store("replace", b"-a:k", b"v"),
                               request("append", b"-a:k", b"v"), request("noop"))) == \
        [binary.BAD_PREFIX, NOT_FOUND, NOT_STORED, OK]


def test_a_collection_is_no_value(client):
    client.ask(binary.create("lop create", b"l"))
    assert statuses(client.ask(request("get", b"l"), request("getkq", b"l"),
                               expiry("gat", b"l", 0), request("noop"))) == \
        [binary.BAD_TYPE] * 3 + [OK]


def test_without_users_nobody_logs_in(client):
    assert statuses(client.ask(request("sasl_mechs"), request("sasl_auth", b"PLAIN", b"\0a\0b"),
                               request("sasl_step", b"", b"x"))) == [UNKNOWN] * 3


def test_requests_that_come_together_are_answered_in_order(client):
    responses = client.ask(*(store("set", b"k%d" % n, b"v" * n, opaque=b"%4d" % n)
                             for n in range(100)), *(request("get", b"k%d" % n) for n in range(100)))
    assert [r.opaque for r in responses[:100]] == [b"%4d" % n for n in range(100)]
    assert [len(r.value) for r in responses[100:]] == list(range(100))


def lop_range(name, key, start, end, *switches):
    return request(name, key, b"", struct.pack(">ii", start, end) + bytes(switches).ljust(4, b"\0"))


def test_a_list_is_filled_and_read(client):
    assert statuses(client.ask(binary.create("lop create", b"l", flags=5, maxcount=3),
                               binary.create("lop create", b"l"))) == [OK, EXISTS]
    assert statuses(client.ask(*(binary.lop_insert(b"l", -1, b"v%d\r\n\0" % n)
                                 for n in range(3)))) == [OK] * 3
    assert client.ask(binary.lop_insert(b"l", 0, b"first", name="lop insertq")) == []
    got, = client.ask(lop_range("lop get", b"l", 0, -1))
    assert binary.elements(got) == (5, [b"first", b"v0\r\n\0", b"v1\r\n\0"])
    got, = client.ask(lop_range("lop get", b"l", 1, 1, 1))
    assert binary.elements(got)[1] == [b"v0\r\n\0"]
    assert statuses(client.ask(lop_range("lop delete", b"l", 0, 0),
                               lop_range("lop deleteq", b"l", 0, 0, 1),
                               lop_range("lop get", b"l", 0, 0))) == [OK, NOT_FOUND]


def test_a_list_says_what_is_wrong(client):
    assert statuses(client.ask(binary.lop_insert(b"l", 0, b"v"), lop_range("lop get", b"l", 0, 0),
                               lop_range("lop delete", b"l", 0, 0))) == [NOT_FOUND] * 3
    assert statuses(client.ask(binary.lop_insert(b"l", 0, b"v", (0, 0, 0)),
                               lop_range("lop get", b"l", 5, 9),
                               lop_range("lop delete", b"l", 5, 9))) == \
        [OK, binary.INDEX_OUT_OF_RANGE, binary.INDEX_OUT_OF_RANGE]
    assert client.ask(lop_range("lop get", b"l", 5, 9))[0].value == b"Index out of range"
    assert statuses(client.ask(store("set", b"k", b"v"), binary.lop_insert(b"k", 0, b"v"),
                               request("get", b"l"))) == [OK, binary.BAD_TYPE, binary.BAD_TYPE]
    assert statuses(client.ask(binary.lop_insert(b"l", 0, b"x" * 20000),
                               binary.lop_insert(b"l", 0, b"x" * 40000), request("noop"))) == \
        [TOO_LARGE, TOO_LARGE, OK]
    assert statuses(client.ask(binary.create("lop create", b"unreadable", readable=0),
                               lop_range("lop get", b"unreadable", 0, 0))) == \
        [OK, binary.UNREADABLE]


def sop(name, key, value, *switches):
    return request(name, key, value, bytes(switches).ljust(4, b"\0") if name != "sop exist" else b"")


def test_a_set_is_filled_and_read(client):
    assert statuses(client.ask(binary.sop_insert(b"s", b"a\r\n", (9, 0, 0)),
                               binary.sop_insert(b"s", b"a\r\n"),
                               binary.sop_insert(b"s", b"b"))) == [OK, binary.ELEMENT_EXISTS, OK]
    assert client.ask(binary.sop_insert(b"s", b"c", name="sop insertq")) == []
    there, missing, no_key = client.ask(sop("sop exist", b"s", b"a\r\n"),
                                        sop("sop exist", b"s", b"z"), sop("sop exist", b"t", b"z"))
    assert (there.value, missing.value, no_key.status) == (b"\0\0\0\1", b"\0\0\0\0", NOT_FOUND)
    got, = client.ask(request("sop get", b"s", b"", struct.pack(">IBBxx", 0, 0, 0)))
    flags, found = binary.elements(got)
    assert flags == 9 and sorted(found) == [b"a\r\n", b"b", b"c"]
    assert statuses(client.ask(sop("sop delete", b"s", b"b"), sop("sop delete", b"s", b"b"),
                               sop("sop deleteq", b"s", b"c"))) == [OK, binary.ELEMENT_NOT_FOUND]
    got, = client.ask(request("sop get", b"s", b"", struct.pack(">IBBxx", 0, 1, 1)))
    assert binary.elements(got)[1] == [b"a\r\n"]
    assert statuses(client.ask(request("sop get", b"s", b"", struct.pack(">IBBxx", 0, 0, 0)))) == \
        [NOT_FOUND]
    assert statuses(client.ask(binary.create("sop create", b"full", maxcount=1, overflow=1),
                               binary.sop_insert(b"full", b"a"),
                               binary.sop_insert(b"full", b"b"))) == [OK, OK, binary.OVERFLOWED]


ATTRIBUTES = struct.Struct(">Iiii31sBBBBxxxxx")


def test_attributes_are_read_and_changed(client):
    client.ask(store("set", b"k", b"v", flags=3),
               binary.create("lop create", b"l", flags=4, maxcount=100, overflow=2, readable=0))
    item, collection, missing = client.ask(request("getattr", b"k"), request("getattr", b"l"),
                                           request("getattr", b"none"))
    assert ATTRIBUTES.unpack(item.value)[:4] == (3, 0, 0, 0)
    flags, exptime, count, most, _, bkey_len, kind, overflow, readable = \
        ATTRIBUTES.unpack(collection.value)
    assert (flags, exptime, count, most, bkey_len) == (4, 0, 0, 100, 255)
    assert (kind, overflow, readable, missing.status) == (1, 2, 0, NOT_FOUND)
    assert statuses(client.ask(setattr_request(b"l", 1000, 50, 3, 1), setattr_request(b"k", 1000),
                               setattr_request(b"none", 1),
                               setattr_request(b"k"), setattr_request(b"l", overflow=8))) == \
        [OK, OK, NOT_FOUND, OK, binary.BAD_VALUE]
    changed = ATTRIBUTES.unpack(client.ask(request("getattr", b"l"))[0].value)
    assert changed[1] in (999, 1000) and changed[3] == 50 and changed[7:] == (3, 1)


def test_a_range_of_bkeys_is_set_and_a_range_of_0_is_none(client):
    client.ask(binary.create("bop create", b"b"))
    for most, shown in ((None, (b"", 255)), (7, (b"\7", 0)), (0, (b"", 255))):
        assert statuses(client.ask(setattr_request(b"b", maxbkeyrange=most))) == [OK]
        attributes = ATTRIBUTES.unpack(client.ask(request("getattr", b"b"))[0].value)
        assert (attributes[4].strip(b"\0"), attributes[5]) == shown


def test_a_btree_is_filled_and_changed(client):
    assert statuses(client.ask(
        binary.create("bop create", b"b", flags=1, maxcount=10),
        binary.bop_insert(b"b", 2**63, b"v\r\n"), binary.bop_insert(b"b", 2**63, b"w"),
        binary.bop_insert(b"b", 2**63, b"w", b"\x0f\xf0", name="bop upsert"),
        binary.bop_insert(b"b", b"\1\2", b"v"), binary.bop_insert(b"none", 1, b"v"))) == \
        [OK, OK, binary.ELEMENT_EXISTS, OK, binary.BAD_BKEY, NOT_FOUND]
    assert client.ask(binary.bop_insert(b"c", b"\0" * 31, b"v", b"", (2, 0, 0), "bop insertq")) == []
    assert statuses(client.ask(
        binary.bop_update(b"b", 2**63, b"x"), binary.bop_update(b"b", 2**63, None, b"\xff\xff"),
        binary.bop_update(b"b", 2**63, b"y", b"\x0f", (1, 0)),
        binary.bop_update(b"b", 2**63, b"z", b""), binary.bop_update(b"b", 7, b"z"),
        binary.bop_update(b"b", 2**63))) == \
        [OK, OK, OK, OK, binary.ELEMENT_NOT_FOUND, INVALID]
    too_long = binary.bop_insert(b"b", 1, b"v")
    too_long = too_long[:24 + 31] + b"\x20" + too_long[24 + 32:]
    assert statuses(client.ask(too_long, request("noop"))) == [binary.BAD_BKEY, OK]


def test_what_was_put_into_a_btree_is_there_for_text(server):
    Whole(server).ask(binary.bop_insert(b"b", 5, b"five", b"\x0a", (3, 0, 0)),
                      binary.bop_insert(b"h", b"\xab", b"hex", b"", (4, 0, 0)),
                      binary.bop_update(b"b", 5, b"six", b"\x05", (0, 1)),
                      binary.bop_update(b"b", 5, b"six", b"", (0, 1)))
    with server.connect() as text:
        assert text.ask(b"bop get b 5\r\n", b"END\r\n") == b"VALUE 3 1\r\n5 0x0F 3 six\r\nEND\r\n"
        assert text.ask(b"bop get h 0xAB\r\n", b"END\r\n") == \
            b"VALUE 4 1\r\n0xAB 3 hex\r\nEND\r\n"


def test_a_prefix_is_flushed(client):
    client.ask(store("set", b"a:k", b"v"), store("set", b"b:k", b"v"))
    assert statuses(client.ask(request("flush_prefix", b"a"), request("get", b"a:k"),
                               request("get", b"b:k"), expiry("flush_prefix", b"b", 0),
                               request("get", b"b:k"), request("flush_prefix", b"unknown"))) == \
        [OK, NOT_FOUND, OK, OK, NOT_FOUND, binary.PREFIX_NOT_FOUND]


def test_both_protocols_see_the_same_items(server):
    with server.connect() as text:
        assert text.ask(b"set both 5 0 4\r\ntext\r\n") == b"STORED\r\n"
        got, = Whole(server).ask(request("get", b"both")) or [None]
        assert got.status == NOT_FOUND       # the new client flushed
        Whole(server).ask(store("set", b"both", b"binary", flags=9))
        assert text.ask(b"get both\r\n", b"END\r\n") == b"VALUE both 9 6\r\nbinary\r\nEND\r\n"


def test_quit_closes_and_says_so_unless_it_is_quiet(server):
    with server.connect() as client:
        client.send(request("quit", opaque=b"bye!"))
        assert parse(client.read(1000))[0].opaque == b"bye!"
    with server.connect() as client:
        client.send(request("quitq"))
        assert client.read(1000) == b""


def test_what_is_no_request_ends_the_connection(server):
    for wrong in (b"\x81" + request("noop")[1:], b"get k\r\n"):
        with server.connect() as client:
            client.send(request("noop") + wrong)
            assert len(client.read(1000)) == 24
    lengths_contradict = bytearray(request("get", b"key"))
    lengths_contradict[11] = 2
    with server.connect() as client:
        client.send(bytes(lengths_contradict))
        assert client.read(1000) == b""


def test_the_protocol_may_be_fixed(start):
    text_only, binary_only = start("-B", "ascii"), start("-B", "binary")
    with text_only.connect() as client:
        client.send(request("noop") + b"\r\n")
        assert b"ERROR" in client.read_until(b"\r\n")
        assert client.stats("settings")["binding_protocol"] == "ascii"
    with binary_only.connect() as client:
        client.send(b"version\r\n")
        assert client.read(1) == b""
    with binary_only.connect() as client:
        client.send(request("version"))
        assert parse(client.read(30))[0].value == b"1.15.0"


def test_users_log_in_and_may_do_what_their_categories_say(start, tmp_path):
    passwords = tmp_path / "passwords"
    passwords.write_text("user:secret\n")
    server = start("-S", env={"MEMCACHED_SASL_PWDB": str(passwords)})
    client = Whole.__new__(Whole)
    client.client = server.connect()
    assert statuses(client.ask(store("set", b"k", b"v"), request("get", b"k"))) == [AUTH_ERROR] * 2
    assert statuses(client.ask(request("version"), store("set", b"arcus:k", b"v"))) == [OK] * 2
    mechanisms, = client.ask(request("sasl_mechs"))
    assert b"PLAIN" in mechanisms.value.split() and b"SCRAM-SHA-256" in mechanisms.value.split()
    assert statuses(client.ask(request("sasl_auth", b"PLAIN", b"\0user\0wrong"))) == [AUTH_ERROR]
    challenge, = client.ask(request("sasl_auth", b"SCRAM-SHA-256", b"n,,n=user,r=abcdefgh"))
    assert challenge.status == AUTH_CONTINUE and challenge.value.startswith(b"r=abcdefgh")
    assert statuses(client.ask(request("sasl_step", b"SCRAM-SHA-256", b"nonsense"))) == [AUTH_ERROR]
    assert statuses(client.ask(request("sasl_auth", b"X" * 33, b""))) == [INVALID]
    assert statuses(client.ask(request("sasl_auth", b"PLAIN", b"\0user\0secret"))) == [OK]
    assert statuses(client.ask(store("set", b"k", b"v"), request("get", b"k"))) == [OK] * 2
    client.client.close()
