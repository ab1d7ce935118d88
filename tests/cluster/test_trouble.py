"""Trouble on one host: it is named with the step and the spec line, the other hosts go on, the
status is 3, and after mending it the next apply finishes."""
import re

import pytest

from harness import wait_for

SECONDS = 140
PATIENCE = 60


@pytest.fixture
def small(site):
    site.use_small_spec()
    return site


def assert_said(result, host, step, *words):
    """One error line has the place in the spec, the step, the host and the words."""
    errors = [line for line in result.stderr.splitlines()
              if re.match(r"cloud\.yaml:\d+:\d+: error\[E\d{4}\]: ", line)]
    assert any(all(word in line for word in (step, host, *words)) for line in errors), result


def assert_others_went_on(site, numbers=(1, 2)):
    assert site.live("small") == [f"10.0.0.{number}:11211" for number in numbers]


def assert_mended(site):
    site.settle()
    up = site.servers()
    site.apply()
    after = site.servers()
    assert {key: after.get(key) for key in up} == up
    assert site.live("small") == [f"10.0.0.{number}:11211" for number in (1, 2, 3)]
    site.assert_nothing_to_do()


def test_a_wrong_host_key(small):
    undo = small.lab[3].change_host_key()
    result = small.apply(check=3, timeout=PATIENCE)
    assert_said(result, "cache003.arcus", "deploy", "key of 10.0.0.3")
    assert_others_went_on(small)
    assert not small.lab[3].exists("/opt/arcus")
    undo()
    assert_mended(small)


def test_an_unknown_host_key(small):
    small.lab.write_known_hosts(small.known_hosts, skip=[small.lab[3]])
    result = small.apply(check=3, timeout=PATIENCE)
    assert_said(result, "cache003.arcus", "deploy", "key of 10.0.0.3")
    assert "10.0.0.3" not in small.known_hosts.read_text()
    assert_others_went_on(small)
    small.lab.write_known_hosts(small.known_hosts)
    assert_mended(small)


def test_a_closed_port(small):
    small.lab[3].stop_sshd()
    result = small.apply(check=3, timeout=PATIENCE)
    assert_said(result, "cache003.arcus", "deploy")
    assert_others_went_on(small)
    small.lab[3].start_sshd()
    assert_mended(small)


def test_a_host_that_is_off(small):
    small.lab[3].power_off()
    result = small.apply(check=3, timeout=PATIENCE)
    assert_said(result, "cache003.arcus", "deploy")
    assert_others_went_on(small)
    small.lab[3].start()
    assert_mended(small)


def test_a_host_that_never_answers(small):
    small.lab[3].freeze()
    result = small.apply(check=3, timeout=PATIENCE)
    small.lab[3].thaw()
    assert_said(result, "cache003.arcus", "deploy")
    assert_others_went_on(small)
    assert_mended(small)


def test_a_host_that_answers_and_then_hangs(small):
    """It lets the program in and stops in the middle of its first step."""
    victim = small.lab[3]
    process = small.program.start("apply", *small.specs, "--yes")
    wait_for(lambda: victim.exists("/opt/arcus"), what="the first step on cache003", every=0.005)
    victim.freeze()
    result = small.program.finish(process, timeout=150)
    victim.thaw()
    assert result.rc == 3, result
    assert "cache003.arcus" in result.text and "cloud.yaml:" in result.text
    assert_others_went_on(small)
    assert_mended(small)


def test_a_cable_pulled_in_the_middle(small):
    victim = small.lab[3]
    process = small.program.start("apply", *small.specs, "--yes")
    wait_for(lambda: victim.exists("/opt/arcus"), what="the first step on cache003", every=0.005)
    victim.unplug()
    result = small.program.finish(process, timeout=150)
    victim.plug()
    assert result.rc == 3, result
    assert "cache003.arcus" in result.text and "cloud.yaml:" in result.text
    assert_others_went_on(small)
    assert_mended(small)


def test_no_java(site):
    """Without java on one of three, the other two make a quorum."""
    site.use_example()
    site.lab[3].hide_java()
    result = site.apply(check=3, timeout=PATIENCE)
    assert_said(result, "cache003.arcus", "zk-start", "java")
    modes = sorted(str(site.zookeeper_mode(host)) for host in site.lab.hosts)
    assert modes == ["None", "follower", "leader"]
    site.lab[3].show_java()
    up = site.servers()
    site.apply()
    after = site.servers()
    assert {key: after.get(key) for key in up} == up
    assert len(site.live("test-cloud")) == 6
    site.assert_nothing_to_do()


def test_a_full_disk(small):
    small.lab[3].fill_disk()
    result = small.apply(check=3, timeout=PATIENCE)
    assert_said(result, "cache003.arcus", "deploy", "KB free")
    assert_others_went_on(small)
    assert not small.lab[3].exists("/opt/arcus/current")
    small.lab[3].free_disk()
    assert_mended(small)


def test_a_port_already_in_use(small):
    release = small.lab[3].occupy_port(11211)
    result = small.apply(check=3, timeout=PATIENCE)
    assert_said(result, "cache003.arcus", "start", "11211")
    assert_others_went_on(small)
    release()
    assert_mended(small)


def test_a_port_of_zookeeper_already_in_use(small):
    release = small.lab[1].occupy_port(2181)
    result = small.apply(check=3, timeout=PATIENCE)
    assert_said(result, "cache001.arcus", "zk-start")
    release()
    assert_mended(small)


def test_a_user_who_may_not_become_root(small):
    small.lab[3].run("/bin/rm", "/etc/sudoers.d/arcus")
    result = small.apply(check=3, timeout=PATIENCE)
    assert_said(result, "cache003.arcus", "deploy", "sudo")
    assert_others_went_on(small)
    small.lab[3].write("/etc/sudoers.d/arcus", "arcus ALL=(ALL) NOPASSWD: ALL\n")
    assert_mended(small)


def test_a_key_that_is_refused(small):
    small.lab[3].run("/bin/rm", "/home/arcus/.ssh/authorized_keys")
    result = small.apply(check=3, timeout=PATIENCE)
    assert_said(result, "cache003.arcus", "deploy")
    assert_others_went_on(small)
    small.lab[3].write("/home/arcus/.ssh/authorized_keys",
                       small.lab.identity.with_suffix(".pub").read_text())
    assert_mended(small)


def test_a_login_that_prints_something_changes_nothing(small):
    for host in small.lab.hosts:
        host.write("/home/arcus/.bashrc", "echo 'Welcome to this machine'; echo news >&2\n")
    small.apply()
    small.assert_nothing_to_do()
    assert_others_went_on(small, (1, 2, 3))
