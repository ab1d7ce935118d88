"""The source tree keeps its layers and its style."""
import pytest

from layering import includes, style
from layering.tree import Tree

CHECKS = [
    includes.check_stray_files,
    includes.check_include_paths,
    includes.check_order,
    includes.check_hidden_libraries,
    includes.check_cycles,
    includes.check_pragma_once,
    includes.check_headers_compile_alone,
    style.check_lines,
    style.check_functions,
    style.check_format,
]


@pytest.fixture(scope="module")
def tree():
    tree = Tree()
    assert len(tree.modules) > 10 and len(tree.headers()) > 10, "the source tree was not found"
    return tree


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_source_tree_passes(tree, check):
    findings = check(tree)
    assert not findings, "\n" + "\n".join(findings)
