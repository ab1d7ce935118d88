#!/usr/bin/python3
"""Golden plans: run.py [--bless] PLAN_DUMP [CASE…]

Every directory here with a spec.yaml is a case. Its plan must be plan.txt and plan.json (and
plan.md where the case has one), or else its errors errors.txt. --bless writes them anew.
"""
import json
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[2]
FORMATS = {"plan.txt": "text", "plan.json": "json", "plan.md": "markdown"}


def dump(program, case, form):
    done = subprocess.run([program, case, form], capture_output=True, text=True, timeout=60,
                          check=False)
    if done.returncode not in (0, 1):
        sys.exit(f"{case.name}: plan_dump ended with {done.returncode}\n{done.stderr}")
    return done.returncode, done.stdout


def outputs(program, case):
    """The files that this case should have, with their contents."""
    status, text = dump(program, case, "text")
    if status:
        return {"errors.txt": text}
    names = ["plan.txt", "plan.json"] + (["plan.md"] if (case / "plan.md").exists() else [])
    return {name: dump(program, case, FORMATS[name])[1] for name in names}


def bless(case, wanted):
    for name in [*FORMATS, "errors.txt"]:
        if name in wanted:
            (case / name).write_text(wanted[name])
        else:
            (case / name).unlink(missing_ok=True)


def compare(case, wanted):
    findings = []
    for name in [*FORMATS, "errors.txt"]:
        path = case / name
        there = path.read_text() if path.exists() else None
        if there != wanted.get(name):
            findings.append(f"{case.name}/{name} is not what the plan is now:\n"
                            f"{wanted.get(name, '(should not be there)')}")
    return findings


def words(path, macro):
    text = (ROOT / path).read_text()
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    return re.findall(macro + r'\(\w+, "([^"]+)"' if macro == "OP" else macro + r"\((\w+)\)", text)


def uncovered(cases):
    """Operations and resource types that no plan has a step for."""
    steps = [step for case in cases if (case / "plan.json").exists()
             for step in json.loads((case / "plan.json").read_text())["steps"]]
    ops = {step["op"] for step in steps}
    types = {step["resource"].split("/")[0] for step in steps}
    return ([f"no case has the operation {op}" for op in words("planner/model/ops.def", "OP")
             if op not in ops] +
            [f"no case has a step for the type {name}"
             for name in words("planner/types/types.def", "TYPE") if name not in types])


def main(arguments):
    blessing = "--bless" in arguments
    program, *names = [word for word in arguments if word != "--bless"]
    cases = sorted(path.parent for path in HERE.glob("*/spec.yaml"))
    findings = []
    for case in cases:
        if names and case.name not in names:
            continue
        wanted = outputs(program, case)
        if blessing:
            bless(case, wanted)
        findings += compare(case, wanted)
    if not names:
        findings += uncovered(cases)
    if len(cases) < 10:
        findings.append("the cases were not found")
    print("\n".join(findings) or f"{len(cases)} cases agree")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
