"""validate and plan where nothing can be reached and nothing may be changed."""
import json
import signal
import stat

import pytest


def test_a_good_spec_is_valid(desk):
    assert desk.run("validate", "cloud.yaml", check=0).stdout == (
        "valid: 1 hosts, 1 packages, 1 clouds, 2 nodes\n")
    assert desk.run("validate", "cloud.yaml", "-q", check=0).stdout == ""
    assert desk.run("validate", "cloud.yaml", "--json", check=0).json()["nodes"] == 2


@pytest.mark.parametrize("command", ["validate", "build", "plan", "apply", "status", "start",
                                     "stop", "restart", "destroy", "ping"])
def test_a_bad_spec_touches_nothing(desk, command):
    desk.write("cloud.yaml", (desk.directory / "cloud.yaml").read_text().replace("hosts:", "host:"))
    before = sorted(desk.directory.iterdir())
    result = desk.run(command, "cloud.yaml", check=1)
    assert "cloud.yaml:4:1: error[E0203]" in result.stderr
    assert result.stdout == "" and sorted(desk.directory.iterdir()) == before


@pytest.mark.parametrize("command", ["validate", "plan", "apply", "destroy"])
def test_a_missing_file_is_an_error(desk, command):
    result = desk.run(command, "nothing.yaml", check=1)
    assert "nothing.yaml: error[E0102]" in result.stderr


def test_a_variable_of_the_command_line_wins(desk):
    plan = desk.run("plan", "cloud.yaml", "--offline", "--json", "--var", "threads=4", check=0)
    changes = [change for step in plan.json()["steps"] for change in step["changes"]]
    assert {"4"} == {change["new"] for change in changes if change["attribute"] == "set.threads"}


def test_an_offline_plan_creates_nothing(desk):
    before = sorted(desk.directory.iterdir())
    result = desk.run("plan", "cloud.yaml", "--offline", check=0)
    assert "node/test-cloud/127.0.0.1:25011" in result.stdout
    assert sorted(desk.directory.iterdir()) == before


def test_the_exit_status_tells_of_changes_when_asked(desk):
    desk.run("plan", "cloud.yaml", "--offline", check=0)
    desk.run("plan", "cloud.yaml", "--offline", "--detailed-exitcode", check=2)
    desk.run("plan", "cloud.yaml", "--offline", "--detailed-exitcode", "--exclude", "*", check=0)


def test_formats(desk):
    plan = ("plan", "cloud.yaml", "--offline")
    as_json = desk.run(*plan, "--format", "json", check=0)
    assert as_json.json()["format_version"] >= 1
    assert desk.run(*plan, "--json", check=0).stdout == as_json.stdout
    assert "|" in desk.run(*plan, "--format", "markdown", check=0).stdout
    assert "8 steps" not in as_json.stdout


def test_colours(desk):
    plan = ("plan", "cloud.yaml", "--offline")
    assert "\033[" not in desk.run(*plan, check=0).stdout
    assert "\033[" in desk.run(*plan, "--color", "always", check=0).stdout
    shown = desk.program.run_on_terminal(*plan, env={"NO_COLOR": ""}, check=0).stdout
    assert "\033[" in shown
    assert "\033[" not in desk.program.run_on_terminal(*plan, check=0).stdout


def test_a_plan_is_saved_for_its_owner_alone(desk):
    desk.run("plan", "cloud.yaml", "--offline", "--out", "saved.plan", check=0)
    saved = desk.directory / "saved.plan"
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600
    assert json.loads(saved.read_text())["sources"][0]["file"] == "cloud.yaml"


def test_options_that_shape_a_plan_do_not_go_with_a_saved_one(desk):
    desk.run("plan", "cloud.yaml", "--offline", "--out", "saved.plan", check=0)
    result = desk.run("apply", "saved.plan", "--target", "x", check=64)
    assert "--target does not go with a plan file" in result.stderr


@pytest.mark.parametrize("content", [b"{", b'{"format_version": 99}', b"[" * 9999, b"{}" * 99])
def test_a_broken_plan_file_is_an_error(desk, content):
    (desk.directory / "broken.plan").write_bytes(content)
    result = desk.run("apply", "broken.plan", "--yes", check=1)
    assert "broken.plan" in result.stderr and not desk.state.exists()


def test_a_target_that_matches_nothing_is_an_error(desk):
    result = desk.run("plan", "cloud.yaml", "--offline", "--target", "node/other/*", check=1)
    assert "error[E0705]" in result.stderr


def test_what_happens_is_logged(desk):
    desk.run("plan", "cloud.yaml", "--offline", "--log", "log", check=0)
    desk.run("plan", "nothing.yaml", "--log", "log", check=1)
    log = (desk.directory / "log").read_text()
    assert "arcusplan plan cloud.yaml --offline --log log" in log
    assert "error[E0102]" in log and "exit status 1" in log
    result = desk.run("plan", "cloud.yaml", "--log", "no/such/log", check=1)
    assert "error[E0103]" in result.stderr


def test_v_tells_what_is_looked_at(desk):
    assert desk.run("plan", "cloud.yaml", "--offline", check=0).stderr == ""
    assert "looked at" in desk.run("plan", "cloud.yaml", "--offline", "-v", check=0).stderr


def test_a_plan_needs_to_be_confirmed(desk):
    result = desk.run("apply", "cloud.yaml", "--offline", check=1)
    assert "use --yes" in result.stderr and "error[E0104]" in result.stderr
    refused = desk.program.run_on_terminal("apply", "cloud.yaml", "--offline",
                                           answers=[("[y/N]", "n\n")], check=1)
    assert "nothing was done" in refused.stdout
    assert not (desk.directory / "opt").exists()


def test_servers_are_named_by_what_the_spec_has(desk):
    result = desk.run("stop", "cloud.yaml", "--host", "there", check=1)
    assert "the spec has no host 'there'" in result.stderr
    result = desk.run("stop", "cloud.yaml", "--node", "here:9", check=1)
    assert "error[E0705]" in result.stderr
    result = desk.run("stop", "cloud.yaml", "--zookeeper", check=1)
    assert "the spec has no such server" in result.stderr


def test_an_ensemble_out_of_reach_is_told(desk):
    result = desk.run("status", "-z", "127.0.0.1:1", check=1)
    assert "127.0.0.1:1" in result.stdout and "down" in result.stdout
    assert "error[E0501]" in result.stderr
    found = desk.run("status", "-z", "127.0.0.1:1", "--json", check=1).json()
    assert found["readable"] is False and found["ensemble"][0]["serving"] is False


def test_a_status_is_shown_again_until_interrupted(desk):
    process = desk.program.start("status", "-z", "127.0.0.1:1", "--watch")
    shown = 0
    while shown < 2:
        line = process.stdout.readline()
        assert line, "it ended by itself"
        shown += "ZOOKEEPER" in line
    process.terminate()
    assert process.wait(timeout=10) == -signal.SIGTERM


def test_an_empty_run_ends_its_event_log(desk):
    result = desk.run("stop", "cloud.yaml", "--json", check=3)
    events = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(event["event"], event["run"]) for event in events] == [("run_end", None)]


def test_a_local_host_is_reached(desk):
    hosts = desk.run("ping", "cloud.yaml", "--json", check=0).json()["hosts"]
    assert [(host["host"], host["ok"]) for host in hosts] == [("here", True)]


def test_a_host_out_of_reach_is_told(desk):
    desk.write("cloud.yaml", "arcusplan: 1\nssh: { connect_timeout: 2s }\nhosts:\n"
                             "  far: { address: 127.0.0.1, ssh: { port: 1 } }\n")
    result = desk.run("ping", "cloud.yaml", check=1)
    assert "far" in result.stdout and "failed" in result.stdout
    assert "cloud.yaml:4:" in result.stderr


def test_a_spec_is_compared_with_another_one(desk):
    text = (desk.directory / "cloud.yaml").read_text()
    desk.write("before.yaml", text.replace("threads: 2", "threads: 3").replace("-25012", ""))
    plan = desk.run("plan", "cloud.yaml", "--against", "before.yaml", "--json", check=0).json()
    assert [(step["op"], step["resource"]) for step in plan["steps"]] == [
        ("register", "cloud/test-cloud"), ("start", "node/test-cloud/127.0.0.1:25012"),
        ("restart", "node/test-cloud/127.0.0.1:25011")]
    desk.run("plan", "cloud.yaml", "--against", "cloud.yaml", "--detailed-exitcode", check=0)
    assert not desk.state.parent.exists()


def test_a_comparison_cannot_be_saved(desk):
    result = desk.run("plan", "cloud.yaml", "--against", "cloud.yaml", "--out", "x", check=64)
    assert "--out does not go with --against" in result.stderr
