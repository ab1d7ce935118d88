#!/usr/bin/python3
"""How long small gets take while one worker thread also does something long.

A server with one worker thread serves gets on a few connections, one in flight on each, while
another client keeps it busy with one kind of long work after the other. Prints, for each kind,
microseconds from sending a get to having its reply: median, 99 %, 99.9 % and the longest, and how
often the long work was done meanwhile. As root the programs run at a higher priority, or one would
see the machine's other work rather than the server's.
"""
import argparse
import os
import socket
import subprocess
import tempfile
import threading
import time

from compare import add_build, back_memory

BIG = 1000000


class Client:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), 60)
        self.file = self.socket.makefile("rb")

    def ask(self, request, ends=(b"END", b"DUPLICATED")):
        """Sends a request; returns its reply's first line after reading up to the last one."""
        self.socket.sendall(request)
        first = line = self.file.readline().rstrip()
        many = first.split(b" ")[0] in (b"ELEMENTS", b"KEYS", b"VALUE")
        while many and line not in ends:
            line = self.file.readline().rstrip()
        return first


class Bench:
    def __init__(self, options, directory):
        self.options = options
        self.load = options.build / "tests/bench/load"
        self.priority = ["chrt", "-f", "1"] if os.geteuid() == 0 else []
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        user = ["-u", "root"] if os.geteuid() == 0 else []
        self.server = subprocess.Popen(
            [*self.priority, options.build / "cacheserver/cacheserver", *user, "-t", "1", "-m",
             "4096", "-l", "127.0.0.1", "-X", "ascii_scrub.so", "-p", str(self.port)],
            cwd=directory)
        deadline = time.monotonic() + 20
        while True:
            try:
                self.client = Client(self.port)
                return
            except OSError:
                if time.monotonic() > deadline:
                    raise

    def drive(self, operation, count, **more):
        words = [str(word) for pair in more.items() for word in pair]
        return subprocess.run(
            [*self.priority, self.load, "-p", str(self.port), "-P", str(self.server.pid), "-o",
             operation, "-n", str(count), *words], check=True, capture_output=True,
            text=True).stdout.split()

    def prepare(self):
        keys = self.options.keys
        self.drive("fill", keys, **{"-k": keys, "-q": 32})
        names = [b"s:%05d" % number for number in range(10000)]
        for name in names:
            self.client.ask(b"bop insert %s 1 3 create 0 0 0\r\nabc\r\n" % name)
        line = b" ".join(names)
        self.smget = b"bop smget %d %d 0..9 2000 duplicate\r\n%s\r\n" % (len(line), len(names),
                                                                        line)
        self.client.ask(b"config max_btree_size %d\r\n" % BIG)
        self.build_big()

    def build_big(self):
        self.client.ask(b"bop create bpt000:0000000 0 0 %d\r\n" % BIG)
        self.drive("bop-insert", BIG, **{"-C": 1, "-e": BIG, "-q": 32})


def nothing(bench, running):
    while running():
        time.sleep(0.01)
    return 0


def smget(bench, running):
    times = 0
    while running():
        assert bench.client.ask(bench.smget).startswith(b"ELEMENTS")
        times += 1
    return times


def delete_big(bench, running):
    time.sleep(0.2)
    assert bench.client.ask(b"delete bpt000:0000000\r\n") == b"DELETED"
    while running():
        time.sleep(0.01)
    return 1


def scan(bench, running):
    cursor, times = b"0", 0
    while running():
        cursor = bench.client.ask(b"scan key %s count 2000\r\n" % cursor).split()[2]
        times += 1
    return times


def scrub(bench, running):
    times = 0
    while running():
        times += bench.client.ask(b"scrub\r\n") == b"OK"
        time.sleep(0.001)
    return times


def grow(bench, running):
    keys = bench.options.keys
    bench.drive("fill", 3 * keys, **{"-k": 3 * keys, "-q": 8, "-c": 2})
    return 3 * keys


def measure(bench, work):
    back_memory(512 << 20)
    stopping = threading.Event()
    done = []
    worker = threading.Thread(
        target=lambda: done.append(work(bench, lambda: not stopping.is_set())))
    worker.start()
    figures = bench.drive("get", bench.options.gets, **{"-c": bench.options.connections, "-k":
                                                         bench.options.keys})[4:]
    stopping.set()
    worker.join()
    print(f"{work.__name__:12}" + "".join(f"{float(each):10.0f}" for each in figures) +
          f"{done[0]:12}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    add_build(parser)
    parser.add_argument("--keys", type=int, default=1000000)
    parser.add_argument("--gets", type=int, default=150000)
    parser.add_argument("--connections", type=int, default=4)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        bench = Bench(options, directory)
        try:
            bench.prepare()
            print(f"{'':12}" + "".join(f"{title:>10}" for title in
                                       ("median", "99 %", "99.9 %", "longest")) + f"{'times':>12}")
            for work in (nothing, smget, scan, scrub, delete_big, grow, nothing):
                measure(bench, work)
        finally:
            bench.server.terminate()
            bench.server.wait(20)


if __name__ == "__main__":
    main()
