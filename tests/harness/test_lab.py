"""The test hosts are what the cluster suite takes them for."""
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from harness import Lab, ZooKeeper, four_letters, kazoo, read_tree, wait_for
from harness.lab import reap_stale_directories


@pytest.fixture
def known_hosts(lab, tmp_path):
    return lab.write_known_hosts(tmp_path / "known_hosts")


def ssh(lab, known_hosts, host, command, user="root", timeout=60):
    return subprocess.run(
        ["ssh", "-F", "none", "-i", str(lab.identity), "-o", f"UserKnownHostsFile={known_hosts}",
         "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes", "-o", "ConnectTimeout=2",
         "-o", "ServerAliveInterval=1", "-o", "ServerAliveCountMax=2",
         f"{user}@{host.name}", command], capture_output=True, text=True, timeout=timeout)


def test_both_users_log_in_and_become_root(lab, known_hosts):
    assert ssh(lab, known_hosts, lab[1], "id -un").stdout == "root\n"
    done = ssh(lab, known_hosts, lab[2], "hostname; id -un; sudo -n id -un", user="arcus")
    assert done.stdout == "cache002.arcus\narcus\nroot\n", done.stderr


def test_hosts_have_their_own_files_processes_and_names(lab):
    lab[1].write("/var/lib/own", "one\n")
    assert lab[1].read("/var/lib/own") == "one\n"
    assert not lab[2].exists("/var/lib/own")
    assert not Path("/var/lib/own").exists()
    release = lab[1].occupy_port(11211)
    assert lab[1].processes("python3", "11211") and not lab[2].processes("11211")
    release()
    assert not lab[1].processes("11211")


def test_hosts_reach_each_other_by_name_and_nothing_else(lab):
    reach = "exec 3<>/dev/tcp/{}/22 && head -c 4 <&3"
    done = lab[1].run("/bin/bash", "-c", reach.format("cache003.arcus"))
    assert done.stdout == "SSH-"
    assert "default" not in lab[1].run("/sbin/ip", "route").stdout
    assert "default" not in subprocess.run(["ip", "route"], capture_output=True, text=True).stdout


def test_state_of_this_machine_does_not_show_on_a_host(lab):
    for place in ("/tmp", "/opt/arcus", "/var/lib/arcus", str(Path(__file__).parent)):
        assert lab[1].shell(f"ls -A {place} 2>/dev/null || true").stdout == "", place


def test_what_a_host_is_given_does_not_reach_this_machine(lab):
    """Absolute symbolic links in /etc led out of the host while it was set up from outside."""
    def machine():
        places = ["zookeeper", "ssh", "sudoers.d", "passwd", "shadow", "group", "resolv.conf"]
        paths = [Path("/etc", place) for place in places]
        paths += [path for place in paths for path in place.rglob("*")]
        return {path: path.stat().st_mtime_ns for path in paths if path.is_file()}
    before = machine()
    lab.reset()
    assert machine() == before
    flags = lab[1].shell(". /etc/zookeeper/conf/environment; echo $JVMFLAGS").stdout
    assert flags.count("-Xmx64m") == 1


def test_a_power_loss_ends_processes_and_keeps_the_disk(lab, known_hosts):
    lab[1].write("/opt/kept", "x")
    lab[1].write("/tmp/lost", "x")
    lab[1].occupy_port(11211)
    lab[1].power_off()
    assert not lab[1].is_up()
    assert ssh(lab, known_hosts, lab[1], "true").returncode == 255
    lab[1].start()
    assert lab[1].exists("/opt/kept") and not lab[1].exists("/tmp/lost")
    assert 11211 not in lab[1].listening_ports()
    assert ssh(lab, known_hosts, lab[1], "true").returncode == 0


def test_a_power_loss_closes_no_connection(lab):
    lab[1].occupy_port(11211)
    connection = socket.create_connection(("10.0.0.1", 11211), timeout=2)
    lab[1].power_off()
    connection.settimeout(0.3)
    with pytest.raises(TimeoutError):
        connection.recv(1)
    connection.close()


def test_a_blank_host_at_the_same_address_has_a_new_or_the_old_key(lab, known_hosts):
    lab[1].write("/opt/kept", "x")
    lab[1].replace(new_host_key=False)
    assert not lab[1].exists("/opt/kept")
    assert ssh(lab, known_hosts, lab[1], "true").returncode == 0
    lab[1].replace()
    refused = ssh(lab, known_hosts, lab[1], "true")
    assert refused.returncode == 255 and "REMOTE HOST IDENTIFICATION HAS CHANGED" in refused.stderr
    assert ssh(lab, lab.write_known_hosts(known_hosts), lab[1], "true").returncode == 0


def test_another_host_key_comes_and_goes_without_a_reboot(lab, known_hosts):
    undo = lab[2].change_host_key()
    assert ssh(lab, known_hosts, lab[2], "true").returncode == 255
    undo()
    assert ssh(lab, known_hosts, lab[2], "true").returncode == 0


def test_an_unplugged_host_is_silent_and_comes_back(lab, known_hosts):
    lab[1].unplug()
    assert ssh(lab, known_hosts, lab[1], "true").returncode == 255
    assert ssh(lab, known_hosts, lab[2], "true").returncode == 0
    lab[1].plug()
    wait_for(lambda: ssh(lab, known_hosts, lab[1], "true").returncode == 0, what="the link")


def test_a_frozen_host_accepts_connections_and_says_nothing(lab, known_hosts):
    lab[1].freeze()
    connection = socket.create_connection(("10.0.0.1", 22), timeout=2)
    connection.settimeout(0.3)
    with pytest.raises(TimeoutError):
        connection.recv(1)
    lab[1].thaw()
    connection.settimeout(5)
    assert connection.recv(4) == b"SSH-"
    connection.close()


def test_sshd_stops_and_starts(lab, known_hosts):
    lab[1].stop_sshd()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("10.0.0.1", 22), timeout=2)
    lab[1].start_sshd()
    before = lab[1].ssh_connections()
    assert ssh(lab, known_hosts, lab[1], "true").returncode == 0
    assert lab[1].ssh_connections() == before + 1


def test_a_full_disk_refuses_and_takes_again(lab):
    lab[1].fill_disk()
    full = lab[1].shell("head -c 1000000 /dev/zero >/opt/big", check=False)
    assert "No space left on device" in full.stderr
    assert lab[1].shell("head -c 1000000 /dev/zero >/tmp/big").returncode == 0
    lab[1].free_disk()
    lab[1].shell("head -c 1000000 /dev/zero >/opt/big")


def test_java_can_be_hidden(lab):
    lab[1].hide_java()
    assert lab[1].shell("command -v java || which java", check=False).returncode != 0
    assert lab[2].shell("command -v java").returncode == 0
    lab[1].show_java()
    assert lab[1].shell("command -v java").returncode == 0


def test_a_port_can_be_taken_and_given_back(lab):
    release = lab[1].occupy_port(11211)
    assert 11211 in lab[1].listening_ports()
    release()
    assert 11211 not in lab[1].listening_ports()


def test_a_reset_makes_every_host_blank(lab):
    lab.add_host()
    assert lab[4].name == "cache004.arcus" and lab[4].address == "10.0.0.4"
    lab[1].write("/opt/kept", "x")
    lab[2].power_off()
    lab[3].freeze()
    lab.reset()
    assert len(lab.hosts) == 3 and not lab[1].exists("/opt/kept")
    assert all(host.is_up() and host.is_listening_ssh() for host in lab.hosts)


def test_daemons_are_reaped_and_have_start_times(lab):
    lab[1].run("/bin/bash", "-c", "setsid sleep 1000 >/dev/null 2>&1 </dev/null & disown")
    sleeper = wait_for(lambda: lab[1].processes("sleep", "1000"))[0]
    again = lab[1].processes("sleep", "1000")[0]
    assert sleeper.identity == again.identity and sleeper.start > 0
    os.kill(sleeper.pid, 9)
    wait_for(lambda: sleeper.inner not in [p.inner for p in lab[1].processes()],
             what="the daemon to be reaped")


def test_an_external_zookeeper_serves_and_is_read_as_a_tree(lab):
    server = ZooKeeper(lab)
    assert "Mode: standalone" in four_letters(server.address, server.ports[0], "srvr")
    with kazoo(server.connect_string) as client:
        client.create("/arcus/cache_list/x", b"data", makepath=True)
        client.create("/arcus/cache_list/x/y", b"live", ephemeral=True)
        assert read_tree(client) == {
            "/arcus": (b"", False), "/arcus/cache_list": (b"", False),
            "/arcus/cache_list/x": (b"data", False), "/arcus/cache_list/x/y": (b"live", True)}
    server.stop()
    assert four_letters(server.address, server.ports[0], "srvr") == ""


KILLED_RUN = """
import os, signal, sys
sys.path.insert(0, sys.argv[1])
from harness import Lab
lab = Lab(1)
lab.__enter__()
print(lab.directory, lab[1].first_process_id, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_run_leaves_a_directory_that_the_next_one_removes(tmp_path):
    done = subprocess.run([sys.executable, "-c", KILLED_RUN, str(Path(__file__).parents[1])],
                          capture_output=True, text=True, timeout=30)
    assert done.returncode == -9, done.stderr
    directory, first_process = done.stdout.split()
    wait_for(lambda: not Path(f"/proc/{first_process}").exists(), what="the host to end")
    assert directory not in Path("/proc/self/mounts").read_text()
    assert Path(directory).exists()
    reap_stale_directories()
    assert not Path(directory).exists()


def test_a_directory_of_a_living_run_is_not_removed(tmp_path):
    mine, stale = (tmp_path / f"arcusplan-lab-{pid}-x" for pid in (os.getpid(), 2 ** 22 + 1))
    mine.mkdir()
    stale.mkdir()
    reap_stale_directories(tmp_path)
    assert mine.exists() and not stale.exists()


def test_without_root_the_reason_is_said(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(PermissionError, match="run as root"):
        Lab(1).__enter__()
