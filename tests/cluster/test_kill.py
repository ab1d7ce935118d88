"""kill -9 of the program at many moments of the first apply; the next one finishes the job."""
import re

import pytest

from cluster.site import store_and_read

SECONDS = 155
NODES = [f"10.0.0.{number}:11211" for number in (1, 2, 3)]


def finish_after_a_kill(site, code="small", nodes=NODES):
    """The next apply finishes, keeps what was up, and then there is nothing to do."""
    site.settle()
    up = site.servers()
    site.apply()
    after = site.servers()
    assert {key: after.get(key) for key in up} == up, "something that was up was restarted"
    assert site.live(code) == nodes
    site.assert_nothing_to_do()
    for node in nodes:
        store_and_read(node.split(":")[0], int(node.split(":")[1]), count=2)
    site.program.run("state", "verify", "--state", site.directory / ".arcusplan" / "state.db",
                     check=0)


@pytest.mark.parametrize("line", range(1, 24, 2))
def test_killed_at_an_event(site, line):
    """Killed when the n-th of the 24 lines of its event log was read: between two acts, mostly."""
    site.use_small_spec()
    seen = []

    def is_time(text):
        seen.append(text)
        return len(seen) == line

    result = site.run("apply", "--yes", "--json", kill_when=is_time)
    assert result.killed, result
    finish_after_a_kill(site)


@pytest.mark.parametrize("seconds", [0.1, 0.25, 0.5, 0.8, 1.2, 1.6, 2.1, 2.8])
def test_killed_at_a_time(site, seconds):
    """In the middle of whatever it does then: a connect, an upload, a start."""
    site.use_small_spec()
    result = site.run("apply", "--yes", kill_after=seconds)
    assert result.killed or result.rc == 0
    finish_after_a_kill(site)


@pytest.mark.parametrize("op", ["zk-start", "register", "start"])
def test_killed_with_an_ensemble_of_three(site, op):
    """Killed soon after the first step of a kind began, on the classic cloud."""
    site.use_example()
    result = site.run("apply", "--yes", "--json",
                      kill_when=lambda line: re.search(rf'"op": ?"{op}"', line))
    assert result.killed, result
    finish_after_a_kill(site, "test-cloud", [f"10.0.0.{host}:{port}" for host in (1, 2, 3)
                                             for port in (11211, 11212)])


def test_killed_again_and_again(site):
    """Each run gets a little further; the last one has to do only what is left."""
    site.use_small_spec()
    for tenth in range(1, 60, 4):
        result = site.run("apply", "--yes", kill_after=tenth / 10)
        if not result.killed:
            assert result.rc == 0, result
            break
    finish_after_a_kill(site)


@pytest.mark.parametrize("seconds", [0.4, 1.0, 1.8])
def test_killed_while_a_change_is_made(site, seconds):
    """A restart that was cut is finished, never forgotten."""
    site.use_small_spec()
    site.apply()
    old = site.servers()
    site.edit_spec("threads: 2", "threads: 3")
    site.run("apply", "--yes", kill_after=seconds)
    site.settle()
    site.apply()
    now = site.servers()
    assert now["cache001.arcus", "zookeeper"] == old["cache001.arcus", "zookeeper"]
    for host in site.lab.hosts:
        server = host.processes("cacheserver", "11211")[0]
        assert re.search(r"-t ?3\b", " ".join(server.argv)), server.argv
        assert now[host.name, 11211] != old[host.name, 11211]
    site.assert_nothing_to_do()


def test_a_lock_of_a_killed_run_frees_itself(site):
    site.use_small_spec()
    site.apply()
    site.edit_spec("threads: 2", "threads: 3")
    assert site.run("apply", "--yes", kill_after=0.6).killed
    result = site.run("apply", "--yes")
    assert result.rc == 0, result
