"""Operators' commands that take a while, write files, or end the server."""
import re
import time

import pytest

from .server import Server, eventually


def fill(client, prefix, count, exptime=0):
    client.send(b"".join(b"set %s%d 0 %d 1 noreply\r\nx\r\n" % (prefix, n, exptime)
                         for n in range(count)))
    assert client.ask(b"version\r\n") == b"VERSION 1.15.0\r\n"


def test_a_dump_has_a_line_for_every_key(start, tmp_path):
    with start().connect() as client:
        fill(client, b"a:", 3000)
        fill(client, b"b:", 1000, 1000)
        path = tmp_path / "dump"
        assert client.ask(b"dump start key %s\r\n" % bytes(path)) == b"OK\r\n"
        stats = eventually(lambda: (s := client.stats("dump"))["dumper:status"] == "stopped" and s)
        assert stats["dumper:success"] == "true" and stats["dumper:dumped"] == "4000"
        assert stats["dumper:prefix"] == "<all>" and stats["dumper:filepath"] == str(path)
        lines = path.read_text().splitlines()
        assert len(lines) == 4001 and "K a:7 0" in lines
        expiry = int(next(line for line in lines if line.startswith("K b:7 ")).split()[2])
        assert abs(expiry - time.time() - 1000) < 60
        assert re.fullmatch(r"DUMP SUMMARY: { prefix=<all>, count=4000, elapsed=\d+ }", lines[-1])
        assert client.ask(b"dump start key b %s\r\n" % bytes(path)) == b"OK\r\n"
        eventually(lambda: client.stats("dump")["dumper:status"] == "stopped")
        assert len(path.read_text().splitlines()) == 1001


def test_a_scrub_frees_what_has_expired(start):
    with start("-X", "ascii_scrub.so").connect() as client:
        fill(client, b"live", 1000)
        fill(client, b"dead", 1000, -2)
        assert client.ask(b"scrub\r\n") == b"OK\r\n"
        stats = eventually(lambda: (s := client.stats("scrub"))["scrubber:status"] == "stopped"
                           and s)
        assert stats["scrubber:run_mode"] == "scrub" and stats["scrubber:last_run"].isdigit()
        assert client.stats()["curr_items"] == "1000"


def test_a_flushed_prefix_gives_its_memory_back(start):
    with start().connect() as client:
        fill(client, b"a:", 2000)
        fill(client, b"b:", 1000)
        assert client.stats()["curr_prefixes"] == "2"
        assert client.ask(b"flush_prefix a\r\n") == b"OK\r\n"
        assert client.ask(b"get a:1\r\n") == b"END\r\n"
        eventually(lambda: client.stats()["curr_items"] == "1000")
        assert client.stats()["curr_prefixes"] == "1"


def test_requests_are_logged(start, tmp_path):
    server = start()
    with server.connect() as client:
        started = client.ask(b"cmdlog start %s\r\n" % bytes(tmp_path))
        assert started == b"\tcommand logging started.\n\r\n"
        client.ask(b"set k 0 0 1\r\nx\r\n")
        client.ask(b"get k\r\n", b"END\r\n")
        client.ask(b"lop insert l 0 1 create 0 0 0\r\nx\r\n")
        assert client.ask(b"cmdlog stop\r\n") == b"\tcommand logging stopped.\n\r\n"
        path, = tmp_path.iterdir()
        text = eventually(lambda: (t := path.read_text()).endswith("create 0 0 0\n") and t)
        lines = [re.fullmatch(r"\d\d:\d\d:\d\d\.\d{6} 127\.0\.0\.1 (.*)", line)[1]
                 for line in text.splitlines()]
        assert [line for line in lines if not line.startswith("cmdlog")] == [
            "set k 0 0 1", "get k", "lop insert l 0 1 create 0 0 0"]


def test_long_queries_are_shown(start):
    with start().connect() as client:
        client.ask(b"lqdetect start 3\r\n")
        for _ in range(3):
            client.ask(b"lop insert l -1 1 create 0 0 0\r\nx\r\n")
        client.ask(b"lop get l 0..-1\r\n", b"END\r\n")
        client.ask(b"lop delete l 0..-1\r\n")
        shown = client.ask(b"lqdetect show\r\n", b"bop gbp : 0\n").decode()
        assert re.search(r"^lop get : 1\n\S+ 127.0.0.1 <4> lop get l 0..-1\n", shown, re.M)
        assert re.search(r"^lop delete : 1\n\S+ 127.0.0.1 <4> lop delete l 0..-1\n", shown, re.M)
        assert "lop insert : 0\n" in shown


def test_shutdown_serves_on_until_it_is_due(start):
    server = start()
    with server.connect() as client:
        assert client.ask(b"shutdown 2\r\n") == b"OK\r\n"
        assert client.ask(b"version\r\n") == b"VERSION 1.15.0\r\n"
        assert client.ask(b"shutdown 0\r\n") == b"OK\r\n"
        assert client.ask(b"shutdown 5\r\n") in (b"DENIED\r\n", b"")
    assert server.process.wait(20) == 0


def test_shutdown_without_a_time_ends_soon(start):
    server = start()
    with server.connect() as client:
        assert client.ask(b"shutdown\r\n") == b"OK\r\n"
        assert server.process.wait(20) == 0


def test_top_keys_are_shown(start):
    with start(env={"MEMCACHED_TOP_KEYS": "10"}).connect() as client:
        client.ask(b"set k 0 0 1\r\nx\r\n")
        client.ask(b"get k j\r\n", b"END\r\n")
        keys = client.stats("topkeys")
        assert "get_hits=1,get_misses=0,cmd_set=1," in keys["k"] and "get_misses=1" in keys["j"]
        assert client.stats("settings")["topkeys"] == "10"


@pytest.mark.parametrize("group", ["", "settings", "items", "slabs", "sizes", "aggregate"])
def test_statistics_are_lists(start, group):
    with start("-g", "1").connect() as client:
        fill(client, b"k", 10)
        assert client.stats(group)


def test_stores_are_counted_whatever_comes_of_them_but_not_what_is_too_large(start):
    with start().connect() as client:
        client.ask(b"lop create l 0 0 0\r\n")
        for line, reply in ((b"set k 0 0 1\r\nabc", b"CLIENT_ERROR bad data chunk"),
                            (b"set -:k 0 0 1\r\na\r\n", b"CLIENT_ERROR invalid prefix name"),
                            (b"append -:k 0 0 1\r\na\r\n", b"NOT_STORED"),
                            (b"cas k 0 0 1 5\r\nabc", b"CLIENT_ERROR bad data chunk"),
                            (b"cas -:k 0 0 1 5\r\na\r\n", b"NOT_FOUND"),
                            (b"cas l 0 0 1 5\r\na\r\n", b"TYPE_MISMATCH"),
                            (b"add k 0 0 1100000\r\n" + b"x" * 1100000 + b"\r\n",
                             b"CLIENT_ERROR object too large for cache")):
            assert client.ask(line) == reply + b"\r\n"
        stats = client.stats()
        assert [stats[name] for name in ("cmd_set", "cmd_cas", "cas_misses")] == ["3", "3", "2"]


def put(client, key, size):
    return client.ask(b"set %s 0 0 %d\r\n%s\r\n" % (key, size, b"x" * size))


def test_items_are_shown_by_the_classes_that_arcus_has_for_their_size(start):
    with start("-n", "32").connect() as client:
        assert client.stats("slabs")["total_malloced"] == "0"
        fill(client, b"k", 10)
        slabs = client.stats("slabs")
        assert slabs["0:used_chunks"] == "1" and slabs["0:mem_requested"] == str(256 << 10)
        assert slabs["active_slabs"] == "1" and slabs["total_malloced"] == str(64 << 10)
        assert put(client, b"large", 77320) == b"STORED\r\n"
        slabs, items = client.stats("slabs"), client.stats("items")
        assert slabs["31:chunk_size"] == "82792" and slabs["31:used_chunks"] == "1"
        assert 77320 < int(slabs["31:mem_requested"]) < 78000
        assert slabs["active_slabs"] == "2"
        assert items["items:0:number"] == "10" and items["items:31:number"] == "1"
        dumped = client.ask(b"stats cachedump 31 0\r\n", b"]\r\n")
        while b"END [" not in dumped:
            dumped += client.read_until(b"]\r\n")
        assert dumped.startswith(b"ITEM large ") and dumped.count(b"ITEM") == 1
        assert client.ask(b"delete large\r\n") == b"DELETED\r\n"
        assert "items:31:number" not in client.stats("items")


def test_space_is_shown_by_the_sizes_of_objects_in_use(start):
    with start().connect() as client:
        for key, size in ((b"key1", 10), (b"key2", 3), (b"key3", 20), (b"key4", 3)):
            assert put(client, key, size) == b"STORED\r\n"
        assert client.stats("slabs")["SM:used_num_classes"] == "3"
        assert client.ask(b"delete key1\r\n") == b"DELETED\r\n"
        slabs = client.stats("slabs")
        assert slabs["SM:used_num_classes"] == "2" and slabs["SM:free_num_classes"] == "3"
        assert int(slabs["SM:free_small_space"]) > 0
        assert client.ask(b"delete key3\r\n") == b"DELETED\r\n"
        slabs = client.stats("slabs")
        assert slabs["SM:used_min_classid"] == slabs["SM:used_01p_classid"]
        assert slabs["SM:free_small_space"] == "0" and int(slabs["SM:free_avail_space"]) > 0


def test_memory_can_be_feigned_to_be_used_up(start):
    feigned = str((4 << 30) + 32)
    with start("-m", "4098", "-M", env={"T_MEMD_INITIAL_MALLOC": feigned}).connect() as client:
        assert client.stats("slabs")["total_malloced"] == feigned
        replies = [put(client, b"k%d" % n, 400 << 10) for n in range(6)]
        assert replies[0] == b"STORED\r\n"
        assert replies[-1] == b"SERVER_ERROR out of memory storing object\r\n"


def test_statistics_come_in_the_order_that_tools_know(start):
    order = """pid uptime time version libevent pointer_size rusage_user rusage_system
        daemon_connections curr_connections quit_connections reject_connections total_connections
        connection_structures cmd_get cmd_set cmd_flush_prefix cmd_lop_create cmd_bop_decr
        cmd_setattr get_hits auth_errors lop_create_oks bop_decr_misses setattr_hits stat_prefixes
        bytes_read bytes_written limit_maxbytes limit_maxconns threads conn_yields curr_prefixes
        reclaimed evictions outofmemorys sticky_items curr_items total_items sticky_bytes bytes
        sticky_limit engine_maxbytes engine_malloced""".split()
    with start().connect() as client:
        names = list(client.stats())
        assert [name for name in names if name in order] == order


def test_many_prefixes_are_listed_piece_by_piece(start):
    with start("-D", ":").connect() as client:
        client.send(b"".join(b"set p%d:x 0 0 1 noreply\r\nx\r\n" % n for n in range(5000)))
        assert client.ask(b"stats prefixes\r\n").startswith(b"CLIENT_ERROR invalid: too many")
        assert client.ask(b"config max_stats_prefixes 100000\r\n") == b"END\r\n"
        text = client.ask(b"stats prefixes\r\n", b"END\r\n")
        assert text.count(b"\r\n") == 5001
        assert client.ask(b"stats detail dump\r\n", b"END\r\n").count(b" set 1 ") == 5000


def test_prefixes_come_and_go_without_end():
    with Server("-m", "64") as server, server.connect() as client:
        for round_number in range(20):
            client.send(b"".join(b"set p%d-%d:x 0 0 1 noreply\r\nx\r\ndelete p%d-%d:x noreply\r\n"
                                 % (round_number, n, round_number, n) for n in range(2000)))
            assert client.ask(b"version\r\n") == b"VERSION 1.15.0\r\n"
        assert client.stats()["curr_prefixes"] == "0"
