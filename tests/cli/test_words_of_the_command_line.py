"""What the library says of an argument, the program says of its option: one place turns every message."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from test_cli import SCHEME, patients, run

import casemgmt as cm
from casemgmt.cli.config import REGISTERED
from casemgmt.cli.words import in_command_words

PACKAGE = Path(cm.__file__).parent
NAMED = re.compile(r"(?<![\w.-])([a-z][a-z_]*)=(?=[ .,;:)]|$|True\b|\"|'[^']*'(?![:,]))")
# Of a value that holds an argument, of two functions that no command calls, and of SQL.
NOT_OF_THE_PROGRAM = re.compile(r"^by\('X'|suppressed=|dataclasses\.replace|needs form=|monotonic_cst|^X: the file has")


def texts(path: Path) -> Iterator[str]:
    """Every text of a module that is no docstring, with X for what is filled in."""
    tree, inside = ast.parse(path.read_text(encoding="utf-8")), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            inside.add(id(node.value))
        elif isinstance(node, ast.JoinedStr):
            inside |= {id(each) for each in ast.walk(node)}
            yield "".join(each.value if isinstance(each, ast.Constant) else "X" for each in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            yield node.value


def test_no_message_names_an_argument_where_the_command_has_an_option():
    modules = [path for path in PACKAGE.rglob("*.py") if path.relative_to(PACKAGE).parts[0] != "cli"]
    messages = {text for path in modules for text in texts(path) if NAMED.search(text)}
    messages = {text for text in messages if not NOT_OF_THE_PROGRAM.search(text)}
    assert len(messages) > 60
    left = [
        (command, name, words)
        for command, options in REGISTERED.items()
        for text in messages
        if not options.keys().isdisjoint(NAMED.findall(text))
        for words in [in_command_words(text, command)]
        for name in NAMED.findall(words)
        if name in options and (options[name].said or f"{name}= " in words)
    ]
    assert left == []


@pytest.mark.parametrize(
    ("command", "message", "words"),
    [
        ("select", 'or use over_cap="queue" with a', "or use --over-cap queue with a"),
        ("select", "ended=: 3 ids. Leave ended= out.", "--ended: 3 ids. Leave --ended out."),
        ("select", "with list_size_within='25%' (--list-size-within 25%).", "with --list-size-within 25%."),
        ("select", "allow_missing_practices=[…] (--allow-missing-practice CODE)", "--allow-missing-practice CODE"),
        ("select", "write allow_demonstration=True (--demonstration on the command line).", "write --demonstration."),
        ("select", "either model=cm.load_model('…') or score=…;", "either --model NAME|PATH or --score COLUMN;"),
        ("select", "include=['last_review'], or", "--include last_review, or"),
        ("select", "key=Path('a file') or key='env:NAME'", "--key 'a file' or --key env:NAME"),
        ("select", "scan=False, scan=True", "--no-scan, --scan"),
        ("verify", "use score= of that", "use score= of that"),
        ("caseload record", "events= is a table", "FILE is a table"),
        ("fit", "pairs= names 'x'; horizon_days=365.", "--pair names 'x'; --horizon-days 365."),
        ("outcomes", "by('X', suppressed=False)", "by('X', suppressed=False)"),
    ],
)
def test_arguments_are_said_as_the_options_of_the_command_that_runs(command, message, words):
    assert in_command_words(message, command) == words


def test_nominations_over_the_cap_name_the_option(tmp_path):
    table = patients(nominated=[True] * 300)
    pq.write_table(table, tmp_path / "r.parquet")
    words = ("select", tmp_path / "r.parquet", "--as-of", "2015-04-01", "--scheme", SCHEME, "--score", "points")
    said = run(*words, "--out", tmp_path / "lists", code=3)
    assert "use --over-cap queue with a nomination_order" in " ".join(said.split())
    assert "over_cap=" not in said
