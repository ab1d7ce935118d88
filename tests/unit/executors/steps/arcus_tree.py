"""The ZooKeeper tree of test-cloud, made and read the way arcus.sh does it, with kazoo.

arcus_tree.py make CONNECT   registers the cloud as `arcus.sh memcached register` does
arcus_tree.py check CONNECT  status 1 unless the tree is the one that arcus.sh would have made
"""
import datetime
import json
import sys

from kazoo.client import KazooClient

CODE = "test-cloud"
DEFAULTS = {"connections": "1000", "memlimit": "100", "threads": "6"}
SERVERS = [
    {"hostname": "cache001.arcus", "ip": "10.0.0.1", "config": {"port": "11211"}},
    {"hostname": "cache002.arcus", "ip": "10.0.0.2", "config": {"port": "11211"}},
    {"hostname": "cache003.arcus", "ip": "10.0.0.3", "config": {"port": "11211", "threads": "4"}},
]
ROOTS = ["/arcus", "/arcus/cache_list", "/arcus/client_list", "/arcus/cache_server_mapping"]
LIST = "/arcus/cache_list/" + CODE


def mappings():
    for server in SERVERS:
        merged = dict(DEFAULTS, **server["config"])
        yield f"/arcus/cache_server_mapping/{server['ip']}:{merged['port']}", merged


def make(client):
    init = client.transaction()
    for path in ROOTS:
        init.create(path, b"")
    register = client.transaction()
    conf = {"serviceCode": CODE, "servers": SERVERS, "config": DEFAULTS,
            "created": str(datetime.datetime.now())}
    register.create(LIST, json.dumps(conf).encode())
    register.create("/arcus/client_list/" + CODE, b"")
    for path, settings in mappings():
        register.create(path, json.dumps(settings).encode())
        register.create(path + "/" + CODE, b"")
    failed = [result for transaction in (init, register) for result in transaction.commit()
              if isinstance(result, Exception)]
    if failed:
        raise failed[0]


def read(client, path):
    tree = {path: client.get(path)[0]}
    for name in client.get_children(path):
        tree.update(read(client, f"{path}/{name}"))
    return tree


def check(client):
    tree = read(client, "/arcus")
    conf = json.loads(tree.pop(LIST))
    datetime.datetime.strptime(conf.pop("created"), "%Y-%m-%d %H:%M:%S.%f")
    assert conf == {"serviceCode": CODE, "servers": SERVERS, "config": DEFAULTS}, conf
    for path, settings in mappings():
        found = json.loads(tree.pop(path))
        assert found == settings, (path, found)
        assert tree.pop(path + "/" + CODE) == b""
    # What arcus.sh makes as well, and the log that servers miss when it did.
    empty = [*ROOTS, "/arcus/cache_server_log", "/arcus/client_list/" + CODE]
    assert tree == {path: b"" for path in empty}, tree


def main(action, connect):
    client = KazooClient(hosts=connect, timeout=10)
    client.start(timeout=30)
    try:
        {"make": make, "check": check}[action](client)
    finally:
        client.stop()
        client.close()


main(*sys.argv[1:])
