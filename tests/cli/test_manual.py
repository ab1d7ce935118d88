"""Manual, help and tables say the same, in the same words."""
import re
import subprocess

import pytest

from cli.manual import codes, commands, manual, options, plain
from harness.runner import SOURCE

PAGE = SOURCE / "man" / "arcusplan.1"


@pytest.fixture(scope="module")
def lines():
    return manual()


def after(lines, heading):
    """What stands under a heading of a list, or beside it when that is short."""
    for number, line in enumerate(lines):
        if line == heading:
            return lines[number + 1]
        if line.startswith(f"{heading} ") and line[len(heading) + 1].isupper():
            return line[len(heading) + 1:]
    raise AssertionError(f"the manual has no {heading!r}")


def opens_with(text, sentence):
    return text.startswith(sentence[0].upper() + sentence[1:])


def test_the_page_is_clean():
    done = subprocess.run(["mandoc", "-Tlint", "-Wwarning", PAGE], capture_output=True, text=True)
    assert done.stdout == "" and done.returncode == 0


@pytest.mark.parametrize("command", commands(), ids=lambda command: command.name)
def test_every_command_is_described_in_the_words_of_its_help(desk, lines, command):
    heading = " ".join(f"{command.name} {plain(command.operands)}".split())
    assert opens_with(after(lines, heading), command.sentence)
    assert command.sentence in desk.run(*command.name.split(), "--help", check=0).stdout


@pytest.mark.parametrize("option", options(), ids=lambda option: option.name)
def test_every_option_is_described_in_the_words_of_its_help(lines, option):
    heading = f"--{option.name}" + (f" {option.argument}" if option.argument else "")
    if option.letter:
        heading = f"-{option.letter}, {heading}"
    assert opens_with(after(lines, heading), option.sentence)


def test_help_shows_exactly_the_options_of_the_tables(desk):
    known = {option.name: option for option in options()}
    seen = set()
    for command in commands():
        text = desk.run(*command.name.split(), "--help", check=0).stdout
        for letter, name, rest in re.findall(r"^  (?:-(.), |    )--(\S+) (.*)$", text, re.M):
            assert known[name].letter == (letter or None)
            assert rest.endswith(known[name].sentence)
            assert rest.strip().startswith(known[name].argument or known[name].sentence)
            seen.add(name)
    assert seen == set(known)


def test_the_manual_has_no_other_options(lines):
    known = {f"--{option.name}" for option in options()}
    assert set(re.findall(r"--[a-z][a-z-]+", " ".join(lines))) <= known


@pytest.mark.parametrize("code", codes(), ids=lambda code: code.name)
def test_every_error_is_listed(lines, code):
    assert after(lines, f"E{code.number:04}") == (
        code.sentence[0].upper() + code.sentence[1:] + ".")


def test_no_other_error_is_listed(lines):
    numbers = {int(line[1:5]) for line in lines if re.match(r"E\d{4}( |$)", line)}
    assert numbers == {code.number for code in codes()}


def test_every_exit_status_is_listed(lines):
    start = lines.index("EXIT STATUS")
    listed = {line.split()[0] for line in lines[start:lines.index("EXAMPLES")] if line}
    assert {str(code.status) for code in codes()} | {"0", "2", "3"} <= listed
