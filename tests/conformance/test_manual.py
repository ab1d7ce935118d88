"""Every command, group of stats and setting is described in the manual."""
import re
import subprocess

import pytest

from .server import FEED, ROOT

PAGE = ROOT / "man" / "cacheserver-protocol.5"


def names(option):
    done = subprocess.run([FEED, option], capture_output=True, check=True, text=True)
    return done.stdout.splitlines()


def members(commands):
    """Without those that only begin the names of others."""
    return [name for name in commands if not any(other.startswith(name + " ")
                                                 for other in commands)]


def headings(macro):
    """What stands in headings of lists of the page, without operands."""
    found = re.findall(rf'^\.It {macro} (?:"([^"]+)"|(\S+))', PAGE.read_text(), re.M)
    return [quoted or word for quoted, word in found]


def section(title):
    return PAGE.read_text().split(f".Sh {title}\n")[1].split("\n.Sh ")[0]


def listed(title):
    return re.findall(r"^\.It Cm (\S+)", section(title), re.M)


@pytest.mark.parametrize("name", members(names("--commands")))
def test_the_manual_describes_the_command(name):
    assert headings("Ic").count(name) == 1


@pytest.mark.parametrize("name", names("--stats"))
def test_the_manual_describes_the_group_of_statistics(name):
    assert listed("STATISTICS").count(name) == 1


@pytest.mark.parametrize("name", names("--settings"))
def test_the_manual_describes_the_setting(name):
    assert listed("SETTINGS").count(name) == 1


def test_the_manual_describes_nothing_else():
    assert set(headings("Ic")) <= set(names("--commands"))


def test_the_page_is_clean():
    done = subprocess.run(["mandoc", "-Tlint", "-Wwarning", PAGE], capture_output=True, text=True)
    assert done.stdout == "" and done.returncode == 0
