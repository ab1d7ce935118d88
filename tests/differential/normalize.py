"""What may differ between two servers that both keep to the protocol, and why. A rule names the
steps that it is about, gives its reason, and makes both replies the same; everything that no rule
is about must be equal byte by byte."""
import re
import struct
from dataclasses import dataclass
from typing import Callable

from conformance.binary import elements, parse

RULES = []


@dataclass(frozen=True)
class Rule:
    about: re.Pattern
    reason: str
    apply: Callable


def rule(about, reason):
    def add(function):
        RULES.append(Rule(re.compile(about), reason, function))
        return function
    return add


def normalize(line, reply):
    for one in RULES:
        if one.about.search(line):
            reply = one.apply(line, reply)
    return reply


@rule(r"^m?gets\b", "each server numbers its changes in its own way")
def _uniques(_line, reply):
    return re.sub(rb"^(VALUE \S+ \d+ \d+) \d+\r\n", rb"\1 unique\r\n", reply, flags=re.M)


@rule(r"^getattr\b", "the servers' clocks tick at different moments")
def _times(_line, reply):
    def about(match):
        seconds = int(match.group(1))
        near = [n for n in (1000, 5000, 2592000) if -2 <= n - seconds <= 30]
        return b"expiretime=%d" % (near[0] if near else 1 if 0 < seconds < 30 else seconds)
    return re.sub(rb"expiretime=(\d+)", about, reply)


def _sort_elements(reply):
    lines = reply.split(b"\r\n")
    if len(lines) < 3 or not lines[0].startswith(b"VALUE "):
        return reply
    return b"\r\n".join([lines[0], *sorted(lines[1:-2]), *lines[-2:]])


@rule(r"^sop get\b", "a set has no order, and a smaller count takes any of its elements")
def _set_elements(line, reply):
    if line.split()[3:4] in (["0"], ["1000"]):
        return _sort_elements(reply)
    return reply.split(b"\r\n")[0]


@rule(r"^mop get\b", "the fields of a map that is read whole come in no order")
def _map_elements(line, reply):
    return _sort_elements(reply) if line.split()[3:5] == ["0", "0"] else reply


@rule(r" pipe$", "after some errors the reference drops the rest of a batch, after others not")
def _pipelined(_line, reply):
    if reply.endswith(b"<closed>"):
        return reply
    head, error, _ = reply.partition(b"PIPE_ERROR ")
    return head + error


@rule(r"^scan key\b", "the servers' clocks tick at different moments")
def _scanned_times(_line, reply):
    return re.sub(rb"(?m)^(\S+ \w) [1-9]\d*", rb"\1 seconds", reply)


@rule(r"^scan key \d{10}", "a cursor of a key scan has more digits here, and what they mean is each "
      "server's own")
def _large_cursors(_line, _reply):
    return b""


@rule(r"^scan prefix\b", "bytes are counted as each server lays items out; times tick at different "
      "moments")
def _scanned_prefixes(_line, reply):
    return re.sub(rb"(?m)^(\S+ \d+) \d+ \d{14}", rb"\1", reply)


@rule(r"^binary sop get$", "a set has no order")
def _binary_elements(_line, reply):
    response = next(iter(parse(reply.removesuffix(b"<closed>"))), None)
    if not response or response.status:
        return reply
    _, found = elements(response)
    return response.extras + b"".join(struct.pack(">I", len(one)) + one for one in sorted(found))


_ATTRIBUTES = struct.Struct(">4sIII31sBBBB5x")
_KV, _TREE, _NUMBER, _NO_BKEY = 0, 4, 0, 255


@rule(r"^binary getattr$", "the reference fills what an item's type does not have with what lies in "
      "its memory; the servers' clocks tick at different moments")
def _binary_attributes(_line, reply):
    response = next(iter(parse(reply.removesuffix(b"<closed>"))), None)
    if not response or response.status:
        return reply
    flags, seconds, count, most, bkey, bkey_len, kind, *modes = _ATTRIBUTES.unpack(response.value)
    shown = [flags, kind, seconds // 60 if seconds > 60 else 0]
    if kind != _KV:
        shown += [count, most, *modes]
    if kind == _TREE and bkey_len != _NO_BKEY:
        shown += [bkey_len, bkey[:bkey_len or 8]]
    return repr(shown).encode()


@rule(r"^binary\b", "the reference has no words for what it does not know or support")
def _binary_unknown(_line, reply):
    return re.sub(rb"(?s)^(\x81.{5}\0[\x81\x83]).*", rb"\1", reply)


@rule(r"^binary\b", "the reference ends the connection after some requests of a wrong shape")
def _binary_endings(_line, reply):
    return reply.removesuffix(b"<closed>")


@rule(r"^binary\b", "each server numbers its changes in its own way")
def _binary_uniques(_line, reply):
    at, frames = 0, []
    while reply[at:at + 1] == b"\x81":
        size = 24 + int.from_bytes(reply[at + 8:at + 12], "big")
        frames.append(reply[at:at + 16] + bytes(8) + reply[at + 24:at + size])
        at += size
    return b"".join(frames) + reply[at:]


@rule(r"^binary stat$", "prefixes are listed in no order")
def _binary_operations(_line, reply):
    reply = reply.replace(b"detailedPREFIX", b"detailed\r\nPREFIX")
    return b"\r\n".join(sorted(reply.split(b"\r\n")))


@rule(r"^mg\b", "a number that changes in its place stays out of date in memcached")
def _meta_marks(_line, reply):
    return re.sub(rb"(?m)^((?:HD|VA)\b.*?)(?: [XWZ])+\r\n", rb"\1\r\n", reply)


@rule(r"^m[gsdae]\b", "uniques are each server's own, times tick, what counts as a use differs, and "
      "memcached has its own words for what is wrong with a request")
def _meta(line, reply):
    reply = re.sub(rb"(?m)^((?:HD|VA)\b.* )h[01]", rb"\1h", reply)
    reply = re.sub(rb"(?m)^((?:HD|VA|NF|NS|EX|EN)\b.* )c\d+", rb"\1c", reply)
    reply = re.sub(rb"(?m)^((?:HD|VA)\b.* )t-?\d+", rb"\1t", reply)
    reply = re.sub(rb"(?m)^(CLIENT_ERROR|ERROR|SERVER_ERROR).*\r\n", rb"ERROR\r\n", reply)
    return reply.split(b" ")[0] if line.startswith("me ") else reply


_OWN_STATISTICS = re.compile(
    rb"^STAT (pid|uptime|time|version|libevent|pointer_size|rusage_\w+|connection_structures|bytes"
    rb"|bytes_read|bytes_written|threads|conn_yields|reclaimed|engine_\w+|sticky_bytes"
    rb"|\w+_connections|limit_\w+|server|server_version|stat_prefixes|hb_\w+) ")


@rule(r"^stats$", "figures of the process, of memory and of connections are each server's own, and "
                  "so is the order of the lines")
def _statistics(_line, reply):
    return b"\r\n".join(sorted(line for line in reply.split(b"\r\n")
                               if not _OWN_STATISTICS.match(line)))


@rule(r"^stats (prefixes|prefixlist item)", "bytes are counted as each server lays items out; "
      "prefixes are listed in no order; times tick at different moments")
def _prefixes(_line, reply):
    reply = re.sub(rb" (k|l|s|m|b|)tsz \d+", b"", reply)
    reply = re.sub(rb" time \d+", b"", reply)
    return b"\r\n".join(sorted(reply.split(b"\r\n")))


@rule(r"^stats (detail dump|prefixlist operation)", "prefixes are listed in no order")
def _operations(_line, reply):
    return b"\r\n".join(sorted(reply.split(b"\r\n")))


_NEAR_TRIM = ("where the only element within a range is the last one before what was trimmed, and "
              "the range ends with it, the reference says that the range reaches further")
_RANGE = re.compile(r" (\w+)\.\.(\w+)")


def _is_wide(line):
    ends = _RANGE.search(line)
    return ends and ends.group(1) != ends.group(2)


@rule(r"^bop get\b", _NEAR_TRIM)
def _trimmed_get(line, reply):
    if not _is_wide(line):
        return reply
    reply = re.sub(rb"^OUT_OF_RANGE\r\n$", b"NOT_FOUND_ELEMENT\r\n", reply)
    return re.sub(rb"^(VALUE \d+ 1\r\n.*\r\n)TRIMMED\r\n$", rb"\1END\r\n", reply, flags=re.S)


@rule(r"^bop mget\b", _NEAR_TRIM)
def _trimmed_mget(line, reply):
    if not _is_wide(line):
        return reply
    reply = re.sub(rb"^(VALUE \S+) OUT_OF_RANGE\r\n", rb"\1 NOT_FOUND_ELEMENT\r\n", reply,
                   flags=re.M)
    return re.sub(rb"^(VALUE \S+) TRIMMED (\d+) 1\r\n", rb"\1 OK \2 1\r\n", reply, flags=re.M)


@rule(r"^bop smget\b", _NEAR_TRIM)
def _trimmed_smget(line, reply):
    if not _is_wide(line):
        return reply
    reply = re.sub(rb"^(DUPLICATED_)?TRIMMED\r\n$", rb"\1END\r\n", reply, flags=re.M)
    head, mark, tail = reply.partition(b"TRIMMED_KEYS ")
    lines = tail.split(b"\r\n")[1:]
    kept = [one for one in lines if len(one.split()) != 2
            or len(re.findall(rb"^" + re.escape(one.split()[0]) + rb" \d+ ", head, re.M)) > 1]
    return head + mark + b"\r\n".join(kept)


@rule(r"", "what is said before a connection is closed with input unread may be lost on its way")
def _closed(_line, reply):
    return b"<closed>" if reply.endswith(b"<closed>") else reply
