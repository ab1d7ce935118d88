"""Two operators, or one who is in a hurry."""
import os

import pytest

from cluster.site import Site
from harness import wait_for

SECONDS = 30


@pytest.fixture
def small(site):
    site.use_small_spec()
    return site


def test_of_two_applies_at_once_one_works_and_the_other_names_it(small):
    first = small.program.start("apply", *small.specs, "--yes")
    state = small.directory / ".arcusplan"
    wait_for(lambda: small.lab[1].exists("/opt/arcus"), what="the first apply to begin")
    second = small.run("apply", "--yes")
    assert second.rc == 4, second
    assert str(first.pid) in second.text, second
    small.program.finish(first, check=0)
    assert state.exists()
    small.assert_nothing_to_do()


def test_lock_list_shows_the_holder_while_it_works(small):
    first = small.program.start("apply", *small.specs, "--yes")
    wait_for(lambda: small.lab[1].exists("/opt/arcus"), what="the first apply to begin")
    listed = small.program.run("lock", "list", "--state",
                               small.directory / ".arcusplan" / "state.db")
    small.program.finish(first, check=0)
    assert listed.rc == 0 and str(first.pid) in listed.stdout, listed


def test_operators_with_other_state_files_are_kept_apart_by_the_ensemble(small, tmp_path):
    """The lock znode: the two share nothing but ZooKeeper."""
    small.apply()
    small.edit_spec("threads: 2", "threads: 3")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with Site(small.lab, elsewhere) as other:
        other.write_spec(small.read_spec())
        first = small.program.start("apply", *small.specs, "--yes", "--json")
        # The first line that names a restart: it works now.
        while "restart" not in (line := first.stdout.readline()):
            assert line, "the first apply ended without a restart"
        second = other.run("apply", "--yes")
        small.program.finish(first, check=0)
        assert second.rc == 4, second
        other.apply()
        other.assert_nothing_to_do()


def test_a_plan_needs_no_lock(small):
    first = small.program.start("apply", *small.specs, "--yes")
    wait_for(lambda: small.lab[1].exists("/opt/arcus"), what="the first apply to begin")
    assert small.run("validate").rc == 0
    assert small.run("plan", "--offline").rc == 0
    small.program.finish(first, check=0)


def test_without_yes_and_without_a_terminal_nothing_is_done(small):
    result = small.run("apply")
    assert result.rc == 1, result
    assert not any(host.exists("/opt/arcus") for host in small.lab.hosts)
    assert os.listdir(small.directory)


def test_at_a_terminal_the_plan_is_confirmed_first(small):
    refused = small.program.run_on_terminal("apply", *small.specs, answers=[("?", "no\n")])
    assert refused.rc == 1, refused
    assert not any(host.exists("/opt/arcus") for host in small.lab.hosts)
    agreed = small.program.run_on_terminal("apply", *small.specs, answers=[("?", "yes\n")])
    assert agreed.rc == 0, agreed
    small.assert_nothing_to_do()


def test_ctrl_c_ends_the_running_steps_and_the_next_apply_finishes(small):
    result = small.program.run_on_terminal(
        "apply", *small.specs, "--yes", interrupt_when=lambda text: "done  " in text)
    assert result.rc == 3, result
    small.settle()
    up = small.servers()
    small.apply()
    after = small.servers()
    assert {key: after.get(key) for key in up} == up
    small.assert_nothing_to_do()
