"""The planted bugs still fit the tree; `--long planted` shows that each is caught."""

import ast

import pytest

from tests.chaos.fault_table import KINDS
from tests.chaos.planting import FOLDER, DoesNotApply, Hunk, hunks_of, planted_files, read_table
from tests.long.report import ROOT

BUGS = read_table()


def test_there_are_fifteen_different_ones_each_with_its_patch_and_its_tests():
    names = [bug.name for bug in BUGS]
    assert len(set(names)) == len(names) == 15
    assert {path.stem for path in FOLDER.glob("*.patch")} == set(names)
    assert len({bug.patch.read_text(encoding="utf-8") for bug in BUGS}) == 15
    for bug in BUGS:
        assert bug.what and bug.words, bug.name
        assert bool(bug.faults) == bool(bug.breaks) and all(fault.kind in KINDS for fault in bug.faults), bug.name
        for test in bug.tests:
            file, *name = test.split("::")
            source = (ROOT / file).read_text(encoding="utf-8")
            assert not name or has_test(source, name[0]), f"{bug.name}: there is no test {test}"


def has_test(source: str, name: str) -> bool:
    """Whether the file has a function of that name, with parameters where the name has some in brackets."""
    function, bracket, _parameters = name.partition("[")
    found = next((n for n in ast.parse(source).body if isinstance(n, ast.FunctionDef) and n.name == function), None)
    return found is not None and (not bracket or any("parametrize" in ast.unparse(d) for d in found.decorator_list))


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_each_still_applies_to_the_tree_and_leaves_python(bug):
    for file, text in planted_files(bug, ROOT).items():
        assert text != (ROOT / file).read_text(encoding="utf-8")
        ast.parse(text)


def test_a_patch_that_fits_nowhere_says_what_to_do(tmp_path):
    bug = BUGS[0]
    with pytest.raises(DoesNotApply, match=f"{bug.name}.patch does not apply: .*plant the bug"):
        planted_files(bug, tmp_path)


def test_a_hunk_is_its_lines_before_and_after():
    patch = "diff --git a/x.py b/x.py\n--- a/x.py\n+++ b/x.py\n@@ -1,3 +1,3 @@\n one\n-two\n+2\n\n@@ -9 +9 @@\n-nine\n"
    assert hunks_of(patch) == [Hunk("x.py", "one\ntwo\n\n", "one\n2\n\n"), Hunk("x.py", "nine\n", "")]
