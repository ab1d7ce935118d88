"""What lies in examples/ works as it is."""
import os
import re
import subprocess

import yaml

from cluster.site import EXAMPLES
from harness import Arcusplan

SECONDS = 15


def test_every_example_spec_is_valid(tmp_path):
    program = Arcusplan(tmp_path)
    for name in ("local.yaml", "three-hosts.yaml"):
        result = program.run("validate", EXAMPLES / name)
        assert result.rc == 0, result


def test_the_dry_run_for_pull_requests_runs_without_network_and_state(tmp_path):
    """Its commands, run as they are in a directory with a spec, in a network that leads nowhere."""
    program = Arcusplan(tmp_path)
    spec = (EXAMPLES / "three-hosts.yaml").read_text()
    server = tmp_path / "cacheserver"
    server.write_bytes(b"any file")
    (tmp_path / "cloud.yaml").write_text(spec.replace("../build/cacheserver/cacheserver",
                                                      str(server)))
    job = yaml.safe_load((EXAMPLES / "pull-request.yml").read_text())["jobs"]["dry-run"]
    commands = [step["run"] for step in job["steps"] if "run" in step]
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "arcusplan").symlink_to(program.program.resolve())
    env = {**program.env, "PATH": f"{tmp_path}/bin:{os.defpath}"}
    for command in commands:
        done = subprocess.run(["unshare", "--net", "sh", "-euc", command], cwd=tmp_path, env=env,
                              capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, (command, done)
    assert "node/test-cloud/10.0.0.3:11212" in (tmp_path / "plan.txt").read_text()
    assert not (tmp_path / ".arcusplan" / "state.db").exists()


def test_the_readme_shows_what_the_program_prints(site):
    """Its spec and its commands, one after the other on a machine of their own."""
    host = site.lab[1]
    text = (EXAMPLES.parent / "README.md").read_text()
    spec = re.search(r"```yaml\n(.*?)```", text, re.DOTALL).group(1)
    session = re.search(r"```console\n(.*?)```", text, re.DOTALL).group(1)
    host.put(site.program.program, "/usr/local/bin/arcusplan")
    host.run("/bin/mkdir", "/root/demo")
    host.put(site.server, "/root/demo/cacheserver")
    host.write("/root/demo/cloud.yaml", spec)
    exchanges = re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", session, re.MULTILINE)
    assert len(spec.splitlines()) == 10 and len(exchanges) == 5
    for command, expected in exchanges:
        done = host.shell(f"cd /root/demo && PATH=$PATH:/usr/local/bin && {command}", timeout=90)
        assert done.stdout == expected, (command, done.stderr)
