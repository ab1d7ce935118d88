#!/usr/bin/python3
"""Compare what operations and items cost: this server and, where installed, memcached and redis.

Starts all of them with one thread, fills them with the same keys, and then runs round after round
over all, so that the machine's changing speed meets each of them alike. Prints medians.
"""
import argparse
import os
import shutil
import socket
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
USER = ["-u", "root"] if os.geteuid() == 0 else []


def contenders(build, base_port, threads):
    yield "cacheserver", base_port, False, [
        str(build / "cacheserver/cacheserver"), *USER, "-t", str(threads), "-m", "1024",
        "-p", str(base_port), "-l", "127.0.0.1"]
    if shutil.which("memcached"):
        yield "memcached", base_port + 1, False, [
            "memcached", *USER, "-t", str(threads), "-m", "1024", "-p", str(base_port + 1),
            "-l", "127.0.0.1", "-U", "0"]
    if shutil.which("redis-server") and threads == 1:
        yield "redis", base_port + 2, True, [
            "redis-server", "--port", str(base_port + 2), "--save", "", "--appendonly", "no",
            "--bind", "127.0.0.1"]


def wait_for_port(port):
    deadline = time.monotonic() + 20
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def resident_kb(pid):
    text = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in text.splitlines() if line.startswith("VmRSS")).split()[1])


class Contender:
    def __init__(self, name, port, redis, command, load, directory):
        self.name, self.port, self.redis, self.load = name, port, redis, load
        self.process = subprocess.Popen(command, cwd=directory, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        wait_for_port(port)
        self.empty_kb = resident_kb(self.process.pid)
        self.figures = {}

    def run(self, operation, in_flight, operations, keys):
        arguments = [self.load, "-p", self.port, "-P", self.process.pid, "-o", operation,
                     "-q", in_flight, "-n", operations, "-k", keys]
        output = subprocess.run([str(a) for a in arguments] + (["-r"] if self.redis else []),
                                check=True, capture_output=True, text=True).stdout
        return float(output.split()[2]), int(output.split()[3])

    def stop(self):
        self.process.terminate()
        self.process.wait(20)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, default=ROOT / "build")
    parser.add_argument("--port", type=int, default=21900, help="first of three")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--operations", type=int, default=300000)
    parser.add_argument("--keys", type=int, default=1000000)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    load = options.build / "tests/bench/load"
    with tempfile.TemporaryDirectory() as directory:
        servers = [Contender(*each, load, directory)
                   for each in contenders(options.build, options.port, options.threads)]
        try:
            compare(servers, options)
        finally:
            for server in servers:
                server.stop()


def compare(servers, options):
    print(f"{'':14}" + "".join(f"{server.name:>14}" for server in servers))
    row("bytes/item", [fill(server, options.keys) for server in servers], "{:14.0f}")
    for operation in ("get", "set"):
        for in_flight in (1, 32):
            samples = [[] for _ in servers]
            for _ in range(options.rounds):
                for server, sample in zip(servers, samples):
                    sample.append(server.run(operation, in_flight, options.operations,
                                             options.keys)[0])
            row(f"{operation} P={in_flight} us", [statistics.median(s) for s in samples],
                "{:14.3f}")


def fill(server, keys):
    _, full_kb = server.run("fill", 32, keys, keys)
    return (full_kb - server.empty_kb) * 1024 / keys


def row(title, figures, form):
    print(f"{title:14}" + "".join(form.format(figure) for figure in figures), flush=True)


if __name__ == "__main__":
    main()
