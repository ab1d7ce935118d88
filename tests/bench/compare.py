#!/usr/bin/python3
"""Compare what operations, items and elements cost: this server and others, where installed.

Starts them all, fills them with the same keys, and then runs many short rounds over all, every
other round in reverse order, so that the machine's changing speed meets each of them alike. Prints
medians of the server's CPU microseconds per operation, and the medians, over the rounds, of how
many times what the others take this server takes. With several --threads each program is run with
each number of them, and what it takes with more threads is divided by what it takes with the first
number: what threads cost a program that shares nothing between them is the kernel's.

arcus-memcached is named by --arcus or ARCUS_MEMCACHED (its engine is looked for beside it, in
.libs); memcached and redis-server are found in PATH; floor only receives and sends.
"""
import argparse
import mmap
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
USER = ["-u", "root"] if os.geteuid() == 0 else []
THREADS = "how many threads"  # in a command
# Who answers the operations that begin so.
SPEAKERS = {"floor": ("get", "set"), "memcached": ("get", "get10", "set", "fill")}
ROWS = {
    "kv": [("get", 1), ("set", 1), ("get10", 1), ("get", 32), ("set", 32)],
    "list": [("lop-insert", 32), ("lop-get10", 32)],
    "set": [("sop-insert", 32), ("sop-exist", 32)],
    "map": [("mop-insert", 32), ("mop-get", 32)],
    "btree": [("bop-insert", 32), ("bop-get10", 32), ("bop-get10", 1), ("bop-get50", 32)],
}


def programs(options):
    """Yields name and the command without the port."""
    memory = ["-m", str(options.memory_mb), "-l", "127.0.0.1", *USER]
    yield "cacheserver", [options.build / "cacheserver/cacheserver", *memory, "-t", THREADS, "-p"]
    if "arcus" in options.against and options.arcus:
        engine = options.arcus.parent / ".libs/default_engine.so"
        yield "arcus", [options.arcus, *memory, "-U", "0", "-E", engine, "-t",
                        THREADS, "-p"]
    if "memcached" in options.against and shutil.which("memcached"):
        yield "memcached", ["memcached", *memory, "-U", "0", "-t", THREADS, "-p"]
    if "redis" in options.against and shutil.which("redis-server"):
        yield "redis", ["redis-server", "--save", "", "--appendonly", "no", "--bind", "127.0.0.1",
                        "--port"]
    if "floor" in options.against:
        yield "floor", [options.build / "tests/bench/floor", "-t", THREADS, "-p"]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_port(port):
    deadline = time.monotonic() + 20
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def back_memory(size_bytes):
    """Makes the host of a virtual machine give it memory. Hosts take back what is free, and whoever
    touches it next is charged ten times the usual: that would be measured instead of a server."""
    with mmap.mmap(-1, size_bytes, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as memory:
        memory.madvise(mmap.MADV_HUGEPAGE)
        for page in range(0, size_bytes, mmap.PAGESIZE):
            memory[page] = 1


class Contender:
    def __init__(self, name, command, threads, options, directory):
        self.name, self.threads, self.options = name, threads, options
        self.port = free_port()
        words = [str(threads) if word is THREADS else word for word in command]
        self.process = subprocess.Popen([*words, str(self.port)], cwd=directory,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for_port(self.port)

    def speaks(self, operation):
        return operation in SPEAKERS.get(self.name, [operation])

    def run(self, operation, in_flight, operations, **more):
        """The server's CPU microseconds per operation and resident kilobytes afterwards."""
        arguments = {"-p": self.port, "-P": self.process.pid, "-o": operation, "-q": in_flight,
                     "-n": operations, "-e": self.options.elements, "-c":
                     self.options.connections, "-k": self.options.keys, **more}
        words = [str(word) for pair in arguments.items() for word in pair]
        load = self.options.build / "tests/bench/load"
        back_memory((64 << 20) + operations * 256)
        done = subprocess.run([load, *words] + (["-r"] if self.name == "redis" else []),
                              capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{self.name}: {done.stderr}")
        return float(done.stdout.split()[2]), int(done.stdout.split()[3])

    def resident_kb(self):
        pages = Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGESIZE") // 1024

    def stop(self):
        self.process.terminate()
        self.process.wait(20)


def measure_memory(servers, options, title, operation, count, **more):
    """Bytes of resident memory that each of `count` items or elements takes."""
    samples = []
    for server in servers:
        samples.append([])
        if server.speaks(operation) and server.name != "floor":
            before = server.resident_kb()
            after = server.run(operation, 32, count, **more)[1]
            samples[-1].append((after - before) * 1024 / count)
    print_row(title, samples, servers, 0)


def measure(servers, options, operation, in_flight):
    samples = [[] for _ in servers]
    collections = max(1, options.items // options.elements)
    for number in range(options.rounds):
        more = {"-C": collections, "-g": 0}
        if operation.endswith("insert"):
            more = {"-C": max(1, options.operations // options.elements), "-g": number + 1}
        for server, sample in list(zip(servers, samples))[::-1 if number % 2 else 1]:
            if server.speaks(operation):
                sample.append(server.run(operation, in_flight, options.operations, **more)[0])
    print_row(f"{operation} P={in_flight}", samples, servers, 3)


def quotients(servers):
    """Yields title, which server is divided, and by which: this one by each of the others, each
    with more threads by itself with the first number of them."""
    for place, server in enumerate(servers):
        if server.threads != servers[0].threads:
            alone = [other.name for other in servers].index(server.name)
            yield f"x{server.threads}", place, alone
        elif place:
            yield f"/ {server.name}", 0, place


def print_head(servers, first):
    names = [server.name if server.threads == first else f"x{server.threads}" for server in servers]
    print(f"{'':16}" + "".join(f"{name:>12}" for name in names) + "   |" +
          "".join(f"{title:>12}" for title, _, _ in quotients(servers)))


def print_row(title, samples, servers, digits):
    def cell(figures, places):
        return f"{statistics.median(figures):12.{places}f}" if figures else f"{'':12}"
    ratios = [[one / other for one, other in zip(samples[divided], samples[by])]
              for _, divided, by in quotients(servers)]
    print(f"{title:16}" + "".join(cell(sample, digits) for sample in samples) + "   |" +
          "".join(cell(ratio, 2) for ratio in ratios), flush=True)


def compare(servers, options):
    print_head(servers, options.threads[0])
    for kind in options.kinds:
        if kind == "kv":
            measure_memory(servers, options, "B per item", "fill", options.keys)
        else:
            operation = f"{kind[0]}op-insert"
            measure_memory(servers, options, f"B per {kind} elem.", operation, options.items,
                           **{"-C": max(1, options.items // options.elements), "-g": 0})
        for operation, in_flight in ROWS[kind]:
            measure(servers, options, operation, in_flight)


def add_build(parser, name="build"):
    """Servers run elsewhere, so a path from here must not depend on where that is."""
    parser.add_argument("--build", type=lambda path: Path(path).resolve(), default=ROOT / name)


def parse():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    add_build(parser)
    parser.add_argument("--arcus", type=Path, default=os.environ.get("ARCUS_MEMCACHED"))
    parser.add_argument("--against", nargs="*",
                        default=["arcus", "memcached", "redis", "floor"])
    parser.add_argument("--kinds", nargs="+", default=list(ROWS), choices=list(ROWS))
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--operations", type=int, default=50000)
    parser.add_argument("--keys", type=int, default=1000000)
    parser.add_argument("--items", type=int, default=1000000, help="elements of all collections")
    parser.add_argument("--elements", type=int, default=1000, help="elements of one collection")
    parser.add_argument("--connections", type=int, default=50)
    parser.add_argument("--threads", type=int, nargs="+", default=[1],
                        help="of each server that can have several")
    parser.add_argument("--memory-mb", type=int, default=4096)
    return parser.parse_args()


def main():
    options = parse()
    with tempfile.TemporaryDirectory() as directory:
        servers = []
        try:
            for name, command in programs(options):
                for threads in options.threads if THREADS in command else options.threads[:1]:
                    servers.append(Contender(name, command, threads, options, directory))
            compare(servers, options)
        finally:
            for server in servers:
                server.stop()


if __name__ == "__main__":
    main()
