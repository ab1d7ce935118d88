#!/usr/bin/python3
"""What bringing up, looking at and changing a cloud on N test hosts costs the operator's machine.

The job is that of the comparison in README.md: a package of 5.25 MB and one daemon on each host, over
SSH; then the same again with nothing to do; then one value changed everywhere. Needs root. Prints
figures beside those of other tools, which were taken on another day: trust ratios, not seconds.
"""
import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness import Arcusplan, Lab, ZooKeeper, find_program  # noqa: E402

PADDING_BYTES = 5_250_000

# hosts: {tool: (wall s, controller CPU s) for fresh, no-op, change}
OTHERS = {
    30: {"Ansible 2.14": ((44.7, 12.0), (32.4, 9.2), (44.4, 11.1)),
         "pyinfra 3": ((7.4, 4.0), (2.2, 0.87), (3.2, 1.1)),
         "bare libssh (floor)": ((3.1, 0.15), (0.68, 0.03), (0.65, 0.03))},
    100: {"Ansible 2.14": ((112, 36), (73, 27), (80, 36)),
          "pyinfra 3": ((25.7, 13), (5.4, 2.2), (6.4, 2.6)),
          "bare libssh (floor)": ((6.5, 0.48), (1.3, 0.08), (1.6, 0.09))},
}


def spec_text(lab, connect, server, directory, threads):
    hosts = "".join(f"  {host.name}: {{ address: {host.address} }}\n" for host in lab.hosts)
    names = ", ".join(host.name for host in lab.hosts)
    return f"""\
arcusplan: 1
ssh: {{ user: root, become: none, identity_file: {lab.identity},
       known_hosts: {directory}/known_hosts }}
hosts:
{hosts}packages:
  arcus:
    version: "1.0"
    files:
      - {{ from: {server}, to: bin/cacheserver, mode: "0755" }}
      - {{ from: padding, to: share/padding }}
    install_dir: /opt/arcus
zookeeper: {{ external: "{connect}" }}
clouds:
  bench:
    package: arcus
    config: {{ threads: {threads}, memlimit: 16MB, connections: 100 }}
    update: {{ max_unavailable: {len(lab.hosts)}, watch_time: 0s }}
    nodes: [{{ hosts: [{names}], ports: [11211] }}]
"""


def measure(program, *args):
    """(wall s, CPU s, MB) of one run that must end well."""
    start = time.monotonic()
    process = subprocess.Popen([str(program.program), *args], cwd=program.directory,
                               env=program.env, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - start
    if status:
        raise SystemExit(f"arcusplan {' '.join(args)} ended with status {status >> 8}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def run(lab, directory, parallel):
    server = find_program("cacheserver", "CACHESERVER").resolve()
    program = Arcusplan(directory)
    spec = Path(directory) / "cloud.yaml"
    options = ["--parallel", str(parallel)]
    (Path(directory) / "padding").write_bytes(os.urandom(PADDING_BYTES))
    lab.write_known_hosts(Path(directory) / "known_hosts")
    connect = ZooKeeper(lab).connect_string
    spec.write_text(spec_text(lab, connect, server, directory, 2))
    yield "fresh", measure(program, "apply", "cloud.yaml", "--yes", *options)
    yield "no-op", measure(program, "apply", "cloud.yaml", "--yes", *options)
    yield "plan", measure(program, "plan", "cloud.yaml", *options)
    yield "offline plan", measure(program, "plan", "cloud.yaml", "--offline", *options)
    spec.write_text(spec_text(lab, connect, server, directory, 3))
    yield "change", measure(program, "apply", "cloud.yaml", "--yes", *options)
    yield "no-op", measure(program, "apply", "cloud.yaml", "--yes", *options)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hosts", type=int, default=30)
    parser.add_argument("--parallel", type=int, default=16)
    options = parser.parse_args()
    print(f"{options.hosts} hosts, {options.parallel} at once")
    print(f"{'':20} {'wall s':>8} {'CPU s':>8} {'MB':>6}")
    with Lab(hosts=options.hosts) as lab, tempfile.TemporaryDirectory() as directory:
        for phase, (wall, cpu, size) in run(lab, directory, options.parallel):
            print(f"{phase:20} {wall:8.2f} {cpu:8.2f} {size:6.0f}", flush=True)
    for tool, phases in OTHERS.get(options.hosts, {}).items():
        for phase, (wall, cpu) in zip(("fresh", "no-op", "change"), phases):
            print(f"{tool + ', ' + phase:28} {wall:8.2f} {cpu:8.2f}")


if __name__ == "__main__":
    main()
