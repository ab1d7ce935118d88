#!/usr/bin/python3
"""Compare what operations, items and elements cost: this server and others, where installed.

Starts them all, fills them with the same keys, and then runs round after round over all, so that
the machine's changing speed meets each of them alike. Prints medians of the server's CPU
microseconds per operation, and how many times what the others take this server takes.

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
# Who answers the operations that begin so.
SPEAKERS = {"floor": ("get", "set"), "memcached": ("get", "get10", "set", "fill")}
ROWS = {
    "kv": [("get", 1), ("set", 1), ("get10", 1), ("get", 32), ("set", 32)],
    "list": [("lop-insert", 32), ("lop-get10", 32)],
    "set": [("sop-insert", 32), ("sop-exist", 32)],
    "map": [("mop-insert", 32), ("mop-get", 32)],
    "btree": [("bop-insert", 32), ("bop-get10", 32), ("bop-get10", 1), ("bop-get50", 32)],
}


def contenders(options):
    """Yields name, whether it speaks redis' protocol, and the command without the port."""
    memory = ["-m", str(options.memory_mb), "-l", "127.0.0.1", *USER]
    for threads in options.threads:
        name = "cacheserver" if threads == 1 else f"threads {threads}"
        yield name, False, [str(options.build / "cacheserver/cacheserver"), *memory, "-t",
                            str(threads), "-p"]
    if "arcus" in options.against and options.arcus:
        engine = options.arcus.parent / ".libs/default_engine.so"
        yield "arcus", False, [str(options.arcus), *memory, "-t", "1", "-U", "0", "-E",
                               str(engine), "-p"]
    if "memcached" in options.against and shutil.which("memcached"):
        yield "memcached", False, ["memcached", *memory, "-t", "1", "-U", "0", "-p"]
    if "redis" in options.against and shutil.which("redis-server"):
        yield "redis", True, ["redis-server", "--save", "", "--appendonly", "no", "--bind",
                              "127.0.0.1", "--port"]
    if "floor" in options.against:
        yield "floor", False, [str(options.build / "tests/bench/floor"), "-p"]


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
    def __init__(self, name, redis, command, options, directory):
        self.name, self.redis, self.options = name, redis, options
        self.port = free_port()
        self.process = subprocess.Popen([*command, str(self.port)], cwd=directory,
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
        done = subprocess.run([load, *words] + (["-r"] if self.redis else []),
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
    figures = []
    for server in servers:
        if not server.speaks(operation) or server.name == "floor":
            figures.append(None)
            continue
        before = server.resident_kb()
        after = server.run(operation, 32, count, **more)[1]
        figures.append((after - before) * 1024 / count)
    print_row(title, figures, servers, 0)


def measure(servers, options, operation, in_flight):
    samples = [[] for _ in servers]
    collections = max(1, options.items // options.elements)
    for number in range(options.rounds):
        for server, sample in zip(servers, samples):
            if not server.speaks(operation):
                continue
            more = {"-C": collections, "-g": 0}
            if operation.endswith("insert"):
                more = {"-C": max(1, options.operations // options.elements), "-g": number + 1}
            sample.append(server.run(operation, in_flight, options.operations, **more)[0])
    print_row(f"{operation} P={in_flight}",
              [statistics.median(sample) if sample else None for sample in samples], servers, 3)


def print_row(title, figures, servers, digits):
    def cell(figure, width, places):
        return f"{'':{width}}" if figure is None else f"{figure:{width}.{places}f}"
    ratios = [figures[0] / other if other else None for other in figures[1:]]
    print(f"{title:16}" + "".join(cell(figure, 12, digits) for figure in figures) + "   |" +
          "".join(cell(ratio, 12, 2) for ratio in ratios), flush=True)


def compare(servers, options):
    print(f"{'':16}" + "".join(f"{server.name:>12}" for server in servers) + "   |" +
          "".join(f"{'/ ' + server.name:>12}" for server in servers[1:]))
    for kind in options.kinds:
        if kind == "kv":
            measure_memory(servers, options, "B per item", "fill", options.keys)
        else:
            operation = f"{kind[0]}op-insert"
            measure_memory(servers, options, f"B per {kind} elem.", operation, options.items,
                           **{"-C": max(1, options.items // options.elements), "-g": 0})
        for operation, in_flight in ROWS[kind]:
            measure(servers, options, operation, in_flight)


def parse():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=Path, default=ROOT / "build")
    parser.add_argument("--arcus", type=Path, default=os.environ.get("ARCUS_MEMCACHED"))
    parser.add_argument("--against", nargs="*",
                        default=["arcus", "memcached", "redis", "floor"])
    parser.add_argument("--kinds", nargs="+", default=list(ROWS), choices=list(ROWS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--operations", type=int, default=200000)
    parser.add_argument("--keys", type=int, default=1000000)
    parser.add_argument("--items", type=int, default=1000000, help="elements of all collections")
    parser.add_argument("--elements", type=int, default=1000, help="elements of one collection")
    parser.add_argument("--connections", type=int, default=50)
    parser.add_argument("--threads", type=int, nargs="+", default=[1],
                        help="of this server; the first is what the others are compared with")
    parser.add_argument("--memory-mb", type=int, default=4096)
    return parser.parse_args()


def main():
    options = parse()
    with tempfile.TemporaryDirectory() as directory:
        servers = []
        try:
            for each in contenders(options):
                servers.append(Contender(*each, options, directory))
            compare(servers, options)
        finally:
            for server in servers:
                server.stop()


if __name__ == "__main__":
    main()
