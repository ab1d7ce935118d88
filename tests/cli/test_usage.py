"""What the command line does not understand ends with 64 and says what was meant."""
import pytest

from cli.manual import commands


@pytest.mark.parametrize("args, says", [
    ([], "a command is missing"),
    (["aply"], "did you mean 'apply'?"),
    (["plan"], "'plan' needs SPEC"),
    (["state"], "'state' needs one of: list, show, forget, backup, verify"),
    (["state", "lst"], "did you mean 'state list'?"),
    (["lock", "break"], "'lock break' needs ID"),
    (["history", "1", "2"], "takes no '2'"),
    (["history", "first"], "a run is a number"),
    (["version", "now"], "takes no 'now'"),
    (["plan", "cloud.yaml", "--offlin", "--detailed-exitcod", "--targt", "x"], "--target"),
    (["plan", "cloud.yaml", "--yes"], "unknown option --yes"),
    (["plan", "cloud.yaml", "-Z"], "unknown option -Z"),
    (["plan", "cloud.yaml", "--out"], "option --out needs a value"),
    (["apply", "cloud.yaml", "--yes=1"], "option --yes takes no value"),
    (["plan", "cloud.yaml", "--color", "red"], "--color is auto, always or never, not 'red'"),
    (["plan", "cloud.yaml", "--format", "html"], "--format is text, json or markdown"),
    (["plan", "cloud.yaml", "--refresh", "half"], "--refresh is full, zookeeper or none"),
    (["plan", "cloud.yaml", "--parallel", "0"], "--parallel is a number from 1"),
    (["plan", "cloud.yaml", "--parallel", "9" * 30], "--parallel is a number from 1"),
    (["plan", "cloud.yaml", "-j", "4x"], "--parallel is a number from 1"),
    (["validate", "cloud.yaml", "--var", "threads"], "--var is NAME=VALUE"),
    (["validate", "cloud.yaml", "--var", "=3"], "--var is NAME=VALUE"),
    (["status"], "needs a spec, or an ensemble with -z"),
    (["status", "-z", "127.0.0.1:1", "one", "two"], "one cloud at most"),
    (["lock", "list", "cloud.yaml", "-z", "127.0.0.1:1"], "exclude each other"),
    (["stop", "cloud.yaml", "--node", "nowhere"], "--node is ADDRESS:PORT"),
    (["--frobnicate"], "unknown option --frobnicate"),
])
def test_mistakes_are_named(desk, args, says):
    result = desk.run(*args, check=64)
    assert says in result.stderr and "error[E0101]" in result.stderr, result
    assert "hint: " in result.stderr
    assert result.stdout == ""
    assert not desk.state.parent.exists()


@pytest.mark.parametrize("name", [command.name for command in commands()])
def test_every_command_has_help(desk, name):
    for args in ([*name.split(), "--help"], ["-h", *name.split()]):
        result = desk.run(*args, check=0)
        if args[0] != "-h":
            assert result.stdout.startswith(f"usage: arcusplan {name} "), result
        assert result.stderr == ""


def test_help_lists_all_commands(desk):
    text = desk.run("--help", check=0).stdout
    assert all(f"  {command.name} " in text for command in commands())


def test_options_may_stand_before_the_command_and_after_the_operands(desk):
    first = desk.run("--json", "validate", "cloud.yaml", check=0).stdout
    assert desk.run("validate", "cloud.yaml", "--json", check=0).stdout == first
    assert desk.run("validate", "--json", "--", "cloud.yaml", check=0).stdout == first


def test_the_version_is_printed(desk):
    assert desk.run("version", check=0).stdout.startswith("arcusplan ")
    assert list(desk.run("version", "--json", check=0).json()) == ["version"]


def test_output_that_cannot_be_written_is_an_error(desk):
    result = desk.run_shell("validate cloud.yaml >/dev/full")
    assert result.returncode == 1 and "error[E0103]" in result.stderr
