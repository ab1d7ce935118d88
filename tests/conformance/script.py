"""Conformance scripts: what a client sends and what it must get, as text.

    options: -M                options of the server for the whole file; before the first case
    case: what is shown        a fresh connection to an empty store
    > get k                    a line to send; CRLF is added
    >| get                     the same without CRLF
    < END                      a line that must come
    <| ab                      the same without CRLF
    <close                     the server closes the connection

Lines to send are collected until something is expected; so are lines to expect until something is
sent. Escapes: \\r \\n \\t \\\\ \\xHH, {70000*x} for repetition. {name} stands for a number: the first time
one is expected it is remembered, later it is the same one. # starts a comment line.
"""
import re
from dataclasses import dataclass, field
from pathlib import Path

SCRIPTS = Path(__file__).parent / "scripts"
_ESCAPES = {"r": b"\r", "n": b"\n", "t": b"\t", "\\": b"\\"}
_TOKEN = re.compile(r"\\x([0-9a-fA-F]{2})|\\(.)|\{(\d+)\*([^}]+)\}|\{([a-z]+)\}")


@dataclass
class Exchange:
    send: list = field(default_factory=list)     # bytes, or the name of a remembered number
    expect: list = field(default_factory=list)
    closes: bool = False


@dataclass
class Case:
    script: str
    title: str
    options: tuple
    exchanges: list = field(default_factory=list)

    def __str__(self):
        return f"{self.script}: {self.title}"


def parts_of(text):
    """The line as bytes and names."""
    parts, at = [], 0
    for token in _TOKEN.finditer(text):
        parts.append(text[at:token.start()].encode())
        at = token.end()
        hexadecimal, letter, times, what, name = token.groups()
        if hexadecimal:
            parts.append(bytes([int(hexadecimal, 16)]))
        elif letter:
            parts.append(_ESCAPES[letter])
        elif times:
            parts.append(what.encode() * int(times))
        else:
            parts.append(name)
    parts.append(text[at:].encode())
    return parts


def add_line(exchanges, kind, line):
    whole = not line.startswith("|")
    parts = parts_of(line.lstrip("|").removeprefix(" "))
    if whole:
        parts.append(b"\r\n")
    if kind == ">":
        if not exchanges or exchanges[-1].expect:
            exchanges.append(Exchange())
        exchanges[-1].send += parts
    else:
        exchanges[-1].expect += parts


def read_script(path):
    cases, options = [], ()
    for line in path.read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        if line.startswith("options:"):
            options = tuple(line.removeprefix("options:").split())
        elif line.startswith("case:"):
            cases.append(Case(path.stem, line.removeprefix("case:").strip(), options))
        elif line == "<close":
            cases[-1].exchanges[-1].closes = True
        elif line[0] in "<>":
            add_line(cases[-1].exchanges, line[0], line[1:])
        else:
            raise ValueError(f"{path}: cannot read {line!r}")
    return cases


def all_cases():
    return [case for path in sorted(SCRIPTS.glob("*.txt")) for case in read_script(path)]


def render(parts, numbers):
    return b"".join(part if isinstance(part, bytes) else numbers[part] for part in parts)


SECONDS_LEFT = re.compile(rb"(?<=expiretime=)[0-9]+")


def fewer_seconds(match):
    """What matches seconds that are left when up to two of them have passed meanwhile."""
    seconds = int(match.group())
    return b"(?:%s)" % b"|".join(b"%d" % n for n in range(max(seconds - 2, 0), seconds + 1))


def least_length(parts):
    """The fewest bytes that a reply has that check() takes: a number may have just one digit."""
    return sum(len(SECONDS_LEFT.sub(b"0", part)) if isinstance(part, bytes) else 1
               for part in parts)


def check(parts, reply, numbers):
    """Compare a whole reply with what is expected; remember new numbers."""
    pattern, new = b"", []
    for part in parts:
        if isinstance(part, bytes):
            pattern += SECONDS_LEFT.sub(fewer_seconds, re.escape(part))
        elif part in numbers:
            pattern += re.escape(numbers[part])
        else:
            new.append(part)
            pattern += b"([0-9]+)"
    match = re.fullmatch(pattern, reply, re.DOTALL)
    assert match, f"expected {shorten(pattern)}, got {shorten(reply)}"
    numbers.update(zip(new, match.groups()))


def shorten(data):
    return data if len(data) < 400 else data[:200] + b" ... " + data[-200:]
