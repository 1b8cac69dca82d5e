"""Pages of rules, printed from the tables that the tests work by hand.

``python tests/spec/rules_page.py`` writes ``examples/rules.md`` and ``examples/outcomes-by-hand.md`` anew. Every table
on them is one that a plain-Python oracle and the library are held against in ``test_oracle_by_hand.py`` and
``test_outcomes_by_hand.py``: the pages cannot say what the tests do not.
"""

from __future__ import annotations

import ast
import calendar
import re
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
BY_HAND = HERE / "test_oracle_by_hand.py"
PAGE = HERE.parents[1] / "examples" / "rules.md"

HEAD = """# The rules, worked by hand

What each rule of a selection comes to, on tables small enough to check by eye. They are the tests' own
(`tests/spec/test_oracle_by_hand.py`): each is put to a plain-Python oracle and to the library, and both must give what
stands below it. What a scheme file may say is in [Schemes](schemes.md); how a list is read, in
[Reading a list](reading-a-list.md).

Unless a table says otherwise everybody is 40 years old and of one practice. `highest` is a share of the list by score,
`home` everyone in a nursing or residential home, `judgement` a nominated share, `review` a review every 12 months from
75 on. Under *Keeping a place* `highest` is 25% of the list and has `keep_within = "50%"`; `kept` are those whom
it lets in only because of that. The page is printed by `python tests/spec/rules_page.py`.
"""


OUTCOMES_HEAD = """# Outcomes, worked by hand

What each measure of a programme's aims comes to, on tables small enough to check with a pencil. They are the tests' own
(`tests/spec/test_outcomes_by_hand.py`): each is put to a plain-Python twin and to the library, and both must give what
stands below it. What the measures are for, and what they do not say, is in [Outcomes](outcomes.md).

Unless a table says otherwise everybody is 80 years old, of practice C87001 with a list of 1,000, came as an emergency
(method 21) from home, and years are financial. Nothing here is an effect of anything. The page is printed by
`python tests/spec/rules_page.py`.
"""
OUTCOMES_BY_HAND = HERE / "test_outcomes_by_hand.py"
OUTCOMES_PAGE = PAGE.with_name("outcomes-by-hand.md")
MONTHS = "|".join(month.lower() for month in calendar.month_name[1:])
EVENT = ["recorded", "kind", "happened_on", "says"]  # the columns of events that a test adds to those of a table
PAGES = {PAGE: (HEAD, BY_HAND), OUTCOMES_PAGE: (OUTCOMES_HEAD, OUTCOMES_BY_HAND)}


def page(path: Path = PAGE) -> str:
    """The whole of a page."""
    return printed(*PAGES[path])


def printed(head: str, by_hand: Path) -> str:
    """The tables of a file of tests, under a head."""
    source = by_hand.read_text(encoding="utf-8")
    lines = [head]
    sections = dict(_sections(source))
    shown_above: set[str] = set()
    tables = dict(_named_tables(source))
    for test in ast.parse(source).body:
        if not (isinstance(test, ast.FunctionDef) and test.name.startswith("test_")):
            continue
        due = [line for line in sections if line < test.lineno]
        lines += [f"\n## {sections.pop(line)}\n" for line in due]
        lines.append(f"\n### {_sentence(test.name)}\n")
        lines += _tables_of(test)
        used = [node.id for node in ast.walk(test) if isinstance(node, ast.Name) and node.id in tables]
        lines += [tables[name] for name in dict.fromkeys(used) if name not in shown_above]
        shown_above.update(used)
        lines += _expectations(test, source)
    return "\n".join(lines).replace("\n\n\n", "\n\n").rstrip() + "\n"


def _sections(source: str) -> Iterator[tuple[int, str]]:
    """The line and the words of each comment that heads a section."""
    for number, line in enumerate(source.splitlines(), 1):
        if re.match(r"# [A-Z]", line):
            yield number, line.removeprefix("# ").removesuffix(".")


def _sentence(name: str) -> str:
    words = name.removeprefix("test_").replace("_", " ")
    words = re.sub(rf"\bin ({MONTHS})\b", lambda found: f"in {found.group(1).capitalize()}", words)
    words = re.sub(r"\b(\d+) (\d) per cent", r"\1.\2%", words)
    return words[0].upper() + words[1:]


def _tables_of(test: ast.FunctionDef) -> Iterator[str]:
    """The rows put in, and the cases of a test that is run for several."""
    for decorator in test.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.parametrize":
            names = ast.literal_eval(decorator.args[0])
            names = [names] if isinstance(names, str) else list(names)
            rows = decorator.args[1].elts if isinstance(decorator.args[1], ast.List) else []
            cells = [[ast.unparse(cell) for cell in _cells(row)] for row in rows]
            yield _markdown(names, cells)
    yield from _text_tables(test)


def _named_tables(source: str) -> Iterator[tuple[str, str]]:
    """The tables that stand between the tests, under the names by which tests speak of them."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            for table in _text_tables(node.value):
                yield name, f"`{name}`:\n\n{table}"


def _text_tables(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and re.search(r"\w +\| ", node.value):
            rows = [[cell.strip() for cell in line.split("|")] for line in node.value.strip().splitlines()]
            if all(len(row) == len(rows[0]) for row in rows):
                if not re.match(r"\d{4}-\d\d-\d\d$", rows[0][0]):
                    yield _markdown(rows[0], rows[1:])
                elif len(rows[0]) == len(EVENT):
                    yield f"And besides:\n\n{_markdown(EVENT, rows)}"


def _cells(row: ast.expr) -> list[ast.expr]:
    return list(row.elts) if isinstance(row, ast.Tuple) else [row]


def _markdown(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in lines) + "\n"


def _expectations(test: ast.FunctionDef, source: str) -> Iterator[str]:
    """What must hold, as the test says it."""
    held = [ast.get_source_segment(source, node) or "" for node in ast.walk(test) if isinstance(node, ast.Assert)]
    if held:
        lines = "\n".join(re.sub(r"\n {4}", "\n", each.removeprefix("assert ")) for each in held)
        yield f"```text\n{lines}\n```\n"


if __name__ == "__main__":
    for each in PAGES:
        each.write_text(page(each), encoding="utf-8")
