"""Clients that have to log in: mechanisms, users, and what they may do."""
import base64
import hashlib
import hmac
import os
import subprocess
import time

import pytest
from kazoo.client import KazooClient

from .server import BINARY, USER

REFUSED = b"CLIENT_ERROR unauthorized\r\n"


def plain(client, user, password):
    data = b"\0" + user.encode() + b"\0" + password.encode()
    return client.ask(b"sasl auth PLAIN %d\r\n%s\r\n" % (len(data), data))


def read_challenge(client, first):
    """The data of a SASL_CONTINUE; None when it is something else."""
    if not first.startswith(b"SASL_CONTINUE "):
        return None
    return client.read(int(first.split()[1]) + 2)[:-2]


def scram(client, user, password):
    """The client's side of RFC 7677; the last reply line."""
    nonce = base64.b64encode(os.urandom(18)).decode()
    first = f"n={user},r={nonce}"
    message = b"n,," + first.encode()
    client.send(b"sasl auth SCRAM-SHA-256 %d\r\n%s\r\n" % (len(message), message))
    line = read_line(client)
    challenge = read_challenge(client, line)
    if challenge is None:
        return line
    fields = dict(part.split("=", 1) for part in challenge.decode().split(","))
    assert fields["r"].startswith(nonce)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(fields["s"]),
                                 int(fields["i"]))
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    final = f"c=biws,r={fields['r']}"
    signed = f"{first},{challenge.decode()},{final}".encode()
    signature = hmac.digest(hashlib.sha256(client_key).digest(), signed, "sha256")
    proof = base64.b64encode(bytes(a ^ b for a, b in zip(client_key, signature))).decode()
    message = f"{final},p={proof}".encode()
    client.send(b"sasl auth %d\r\n%s\r\n" % (len(message), message))
    line = read_line(client)
    challenge = read_challenge(client, line)
    if challenge is None:
        return line
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    expected = base64.b64encode(hmac.digest(server_key, signed, "sha256"))
    assert challenge == b"v=" + expected
    return client.ask(b"sasl auth 0\r\n\r\n")


def read_line(client):
    line = b""
    while not line.endswith(b"\n"):
        byte = client.read(1)
        if not byte:
            break
        line += byte
    return line


@pytest.fixture
def with_users(start, tmp_path):
    """A server that knows alice and bob."""
    path = tmp_path / "users"
    path.write_text("# who may come\nalice:wonder land:more\nbob builder\n*eve:apple\n")
    return start("-S", "-vv", env={"MEMCACHED_SASL_PWDB": str(path), "ISASL_DB_CHECK_TIME": "1"})


def test_nobody_who_is_not_logged_in_gets_at_data(with_users):
    with with_users.connect() as client:
        assert client.ask(b"set k 0 0 7\r\nversion\r\n") == REFUSED
        assert client.ask(b"get k\r\n") == REFUSED
        assert client.ask(b"gets k l\r\n") == REFUSED
        assert client.ask(b"mget 3 2\r\na b\r\n") == REFUSED
        assert client.ask(b"delete k\r\n") == REFUSED
        assert client.ask(b"incr k 1\r\n") == REFUSED
        assert client.ask(b"flush_all\r\n") == REFUSED
        assert client.ask(b"config memlimit\r\n") == REFUSED
        assert client.ask(b"touch k 0\r\n") == REFUSED
        assert client.ask(b"version\r\n") == b"VERSION 1.15.0\r\n"
        assert client.ask(b"ready\r\n").startswith(b"READY")
        assert client.stats()["cmd_set"] == "0"
        settings = client.stats("settings")
        assert settings["auth_enabled_sasl"] == "yes"
        assert settings["auth_sasl_engine"] == "cyrus"
        assert settings["auth_required_sasl"] == "yes"


def test_keys_of_arcus_itself_are_open(with_users):
    with with_users.connect() as client:
        assert client.ask(b"set arcus:zk-ping 1 0 1\r\n1\r\n") == b"STORED\r\n"
        assert client.ask(b"get arcus:zk-ping\r\n", b"END\r\n").startswith(b"VALUE arcus:zk-ping")
        assert client.ask(b"get arcus:zk-ping k\r\n") == REFUSED


def test_refused_data_is_swallowed_wherever_it_is_cut(with_users):
    request = b"set k 0 0 9\r\nflush_all\r\nversion\r\n"
    for cut in range(1, len(request)):
        with with_users.connect() as client:
            client.send(request[:cut])
            client.send(request[cut:])
            assert client.read_until(b"VERSION 1.15.0\r\n") == REFUSED + b"VERSION 1.15.0\r\n"


@pytest.mark.parametrize("log_in", [plain, scram])
def test_users_of_a_file_log_in_and_may_do_everything(with_users, log_in):
    with with_users.connect() as client:
        assert client.ask(b"sasl mech\r\n") == b"SASL_MECH SCRAM-SHA-256 PLAIN\r\n"
        assert log_in(client, "alice", "wonder land") == b"SASL_OK\r\n"
        assert client.ask(b"set k 0 0 1\r\nx\r\n") == b"STORED\r\n"
        assert client.ask(b"get k\r\n", b"END\r\n") == b"VALUE k 0 1\r\nx\r\nEND\r\n"
        assert client.ask(b"flush_all\r\n") == b"OK\r\n"
        assert client.stats()["cmd_auth"] == "1"
    assert "user=alice authentication succeeded" in with_users.log()


@pytest.mark.parametrize("log_in", [plain, scram])
@pytest.mark.parametrize("user, password", [("alice", "wrong"), ("mallory", "x"), ("bob", "")])
def test_who_does_not_know_the_password_stays_out(with_users, log_in, user, password):
    with with_users.connect() as client:
        assert log_in(client, user, password).startswith(b"AUTH_ERROR ")
        assert client.ask(b"get k\r\n") == REFUSED
        assert client.stats()["auth_errors"] == "1"
        assert log_in(client, "bob", "builder") == b"SASL_OK\r\n"
        assert client.ask(b"get k\r\n") == b"END\r\n"
        assert log_in(client, user, password).startswith(b"AUTH_ERROR ")
        assert client.ask(b"get k\r\n") == REFUSED
    assert "authentication failed(" in with_users.log()


def test_exchanges_that_make_no_sense_are_errors(with_users):
    with with_users.connect() as client:
        assert client.ask(b"sasl auth 3\r\nabc\r\n").startswith(b"AUTH_ERROR ")
        assert client.ask(b"sasl auth NOSUCH 3\r\nabc\r\n").startswith(b"AUTH_ERROR ")
        assert client.ask(b"sasl auth PLAIN x\r\n") == b"CLIENT_ERROR bad command line format\r\n"
        assert client.ask(b"sasl\r\n") == b"ERROR unknown command\r\n"
        assert client.ask(b"sasl what\r\n") == b"CLIENT_ERROR bad command line format\r\n"
        assert client.ask(b"sasl auth PLAIN 3\r\nabcde").startswith(b"CLIENT_ERROR bad data")
        long = b"x" * 40000
        assert client.ask(b"sasl auth PLAIN 40000\r\n" + long + b"\r\n").startswith(b"CLIENT_ERROR")
        assert client.ask(b"version\r\n") == b"VERSION 1.15.0\r\n"


def test_what_audited_users_do_is_logged(with_users):
    with with_users.connect() as client:
        assert plain(client, "*eve", "apple") == b"SASL_OK\r\n"
        client.ask(b"get secret\r\n")
        client.ask(b"delete other\r\n")
    with with_users.connect() as client:
        assert plain(client, "bob", "builder") == b"SASL_OK\r\n"
        client.ask(b"get unseen\r\n")
    log = with_users.log()
    assert 'user=*eve cmd="get secret" authorized' in log
    assert 'user=*eve cmd="delete other" authorized' in log
    assert "unseen" not in log


def test_a_changed_file_is_read_again(with_users, tmp_path):
    (tmp_path / "users").write_text("carol:new\n")
    deadline = time.monotonic() + 30
    while True:
        with with_users.connect() as client:
            if plain(client, "carol", "new") == b"SASL_OK\r\n":
                break
        assert time.monotonic() < deadline, "the file was not read again"
    with with_users.connect() as client:
        assert plain(client, "alice", "wonder land").startswith(b"AUTH_ERROR ")


def test_without_S_everything_is_open(start):
    with start().connect() as client:
        assert plain(client, "any", "body") == b"SASL_OK\r\n"
        assert client.ask(b"set k 0 0 1\r\nx\r\n") == b"STORED\r\n"


@pytest.mark.parametrize("env, why", [
    ({}, "set MEMCACHED_SASL_PWDB"),
    ({"MEMCACHED_SASL_PWDB": "/nowhere"}, "cannot read the users in /nowhere"),
    ({"ARCUS_ACL_ZOOKEEPER": "127.0.0.1:1", "ARCUS_ACL_GROUP": "g"}, "cannot read the users in /arcus_acl/g"),
])
def test_a_server_that_does_not_know_its_users_does_not_start(env, why):
    clean = {k: v for k, v in os.environ.items() if k != "MEMCACHED_SASL_PWDB"}
    run = subprocess.run([BINARY, *USER, "-S", "-p", "0", "-l", "127.0.0.1"], capture_output=True,
                         text=True, timeout=60, env={**clean, **env}, check=False)
    assert run.returncode == 78
    assert why in run.stderr


def test_a_file_with_a_wrong_line_is_refused_with_its_place(tmp_path):
    path = tmp_path / "users"
    path.write_text("alice:x\nbob\n")
    run = subprocess.run([BINARY, *USER, "-S", "-p", "0", "-l", "127.0.0.1"], capture_output=True,
                         text=True, timeout=60, check=False,
                         env={**os.environ, "MEMCACHED_SASL_PWDB": str(path)})
    assert run.returncode == 78
    assert f"{path}:2: expected a user" in run.stderr


@pytest.fixture
def acl(zookeeper):
    client = KazooClient(zookeeper.connect_string, timeout=30)
    client.start(timeout=30)
    if client.exists("/arcus_acl"):
        client.delete("/arcus_acl", recursive=True)
    for user, categories in [("reader", b"kv"), ("boss", b"kv,list,set,map,btree,flush,admin"),
                             ("nobody", b"")]:
        client.ensure_path(f"/arcus_acl/group/{user}")
        client.set(f"/arcus_acl/group/{user}", categories)
        client.create(f"/arcus_acl/group/{user}/userPassword", b"pw-" + user.encode())
    yield {"ARCUS_ACL_ZOOKEEPER": zookeeper.connect_string, "ARCUS_ACL_GROUP": "group"}
    client.stop()
    client.close()


def test_a_group_in_zookeeper_says_who_may_do_what(start, acl):
    server = start("-S", "-v", env=acl)
    with server.connect() as client:
        assert client.ask(b"sasl mech\r\n") == b"SASL_MECH SCRAM-SHA-256\r\n"
        assert plain(client, "reader", "pw-reader").startswith(b"AUTH_ERROR ")
        assert scram(client, "reader", "pw-reader") == b"SASL_OK\r\n"
        assert client.ask(b"set k 0 0 1\r\nx\r\n") == b"STORED\r\n"
        assert client.ask(b"delete k\r\n") == b"DELETED\r\n"
        assert client.ask(b"config memlimit\r\n") == REFUSED
        assert client.ask(b"flush_all\r\n") == REFUSED
    with server.connect() as client:
        assert scram(client, "boss", "pw-boss") == b"SASL_OK\r\n"
        assert client.ask(b"flush_all\r\n") == b"OK\r\n"
        assert client.ask(b"config memlimit\r\n", b"END\r\n").endswith(b"END\r\n")
        assert client.ask(b"touch k 0\r\n") == REFUSED
    with server.connect() as client:
        assert scram(client, "nobody", "pw-nobody").startswith(b"AUTH_ERROR ")
    assert 'user=reader cmd="flush_all" unauthorized' in server.log()
