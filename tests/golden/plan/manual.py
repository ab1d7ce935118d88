#!/usr/bin/python3
"""Holds man/arcusplan-plan.5 against the program: every operation, resource type, member of a plan
and of a plan file is in it, nothing else is called an operation, and mandoc has nothing to say."""
import json
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[2]
MANUAL = ROOT / "man/arcusplan-plan.5"


def members(value):
    """The names of all members in a JSON value."""
    if isinstance(value, list):
        for item in value:
            yield from members(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            yield name
            yield from members(item)


def plan_members():
    names = set()
    for path in HERE.glob("*/plan.json"):
        plan = json.loads(path.read_text())
        plan["impact"] = list(plan["impact"].values())
        names.update(members(plan))
    return names


def file_members():
    text = (ROOT / "planner/plan/plan_file_keys.h").read_text()
    return set(re.findall(r'#define KEY_\w+\s+"(\w+)"', text))


def missing(text):
    marked = set(re.findall(r"[\w-]+", " ".join(
        line for line in text.splitlines() if line.startswith((".It Sy", ".Sy", ".Cm")))))
    for name in sorted(plan_members() | file_members()):
        if name not in marked:
            yield f"the member {name} is not described"
    reader = (ROOT / "planner/plan/plan_file_read.c").read_text()
    for word in re.findall(r'"(\w+)"', re.search(r"intent_words\[\] = {(.*?)}", reader).group(1)):
        if word not in re.findall(r"\w+", text.split(".Sy intent")[1].split(".Sy excludes")[0]):
            yield f"the intent {word} is not described"


def operations(text):
    defined = re.findall(r'^OP\(\w+, "([^"]+)"', (ROOT / "planner/model/ops.def").read_text(), re.M)
    described = re.findall(r"^\.It Cm (\S+)", text, re.M)
    if defined != described:
        yield f"operations described: {described}, defined: {defined}"


def types(text):
    defined = re.findall(r"^TYPE\((\w+)\)", (ROOT / "planner/types/types.def").read_text(), re.M)
    described = re.findall(r"^\.It Sy (\w+)/", text, re.M)
    if defined != described:
        yield f"types described: {described}, defined: {defined}"


def lint():
    done = subprocess.run(["mandoc", "-Tlint", "-Wstyle", str(MANUAL)], capture_output=True,
                          text=True, timeout=60, check=False)
    yield from (line for line in (done.stdout + done.stderr).splitlines()
                if "referenced manual not found" not in line)


def main():
    text = MANUAL.read_text()
    findings = [*missing(text), *operations(text), *types(text), *lint()]
    assert len(plan_members()) > 15 and len(file_members()) > 10
    print("\n".join(findings) or "the manual agrees")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
