"""The counts that the test runs close with are the true ones."""
import json

from harness.tally import count_junit, count_line, count_meson, tally


def meson(name, result, stdout=""):
    return json.dumps({"name": name, "result": result, "stdout": stdout}) + "\n"


def test_cmocka_programs_count_each_of_their_tests():
    good = "[==========] 3 test(s) run.\n[  PASSED  ] 3 test(s).\n"
    bad = ("[==========] 3 test(s) run.\n[  PASSED  ] 2 test(s).\n"
           "[  FAILED  ] 1 test(s), listed below:\n[  FAILED  ] it_breaks\n")
    counts, failed = count_meson(meson("a", "OK", good) + meson("b", "FAIL", bad))
    assert (counts["passed"], counts["failed"]) == (5, 1)
    assert failed == ["b: it_breaks"]


def test_a_program_that_crashed_counts_as_failed():
    counts, failed = count_meson(meson("a", "FAIL", "[ RUN      ] x\n") + meson("b", "TIMEOUT"))
    assert (counts["passed"], counts["failed"]) == (0, 2)
    assert failed == ["a: fail", "b: timeout"]


def test_a_sanitizer_report_at_the_exit_of_a_green_program_counts_as_failed():
    counts, _ = count_meson(meson("a", "FAIL", "[  PASSED  ] 3 test(s).\n"))
    assert (counts["passed"], counts["failed"]) == (3, 1)


def test_other_programs_count_once_and_pytest_by_its_last_line():
    counts, _ = count_meson(meson("a", "OK", "fine\n") + meson("b", "SKIP")
                            + meson("c", "OK", "....\n24 passed, 1 skipped in 0.66s\n"))
    assert (counts["passed"], counts["skipped"]) == (25, 2)


def test_junit_cases_are_counted_by_kind():
    counts, failed = count_junit(
        '<testsuites><testsuite><testcase classname="m" name="a"/>'
        '<testcase classname="m" name="b"><failure/></testcase>'
        '<testcase classname="m" name="c"><error/></testcase>'
        '<testcase classname="m" name="d"><skipped/></testcase></testsuite></testsuites>')
    assert (counts["passed"], counts["failed"], counts["skipped"]) == (1, 2, 1)
    assert failed == ["m::b", "m::c"]


def test_suites_are_added_up(tmp_path):
    (tmp_path / "unit.meson.json").write_text(meson("a", "OK"))
    (tmp_path / "build.status").write_text("0\n")
    (tmp_path / "quickstart.status").write_text("1\n")
    total, lines = tally(tmp_path)
    assert count_line(total) == "2 passed, 1 failed"
    assert lines == ["build: 1 passed, 0 failed",
                     "FAILED quickstart: ended with status 1", "quickstart: 0 passed, 1 failed",
                     "unit: 1 passed, 0 failed"]
