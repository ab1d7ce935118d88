"""Each check finds the fault that it is there for, and only that."""
import shutil

import pytest

from layering import includes, style
from layering.tree import ROOT, Tree

MESON = "modules = [\n  'planner/base',\n  'planner/spec',\n  'statedb',\n]\n"


@pytest.fixture
def check(tmp_path):
    """check(function, {path: text}) -> its findings in a tree of those files."""
    (tmp_path / "meson.build").write_text(MESON)
    shutil.copy(ROOT / ".clang-format", tmp_path)

    def run(function, files):
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        return function(Tree(tmp_path))
    return run


def test_an_include_from_a_later_module_is_found(check):
    files = {"planner/base/a.h": "#pragma once\n", "planner/spec/b.h": "#pragma once\n",
             "planner/spec/b.c": '#include "planner/base/a.h"\n#include "planner/spec/b.h"\n'}
    assert check(includes.check_order, files) == []
    files["planner/base/a.c"] = '\n# include "planner/spec/b.h"\n'
    assert check(includes.check_order, files) == [
        "planner/base/a.c:2: planner/base includes from planner/spec, which comes later"]


def test_a_table_of_rows_is_held_to_the_order_as_well(check):
    files = {"planner/base/rows.def": '#include "statedb/s.h"\n', "statedb/s.h": "#pragma once\n"}
    assert len(check(includes.check_order, files)) == 1


def test_an_include_in_a_comment_does_not_count(check):
    files = {"planner/base/a.c": '/* like\n#include "statedb/s.h"\n*/\n// #include "x.h"\n',
             "statedb/s.h": "#pragma once\n"}
    assert check(includes.check_order, files) == []
    assert check(includes.check_include_paths, files) == []


def test_a_program_that_includes_from_the_tests_is_found(check):
    files = {"planner/base/a.c": '#include "tests/unit/t.h"\n', "tests/unit/t.h": "#pragma once\n"}
    assert check(includes.check_order, files) == [
        "planner/base/a.c:1: tests/unit/t.h lies in no module"]


def test_an_include_that_is_not_from_the_root_is_found(check):
    files = {"planner/base/a.h": "#pragma once\n", "planner/base/a.c": '#include "a.h"\n',
             "planner/base/b.c": "#include <planner/base/a.h>\n"}
    assert check(includes.check_include_paths, files) == [
        'planner/base/a.c:1: "a.h" is no file below the root',
        "planner/base/b.c:1: <planner/base/a.h> is ours: include it with quotes"]


def test_a_file_outside_the_modules_is_found(check):
    assert check(includes.check_stray_files, {"planner/util/a.c": "\n"}) == [
        "planner/util/a.c:1: lies in no directory of the list `modules` in the root meson.build"]


def test_a_library_outside_its_module_is_found(check):
    files = {"planner/spec/y.c": "#include <yaml.h>\n", "statedb/s.c": "#include <yaml.h>\n",
             "planner/base/t.c": "#include <libssh/libssh.h>\n"}
    assert check(includes.check_hidden_libraries, files) == [
        "planner/base/t.c:1: only executors/transport may know libssh/libssh.h",
        "statedb/s.c:1: only planner/spec may know yaml.h"]


def test_a_cycle_is_found_once(check):
    files = {f"planner/base/{a}.h": f'#pragma once\n#include "planner/base/{b}.h"\n'
             for a, b in ("ab", "bc", "ca")}
    files["planner/base/d.h"] = '#pragma once\n#include "planner/base/b.h"\n'
    assert check(includes.check_cycles, files) == [
        "planner/base/a.h:1: includes itself: planner/base/a.h -> planner/base/b.h -> "
        "planner/base/c.h -> planner/base/a.h"]


def test_two_ways_to_one_header_are_no_cycle(check):
    files = {"planner/base/a.h": '#include "planner/base/b.h"\n#include "planner/base/c.h"\n',
             "planner/base/b.h": '#include "planner/base/c.h"\n', "planner/base/c.h": "\n"}
    assert check(includes.check_cycles, files) == []


def test_a_header_without_pragma_once_is_found(check):
    files = {"planner/base/a.h": "#pragma once\n", "planner/base/b.h": "struct b;\n"}
    assert check(includes.check_pragma_once, files) == ["planner/base/b.h:1: has no #pragma once"]


def test_a_header_that_needs_another_one_first_is_found(check):
    files = {"planner/base/a.h": "#pragma once\nstruct a {\n    size_t n;\n};\n",
             "planner/base/b.h": "#pragma once\n#include <stddef.h>\nstruct b {\n"
                                 "    size_t n;\n};\n"}
    findings = check(includes.check_headers_compile_alone, files)
    assert len(findings) == 1 and findings[0].startswith("planner/base/a.h:1: does not compile")


def test_bad_lines_are_found(check):
    text = "int a; \n\tint b;\nint c;\r\n/* " + "x" * 100 + " */\n/* FIX" + "ME */\nint d;"
    findings = check(style.check_lines, {"planner/base/a.c": text})
    assert [finding.split(": ", 1)[1] for finding in findings] == [
        "does not end with a line end", "ends with white space", "has a tab",
        "has a carriage return", "ends with white space", "106 columns, over 100",
        "is left unfinished"]


def test_long_files_are_found(check):
    files = {"planner/base/a.c": "\n" * 700, "planner/base/b.c": "\n" * 701}
    assert check(style.check_lines, files) == ["planner/base/b.c:1: 701 lines, over 700"]


def test_long_functions_are_found(check):
    def function(lines):
        return "int f(void)\n{\n" + "    g();\n" * (lines - 3) + "}\n"
    files = {"planner/base/a.c": function(80), "planner/base/b.c": function(81)}
    assert check(style.check_functions, files) == ["planner/base/b.c:1: f has 81 lines, over 80"]


def test_code_laid_out_otherwise_is_found(check):
    files = {"planner/base/a.c": "int a(void)\n{\n    return 1;\n}\n"}
    assert check(style.check_format, files) == []
    files["planner/base/b.c"] = "int a(void) {\n  return 1; }\n"
    findings = check(style.check_format, files)
    assert findings and all(finding.startswith("planner/base/b.c:") for finding in findings)
