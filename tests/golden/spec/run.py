"""Golden tests of the spec: every folder beside this file is a case.

A case holds *.yaml, loaded together in the order of their names, and expected, the output of
spec_dump. A file named arguments gives --var NAME=VALUE and NAME=VALUE for the environment, one a
line. Cases whose name begins with "schema-" must be refused by the JSON Schema too, cases that
load must be accepted by it. --bless writes what is printed now: review the diff.

usage: run.py SPEC_DUMP SPEC_SCHEMA_JSON [--bless]
"""
import difflib
import json
import pathlib
import re
import subprocess
import sys

import jsonschema
import yaml

HERE = pathlib.Path(__file__).resolve().parent
CODES = HERE.parents[2] / "planner/base/diag_codes.def"


class TextLoader(yaml.SafeLoader):
    """Plain dates stay texts, as they are for arcusplan."""


TextLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()}


def run_case(dump, case):
    lines = (case / "arguments").read_text().split("\n") if (case / "arguments").exists() else []
    arguments = [word for line in lines if line.startswith("--var ")
                 for word in line.split(" ", 1)]
    environment = dict(line.split("=", 1) for line in lines
                       if line and not line.startswith("--var "))
    files = sorted(path.name for path in case.glob("*.yaml"))
    done = subprocess.run([dump, *arguments, *files], cwd=case, capture_output=True, timeout=60,
                          env={"ASAN_OPTIONS": "detect_leaks=1", **environment})
    text = done.stdout.decode("utf-8", "backslashreplace")
    if done.stderr or done.returncode not in (0, 1):
        text += f"stderr: {done.stderr.decode(errors='replace')}\n"
    return text + f"exit status {done.returncode}\n", done.returncode


def check_output(case, output, bless):
    path = case / "expected"
    expected = path.read_text() if path.exists() else ""
    if expected == output:
        return True
    if bless:
        path.write_text(output)
        return True
    sys.stdout.writelines(difflib.unified_diff(
        expected.splitlines(True), output.splitlines(True), f"{case.name}/expected",
        f"{case.name} now"))
    return False


def check_schema(schema, case, status):
    """The JSON Schema must take what loads, and refuse what only the schema tables refuse."""
    files = sorted(case.glob("*.yaml"))
    if len(files) != 1 or (status != 0 and not case.name.startswith("schema-")):
        return True
    document = yaml.load(files[0].read_text(), TextLoader)
    errors = list(jsonschema.Draft7Validator(schema).iter_errors(document))
    if bool(errors) == bool(status):
        return True
    what = f"refuses it: {errors[0].message}" if errors else "takes it"
    print(f"{case.name}: arcusplan and the JSON Schema differ: the schema {what}")
    return False


def check_coverage(outputs):
    """Every code of the spec is the expected outcome of some case."""
    text = "".join(outputs)
    missing = [name for name, number in re.findall(r"^DIAG\((\w+), (2\d\d),", CODES.read_text(),
                                                   re.MULTILINE)
               if not re.search(rf"(error|warning)\[[EW]0{number}\]", text)]
    for name in missing:
        print(f"no case triggers DIAG_{name}")
    return not missing


def main(dump, schema_program, bless):
    schema = json.loads(subprocess.run([schema_program], capture_output=True, check=True).stdout)
    jsonschema.Draft7Validator.check_schema(schema)
    cases = sorted(path for path in HERE.iterdir() if path.is_dir() and path.name != "__pycache__")
    outputs, failed = [], []
    for case in cases:
        output, status = run_case(dump, case)
        outputs.append(output)
        is_fine = check_output(case, output, bless)
        if not check_schema(schema, case, status) or not is_fine:
            failed.append(case.name)
    is_covered = check_coverage(outputs)
    print(f"{len(cases) - len(failed)} cases pass, {len(failed)} fail {' '.join(failed)}")
    return 0 if is_covered and not failed else 1


if __name__ == "__main__":
    arguments = [word for word in sys.argv[1:] if word != "--bless"]
    if len(arguments) != 2:
        sys.exit(__doc__)
    sys.exit(main(str(pathlib.Path(arguments[0]).resolve()),
                  str(pathlib.Path(arguments[1]).resolve()), "--bless" in sys.argv))
