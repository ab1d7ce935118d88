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


def session_of(site, host):
    """The ZooKeeper session by which the host's node is listed, or None."""
    root = "/arcus/cache_list/small"
    with site.client() as client:
        for name in client.get_children(root):
            if name.startswith(f"{host.address}:11211-"):
                status = client.exists(f"{root}/{name}")
                return status and status.ephemeralOwner
    return None


def await_new_session(site, host, former):
    """A node that did not leave in order joins again once ZooKeeper forgets its old session: until
    then it is still listed, and systemd starts it in vain."""
    wait_for(lambda: session_of(site, host) not in (None, former), timeout=120, every=0.5,
             what="the node to join again")
    site.assert_nothing_to_do()
    store_and_read(host.address, 11211)
    assert is_active(host) and all_online(site)


def test_nodes_come_back_after_a_crash_and_a_reboot(running):
    host = running.lab[3]
    assert all(is_active(host) for host in running.lab.hosts) and all_online(running)
    session = session_of(running, host)
    host.run("/bin/kill", f"-{signal.SIGKILL.value}", str(node_of(running, host)[0]))
    await_new_session(running, host, session)

    session = session_of(running, host)
    host.reboot()
    await_new_session(running, host, session)


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
