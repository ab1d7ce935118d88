"""Adds up what the suites counted: python3 -m harness.tally DIRECTORY.

DIRECTORY holds a file per suite: NAME.meson.json (meson's testlog.json), NAME.junit.xml (pytest) or
NAME.status (one line, the exit status of something that counts as one test). Prints what failed, a
line per suite, and the total alone on the last line; the exit status says whether all passed.
"""
import json
import re
import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path

CMOCKA = {"passed": re.compile(r"^\[  PASSED  \] (\d+) test\(s\)\.", re.MULTILINE),
          "failed": re.compile(r"^\[  FAILED  \] (\d+) test\(s\)", re.MULTILINE),
          "skipped": re.compile(r"^\[  SKIPPED \] (\d+) test\(s\)", re.MULTILINE)}
CMOCKA_FAILED = re.compile(r"^\[  FAILED  \] (?!\d+ test\(s\))(\S+)$", re.MULTILINE)
PYTEST = re.compile(r"(\d+) (passed|failed|skipped|error)")


def count_meson(text):
    """(counts, names of failed tests). A test that crashed counts as a failed one more."""
    counts, failed = Counter(), []
    for line in text.splitlines():
        if not line.strip():
            continue
        test = json.loads(line)
        found = _count_output(test.get("stdout", "") + test.get("stderr", ""))
        passed = test["result"] in ("OK", "EXPECTEDFAIL")
        skipped = test["result"] == "SKIP"
        if not passed and not skipped:
            if not found["failed"]:
                found["failed"] += 1
            names = CMOCKA_FAILED.findall(test.get("stdout", "") + test.get("stderr", ""))
            failed += [f"{test['name']}: {name}" for name in dict.fromkeys(names)] \
                or [f"{test['name']}: {test['result'].lower()}"]
        elif not sum(found.values()):
            found["skipped" if skipped else "passed"] += 1
        counts.update(found)
    return counts, failed


def _count_output(output):
    counts = Counter()
    for kind, pattern in CMOCKA.items():
        counts[kind] += sum(int(number) for number in pattern.findall(output))
    last = output.strip().splitlines()[-1:] or [""]
    if re.search(r"(passed|failed|skipped|error).* in [\d.]+s", last[0]):
        for number, kind in PYTEST.findall(last[0]):
            counts["failed" if kind == "error" else kind] += int(number)
    return counts


def count_junit(text):
    counts, failed = Counter(), []
    for case in ElementTree.fromstring(text).iter("testcase"):
        kinds = {child.tag for child in case}
        if kinds & {"failure", "error"}:
            counts["failed"] += 1
            failed.append(f"{case.get('classname')}::{case.get('name')}")
        elif "skipped" in kinds:
            counts["skipped"] += 1
        else:
            counts["passed"] += 1
    return counts, failed


def count_status(text):
    if text.strip() == "0":
        return Counter(passed=1), []
    return Counter(failed=1), [f"ended with status {text.strip()}"]


READERS = {".meson.json": count_meson, ".junit.xml": count_junit, ".status": count_status}


def count_line(counts):
    line = f"{counts['passed']} passed, {counts['failed']} failed"
    return line + (f", {counts['skipped']} skipped" if counts["skipped"] else "")


def tally(directory):
    """(total, lines of the report)."""
    total, lines = Counter(), []
    for path in sorted(Path(directory).iterdir()):
        for ending, reader in READERS.items():
            if path.name.endswith(ending):
                suite = path.name.removesuffix(ending)
                counts, failed = reader(path.read_text(errors="replace"))
                total.update(counts)
                lines += [f"FAILED {suite}: {name}" for name in failed]
                lines.append(f"{suite}: {count_line(counts)}")
    return total, lines


def main():
    total, lines = tally(sys.argv[1])
    print("\n".join(lines))
    print(count_line(total))
    return 1 if total["failed"] or not total["passed"] else 0


if __name__ == "__main__":
    sys.exit(main())
