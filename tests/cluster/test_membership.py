"""cacheserver alone in a cloud that somebody registered: joining, leaving, and losing ZooKeeper."""
import json

import pytest

from cluster.site import cache, stat, store_and_read
from harness import ZooKeeper, find_program, kazoo, wait_for

SECONDS = 80
NODE = "10.0.0.1:11211"
LIVE = f"/arcus/cache_list/test/{NODE}-cache001.arcus"


class Cloud:
    """A ZooKeeper, one registered node on cache001, and the server that is to be it."""

    def __init__(self, lab):
        self.lab = lab
        self.host = lab[1]
        self.zookeeper = ZooKeeper(lab)
        self.host.put(find_program("cacheserver", "CACHESERVER"), "/usr/local/bin/cacheserver")

    def register(self, name=NODE, code="test"):
        with self.client() as client:
            for path in ("/arcus/cache_list/test", "/arcus/client_list/test",
                         "/arcus/cache_server_log"):
                client.ensure_path(path)
            mapping = f"/arcus/cache_server_mapping/{name}"
            client.create(f"{mapping}/{code}", makepath=True)
            client.set(mapping, json.dumps({"port": "11211"}).encode())

    def client(self):
        return kazoo(self.zookeeper.connect_string)

    def start(self, *args, env=None):
        return self.host.spawn("/usr/local/bin/cacheserver", "-u", "root", "-p", "11211",
                               "-m", "64", "-c", "100", "-t", "2", "-o", "10",
                               "-z", self.zookeeper.connect_string, *args, env=env)

    def start_and_join(self, *args, env=None):
        server = self.start(*args, env=env)
        self.wait_live([f"{NODE}-cache001.arcus"], server)
        return server

    def live(self):
        with self.client() as client:
            return client.get_children("/arcus/cache_list/test")

    def wait_live(self, names, server=None, timeout=30):
        def is_so():
            if server and server.poll() is not None:
                raise AssertionError(f"ended with {server.returncode}: {server.stdout.read()}")
            return self.live() == names
        wait_for(is_so, timeout=timeout, what=f"{names} in the cache list", every=0.1)

    def signal(self, name):
        self.host.run("/bin/kill", f"-{name}", str(self.host.processes("cacheserver")[0].inner))

    def is_connected(self):
        return stat("10.0.0.1", 11211, "zk_connected", ["zookeeper"]) in (b"true", True, "true")


@pytest.fixture
def cloud(lab):
    return Cloud(lab)


def test_it_joins_with_its_memory_as_data_and_logs_that(cloud):
    cloud.register()
    cloud.start_and_join()
    with cloud.client() as client:
        data, status = client.get(LIVE)
        assert data == b"64MB" and status.ephemeralOwner
        assert client.get_acls(LIVE)[0][0].perms == 31
        [day] = client.get_children("/arcus/cache_server_log")
        [entry] = client.get_children(f"/arcus/cache_server_log/{day}")
        assert entry.startswith(f"{NODE}-cache001.arcus-")
        assert client.get(f"/arcus/cache_server_log/{day}/{entry}")[0] == b"join"
    store_and_read("10.0.0.1", 11211)


@pytest.mark.parametrize("name", ["cache001.arcus:11211", "10.0.0.1"])
def test_it_is_found_by_host_name_and_by_address_alone(cloud, name):
    cloud.register(name)
    cloud.start_and_join()


def test_without_a_mapping_it_ends_with_76(cloud):
    with cloud.client() as client:
        client.ensure_path("/arcus/cache_list/test")
        client.ensure_path("/arcus/cache_server_mapping")
    assert cloud.start().wait(timeout=40) == 76


def test_a_mapping_to_two_clouds_ends_it_with_76(cloud):
    cloud.register()
    cloud.register(code="other")
    assert cloud.start().wait(timeout=40) == 76
    assert cloud.live() == []


def test_on_sigterm_it_leaves_before_it_closes(cloud):
    cloud.register()
    server = cloud.start_and_join()
    connection = cache("10.0.0.1", 11211)
    connection.set("key", "value", noreply=False)
    with cloud.client() as client:
        cloud.signal("TERM")
        wait_for(lambda: not client.get_children("/arcus/cache_list/test"), timeout=8,
                 what="it to leave at once", every=0.005)
    assert server.wait(timeout=60) == 0
    connection.close()


def test_killed_hard_it_goes_when_its_session_ends_and_may_come_again(cloud):
    cloud.register()
    cloud.start_and_join()
    cloud.signal("KILL")
    cloud.wait_live([], timeout=30)
    cloud.start_and_join()


def test_while_zookeeper_is_away_it_serves_and_afterwards_it_is_still_a_member(cloud):
    cloud.register()
    server = cloud.start_and_join()
    [port] = cloud.zookeeper.ports
    cloud.zookeeper.stop_server(port)
    store_and_read("10.0.0.1", 11211)
    cloud.zookeeper.start_server(port)
    wait_for(cloud.zookeeper.is_serving, timeout=30)
    cloud.wait_live([f"{NODE}-cache001.arcus"], server)
    wait_for(cloud.is_connected, what="the server to see ZooKeeper again")
    assert server.poll() is None


def test_its_own_znode_deleted_it_pauses_and_serves(cloud):
    cloud.register()
    server = cloud.start_and_join()
    with cloud.client() as client:
        client.delete(LIVE)
    wait_for(lambda: not cloud.is_connected(), what="it to pause")
    store_and_read("10.0.0.1", 11211)
    assert server.poll() is None and cloud.live() == []


def test_a_session_that_ends_while_it_is_cut_off_ends_it_with_75(cloud):
    cloud.register()
    server = cloud.start_and_join()
    cloud.host.unplug()
    cloud.wait_live([], timeout=40)
    cloud.host.plug()
    assert server.wait(timeout=40) == 75


def test_the_address_that_the_environment_names_is_its_own(cloud):
    cloud.register("10.9.9.9:11211")
    cloud.start("-v", env={"ARCUS_CACHE_PUBLIC_IP": "10.9.9.9"})
    wait_for(lambda: cloud.live() and cloud.live()[0].startswith("10.9.9.9:11211-"), timeout=30,
             what="it under its public address")


def test_without_zookeeper_in_its_time_it_ends_with_76(cloud):
    cloud.zookeeper.stop()
    assert cloud.start().wait(timeout=40) == 76
