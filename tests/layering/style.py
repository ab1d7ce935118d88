"""House style that a machine can see. Every check returns its findings as FILE:LINE: sentence."""
import json
import re
import subprocess

MAX_COLUMNS = 100
MAX_FILE_LINES = 700
MAX_FUNCTION_LINES = 80
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")


def check_lines(tree):
    findings = []
    for source in tree.sources.values():
        lines = source.text.split("\n")
        if source.text and lines[-1] != "":
            findings.append(f"{source.path}:{len(lines)}: does not end with a line end")
        if len(lines) - 1 > MAX_FILE_LINES:
            findings.append(f"{source.path}:1: {len(lines) - 1} lines, over {MAX_FILE_LINES}")
        for number, line in enumerate(lines, 1):
            findings += [f"{source.path}:{number}: {what}" for what in _line_faults(line)]
    return findings


def check_functions(tree):
    """No function is longer than a page or two."""
    names = [str(tree.root / source.path) for source in tree.c_files()]
    if not names:
        return []
    done = subprocess.run(
        ["ctags", "--options=NONE", "--output-format=json", "--languages=C,C++",
         "--langmap=C:.c.h", "--kinds-C=f", "--fields=+ne", "-f", "-", "-L", "-"],
        input="\n".join(names), capture_output=True, text=True, check=True)
    findings = []
    for line in done.stdout.splitlines():
        tag = json.loads(line)
        length = tag.get("end", tag["line"]) - tag["line"] + 1
        if length > MAX_FUNCTION_LINES:
            path = tag["path"].removeprefix(f"{tree.root}/")
            findings.append(f"{path}:{tag['line']}: {tag['name']} has {length} lines, over "
                            f"{MAX_FUNCTION_LINES}")
    return findings


def check_format(tree):
    """As the repository's .clang-format lays code out."""
    names = [source.path for source in tree.c_files()]
    if not names:
        return []
    done = subprocess.run(["clang-format", "--dry-run", *names], cwd=tree.root,
                          capture_output=True, text=True)
    findings = [line for line in done.stderr.splitlines() if "-Wclang-format-violations" in line]
    if done.returncode != 0 and not findings:
        findings.append(f"clang-format:1: status {done.returncode}: {done.stderr.strip()}")
    return findings


def _line_faults(line):
    if "\t" in line:
        yield "has a tab"
    if "\r" in line:
        yield "has a carriage return"
    if line != line.rstrip():
        yield "ends with white space"
    if len(line) > MAX_COLUMNS:
        yield f"{len(line)} columns, over {MAX_COLUMNS}"
    if UNFINISHED.search(line):
        yield "is left unfinished"
