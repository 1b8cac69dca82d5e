"""Pages that are printed from the code: schemes, models, fields, the rules worked by hand, the commands, the API."""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import casemgmt as cm

ROOMS = {
    "register": "Registers",
    "scanned": "Registers larger than memory",
    "scheme": "Schemes",
    "risk": "Models",
    "results": "Selections, and what is made of them",
    "returns": "What practices send back",
    "caseload": "The caseload over time",
    "codes": "Coded records",
    "evaluation": "Judging and planning",
    "aims": "Outcomes",
    "pseudonyms": "Pseudonyms",
    "synthetic": "Made-up registers",
    "notebook": "Notebooks",
    "errors": "Errors and warnings",
}


def all_printed(project: Path) -> dict[str, str]:
    """Every printed page by its name, which begins with ``generated/``; of a model, its card with its numbers."""
    return {
        **schemes(),
        **models(project),
        "generated/fields.md": fields(),
        **rules(project),
        "generated/command-line.md": command_line(),
        **api(),
    }


def table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    """A table in Markdown."""
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines) + "\n"


def schemes() -> dict[str, str]:
    """A page a shipped scheme: in plain words, what was decided, and the file."""
    return {f"generated/schemes/{name}.md": _scheme(cm.load_scheme(name)) for name in cm.list_schemes()}


def _scheme(scheme: Any) -> str:
    said, *routes = str(scheme).splitlines()
    lines = [f"# {scheme.title}", f"Which patients `{scheme.id}` selects, what it rests on, and its file.", "## Who is selected"]
    lines += ["\n".join(f"- **{name}** {rest}" for name, _, rest in (each.strip().partition(" ") for each in routes))]
    lines += ["## Where it comes from", f"{scheme.source}."]
    if scheme.decisions:
        lines += [f"The source leaves open, and the file decides: {'; '.join(scheme.decisions)}."]
    for title, columns in (("Columns it needs", scheme.required), ("Columns it uses where they are there", scheme.optional)):
        if columns:
            lines += [f"{title}: {', '.join(f'`{column}`' for column in columns)}."]
    lines += ["What each column holds: [Fields of a register](../fields.md)."]
    lines += ["## The file", "Copy it, change it, and give its path in place of the name: [Schemes](../../examples/schemes.md)."]
    lines += [f"```toml\n{scheme.text.rstrip()}\n```"]
    return "\n\n".join(lines) + "\n"


def models(project: Path) -> dict[str, str]:
    """The card of each model, with its inputs and its file."""
    return {path: _card(project / path) for path in (f"models/{name}/card.md" for name in cm.list_models())}


def _card(card: Path) -> str:
    from casemgmt.risk.additive import missing_in_words
    from casemgmt.risk.inputs import decimal_text

    model = cm.load_model(card.parent.name)
    rows = (
        (
            _escaped(each.label),
            f"`{each.name}`",
            each.kind,
            *(decimal_text(end(each.table)) for end in (min, max)),
            missing_in_words(each),
        )
        for each in model.inputs
    )
    head = ("input", "column", "kind", "adds at least", "adds at most", "when missing")
    lines = [card.read_text(encoding="utf-8").rstrip(), "## Inputs, from the file", table(head, rows)]
    lines += ["## The file", f"```toml\n{model.text.rstrip()}\n```"]
    return "\n\n".join(lines) + "\n"


def fields() -> str:
    """The one table of fields, a section a field."""
    lines = [
        "# Fields of a register",
        "What each column of a register may hold, what missing means, and by which other names it is known. Printed from"
        " `cm.fields()`; `casemgmt fields` prints the same. How a file of your own is read:"
        " [Reading a register](../examples/reading-a-register.md).",
        table(
            ("field", "type", "allowed", "unit", "missing"),
            ((f"[`{row['field']}`](#{row['field']})", row["type"], row["allowed"], row["unit"], row["missing"]) for row in _fields()),
        ),
        "## Spellings and other names",
        "Capital letters, spaces and punctuation in a column's name do not matter.",
    ]
    for row in _fields():
        lines.append(f"### {row['field']}")
        says = [("Written", row["spellings"]), ("Read as", row["map"]), ("Also known as", row["synonyms"])]
        lines.append("\n".join(f"- {title}: {_escaped(text)}" for title, text in says if text) or "- No other form.")
    return "\n\n".join(lines) + "\n"


def _fields() -> list[dict[str, str]]:
    return [{key: value or "" for key, value in row.items()} for row in cm.fields().to_pylist()]


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("*", "\\*").replace("_", "\\_").replace("<", "\\<")


def rules(project: Path) -> dict[str, str]:
    """The tables of tests/spec that no page of examples/ holds."""
    sys.path.insert(0, str(project / "tests" / "spec"))
    try:
        printed = importlib.import_module("rules_page").printed
    finally:
        sys.path.pop(0)
    heads = {"test_caseload_by_hand.py": CASELOAD_HEAD, "test_payments_by_hand.py": PAYMENTS_HEAD}
    names = {"test_caseload_by_hand.py": "rules-of-a-caseload", "test_payments_by_hand.py": "rules-of-payment"}
    return {f"generated/{names[file]}.md": printed(head, project / "tests" / "spec" / file) for file, head in heads.items()}


CASELOAD_HEAD = """# The rules of a caseload, worked by hand

What is known of a patient on a day, from events few enough to follow by eye. They are the tests' own
(`tests/spec/test_caseload_by_hand.py`): each is put to a plain-Python oracle and to the library, and both must give what
stands below it. `ask(events, day, columns)` asks what holds on that day; `known` is the day on which it is asked.
A dash is *nothing*. How a caseload is kept: [The caseload over time](../examples/caseload.md).
"""
PAYMENTS_HEAD = """# Letters, register tests and payments, worked by hand

What is due when, how many a register needs, and what is paid, in numbers that a hand can check. They are the tests' own
(`tests/spec/test_payments_by_hand.py`). Where the rules stand: [Schemes](../examples/schemes.md).
"""


def command_line() -> str:
    """Every command with its words, from the program itself."""
    from typer.main import get_command

    from casemgmt.cli import app

    lines = [
        "# Every command and option",
        "What each command takes, printed from the program; `casemgmt COMMAND --help` says the same. What they print:"
        " [Commands](../examples/commands.md).",
    ]
    for words, command in _commands("casemgmt", get_command(app)):
        lines += [f"## {words}", _escaped(inspect.cleandoc(command.help or ""))]
        rows = [_option(each) for each in command.params if not getattr(each, "hidden", False) and each.name != "help"]
        if rows:
            lines.append(table(("option", "says", ""), iter(rows)))
    return "\n\n".join(lines) + "\n"


def _commands(words: str, command: Any) -> Iterator[tuple[str, Any]]:
    below = getattr(command, "commands", None)
    if below is None:
        yield words, command
    else:
        for name, each in below.items():
            if not each.hidden:
                yield from _commands(f"{words} {name}", each)


def _option(each: Any) -> tuple[str, str, str]:
    takes_value = each.param_type_name == "option" and not each.is_flag
    name = " ".join(f"`{word}`" for word in [*each.opts, *each.secondary_opts])
    if each.param_type_name == "argument":
        name = f"`{each.metavar or each.name.upper()}{'…' if each.nargs == -1 else ''}`"
    elif takes_value:
        name += f" `{each.metavar or each.name.upper()}`"
    return name, _escaped(each.help or ""), "needed" if each.required else ""


def api() -> dict[str, str]:
    """A page a group of public names, by the folder of the package they stand in, and a table of them all."""
    groups: dict[str, list[str]] = {}
    for name in cm.__all__:
        if not name.startswith("__"):
            groups.setdefault(getattr(cm, name).__module__.split(".")[1], []).append(name)
    ordered = [*(room for room in ROOMS if room in groups), *(room for room in groups if room not in ROOMS)]
    index = [API_HEAD]
    pages = {}
    for room in ordered:
        title = ROOMS.get(room, room.capitalize())
        names = sorted(groups[room], key=lambda name: (inspect.isclass(getattr(cm, name)), name))
        rows = ((f"[`cm.{name}`](#casemgmt.{name})", _first_line(getattr(cm, name))) for name in names)
        index += [f"## [{title}]({room}.md)", table(("name", "gives"), rows)]
        pages[f"generated/api/{room}.md"] = _group(title, names)
    return {"generated/api/index.md": "\n\n".join(index) + "\n", **pages}


API_HEAD = """# Python: every public name

What each function takes and gives, from its docstring. Every example below is run by the tests, after these lines:

```python
import casemgmt as cm

register = cm.synthesise("C87616", as_of="2021-01-01", seed=0)
scheme = cm.load_scheme("rotherham-2015-16")
model = cm.load_model("cambridge-multimorbidity-20")
selection = cm.select(register, scheme, model=model)
```
"""


def _first_line(thing: Any) -> str:
    return _escaped((inspect.getdoc(thing) or "").split("\n\n")[0].replace("\n", " ").replace("`", ""))


def _group(title: str, names: list[str]) -> str:
    lines = [f"# {title}", "In the examples `register`, `scheme`, `model` and `selection` are those of the [first lines](index.md)."]
    for name in names:
        thing = getattr(cm, name)
        kind = "function"
        if inspect.isclass(thing):
            kind = "exception" if issubclass(thing, Exception) else "class"
        lines += [f"## {name}", f"```{{eval-rst}}\n.. currentmodule:: casemgmt\n.. auto{kind}:: casemgmt.{name}\n```"]
    return "\n\n".join(lines) + "\n"
