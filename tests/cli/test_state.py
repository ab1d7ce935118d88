"""The state database and the locks, by hand."""
import fcntl
import json
import os
import shutil
import sqlite3
import subprocess
import tempfile
from pathlib import Path

import pytest

from cli.conftest import holder

RESOURCES = [("release/here/arcus", {"version": "1.0"}),
             ("node/old/10.0.0.9:11211", {"running": "yes", "set.threads": "6"})]


@pytest.fixture
def recorded(desk):
    desk.make_state(RESOURCES)
    return desk


@pytest.fixture
def locked(desk):
    """Somebody else's run holds the lock."""
    desk.make_state()
    with open(desk.state.parent / "lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(holder())
        file.flush()
        yield desk


@pytest.mark.parametrize("command", [["state", "list"], ["state", "show", "a/b"],
                                     ["state", "forget", "a/b"], ["state", "backup", "copy"],
                                     ["state", "verify"], ["history"], ["history", "1"]])
def test_without_a_state_there_is_an_error_and_none_is_made(desk, command):
    result = desk.run(*command, check=1)
    assert "error[E0601]" in result.stderr and "--state" in result.stderr
    assert not desk.state.parent.exists()


def test_what_is_recorded_is_listed_and_shown(recorded):
    listed = recorded.run("state", "list", check=0).stdout
    assert all(address in listed for address, _ in RESOURCES)
    assert recorded.resources() == sorted(address for address, _ in RESOURCES)
    shown = recorded.run("state", "show", "node/old/10.0.0.9:11211", check=0).stdout
    assert "set.threads  6" in shown
    found = recorded.run("state", "show", "node/old/10.0.0.9:11211", "--json", check=0).json()
    assert found["attributes"] == {"running": "yes", "set.threads": "6"}


def test_what_is_not_recorded_is_not_found(recorded):
    for verb in ("show", "forget"):
        result = recorded.run("state", verb, "node/none", check=1)
        assert "error[E0606]" in result.stderr


def test_forgetting_removes_the_record_alone(recorded):
    recorded.run("state", "forget", "release/here/arcus", check=0)
    assert recorded.resources() == ["node/old/10.0.0.9:11211"]


def test_a_backup_is_a_state_and_never_replaces_a_file(recorded):
    recorded.run("state", "backup", "copy.db", check=0)
    listed = recorded.run("state", "list", "--state", "copy.db", "--json", check=0).json()
    assert len(listed["resources"]) == 2
    assert "exists already" in recorded.run("state", "backup", "copy.db", check=1).stderr


def test_a_sound_state_verifies(recorded):
    assert "sound" in recorded.run("state", "verify", check=0).stdout


def test_contradictions_in_the_state_are_found(recorded):
    with sqlite3.connect(recorded.state) as database:
        database.execute("UPDATE resources SET uncertain_op = 'dance'")
    database.close()
    result = recorded.run("state", "verify", check=1)
    assert result.stderr.count("error[E0602]") == 2


@pytest.mark.parametrize("command", [["plan", "cloud.yaml", "--offline"],
                                     ["apply", "cloud.yaml", "--yes", "--offline"],
                                     ["state", "list"], ["state", "verify"], ["history"]])
@pytest.mark.parametrize("content", [b"not a database at all, but a note" * 9, b"\0" * 5000])
def test_a_damaged_state_is_named_and_kept(desk, command, content):
    desk.state.parent.mkdir()
    desk.state.write_bytes(content)
    result = desk.run(*command, check=1)
    assert "error[E0602]" in result.stderr and "state.db" in result.stderr, result
    assert desk.state.read_bytes() == content


def test_a_truncated_state_is_named_and_kept(recorded):
    os.truncate(recorded.state, recorded.state.stat().st_size // 2)
    before = recorded.state.read_bytes()
    assert "error[E0602]" in recorded.run("plan", "cloud.yaml", "--offline", check=1).stderr
    assert recorded.state.read_bytes() == before


def test_a_newer_state_is_refused(recorded):
    with sqlite3.connect(recorded.state) as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    assert "error[E0603]" in recorded.run("apply", "cloud.yaml", "--yes", check=1).stderr


def test_text_in_the_state_cannot_drive_the_terminal(desk):
    desk.make_state([("node/\033[2J/x", {"evil": "a\033]0;b\007"})])
    listed = desk.run("state", "list", check=0).stdout
    assert "\033" not in listed and "node/?[2J/x" in listed


def test_a_new_state_has_no_runs(recorded):
    assert recorded.run("history", check=0).stdout == "no runs are recorded\n"
    assert recorded.run("history", "--json", check=0).json() == {"runs": []}
    assert "error[E0606]" in recorded.run("history", "7", check=1).stderr


def test_runs_and_their_steps_are_shown(recorded):
    with sqlite3.connect(recorded.state) as database:
        database.execute("INSERT INTO runs VALUES(1, 'apply', 'me@here', '2024-01-01T00:00:00Z',"
                         " '2024-01-01T00:01:00Z', 'failed', 'abcd')")
        database.execute("INSERT INTO steps(run_id, step_id, op, address, reason, started, ended,"
                         " outcome, error) VALUES(1, 1, 'start', 'node/a/b', 'new', 't', 'u',"
                         " 'failed', 'no answer')")
        database.execute("INSERT INTO steps(run_id, step_id, op, address, reason, started)"
                         " VALUES(1, 2, 'stop', 'node/a/c', 'gone', 't')")
    database.close()
    runs = recorded.run("history", check=0).stdout
    assert "me@here" in runs and "failed" in runs
    steps = recorded.run("history", "1", check=0).stdout
    assert "no answer" in steps and "uncertain" in steps
    found = recorded.run("history", "1", "--json", check=0).json()
    assert [step["outcome"] for step in found["steps"]] == ["failed", None]


@pytest.mark.parametrize("command", [["apply", "cloud.yaml", "--yes"],
                                     ["destroy", "cloud.yaml", "--yes"], ["build", "cloud.yaml"],
                                     ["stop", "cloud.yaml"], ["state", "forget", "a/b"]])
def test_who_holds_the_lock_is_named(locked, command):
    result = locked.run(*command, check=4)
    assert "alice@elsewhere, pid 1, since 2024-05-06T07:08:09Z (apply)" in result.stderr, result


def test_what_changes_nothing_needs_no_lock(locked):
    locked.run("plan", "cloud.yaml", "--offline", check=0)
    locked.run("state", "list", check=0)
    locked.run("history", check=0)


def test_the_holder_is_listed(locked):
    listed = locked.run("lock", "list", check=0).stdout
    assert "alice@elsewhere" in listed and "0123456789ab" in listed and "unknown" in listed
    found = locked.run("lock", "list", "--json", check=0).json()["locks"]
    assert found[0]["user"] == "alice" and found[0]["pid"] == 1


def test_a_lock_of_another_machine_can_be_broken(locked):
    assert "error[E0606]" in locked.run("lock", "break", "ffff", check=1).stderr
    locked.run("lock", "break", "0123456789ab", check=0)
    assert "no lock is held" in locked.run("lock", "list", check=0).stdout
    locked.run("apply", "cloud.yaml", check=1)


def test_the_lock_of_a_living_process_is_not_broken(locked):
    stat = open(f"/proc/{os.getpid()}/stat").read()
    (locked.state.parent / "lock").write_text(holder(
        pid=os.getpid(), pid_start=int(stat.rpartition(")")[2].split()[19]),
        host=os.uname().nodename))
    found = locked.run("lock", "list", "--json", check=0).json()["locks"]
    assert found[0]["lives"] == "yes"
    assert "living process" in locked.run("lock", "break", "0123456789ab", check=4).stderr


def test_a_free_lock_file_is_no_lock(desk):
    desk.make_state()
    assert "no lock is held" in desk.run("lock", "list", check=0).stdout
    assert desk.run("lock", "list", "--json", check=0).json() == {"locks": []}


def test_a_state_elsewhere_is_used_when_named(recorded, tmp_path):
    shutil.move(recorded.state, tmp_path / "moved.db")
    assert len(recorded.run("state", "list", "--state", tmp_path / "moved.db", "--json",
                            check=0).json()["resources"]) == 2


def test_a_state_that_may_not_be_written_can_be_read(recorded):
    if os.geteuid() != 0:
        pytest.skip("needs another user to be")
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        shutil.copy(recorded.program.program, directory / "arcusplan")
        shutil.copytree(recorded.state.parent, directory / "state")
        directory.chmod(0o755)
        (directory / "state").chmod(0o555)
        (directory / "state" / "state.db").chmod(0o444)

        def run(*args):
            return subprocess.run(
                [directory / "arcusplan", *args, "--state", "state/state.db"], cwd=directory,
                user=65534, text=True, capture_output=True, env={"HOME": "/nonexistent"})

        assert len(json.loads(run("state", "list", "--json").stdout)["resources"]) == 2
        result = run("state", "forget", "release/here/arcus")
        assert result.returncode == 1 and "error[E0" in result.stderr
