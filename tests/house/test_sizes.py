"""Modules and functions stay short enough to be read at a sitting; a compiled loop alone may be longer."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import casemgmt

PACKAGE = Path(casemgmt.__file__).parent
LINES_OF_A_FUNCTION, LINES_OF_A_MODULE, LINES_OF_MOST_MODULES = 60, 400, 160


def modules() -> dict[str, str]:
    """The text of every module, by its path in the package."""
    return {path.relative_to(PACKAGE).as_posix(): path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py")}


def long_functions(text: str, most: int) -> Iterator[str]:
    """The functions of more lines than ``most``, from ``def`` to the last line, all but the example of a docstring."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            example = (ast.get_docstring(node) or "").partition("\n\nExamples\n--------\n")[1:]
            lines = (node.end_lineno or node.lineno) - node.lineno + 1 - "".join(example).count("\n")
            if lines > most:
                yield f"{node.name}: {lines}"


def test_no_function_is_longer_than_60_lines_but_compiled_loops():
    texts = {name: text for name, text in modules().items() if not name.endswith("kernels.py")}
    assert [(name, each) for name, text in texts.items() for each in long_functions(text, LINES_OF_A_FUNCTION)] == []


def test_no_module_is_longer_than_400_lines_and_most_have_fewer_than_160():
    lines = {name: len(text.splitlines()) for name, text in modules().items()}
    assert [(name, count) for name, count in lines.items() if count > LINES_OF_A_MODULE] == []
    assert median(lines.values()) <= LINES_OF_MOST_MODULES


def test_a_long_function_is_found_with_its_docstring():
    text = 'def short():\n    pass\n\n\ndef long():\n    """One.\n\n    Two.\n    """\n    return 1\n'
    assert list(long_functions(text, 5)) == ["long: 6"]
    assert list(long_functions(text, 6)) == []
    with_example = text.replace("Two.\n", "Two.\n\n    Examples\n    --------\n    >>> 1\n    1\n")
    assert list(long_functions(with_example, 6)) == []
