"""The tables of commands, options and errors, read from their source, and the manual as text."""
import re
import subprocess
from collections import namedtuple

from harness.runner import SOURCE

Command = namedtuple("Command", "name operands sentence")
Option = namedtuple("Option", "name letter argument sentence")
Code = namedtuple("Code", "name number status sentence")

_STRING = r'"((?:[^"\\]|\\.)*)"'


def _table(path, macro):
    text = re.sub(r"/\*.*?\*/", "", (SOURCE / path).read_text(), flags=re.S)
    return re.findall(rf"^{macro}\((.*?)\)$", text, flags=re.S | re.M)


def commands():
    rows = [re.findall(_STRING, row) for row in _table("planner/cli/commands.def", "COMMAND")]
    return [Command(*row) for row in rows]


def options():
    rows = []
    for row in _table("planner/cli/options.def", "OPTION"):
        words = re.match(rf"\w+, {_STRING}, (?:'(.)'|0), (?:{_STRING}|NULL),\s*{_STRING}", row)
        rows.append(Option(*words.groups()))
    return rows


def codes():
    return [Code(name, int(number), int(status), sentence) for name, number, status, sentence in
            (re.match(rf"(\w+), (\d+), (\d+), {_STRING}", row).groups()
             for row in _table("planner/base/diag_codes.def", "DIAG"))]


def manual():
    """The formatted manual in one line, without hyphenation and overstrikes."""
    done = subprocess.run(["mandoc", "-Tutf8", "-Owidth=1000", SOURCE / "man" / "arcusplan.1"],
                          capture_output=True, text=True, check=True)
    text = re.sub(".\b", "", done.stdout)
    return [re.sub(r"\s+", " ", line).strip() for line in text.splitlines()]


def plain(operands):
    """Operands as the manual writes them."""
    return re.sub(r"\s+", " ", operands.replace("…", " ... ").replace("|", " | ")
                  .replace(" ]", "]")).strip()
