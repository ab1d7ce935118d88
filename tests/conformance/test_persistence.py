"""What is kept on disk: kills at any moment, full disks, damaged files, restarts."""
import os
import random
import signal
import subprocess
import threading
from pathlib import Path

import pytest

from .server import BINARY, USER, Server, eventually


def config(directory, **more):
    settings = {"use_persistence": "true", "data_path": directory, "logs_path": directory, **more}
    return ["-e", ";".join(f"{key}={value}" for key, value in settings.items())]


def refuse(directory, *options):
    """The exit status and what a server says that does not start."""
    done = subprocess.run([BINARY, *USER, "-p", "-1", "-l", "127.0.0.1", *config(directory),
                           *options], capture_output=True, timeout=60, check=False)
    return done.returncode, done.stderr.decode()


def files(directory, kind):
    return sorted(path for path in Path(directory).iterdir() if path.name.startswith(kind))


# Kills

# Of each type: how an element with a number is added to a key, and all are got from it; which word
# of an element's line in the answer is the number.
COLLECTIONS = {
    b"list": (b"lop insert %s -1 6 create 0 0 50000\r\n%06d\r\n", b"lop get %s 0..-1\r\n", 1),
    b"set": (b"sop insert %s 6 create 0 0 50000\r\n%06d\r\n", b"sop get %s 0\r\n", 1),
    b"map": (b"mop insert %s f%06d 1 create 0 0 50000\r\nv\r\n", b"mop get %s 0 0\r\n", 0),
    b"btree": (b"bop insert %s %06d 1 create 0 0 50000\r\nv\r\n", b"bop get %s 0..999999\r\n", 0),
}


class Writer(threading.Thread):
    """Changes keys of its own until the server is gone, and knows what was acknowledged."""

    def __init__(self, client, number, seed=0):
        super().__init__()
        self.client, self.number = client, number
        self.random = random.Random(seed * 1000 + number)
        self.acknowledged, self.last = {}, {}
        self.added = dict.fromkeys(COLLECTIONS, 0)
        self.changes = 0

    def run(self):
        try:
            while self.set_one() and self.add_one():
                self.changes += 2
        except OSError:
            return

    def set_one(self):
        key = b"w%d:k%d" % (self.number, self.random.randrange(40))
        value = b"%d:" % self.changes + b"x" * self.random.choice((10, 100, 3000))
        self.last[key] = value
        if self.client.ask(b"set %s 0 0 %d\r\n%s\r\n" % (key, len(value), value)) != b"STORED\r\n":
            return False
        self.acknowledged[key] = value
        return True

    def add_one(self):
        kind = self.random.choice(list(COLLECTIONS))
        element = self.added[kind] + 1
        if self.client.ask(COLLECTIONS[kind][0] % (self.key(kind), element)) \
                not in (b"STORED\r\n", b"CREATED_STORED\r\n"):
            return False
        self.added[kind] = element
        return True

    def key(self, kind):
        return b"w%d:%s" % (self.number, kind)

    def check(self, client):
        for key, value in self.acknowledged.items():
            reply = client.ask(b"get %s\r\n" % key, b"END\r\n")
            assert reply in [b"VALUE %s 0 %d\r\n%s\r\nEND\r\n" % (key, len(one), one)
                             for one in (value, self.last[key])]
        for kind, (_, get, word) in COLLECTIONS.items():
            if self.added[kind] == 0:
                continue
            lines = client.ask(get % self.key(kind), b"END\r\n").splitlines()[1:-1]
            found = sorted(int(line.split()[word].lstrip(b"f")) for line in lines)
            assert found in [list(range(1, last + 1))
                             for last in (self.added[kind], self.added[kind] + 1)]


def write_until(server, condition, seed):
    """Kills the server when the condition comes true of its writers, which are returned."""
    writers = [Writer(server.connect(), number, seed) for number in range(6)]
    for writer in writers:
        writer.start()
    eventually(lambda: condition(sum(writer.changes for writer in writers)), 60)
    server.process.kill()
    server.process.wait()
    for writer in writers:
        writer.join()
    return writers


def check_restart(writers, *options):
    with Server("-m", "128", *options) as again, again.connect() as client:
        for writer in writers:
            writer.check(client)


@pytest.mark.parametrize("seed", range(5))
def test_a_killed_server_has_everything_that_it_acknowledged(tmp_path, seed):
    generator = random.Random(seed)
    options = config(tmp_path, chkpt_interval_min_logsize=1, chkpt_interval_pct_snapshot=1)
    for generation in range(3):
        server = Server("-m", "128", "-t", "2", *options)
        with server.connect() as client:
            client.ask(b"flush_all\r\n")
        wanted = generator.randrange(200, 4000)
        writers = write_until(server, lambda changes: changes >= wanted, 10 * seed + generation)
        check_restart(writers, *options)


@pytest.mark.parametrize("seed", range(4))
def test_a_server_that_is_killed_during_a_checkpoint_has_everything(tmp_path, seed):
    options = config(tmp_path, chkpt_interval_min_logsize=1000, chkpt_interval_pct_snapshot=1)
    wanted = None

    def is_begun(changes):
        nonlocal wanted
        if wanted is None and files(tmp_path, "snapshot_") != before:
            wanted = changes + random.Random(seed).randrange(100)
        return wanted is not None and changes >= wanted

    server = Server("-m", "128", "-t", "2", *options)
    before = files(tmp_path, "snapshot_")
    with server.connect() as client:
        value = b"v" * 10000
        for number in range(4000):
            client.send(b"set k%d 0 0 %d noreply\r\n%s\r\n" % (number, len(value), value))
        for number in range(20000):
            client.send(b"lop insert large -1 50 create 0 0 50000 noreply\r\n%050d\r\n" % number)
        # Not before all is written: the next one would wait for as much again.
        assert client.ask(b"config chkpt_interval_min_logsize 1\r\n", b"END\r\n") == b"END\r\n"
    writers = write_until(server, is_begun, 100 + seed)
    check_restart(writers, *options)
    with Server("-m", "128", *options) as again, again.connect() as client:
        assert client.ask(b"get k3999\r\n", b"END\r\n") == \
            b"VALUE k3999 0 10000\r\n" + value + b"\r\nEND\r\n"
        lines = client.ask(b"lop get large 0..-1\r\n", b"END\r\n").splitlines()
        assert [int(line.split()[1]) for line in lines[1:-1]] == list(range(20000))


def test_checkpoints_are_taken_while_a_server_serves(tmp_path):
    options = config(tmp_path, chkpt_interval_min_logsize=1, chkpt_interval_pct_snapshot=1)
    value = b"v" * 2000
    with Server("-m", "64", *options) as server, server.connect() as client:
        for number in range(3000):
            client.send(b"set k%d 0 0 %d noreply\r\n%s\r\n" % (number, len(value), value))
        assert client.ask(b"version\r\n").startswith(b"VERSION")
        eventually(lambda: client.stats("persistence")["last_chkpt_start_time"] != "0")
    assert len(files(tmp_path, "snapshot_")) == 1
    assert len(files(tmp_path, "cmdlog_")) == 1
    with Server("-m", "64", *options) as server, server.connect() as client:
        assert client.stats()["curr_items"] == "3000"
        assert int(client.stats("persistence")["last_chkpt_snapshot_filesize_bytes"]) > 6000000


# Starts

def test_a_clean_restart_keeps_everything(tmp_path):
    with Server(*config(tmp_path)) as server, server.connect() as client:
        client.ask(b"set k 7 1000 1\r\nv\r\n")
        client.ask(b"bop insert b 5 1 create 11 0 10\r\nv\r\n")
        client.ask(b"mop insert m f 1 create 0 0 10\r\nv\r\n")
        client.ask(b"sop insert s 1 create 0 0 10\r\nv\r\n")
        client.ask(b"setattr b maxcount=33\r\n")
    with Server(*config(tmp_path)) as server, server.connect() as client:
        assert client.ask(b"get k\r\n", b"END\r\n") == b"VALUE k 7 1\r\nv\r\nEND\r\n"
        assert 990 <= int(client.ask(b"getattr k expiretime\r\n", b"END\r\n").split(b"=")[1]
                          .split()[0]) <= 1000
        assert client.ask(b"bop get b 5\r\n", b"END\r\n") == b"VALUE 11 1\r\n5 1 v\r\nEND\r\n"
        assert client.ask(b"getattr b maxcount\r\n",
                          b"END\r\n") == b"ATTR maxcount=33\r\nEND\r\n"
        assert client.ask(b"mop get m 1 1\r\nf\r\n", b"END\r\n") == b"VALUE 0 1\r\nf 1 v\r\nEND\r\n"
        assert client.ask(b"sop exist s 1\r\nv\r\n") == b"EXIST\r\n"


def test_directories_that_do_not_exist_are_refused(tmp_path):
    status, said = refuse(tmp_path / "nowhere")
    assert status == 73
    assert "nowhere is not a directory" in said


def test_two_servers_do_not_share_a_directory(tmp_path):
    with Server(*config(tmp_path)):
        status, said = refuse(tmp_path)
        assert status == 73
        assert "another process uses" in said
    with Server(*config(tmp_path)):
        pass


def fill(directory):
    with Server(*config(directory)) as server, server.connect() as client:
        for number in range(20):
            assert client.ask(b"set k%d 0 0 5\r\nhello\r\n" % number) == b"STORED\r\n"


@pytest.mark.parametrize("kind", ["snapshot_", "cmdlog_"])
def test_damaged_files_are_named_and_left_alone(tmp_path, kind):
    fill(tmp_path)
    path, = files(tmp_path, kind)
    content = bytearray(path.read_bytes())
    content[70] ^= 1
    path.write_bytes(content)
    status, said = refuse(tmp_path)
    assert status == 73
    assert path.name in said and "damaged" in said or "too early" in said
    assert path.read_bytes() == content


@pytest.mark.parametrize("kind", ["snapshot_", "cmdlog_"])
def test_files_of_other_servers_are_refused(tmp_path, kind):
    fill(tmp_path)
    path, = files(tmp_path, kind)
    path.write_bytes(b"something else" * 100)
    status, said = refuse(tmp_path)
    assert status == 73
    assert f"{path.name} was not written by this server" in said
    assert path.exists()


def test_a_log_without_its_snapshot_is_refused(tmp_path):
    fill(tmp_path)
    path, = files(tmp_path, "snapshot_")
    path.unlink()
    status, said = refuse(tmp_path)
    assert status == 73
    assert "its snapshot is missing" in said


def test_an_incomplete_end_of_the_log_is_cut_off(tmp_path):
    fill(tmp_path)
    path, = files(tmp_path, "cmdlog_")
    garbage = b"FRAM" + b"\1" * 100
    with open(path, "ab") as file:
        file.write(b"\0" * 10 + garbage)
    with Server(*config(tmp_path)) as server, server.connect() as client:
        assert client.stats()["curr_items"] == "20"
        assert "cut off" in server.log()
        assert garbage not in path.read_bytes()


# Disks

def test_a_full_disk_ends_the_server_and_acknowledges_nothing(tmp_path):
    def limit():
        import resource
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        # ThreadSanitizer needs files of half a megabyte.
        resource.setrlimit(resource.RLIMIT_FSIZE, (4000000, 4000000))

    port_file = tmp_path / "ports"
    directory = tmp_path / "kept"
    directory.mkdir()
    with open(tmp_path / "log", "wb") as log:
        process = subprocess.Popen(
            [BINARY, *USER, "-p", "-1", "-l", "127.0.0.1", *config(directory)], stdout=log,
            stderr=log, preexec_fn=limit, env={**os.environ, "MEMCACHED_PORT_FILENAME":
                                               str(port_file)})
    eventually(port_file.exists)
    from .server import Client
    import socket
    port = int(port_file.read_text().split()[2])
    client = Client(socket.create_connection(("127.0.0.1", port), 20))
    stored = 0
    while client.ask(b"set k%d 0 0 40000\r\n%s\r\n" % (stored, b"v" * 40000)) == b"STORED\r\n":
        stored += 1
        assert stored < 1000
    assert 50 < stored < 100
    assert process.wait(30) == 74
    assert "cannot write the command log" in (tmp_path / "log").read_text()
    with Server(*config(directory)) as server, server.connect() as again:
        for number in range(stored):
            assert again.ask(b"get k%d\r\n" % number, b"END\r\n").startswith(b"VALUE")


# Settings

def test_settings_are_shown_and_taken(tmp_path):
    with Server(*config(tmp_path)) as server, server.connect() as client:
        stats = client.stats("persistence")
        assert stats["use_persistence"] == "on"
        assert stats["data_path"] == str(tmp_path)
        assert stats["async_logging"] == "false"
        assert stats["chkpt_interval_min_logsize"] == "256"
        assert client.ask(b"config async_logging on\r\n") == b"END\r\n"
        assert client.ask(b"config async_logging\r\n", b"END\r\n") == b"async_logging on\r\nEND\r\n"
        assert client.ask(b"config chkpt_interval_min_logsize 0\r\n") == b"CLIENT_ERROR bad value\r\n"
        assert client.ask(b"config chkpt_interval_min_logsize 12\r\n") == b"END\r\n"
        assert client.ask(b"config chkpt_interval_pct_snapshot 1001\r\n") == \
            b"CLIENT_ERROR bad value\r\n"
        assert client.ask(b"config chkpt_interval_pct_snapshot 50\r\n") == b"END\r\n"
        stats = client.stats("persistence")
        assert stats["async_logging"] == "true"
        assert stats["chkpt_interval_min_logsize"] == "12"
        assert stats["chkpt_interval_pct_snapshot"] == "50"


def test_asynchronous_changes_reach_the_disk_by_themselves(tmp_path):
    with Server(*config(tmp_path, async_logging="true")) as server, server.connect() as client:
        path, = files(tmp_path, "cmdlog_")
        before = path.stat().st_size
        assert client.ask(b"set k 0 0 1\r\nv\r\n") == b"STORED\r\n"
        eventually(lambda: path.stat().st_size > before, 5)
