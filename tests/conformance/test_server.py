"""The server as a process: limits, memory, slow and broken clients, options, start and stop."""
import os
import random
import re
import resource
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest

from .server import BINARY, ROOT, USER, Client, Server, eventually


def store(client, key, value, exptime=0):
    return client.ask(b"set %s 0 %d %d\r\n%s\r\n" % (key, exptime, len(value), value))


def fetch(client, key):
    return client.ask(b"get %s\r\n" % key, b"END\r\n")


def resident_bytes(server):
    pages = int(Path(f"/proc/{server.process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


# Time

def test_items_expire(start):
    with start().connect() as client:
        store(client, b"k", b"v", exptime=1)
        eventually(lambda: fetch(client, b"k") == b"END\r\n")
        assert client.stats()["reclaimed"] == "1"


def test_a_delayed_flush_happens_when_it_is_due(start):
    with start().connect() as client:
        store(client, b"k", b"v")
        assert client.ask(b"flush_all 1\r\n") == b"OK\r\n"
        eventually(lambda: fetch(client, b"k") == b"END\r\n")
        store(client, b"k", b"v")
        assert fetch(client, b"k") == b"VALUE k 0 1\r\nv\r\nEND\r\n"


# Memory

def test_memory_stays_within_the_limit_and_old_items_make_room(start):
    with start("-m", "8", "-t", "1").connect() as client:
        for number in range(20000):
            store(client, b"key%d" % number, b"v" * 1000)
        stats = client.stats()
        assert int(stats["engine_malloced"]) <= 8 << 20
        assert int(stats["evictions"]) > 10000
        assert int(stats["curr_items"]) > 6000
        assert fetch(client, b"key19999").startswith(b"VALUE")
        assert int(stats["outofmemorys"]) == 0


def test_what_is_used_is_evicted_last(start):
    with start("-m", "4", "-t", "1").connect() as client:
        store(client, b"used", b"v" * 1000)
        for number in range(10000):
            store(client, b"key%d" % number, b"v" * 1000)
            if number % 20 == 0:
                assert fetch(client, b"used").startswith(b"VALUE"), number


def test_memory_serves_other_sizes_after_it_was_full_of_small_items(start):
    with start("-m", "8", "-t", "2").connect() as client:
        for number in range(60000):
            client.send(b"set small%d 0 0 100 noreply\r\n%s\r\n" % (number, b"s" * 100))
        for number in range(40):
            assert store(client, b"large%d" % number, b"l" * 100000) == b"STORED\r\n", number
        for number in range(2000):
            assert store(client, b"middle%d" % number, b"m" * 2000) == b"STORED\r\n", number
        assert int(client.stats()["engine_malloced"]) <= 8 << 20


def test_without_eviction_a_full_memory_is_an_error_and_nothing_is_lost(start):
    with start("-m", "4", "-M", "-t", "1").connect() as client:
        replies = [store(client, b"key%d" % number, b"v" * 1000) for number in range(6000)]
        stored = [number for number, reply in enumerate(replies) if reply == b"STORED\r\n"]
        assert set(replies) == {b"STORED\r\n", b"SERVER_ERROR out of memory storing object\r\n"}
        assert client.stats()["evictions"] == "0"
        assert all(fetch(client, b"key%d" % number).startswith(b"VALUE") for number in stored)
        client.ask(b"flush_all\r\n")
        assert store(client, b"after", b"v" * 1000) == b"STORED\r\n"


@pytest.mark.parametrize("line", [
    b"add other 0 0 1000\r\n" + b"v" * 1000 + b"\r\n",
    b"replace key0 0 0 9000\r\n" + b"v" * 9000 + b"\r\n",
    b"append key0 0 0 9000\r\n" + b"v" * 9000 + b"\r\n",
    b"prepend key0 0 0 9000\r\n" + b"v" * 9000 + b"\r\n",
    b"cas key0 0 0 9000 1\r\n" + b"v" * 9000 + b"\r\n",
], ids=["add", "replace", "append", "prepend", "cas"])
def test_every_storing_command_meets_the_memory_limit(start, line):
    with start("-m", "2", "-M", "-t", "1", "-I", "1m").connect() as client:
        # Every size that the line may need has used up the room that is only for it, too.
        for name, size in ((b"larger", 10000), (b"large", 9000), (b"key", 1000)):
            number = 0
            while store(client, b"%s%d" % (name, number), b"v" * size) == b"STORED\r\n":
                number += 1
        reply = client.ask(line)
        assert reply.startswith(b"SERVER_ERROR out of memory"), reply
        assert client.ask(b"version\r\n") == b"VERSION 1.15.0\r\n"


VALUE = b" 1000\r\n" + b"v" * 1000 + b"\r\n"
LONG = b"x" * 200


@pytest.mark.parametrize("kind, line, done", [
    ("lop", b"lop insert k -1" + VALUE, b"STORED"),
    ("sop", b"sop insert k 1000\r\n%01000d\r\n", b"STORED"),
    ("mop", b"mop insert k f%d" + VALUE, b"STORED"),
    ("mop", b"mop upsert k f%d" + VALUE, b"STORED"),
    ("bop", b"bop insert k %d" + VALUE, b"STORED"),
    ("bop", b"bop upsert k %d 0x01" + VALUE, b"STORED"),
    ("bop", b"bop incr k %d 1 5 0x" + b"00" * 31 + b"\r\n", b"5"),
    (None, b"lop create %d" + LONG + b" 0 0 0\r\n", b"CREATED"),
    (None, b"bop insert %d" + LONG + b" 1 1 create 0 0 0\r\nv\r\n", b"CREATED_STORED"),
    (None, b"incr %d" + LONG + b" 1 0 0 5\r\n", b"5"),
    (None, b"ms %d" + VALUE, b"HD"),
    (None, b"mg %d" + LONG + b" N100 s\r\n", b"HD s0 W"),
    (None, b"ma %d" + LONG + b" N100\r\n", b"HD"),
], ids=lambda value: value[:10].decode() if isinstance(value, bytes) else value)
def test_what_finds_no_memory_changes_nothing(start, kind, line, done):
    def ask(number):
        return client.ask(line % number if b"%" in line else line)

    with start("-m", "1", "-I", "512k", "-M", "-t", "1").connect() as client:
        if kind:
            client.ask(f"{kind} create k 0 0 50000 error\r\n".encode())
        replies, refused = [], 0
        while refused < 100:
            replies.append(ask(len(replies)))
            refused += replies[-1].startswith(b"SERVER_ERROR out of memory")
        stored = replies.count(done + b"\r\n")
        assert stored + refused == len(replies) and stored > 0
        if kind:
            count = b"ATTR count=%d\r\nEND\r\n" % stored
            assert client.ask(b"getattr k count\r\n", b"END\r\n") == count
            assert client.ask(b"delete k\r\n") == b"DELETED\r\n"
        else:
            assert client.stats()["curr_items"] == str(stored)
            client.ask(b"flush_all\r\n")
        assert not ask(0).startswith(b"SERVER_ERROR")


def test_sticky_items_are_not_evicted(start):
    with start("-m", "4", "-g", "1", "-t", "1").connect() as client:
        store(client, b"sticky", b"v" * 1000, exptime=-1)
        for number in range(8000):
            store(client, b"key%d" % number, b"v" * 1000)
        assert fetch(client, b"sticky").startswith(b"VALUE")
        assert client.stats()["sticky_items"] == "1"


def test_memory_of_deleted_items_is_used_again(start):
    with start("-m", "8", "-M", "-t", "1").connect() as client:
        for _ in range(5):
            for number in range(5000):
                assert store(client, b"key%d" % number, b"v" * 1000) == b"STORED\r\n"
            for number in range(5000):
                client.ask(b"delete key%d\r\n" % number)
        assert client.stats()["curr_items"] == "0"
        assert client.stats()["bytes"] == "0"


def test_an_item_costs_forty_bytes_beside_key_and_value(start):
    count = 200000
    server = start("-m", "100", "-t", "1")
    with server.connect() as client:
        before = int(client.stats()["engine_malloced"])
        for number in range(count):
            client.send(b"set key%011d 0 0 100 noreply\r\n%s\r\n" % (number, b"v" * 100))
        assert client.stats()["curr_items"] == str(count)
        used = int(client.stats()["engine_malloced"]) - before
    assert used / count <= 114 + 40


# Clients that misbehave

def test_a_client_that_goes_in_the_middle_of_a_value_leaves_nothing(start):
    server = start("-t", "1")
    with server.connect() as client:
        store(client, b"k", b"old")
        before = client.stats()["engine_malloced"]
        for _ in range(20):
            other = server.connect()
            other.send(b"set k 0 0 1000000\r\n" + b"x" * 500000)
            other.close()
            eventually(lambda: client.stats()["curr_connections"] == "1")
        assert fetch(client, b"k") == b"VALUE k 0 3\r\nold\r\nEND\r\n"
        eventually(
            lambda: int(client.stats()["engine_malloced"]) <= int(before) + (2 << 20))


def test_a_client_that_does_not_read_costs_little(start):
    server = start("-m", "200", "-t", "1")
    with server.connect() as client, server.connect() as slow:
        store(client, b"k", b"v" * 900000)
        before = resident_bytes(server)
        slow.socket.settimeout(1)
        request = b"get k k k k k k k k k k\r\n" * 100
        with pytest.raises(TimeoutError):
            while True:
                slow.send(request)
        assert resident_bytes(server) - before < 20 << 20
        assert fetch(client, b"k").startswith(b"VALUE")


def test_a_client_that_reads_late_gets_everything(start):
    server = start("-t", "2")
    with server.connect() as client:
        store(client, b"k", b"v" * 500000)
        store(client, b"s", b"w" * 100)
        sender = threading.Thread(target=client.send, args=(b"get k s k\r\n" * 200,))
        sender.start()
        one = b"VALUE k 0 500000\r\n%s\r\n" % (b"v" * 500000)
        expected = one + b"VALUE s 0 100\r\n%s\r\n" % (b"w" * 100) + one + b"END\r\n"
        for _ in range(200):
            assert client.read(len(expected)) == expected
        sender.join()


def test_a_value_is_read_to_its_end_although_it_was_replaced(start):
    server = start("-t", "1", "-m", "200")
    with server.connect() as reader, server.connect() as writer:
        old = b"".join(b"%07d\n" % number for number in range(120000))
        store(writer, b"k", old)
        reader.send(b"get k\r\n" * 5)
        head = b"VALUE k 0 960000\r\n"
        assert reader.read(len(head)) == head
        for number in range(50):
            store(writer, b"k", b"%d" % (number % 10) * 960000)
        writer.ask(b"delete k\r\n")
        rest = old + b"\r\nEND\r\n"
        assert reader.read(len(rest)) == rest


@pytest.mark.parametrize("junk", [
    random.Random(1).randbytes(100000), b"\n" * 50000, b"\r\n" * 50000, b"\x00" * 50000, b" " * 50000,
    b"get " * 20000, b"set k 0 0 99999999\r\n" + b"x" * 100000, b"mget 16000000 10000\r\n",
    b"\x80\x00\x00\x00" * 10000, b"gets \xff\n" * 5000, b"set k 0 0 5\n12345\n" * 1000],
    ids=lambda junk: repr(junk[:10]))
def test_any_bytes_leave_the_server_serving(start, junk):
    server = start("-t", "1")
    with server.connect() as client:
        client.socket.settimeout(20)
        feeder = threading.Thread(target=send_quietly, args=(client, junk))
        feeder.start()
        while feeder.is_alive() and client.receive(1 << 16):
            continue
        feeder.join()
    with server.connect() as client:
        assert client.ask(b"version\r\n") == b"VERSION 1.15.0\r\n"


def send_quietly(client, data):
    """All of it, and the end, unless the server closes before."""
    try:
        client.send(data)
        client.socket.shutdown(socket.SHUT_WR)
    except OSError:
        pass


# Connections

def test_connections_beyond_the_limit_are_refused_but_ten_local_ones(start):
    server = start("-c", "5", "-t", "2")
    clients = [server.connect() for _ in range(15)]
    assert all(client.ask(b"version\r\n") == b"VERSION 1.15.0\r\n" for client in clients)
    refused = server.connect()
    assert refused.is_closed()
    assert clients[0].stats()["reject_connections"] == "1"
    clients.pop().close()
    eventually(lambda: clients[0].stats()["curr_connections"] == "14")
    with server.connect() as client:
        assert client.ask(b"version\r\n") == b"VERSION 1.15.0\r\n"


def raise_open_files(wanted):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, wanted))
    elif soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def test_ten_thousand_connections_are_served(start):
    raise_open_files(10500)
    server = start("-c", "10000", "-t", "4")
    clients = [server.connect() for _ in range(10000)]
    for client in clients:
        client.send(b"ver")
    for client in clients:
        client.send(b"sion\r\n")
    assert all(client.read(16) == b"VERSION 1.15.0\r\n" for client in clients)
    assert clients[0].stats()["curr_connections"] == "10000"
    for client in clients[1:]:
        client.close()
    eventually(lambda: clients[0].stats()["curr_connections"] == "1")


def test_threads_agree_on_what_is_stored(start):
    server = start("-t", "4", "-m", "16")

    def hammer(seed):
        with server.connect() as client:
            for number in range(1500):
                key = b"k%d" % ((number * seed) % 40)
                client.ask(b"incr counter 1 0 0 1\r\n")
                store(client, key, key * (1 + number % 900))
                reply = fetch(client, key)
                if reply != b"END\r\n":
                    head, value = reply.split(b"\r\n")[:2]
                    assert len(value) == int(head.split()[-1])
                    assert value == key * (len(value) // len(key))

    threads = [threading.Thread(target=hammer, args=(seed,)) for seed in (3, 7, 11, 13)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with server.connect() as client:
        assert client.ask(b"incr counter 0\r\n") == b"6000\r\n"


def test_a_unix_socket_is_served_and_removed(tmp_path, start):
    path = tmp_path / "socket"
    process = subprocess.Popen([BINARY, *USER, "-s", str(path), "-a", "0600"])
    try:
        eventually(path.exists)
        assert path.stat().st_mode & 0o777 == 0o600
        sock = socket.socket(socket.AF_UNIX)
        eventually(lambda: sock.connect_ex(str(path)) == 0)
        sock.sendall(b"version\r\n")
        assert sock.recv(100) == b"VERSION 1.15.0\r\n"
    finally:
        process.terminate()
        assert process.wait(20) == 0
    assert not path.exists()


def test_ipv4_and_ipv6_are_served_on_one_port():
    if not Path("/proc/net/if_inet6").exists():
        pytest.skip("no IPv6 here")
    with Server(listen=("-p", "-1")) as server:
        for address in ("127.0.0.1", "::1"):
            with Client(socket.create_connection((address, server.port), 20)) as client:
                assert client.ask(b"version\r\n") == b"VERSION 1.15.0\r\n"


# Starting and stopping

def run(*options, user=USER, **how):
    return subprocess.run([BINARY, *user, *options], capture_output=True, text=True, timeout=30,
                          **how)


@pytest.mark.parametrize("options", [
    ["-l", "fooble"], ["-B", "http"], ["-t", "0"], ["-I", "20000"], ["-I", "256m"], ["-p", "70000"],
    ["-c", "0"], ["-m", "none"], ["-Z"], ["-p"], ["surplus"], ["-f", "1"], ["-D", ""],
    ["-e", "nonsense=1"], ["-e", "cache_size"], ["-e", "config_file=/none"], ["-I", "100m"]])
def test_wrong_options_are_refused_with_a_sentence(options):
    result = run(*options)
    assert result.returncode in (64, 71)
    assert len(result.stderr.splitlines()) == 1 and len(result.stderr) > 20


def test_everything_that_the_arcus_scripts_pass_is_accepted(start):
    server = start("-E", "/any/default_engine.so", "-X", "/any/syslog_logger.so", "-X",
                   "/any/ascii_scrub.so", "-v", "-r", "-R5", "-U", "0", "-D:", "-b", "8192", "-m",
                   "100", "-c", "1000", "-t", "6", "-f", "1.5", "-n", "96", "-B", "ascii", "-g",
                   "10", "-o", "20", "-a", "0700", "-k" if os.geteuid() == 0 else "-C", "-e",
                   "preallocate=true;item_size_max=2m;use_cas=true")
    with server.connect() as client:
        settings = client.stats("settings")
        assert settings["maxbytes"] == str(100 << 20)
        assert settings["num_threads"] == "6"
        assert settings["item_size_max"] == str(2 << 20)
        assert settings["detail_enabled"] == "yes"
        assert settings["reqs_per_event"] == "5"


def test_a_connection_yields_after_as_many_requests_as_asked_for(start):
    batch = b"set a 0 0 5\r\nBubba\r\n" * 6
    with start("-R", "1").connect() as client:
        client.send(batch)
        assert client.read(6 * 8) == b"STORED\r\n" * 6
        assert client.stats()["conn_yields"] == "5"
    with start().connect() as client:
        client.send(batch)
        assert client.read(6 * 8) == b"STORED\r\n" * 6
        assert client.stats()["conn_yields"] == "0"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root is refused")
def test_root_must_name_a_user():
    result = run(user=[])
    assert result.returncode == 64 and "can't run as root without the -u switch" in result.stderr
    assert run(user=["-u", "nosuchuser"]).returncode == 67


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody")
def test_the_user_is_changed():
    process = subprocess.Popen([BINARY, "-u", "nobody", "-p", "-1", "-l", "127.0.0.1"])
    try:
        status = Path(f"/proc/{process.pid}/status")
        eventually(lambda: re.search(r"^Uid:\t65534", status.read_text(), re.M))
    finally:
        process.terminate()
        assert process.wait(20) == 0


def test_a_port_in_use_is_an_error_with_the_port_in_it(start):
    server = start()
    result = run("-p", str(server.port), "-l", "127.0.0.1")
    assert result.returncode == 71
    assert f"port {server.port}" in result.stderr and "in use" in result.stderr


def test_a_daemon_writes_its_pid_and_leaves_cleanly(tmp_path):
    pid_file = tmp_path / "pid"
    ports = tmp_path / "ports"
    result = run("-d", "-P", "pid", "-p", "-1", "-l", "127.0.0.1", cwd=tmp_path,
                 env={**os.environ, "MEMCACHED_PORT_FILENAME": str(ports)})
    assert result.returncode == 0
    pid = int(pid_file.read_text())
    try:
        assert os.getsid(pid) == pid
        assert os.readlink(f"/proc/{pid}/fd/2") == "/dev/null"
        port = int(ports.read_text().split()[-1])
        with Client(socket.create_connection(("127.0.0.1", port), 20)) as client:
            assert client.stats()["pid"] == str(pid)
    finally:
        os.kill(pid, signal.SIGTERM)
    eventually(lambda: not pid_file.exists())


def test_a_daemon_that_cannot_listen_says_so_before_it_returns(start):
    server = start()
    result = run("-d", "-p", str(server.port), "-l", "127.0.0.1")
    assert result.returncode == 71 and "in use" in result.stderr


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_server_at_once(start, sign):
    server = start()
    with server.connect() as client:
        assert client.ask(b"version\r\n") == b"VERSION 1.15.0\r\n"
        begun = time.monotonic()
        assert server.stop(sign) == 0
        assert time.monotonic() - begun < 0.9
        assert client.is_closed()


def test_a_request_under_way_is_finished_before_the_end(start):
    server = start("-t", "1")
    with server.connect() as client:
        client.send(b"set k 0 0 10\r\n12345")
        with server.connect() as other:
            eventually(lambda: int(other.stats()["bytes_read"]) >= 19)
        server.process.send_signal(signal.SIGTERM)
        eventually(lambda: refuses(server.port))
        assert client.ask(b"67890\r\n") == b"STORED\r\n"
        assert client.is_closed()
    assert server.process.wait(20) == 0


def refuses(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return False
    except OSError:
        return True


# What it says about itself

def test_version_and_licence():
    assert re.fullmatch(r"cacheserver \d+\.\d+\.\d+\n", run("-V").stdout)
    assert "Apache License" in run("-i").stdout


def test_the_manual_lists_the_options_of_the_help():
    helped = dict(re.findall(r"^-(\w) ([A-Z]*)", run("-h").stdout, re.M))
    manual = (ROOT / "man/cacheserver.8").read_text()
    documented = dict(re.findall(r"^\.It Fl (\w)(?: Ar (\S+))?$", manual, re.M))
    assert {letter: name.lower() for letter, name in helped.items()} == documented


def test_the_manual_lists_the_variables_of_the_environment():
    sources = "".join(path.read_text() for path in (ROOT / "cacheserver").rglob("*.c")
                      if path.name != "lock.c")
    read = set(re.findall(r'getenv\("(\w+)"\)', sources)) | set(
        re.findall(r'^    \{"([A-Z_]+)", "\w+"\},$', sources, re.M))
    manual = (ROOT / "man/cacheserver.8").read_text()
    documented = {name for line in re.findall(r"^\.It Ev (.+)$", manual, re.M)
                  for name in line.split(" , ")}
    assert read == documented


def test_every_statistic_of_the_general_list_is_there_and_in_order(start):
    names = re.findall(r"^COUNTER\((\w+)\)", (ROOT / "cacheserver/runtime/counters.def").read_text(),
                       re.M)
    with start().connect() as client:
        listed = list(client.stats())
    assert listed[0] == "pid" and listed[-2:] == ["server", "server_version"]
    begin = listed.index(names[0])
    assert listed[begin:begin + len(names)] == names


def test_counters_count(start):
    with start("-t", "1").connect() as client:
        store(client, b"k", b"v")
        fetch(client, b"k")
        fetch(client, b"none")
        client.ask(b"incr none 1\r\n")
        client.ask(b"delete none\r\n")
        client.ask(b"cas k 0 0 1 0\r\nx\r\n")
        client.ask(b"touch k 0\r\n")
        stats = client.stats()
        expected = {"cmd_set": 1, "cmd_get": 2, "get_hits": 1, "get_misses": 1, "incr_misses": 1,
                    "cmd_incr": 1, "delete_misses": 1, "cas_badval": 1, "cmd_cas": 1,
                    "setattr_hits": 1, "curr_items": 1, "total_items": 1, "curr_connections": 1}
        assert {name: int(stats[name]) for name in expected} == expected
        assert client.ask(b"stats reset\r\n") == b"RESET\r\n"
        assert client.stats()["cmd_get"] == "0" and client.stats()["curr_items"] == "1"


def test_an_overflow_action_is_forced_on_btrees_of_a_prefix():
    action = {"ARCUS_FORCED_BTREE_OVERFLOW_ACTION": "log:largest_trim"}
    with Server(env=action) as server, server.connect() as client:
        for key in (b"log:a", b"log:", b"other:a"):
            client.ask(b"bop create %s 0 0 10 error\r\n" % key)
        wanted = b"ATTR overflowaction=%s\r\nEND\r\n"
        assert client.ask(b"getattr log:a overflowaction\r\n", b"END\r\n") == wanted % b"largest_trim"
        assert client.ask(b"getattr log: overflowaction\r\n", b"END\r\n") == wanted % b"error"
        assert client.ask(b"getattr other:a overflowaction\r\n", b"END\r\n") == wanted % b"error"
        assert client.ask(b"setattr log:a overflowaction=smallest_trim\r\n") == b"OK\r\n"
        assert client.ask(b"getattr log:a overflowaction\r\n", b"END\r\n") == wanted % b"largest_trim"


def test_a_forced_overflow_action_that_makes_no_sense_is_ignored():
    for value in ("largest_trim", "log:middle_trim", "log:head_trim"):
        with Server(env={"ARCUS_FORCED_BTREE_OVERFLOW_ACTION": value}) as server:
            assert "ARCUS_FORCED_BTREE_OVERFLOW_ACTION is ignored" in server.log()
            with server.connect() as client:
                client.ask(b"bop create log:a 0 0 10 error\r\n")
                assert (client.ask(b"getattr log:a overflowaction\r\n", b"END\r\n") ==
                        b"ATTR overflowaction=error\r\nEND\r\n")
