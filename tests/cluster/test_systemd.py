"""Cache nodes that systemd looks after."""
import signal

import pytest

from cluster.site import store_and_read
from harness import wait_for

SECONDS = 60
UNIT = "arcus-small-11211.service"


@pytest.fixture
def running(site):
    for host in site.lab.hosts:
        host.use_systemd()
    site.use_small_spec()
    site.edit_spec("    update: { watch_time: 0s }\n",
                   "    update: { watch_time: 0s }\n    supervise: systemd\n")
    site.apply()
    site.assert_nothing_to_do()
    return site


def is_active(host):
    return host.run("/bin/systemctl", "is-active", UNIT, check=False).stdout == "active\n"


def all_online(site):
    return site.live("small") == [f"10.0.0.{number}:11211" for number in (1, 2, 3)]


def node_of(site, host):
    return site.servers(host).get((host.name, 11211))


def await_nothing_to_do(site):
    """A node that did not leave in order joins again once ZooKeeper forgets its old session."""
    wait_for(lambda: not site.plan()["steps"], timeout=90, every=1, what="the cloud to be whole")


def test_nodes_come_back_after_a_crash_and_a_reboot(running):
    host = running.lab[3]
    assert all(is_active(host) for host in running.lab.hosts) and all_online(running)
    first = node_of(running, host)
    host.run("/bin/kill", f"-{signal.SIGKILL.value}", str(first[0]))
    wait_for(lambda: node_of(running, host) not in (None, first), timeout=90,
             what="systemd to start the node again")
    await_nothing_to_do(running)

    host.reboot()
    wait_for(lambda: is_active(host), timeout=90, what="systemd to start the node at boot")
    await_nothing_to_do(running)
    assert all_online(running)
    store_and_read("10.0.0.3", 11211)


def test_supervision_can_change_and_ends_with_the_cloud(running):
    before = running.servers()
    running.edit_spec("supervise: systemd", "supervise: daemon")
    plan = running.plan()
    assert {step["op"] for step in plan["steps"]} == {"restart"}
    running.apply()
    after = running.servers()
    assert all(after[key] != before[key] for key in before if key[1] == 11211)
    assert not any(host.exists(f"/etc/systemd/system/{UNIT}") for host in running.lab.hosts)
    running.assert_nothing_to_do()

    running.edit_spec("supervise: daemon", "supervise: systemd")
    running.apply()
    assert all(is_active(host) for host in running.lab.hosts) and all_online(running)
    running.run("destroy", "--yes", check=0)
    for host in running.lab.hosts:
        assert not host.exists(f"/etc/systemd/system/{UNIT}") and not running.servers(host)


def test_a_host_without_systemd_says_so(site):
    site.use_small_spec()
    site.edit_spec("    update: { watch_time: 0s }\n",
                   "    update: { watch_time: 0s }\n    supervise: systemd\n")
    done = site.apply(check=3)
    assert "supervise to daemon" in done.stderr and site.spec_line("supervise") not in done.stdout
