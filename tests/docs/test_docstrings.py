"""Every public function has an example in its docstring, and every example of a public name prints what it shows."""

from __future__ import annotations

import doctest
import inspect
import re
import sys
from typing import Any

import pytest
from worked_text import PROJECT

import casemgmt as cm

FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS | doctest.REPORT_NDIFF
NAMES = [name for name in cm.__all__ if not name.startswith("__")]


def first_lines() -> str:
    """What stands above all examples on the site's page of Python."""
    text = (PROJECT / "examples" / "site" / "reference.py").read_text(encoding="utf-8")
    (head,) = re.findall(r'^API_HEAD = """(.*?)"""', text, re.DOTALL | re.MULTILINE)
    (lines,) = re.findall(r"```python\n(.*?)```", head, re.DOTALL)
    return lines


@pytest.fixture(scope="module")
def names_of_the_examples() -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(compile(first_lines(), "<first lines>", "exec"), names)
    return names


def examples_of(name: str) -> list[doctest.DocTest]:
    thing = getattr(cm, name)
    module = sys.modules[thing.__module__]
    found = doctest.DocTestFinder(recurse=True, exclude_empty=True).find(thing, name, module=module)
    return [each for each in found if each.examples]


def test_every_public_function_has_an_example_that_is_run():
    functions = [name for name in NAMES if inspect.isfunction(getattr(cm, name))]
    assert len(functions) > 25
    without = [name for name in functions if not any(each.name == name for each in examples_of(name))]
    assert without == [], "add an `Examples` section to the docstring"
    skipped = [each.name for name in NAMES for each in examples_of(name) if "+SKIP" in (each.docstring or "")]
    assert skipped == []


@pytest.mark.parametrize("name", [name for name in NAMES if examples_of(name)])
def test_the_examples_print_what_they_show(name, names_of_the_examples, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said: list[str] = []
    for example in examples_of(name):
        example.globs = dict(names_of_the_examples)
        runner = doctest.DocTestRunner(optionflags=FLAGS, verbose=False)
        runner.run(example, out=said.append)
    assert said == [], "".join(said)


def test_an_example_that_prints_something_else_is_noticed():
    wrong = doctest.DocTestParser().get_doctest(">>> 1 + 1\n3\n", {}, "wrong", None, 0)
    said: list[str] = []
    doctest.DocTestRunner(optionflags=FLAGS, verbose=False).run(wrong, out=said.append)
    assert said
