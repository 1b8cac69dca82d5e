"""The page of rules is what the tables worked by hand print, and holds every one of them."""

from __future__ import annotations

import ast
import re

from rules_page import BY_HAND, PAGE, page


def test_the_page_is_what_the_tables_print():
    assert PAGE.read_text(encoding="utf-8") == page(), "run `python tests/spec/rules_page.py`"


def test_every_table_and_every_test_is_on_the_page():
    text = PAGE.read_text(encoding="utf-8")
    tests = [each for each in ast.parse(BY_HAND.read_text(encoding="utf-8")).body if isinstance(each, ast.FunctionDef)]
    names = [each.name for each in tests if each.name.startswith("test_")]
    assert text.count("\n### ") == len(names) > 30
    assert "| 8543 | 256 |" in text.replace("'at_most' | ", "").replace("'3%' | ", "")


def test_the_map_of_rules_names_tests_that_are_there():
    folder = BY_HAND.parents[1]
    named = re.findall(r"`([a-z]+/test_[a-z_]+\.py)`", (folder / "README.md").read_text(encoding="utf-8"))
    assert len(named) > 30
    assert [each for each in named if not (folder / each).is_file()] == []
