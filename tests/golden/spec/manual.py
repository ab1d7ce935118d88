"""Holds man/arcusplan-spec.5 against the schema: the key list between its markers is what
spec-schema-mdoc prints, its codes are those of diag_codes.def, its examples load, and mandoc has
nothing to say. --bless writes the key list.

usage: manual.py SPEC_SCHEMA_MDOC SPEC_DUMP [--bless]
"""
import difflib
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[3]
MANUAL = ROOT / "man/arcusplan-spec.5"
CODES = ROOT / "planner/base/diag_codes.def"
BEGIN, END = '.\\" begin\n', '.\\" end\n'


def check_keys(text, keys, bless):
    head, rest = text.split(BEGIN)
    written, tail = rest.split(END)
    if written == keys:
        return True
    if bless:
        MANUAL.write_text(head + BEGIN + keys + END + tail)
        return True
    sys.stdout.writelines(difflib.unified_diff(
        written.splitlines(True), keys.splitlines(True), "arcusplan-spec.5", "schema"))
    return False


def check_codes(text):
    defined = set(re.findall(r"^DIAG\(\w+, (2\d\d),", CODES.read_text(), re.MULTILINE))
    described = set(re.findall(r"^\.It E0(\d+)", text, re.MULTILINE))
    if defined != described:
        print(f"codes described: {sorted(described)}, defined: {sorted(defined)}")
    return defined == described


def check_examples(text, dump):
    """The examples are one spec and another that is laid over it."""
    section = text.split(".Sh EXAMPLES\n")[1].split("\n.Sh ")[0]
    examples = re.findall(r"^\.Bd [^\n]*\n(.*?)^\.Ed", section, re.MULTILINE | re.DOTALL)
    is_fine = len(examples) == 2
    with tempfile.TemporaryDirectory() as directory:
        paths = []
        for number, example in enumerate(examples):
            path = pathlib.Path(directory) / f"{number}.yaml"
            path.write_text(example)
            paths.append(str(path))
            done = subprocess.run([dump, *paths], capture_output=True, text=True, timeout=60)
            if done.returncode != 0:
                print(done.stdout)
                is_fine = False
    return is_fine


def check_mandoc():
    done = subprocess.run(["mandoc", "-Tlint", "-Wstyle", str(MANUAL)], capture_output=True,
                          text=True)
    findings = [line for line in done.stdout.splitlines() if "referenced manual not found" not in line]
    print("\n".join(findings), end="\n" if findings else "")
    return not findings


def main(mdoc, dump, bless):
    keys = subprocess.run([mdoc], capture_output=True, check=True, text=True).stdout
    text = MANUAL.read_text()
    results = [check_keys(text, keys, bless), check_codes(text), check_examples(text, dump),
               check_mandoc()]
    return 0 if all(results) else 1


if __name__ == "__main__":
    arguments = [word for word in sys.argv[1:] if word != "--bless"]
    if len(arguments) != 2:
        sys.exit(__doc__)
    sys.exit(main(arguments[0], arguments[1], "--bless" in sys.argv))
