"""A shell among test hosts: python3 -m harness [--hosts N] [COMMAND ...], run in tests/ as root."""
import argparse
import os
import subprocess
import sys

from . import Lab


def main():
    parser = argparse.ArgumentParser(prog="python3 -m harness", description=__doc__)
    parser.add_argument("--hosts", type=int, default=3)
    parser.add_argument("command", nargs="*", help="instead of a shell")
    options = parser.parse_args()
    with Lab(options.hosts) as lab:
        known_hosts = lab.write_known_hosts(lab.directory / "known_hosts")
        env = {**os.environ, "LAB_IDENTITY": str(lab.identity), "LAB_KNOWN_HOSTS": str(known_hosts)}
        for host in lab.hosts:
            print(f"{host.name} {host.address} first process {host.first_process_id}",
                  file=sys.stderr)
        print(f"ssh -i {lab.identity} -o UserKnownHostsFile={known_hosts} arcus@10.0.0.1",
              file=sys.stderr)
        command = options.command or [os.environ.get("SHELL", "/bin/bash")]
        return subprocess.run(command, env=env).returncode


if __name__ == "__main__":
    sys.exit(main())
