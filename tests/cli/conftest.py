"""The command line without a network: one directory with a spec in it for each test."""
import json
import socket
import sqlite3
import subprocess

import pytest

from harness import Arcusplan

SPEC = """\
arcusplan: 1
vars:
  threads: 2
hosts:
  here: { executor: local, address: 127.0.0.1 }
packages:
  arcus:
    version: "1.0"
    files:
      - { from: server.sh, to: bin/cacheserver, mode: "0755" }
    install_dir: DIRECTORY/opt
zookeeper:
  external: 127.0.0.1:PORT
clouds:
  test-cloud:
    package: arcus
    config: { threads: "${threads}", memlimit: 64MB, connections: 100 }
    nodes:
      - hosts: [here]
        ports: [25011-25012]
"""


class Desk:
    """An operator's directory with cloud.yaml and what it needs, and the program run in it."""

    def __init__(self, directory):
        self.directory = directory
        self.program = Arcusplan(directory)
        self.state = directory / ".arcusplan" / "state.db"
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            port = unused.getsockname()[1]
        self.write("cloud.yaml", SPEC.replace("DIRECTORY", str(directory)).replace("PORT", str(port)))
        self.write("server.sh", "#!/bin/sh\nexit 0\n")

    def write(self, name, text):
        (self.directory / name).write_text(text)

    def run(self, *args, **options):
        result = self.program.run(*args, **{"timeout": 30, **options})
        assert result.rc >= 0, result
        return result

    def run_shell(self, words):
        return subprocess.run(f"exec {self.program.program} {words}", shell=True, text=True,
                              cwd=self.directory, env=self.program.env, capture_output=True)

    def make_state(self, resources=()):
        """A state database as an apply that was not confirmed leaves it, with these resources."""
        self.run("apply", "cloud.yaml", check=1)
        with sqlite3.connect(self.state) as database:
            for address, attributes in resources:
                database.execute("INSERT INTO resources(address) VALUES(?)", (address,))
                database.executemany("INSERT INTO attributes VALUES(?, ?, ?)",
                                     [(address, *pair) for pair in attributes.items()])
        database.close()

    def resources(self):
        found = self.run("state", "list", "--json", check=0).json()["resources"]
        return [resource["address"] for resource in found]


@pytest.fixture
def desk(tmp_path):
    made = Desk(tmp_path)
    yield made
    reports = made.program.sanitizer_reports()
    assert not reports, reports


def holder(**changes):
    return json.dumps({"id": "0123456789ab", "pid": 1, "pid_start": 1, "host": "elsewhere",
                       "user": "alice", "since": "2024-05-06T07:08:09Z", "command": "apply",
                       **changes})
