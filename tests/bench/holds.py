#!/usr/bin/python3
"""How long the server holds its locks, by kind of request.

Needs a build by gcc that measures it:

    meson setup build-holds -Dlock_times=true
    ninja -C build-holds cacheserver/cacheserver && tests/bench/holds.py

Runs one kind of long request after the other, against collections of --elements elements, and
prints for each how long a bucket of the hash table was locked at most, and any other lock: in
microseconds of CPU time of the thread that held it, and in basic blocks of the server's code that
it ran meanwhile. The time has interrupts in it, and what the host takes from a virtual machine; the
blocks lack what libraries and the system do. A microsecond of work is 150 to 350 blocks (counting
them takes up to half of it), or 10 when each waits for memory: a long time with few blocks is
somebody else's, or a call of the system, which then is there in every run.
"""
import argparse
import mmap
import re
import socket
import struct
import subprocess
import tempfile
import time
from pathlib import Path

from compare import add_build, back_memory

ROOT = Path(__file__).resolve().parents[2]
BATCH = 5000
HOLD = struct.Struct("QQ")  # nanoseconds, blocks
LAST = re.compile(rb"(END|DELETED(_DROPPED)?|DUPLICATED|OK|NOT_FOUND(_ELEMENT)?|TRIMMED|HD|STORED|"
                  rb"CREATED(_STORED)?|EXISTS|RESET|PREFIX_.*|(COUNT|POSITION)=\d+|\w+_ERROR.*)\r\n")


def ranks():
    """The names of the ranks of locks by their numbers."""
    header = (ROOT / "cacheserver/runtime/lock.h").read_text()
    return {int(number): name.lower() for name, number in
            re.findall(r"LOCK_RANK_(\w+) = (\d+)", header)}


class Server:
    def __init__(self, options, directory):
        self.elements = options.elements
        times = Path(directory) / "times"
        self.ranks = ranks()
        self.bytes = HOLD.size * (max(self.ranks) + 1)
        times.write_bytes(bytes(self.bytes))
        with times.open("r+b") as file:
            self.times = mmap.mmap(file.fileno(), self.bytes)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.process = subprocess.Popen(
            [options.build / "cacheserver/cacheserver", "-u", "root", "-t", "1", "-m",
             str(options.megabytes), "-I", "128m", "-l", "127.0.0.1", "-X", "ascii_scrub.so", "-p",
             str(port)], cwd=directory, env={"CACHE_LOCK_TIMES": str(times)})
        deadline = time.monotonic() + 20
        while True:
            try:
                self.socket = socket.create_connection(("127.0.0.1", port), 120)
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise
        self.file = self.socket.makefile("rb", 1 << 20)
        for kind in ("list", "set", "map", "btree"):
            self.ask(f"config max_{kind}_size {max(50000, self.elements)}")

    def ask(self, request):
        """The last line of the reply."""
        self.socket.sendall(request.encode() + b"\r\n" if isinstance(request, str) else request)
        while True:
            line = self.file.readline()
            if not line:
                raise EOFError(request[:60])
            if LAST.fullmatch(line):
                return line.rstrip().decode()

    def batch(self, count, request):
        """Sends request(n) for each n, none of which is answered."""
        for start in range(0, count, BATCH):
            self.socket.sendall("".join(
                request(n) for n in range(start, min(start + BATCH, count))).encode())
        self.ask("get -")

    def longest(self):
        """(microseconds, blocks) by the names of ranks."""
        return {self.ranks[rank]: (ns / 1000, blocks)
                for rank, (ns, blocks) in enumerate(HOLD.iter_unpack(self.times[:])) if ns}

    def reset(self):
        self.times[:] = bytes(self.bytes)

    # What is measured.

    def fill(self, kind, key="big", count=None, eflags=True, more=""):
        """A collection of so many elements of 100 bytes, made anew."""
        count = count or self.elements
        value = "v" * 92
        self.ask(f"delete {key}")
        self.ask(f"{kind} create {key} 0 0 {count} {more}")
        element = {
            "lop": lambda n: f"lop insert {key} -1 100 noreply\r\n{n:08}{value}\r\n",
            "sop": lambda n: f"sop insert {key} 100 noreply\r\n{n:08}{value}\r\n",
            "mop": lambda n: f"mop insert {key} f{n} 100 noreply\r\n{n:08}{value}\r\n",
            "bop": lambda n: (f"bop insert {key} {n} " + (f"0x{n % 256:02x} " if eflags else "") +
                              f"100 noreply\r\n{n:08}{value}\r\n"),
        }[kind]
        self.batch(count, element)

    def fill_small(self):
        self.batch(300000, lambda n: f"set p{n % 5000}:{n} 0 0 3 noreply\r\nabc\r\n")

    def names(self, count):
        return " ".join(f"s:{n:05}" for n in range(count))

    def fill_smget(self):
        self.batch(10000, lambda n: f"bop insert s:{n:05} {n % 7} 0x01 3 create 0 0 0 noreply\r\n"
                                    "abc\r\n")

    def scan(self, what):
        cursor = "0"
        while True:
            self.socket.sendall(f"scan {what} {cursor} count 2000\r\n".encode())
            cursor = self.file.readline().split()[2].decode()
            while self.file.readline() != b"END\r\n":
                pass
            if cursor == "0":
                return

    def scrub(self):
        said = self.ask("scrub")
        status, deadline = b"", time.monotonic() + 120
        while status != b"STAT scrubber:status stopped\r\n":
            if time.monotonic() > deadline:
                raise TimeoutError("the scrub does not end")
            self.socket.sendall(b"stats scrub\r\n")
            status = self.file.readline()
            while self.file.readline() != b"END\r\n":
                pass
            time.sleep(0.01)
        return said


def with_keys(command, names):
    return f"{command.format(len(names), names.count(' ') + 1)}\r\n{names}"


def rows(server):
    """(what is done, what is made before it is measured, the request or what does it)."""
    last = server.elements - 1
    fields = " ".join(f"f{n}" for n in range(20000))
    value = b"set v 0 0 %d\r\n%s\r\n" % (100 << 20, bytes(100 << 20))
    names = server.names(10000)
    filled = server.fill

    yield "set 100 MB", None, value
    yield "get of it", None, "get v"
    yield "append to it", None, "append v 0 0 1\r\na"
    yield "set over it", None, "set v 0 0 1\r\na"
    yield "delete of 100 MB", lambda: server.ask(value), "delete v"
    for kind, whole in (("lop", "0..-1"), ("sop", "0"), ("mop", "0 0"), ("bop", f"0..{last}")):
        yield f"{kind} get all", lambda kind=kind: filled(kind), f"{kind} get big {whole}"
        if kind == "lop":
            yield "lop get backwards", None, "lop get big -1..0"
            yield "lop delete part", None, f"lop delete big {last // 4}..{last // 2}"
        if kind == "sop":
            yield "sop get 1000", None, "sop get big 1000"
            yield "sop get 1000 delete", None, "sop get big 1000 delete"
        if kind == "mop":
            yield "mop get 20000", None, with_keys("mop get big {} {}", fields)
            yield "mop delete 20000", None, with_keys("mop delete big {} {}", fields)
        if kind == "bop":
            yield "bop get offset", None, f"bop get big 0..{last} {last - 5} 5"
            yield "bop get filter", None, f"bop get big 0..{last} 0 EQ 0x0102"
            yield "bop get filter some", None, f"bop get big 0..{last} 0 EQ 0x11"
            yield "bop count filter", None, f"bop count big 0..{last} 0 EQ 0x11"
            yield "bop mget filter", None, with_keys(
                f"bop mget {{}} {{}} 0..{last} 0 EQ 0x0102 10", "big other")
            yield "bop smget filter", None, with_keys(
                f"bop smget {{}} {{}} 0..{last} 0 EQ 0x0102 10 duplicate", "big other")
            yield "bop gbp all", None, f"bop gbp big asc 0..{last}"
            yield "bop pwg", None, f"bop pwg big {last // 2} asc 100"
            yield "bop position", None, f"bop position big {last // 2} asc"
            yield "bop delete filter", None, f"bop delete big 0..{last} 0 EQ 0x11"
            yield "bop delete part", None, f"bop delete big {last // 4}..{last // 2}"
        yield f"{kind} get all delete", None, f"{kind} get big {whole} delete"
        if kind != "sop":
            yield f"{kind} delete all", lambda kind=kind: filled(kind), f"{kind} delete big {whole}"
        yield f"{kind} getattr", lambda kind=kind: filled(kind), "getattr big"
        yield f"{kind}: delete key", None, "delete big"

    def spread():
        filled("bop")
        server.ask(f"setattr big maxbkeyrange={last}")
    yield "bop insert trimming", spread, f"bop insert big {2 * last - 10} 1\r\na"
    yield "flush_all", lambda: filled("bop"), "flush_all"
    yield "get after it", None, "get big"
    yield "smget 10000", server.fill_smget, with_keys(
        "bop smget {} {} 0..9 2000 duplicate", names)
    yield "mget 10000", None, with_keys("mget {} {}", names)
    yield "insertions", None, server.fill_small
    yield "growth", None, lambda: server.batch(
        2000000, lambda n: f"set key:{n} 0 0 3 noreply\r\nabc\r\n")
    yield "scan key", None, lambda: server.scan("key")
    yield "scan prefix", None, lambda: server.scan("prefix")
    yield "scrub", None, server.scrub
    yield "key dump", None, "dump start key dumped"
    yield "stats", None, "stats"
    yield "stats prefixes", None, "stats prefixes"
    yield "stats detail dump", None, "stats detail dump"
    yield "flush_prefix", None, "flush_prefix p1"
    yield "eviction", None, lambda: server.batch(
        server.elements, lambda n: f"set e:{n} 0 0 4000 noreply\r\n{'e' * 4000}\r\n")


def row(longest):
    us, blocks = longest.pop("bucket", (0, 0))
    longest.setdefault("", (0, 0))
    slowest = max(longest, key=lambda rank: longest[rank][0])
    busiest = max(longest, key=lambda rank: longest[rank][1])
    return (f"{us:11.0f}{blocks:9}{longest[slowest][0]:13.0f} {slowest:13}"
            f"{longest[busiest][1]:9} {busiest:13}")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    add_build(parser, "build-holds")
    parser.add_argument("--elements", type=int, default=1000000)
    parser.add_argument("--megabytes", type=int, default=1024)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        server = Server(options, directory)
        try:
            print(f"{'':22}{'bucket: us':>11}{'blocks':>9}{'others: us':>13}{'':14}{'blocks':>9}")
            for name, make, act in rows(server):
                if make:
                    make()
                back_memory(256 << 20)
                server.reset()
                said = act() if callable(act) else server.ask(act)
                time.sleep(0.05)
                print(f"{name:22}{row(server.longest())} {said or ''}", flush=True)
        finally:
            server.process.terminate()
            server.process.wait(60)


if __name__ == "__main__":
    main()
