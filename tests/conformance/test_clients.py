"""Clients that people use."""
import subprocess

import pytest
from pymemcache.client.base import Client as Pymemcache
from pymemcache.client.base import PooledClient
from pymemcache.exceptions import MemcacheClientError


@pytest.fixture
def client(start):
    client = Pymemcache(("127.0.0.1", start().port), default_noreply=False, timeout=20)
    yield client
    client.close()


def test_pymemcache_stores_and_reads(client):
    assert client.set("key", "value")
    assert client.get("key") == b"value"
    assert client.get_many(["key", "other"]) == {"key": b"value"}
    assert client.delete("key") and not client.delete("key")


def test_pymemcache_changes_values(client):
    assert client.add("key", "b") and not client.add("key", "c")
    assert client.append("key", "c") and client.prepend("key", "a")
    assert client.get("key") == b"abc"
    assert client.replace("key", "1") and client.incr("key", 41) == 42
    assert client.decr("key", 2) == 40
    assert client.touch("key", 100) and not client.touch("none")


def test_pymemcache_compares_and_swaps(client):
    client.set("key", "1")
    value, unique = client.gets("key")
    assert value == b"1" and client.cas("key", "2", unique)
    assert client.cas("key", "3", unique) is False
    assert client.cas("none", "3", unique) is None


def test_pymemcache_sends_without_waiting(client):
    for number in range(1000):
        client.set(f"key{number}", str(number), noreply=True)
    assert client.set_many({f"key{n}": "x" for n in range(500)}) == []
    assert client.get("key999") == b"999"
    assert len(client.get_many([f"key{n}" for n in range(1000)])) == 1000


def test_pymemcache_reads_statistics_and_version(client):
    assert client.version() == b"1.15.0"
    assert client.stats()[b"curr_connections"] == 1
    assert client.flush_all()
    with pytest.raises(MemcacheClientError):
        client.incr("key", "x")


def test_pymemcache_pools_connections(start):
    pool = PooledClient(("127.0.0.1", start().port), max_pool_size=4, timeout=20)
    assert pool.set("key", b"v" * 100000) and pool.get("key") == b"v" * 100000
    pool.close()


def run(program, port, *arguments, **how):
    """A program of libmemcached."""
    done = subprocess.run([program, f"--servers=127.0.0.1:{port}", *arguments], timeout=120,
                          capture_output=True, **how)
    return done.returncode, done.stdout.decode()


@pytest.mark.parametrize("protocol", ["-a", "-b"])
def test_libmemcached_finds_the_protocol_complete(start, protocol):
    done = subprocess.run(["memccapable", "-h", "127.0.0.1", "-p", str(start().port), protocol],
                          timeout=120, capture_output=True, text=True)
    assert done.returncode == 0 and "All tests passed" in done.stdout, done.stdout
    assert "FAIL" not in done.stdout


@pytest.mark.parametrize("protocol", [[], ["--binary"]])
def test_libmemcached_tools_store_and_read_files(start, tmp_path, protocol):
    port = start().port
    value = tmp_path / "value"
    value.write_bytes(b"a value\n" * 10000)
    assert run("memccp", port, *protocol, str(value))[0] == 0
    status, read = run("memccat", port, *protocol, "value")
    assert status == 0 and read.rstrip("\n") == value.read_text().rstrip("\n")
    assert run("memcexist", port, *protocol, "value")[0] == 0
    assert run("memctouch", port, *protocol, "--expire=100", "value")[0] == 0
    assert run("memcrm", port, *protocol, "value")[0] == 0
    assert run("memcexist", port, *protocol, "value")[0] != 0
    status, statistics = run("memcstat", port, *protocol)
    assert status == 0 and "limit_maxbytes: 67108864" in statistics
    assert run("memcflush", port, *protocol)[0] == 0
    assert run("memcping", port)[0] == 0


@pytest.mark.parametrize("arguments", [["--test=set"], ["--test=get"], ["--test=mget"],
                                       ["--test=set", "--binary"], ["--test=get", "--binary"],
                                       ["--test=mget", "--binary"], ["--test=set", "--non-blocking"]])
def test_libmemcached_slaps_in_vain(start, arguments):
    status, text = run("memcslap", start().port, *arguments, "--concurrency=4",
                       "--execute-number=500", "--initial-load=500")
    assert status == 0, text
