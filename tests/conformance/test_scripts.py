"""Every script against the real server, and against a session that gets it in two pieces, cut at
every byte, and byte by byte."""
import subprocess

import pytest

from .script import SCRIPTS, all_cases, check, least_length, render
from .server import FEED, Feed, Server

# Longer requests are cut at places spread over them instead of at every byte, and very long ones
# at fewer places, so that all cuts of a request send no more than so many bytes.
CUTS_MAX = 200
CUT_BYTES_MAX = 2 << 20


class PerOptions(dict):
    """One server, or feed, for each set of options."""

    def __init__(self, start):
        super().__init__()
        self.start = start

    def __missing__(self, options):
        self[options] = self.start(options)
        return self[options]


@pytest.fixture(scope="module")
def servers():
    running = PerOptions(lambda options: Server("-t", "2", *options))
    yield running
    for server in running.values():
        assert server.stop() == 0


@pytest.fixture(scope="module")
def feeds():
    running = PerOptions(Feed)
    yield running
    for feed in running.values():
        assert feed.end() == 0


def run_on_server(server, case, cut):
    numbers = {}
    with server.connect() as client:
        assert client.ask(b"flush_all\r\n") == b"OK\r\n"
        for exchange in case.exchanges:
            for piece in cut(render(exchange.send, numbers)):
                client.send(piece)
            if exchange.closes:
                check(exchange.expect, client.read(1 << 30), numbers)
                return
            reply = client.read(least_length(exchange.expect))
            # Numbers may be longer: a version shows that the reply is over.
            client.send(b"version\r\n")
            reply += client.read_until(b"VERSION 1.15.0\r\n")
            check(exchange.expect + [b"VERSION 1.15.0\r\n"], reply, numbers)


def run_on_feed(feed, case, cut):
    numbers = {}
    first = [Feed.RESET]
    for exchange in case.exchanges:
        pieces = [piece for piece in cut(render(exchange.send, numbers)) if piece]
        reply = feed.give(first + pieces)
        first = []
        check(exchange.expect, reply, numbers)
        assert feed.closed == exchange.closes


def whole(data):
    return [data]


def single_bytes(data):
    return [data[i:i + 1] for i in range(len(data))] if len(data) <= 2000 else [data]


def cut_at(share):
    def cut(data):
        at = int(len(data) * share)
        return [data[:at], data[at:]]
    return cut


@pytest.mark.parametrize("case", all_cases(), ids=str)
def test_the_server_answers_as_the_script_says(case, servers):
    run_on_server(servers[case.options], case, whole)


@pytest.mark.parametrize("case", all_cases(), ids=str)
def test_a_request_may_arrive_cut_at_any_byte(case, feeds):
    feed = feeds[case.options]
    run_on_feed(feed, case, whole)
    run_on_feed(feed, case, single_bytes)
    longest = max(len(render(e.send, {}) if all(isinstance(p, bytes) for p in e.send) else b"x" * 100)
                  for e in case.exchanges)
    cuts = min(longest, CUTS_MAX, max(CUT_BYTES_MAX // longest, 2))
    for n in range(1, cuts):
        run_on_feed(feed, case, cut_at(n / cuts))


def one_case_of_each_script():
    """Through sockets a byte takes long, and what a session makes of it is known from feeds."""
    cases = [case for case in all_cases() if not any(e.closes for e in case.exchanges)]
    return {case.script: case for case in reversed(cases)}.values()


@pytest.mark.parametrize("case", one_case_of_each_script(), ids=str)
def test_the_server_takes_single_bytes(case, servers):
    run_on_server(servers[case.options], case, single_bytes)


def test_every_command_has_a_script():
    names = subprocess.run([FEED, "--commands"], capture_output=True, check=True, text=True).stdout
    missing = [name for name in names.splitlines()
               if not (SCRIPTS / f"{name.replace(' ', '_')}.txt").exists()]
    assert not missing, f"no script in {SCRIPTS} for {missing}"
