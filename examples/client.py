#!/usr/bin/python3
"""A small Arcus client: asks ZooKeeper which nodes a cloud has, and stores and reads values there.

usage: client.py ENSEMBLE CLOUD KEY=VALUE...
"""
import hashlib
import struct
import sys

from kazoo.client import KazooClient
from pymemcache.client.base import Client


def live_nodes(ensemble, cloud):
    zookeeper = KazooClient(hosts=ensemble)
    zookeeper.start(timeout=10)
    names = zookeeper.get_children(f"/arcus/cache_list/{cloud}")
    zookeeper.stop()
    return sorted(name.split("-")[0] for name in names)


def ketama_ring(nodes):
    """160 points for each node; a key belongs to the first point at or after its own."""
    points = []
    for node in nodes:
        for number in range(40):
            digest = hashlib.md5(f"{node}-{number}".encode()).digest()
            points += [(point, node) for point in struct.unpack("<4I", digest)]
    return sorted(points)


def node_of(ring, key):
    point = struct.unpack("<I", hashlib.md5(key.encode()).digest()[:4])[0]
    return next((node for at, node in ring if at >= point), ring[0][1])


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__.strip().splitlines()[-1])
    ensemble, cloud, pairs = sys.argv[1], sys.argv[2], sys.argv[3:]
    nodes = live_nodes(ensemble, cloud)
    if not nodes:
        sys.exit(f"cloud {cloud} has no live node in ZooKeeper at {ensemble}")
    ring = ketama_ring(nodes)
    for pair in pairs:
        key, _, value = pair.partition("=")
        node = node_of(ring, key)
        address, port = node.rsplit(":", 1)
        client = Client((address, int(port)), timeout=5)
        client.set(key, value, noreply=False)
        found = client.get(key)
        client.close()
        if found != value.encode():
            sys.exit(f"{node} gave back {found!r} for {key} instead of {value!r}")
        print(f"{key}: stored {value} on {node} and read it back")


if __name__ == "__main__":
    main()
