"""The page of rules is what the tables worked by hand print, and holds every one of them."""

from __future__ import annotations

import ast
import re

import pytest
from rules_page import BY_HAND, OUTCOMES_PAGE, PAGE, PAGES, page


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_each_page_is_what_the_tables_print(path):
    assert path.read_text(encoding="utf-8") == page(path), "run `python tests/spec/rules_page.py`"


@pytest.mark.parametrize(
    ("path", "at_least", "one_line"),
    [(PAGE, 30, "| 8543 | 256 |"), (OUTCOMES_PAGE, 15, "| 100 | 92 | True |")],
    ids=["rules", "outcomes"],
)
def test_every_table_and_every_test_is_on_its_page(path, at_least, one_line):
    text = path.read_text(encoding="utf-8")
    tests = ast.parse(PAGES[path][1].read_text(encoding="utf-8")).body
    names = [each.name for each in tests if isinstance(each, ast.FunctionDef) and each.name.startswith("test_")]
    assert text.count("\n### ") == len(names) > at_least
    assert one_line in text.replace("'at_most' | ", "").replace("'3%' | ", "")


def test_the_map_of_rules_names_tests_that_are_there():
    folder = BY_HAND.parents[1]
    named = re.findall(r"`([a-z]+/test_[a-z_]+\.py)`", (folder / "README.md").read_text(encoding="utf-8"))
    assert len(named) > 30
    assert [each for each in named if not (folder / each).is_file()] == []
