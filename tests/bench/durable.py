#!/usr/bin/python3
"""How many changes a second this server takes when what it stores is kept on disk.

Runs sets of 100 bytes over different numbers of connections, answered when they are on disk and
before, and beside them how often a second the disk syncs a small write. arcus-memcached with
persistence is named by --arcus or ARCUS_MEMCACHED. The directory is on the disk that is measured.
"""
import argparse
import os
import subprocess
import tempfile
import time
from pathlib import Path

from compare import USER, add_build, free_port, wait_for_port


def syncs_per_second(directory):
    path = Path(directory) / "probe"
    with open(path, "wb", buffering=0) as file:
        start, count = time.monotonic(), 0
        while time.monotonic() - start < 1:
            file.write(b"x" * 200)
            os.fdatasync(file.fileno())
            count += 1
    path.unlink()
    return count


def command_of(options, name, mode, directory):
    config = (f"use_persistence=true;data_path={directory};logs_path={directory};"
              f"async_logging={'true' if mode == 'async' else 'false'}")
    words = [*USER, "-l", "127.0.0.1", "-t", "2", "-m", "256", "-e", config]
    if name == "arcus":
        engine = options.arcus.parent / ".libs/default_engine.so"
        return [str(options.arcus), *words, "-U", "0", "-E", str(engine)]
    return [str(options.build / "cacheserver/cacheserver"), *words]


def measure(options, name, mode, connections, in_flight):
    """Sets a second, and the server's CPU microseconds for each."""
    port = free_port()
    with tempfile.TemporaryDirectory(dir=options.directory) as directory:
        process = subprocess.Popen(
            [*command_of(options, name, mode, directory), "-p", str(port)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_for_port(port)
            count = options.operations if connections > 1 else options.operations // 20
            done = subprocess.run(
                [options.build / "tests/bench/load", "-p", str(port), "-P", str(process.pid),
                 "-o", "set", "-c", str(connections), "-q", str(in_flight), "-n", str(count),
                 "-k", "100000"], capture_output=True, text=True, check=True)
        finally:
            process.terminate()
            process.wait(20)
    words = done.stdout.split()
    return float(words[0]) / float(words[1]), float(words[2])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    add_build(parser)
    parser.add_argument("--directory", default=tempfile.gettempdir())
    parser.add_argument("--operations", type=int, default=20000)
    parser.add_argument("--arcus", type=Path, default=os.environ.get("ARCUS_MEMCACHED"))
    options = parser.parse_args()
    names = ["cacheserver"] + (["arcus"] if options.arcus else [])
    print(f"syncs a second: {syncs_per_second(options.directory)}")
    print(f"{'sets a second (CPU us each)':34}" + "".join(f"{name:>20}" for name in names))
    for mode, connections, in_flight in (("sync", 1, 1), ("sync", 50, 1), ("sync", 50, 8),
                                         ("sync", 500, 1), ("async", 50, 1), ("async", 50, 8)):
        title = f"{mode}, {connections} connections, P={in_flight}"
        cells = [measure(options, name, mode, connections, in_flight) for name in names]
        print(f"{title:34}" + "".join(f"{rate:12.0f} ({cpu:4.1f})" for rate, cpu in cells),
              flush=True)


if __name__ == "__main__":
    main()
