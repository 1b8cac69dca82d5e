"""Pages to look things up in, printed from the code: fields, commands, the public names of Python."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator
from typing import Any

from typer.main import get_command

import casemgmt as cm
from casemgmt.cli import app

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


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A table in Markdown."""
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines) + "\n"


def escaped(text: str) -> str:
    """The text with no mark that Markdown would act on."""
    return text.replace("\\", "\\\\").replace("*", "\\*").replace("_", "\\_").replace("<", "\\<")


def fields() -> str:
    """The one table of fields, a section a field."""
    lines = [
        "# Fields of a register",
        "What each column of a register may hold, what missing means, and by which other names it is known."
        " `casemgmt fields` and `cm.fields()` give the same. How a file of your own is read:"
        " [Reading a register](../examples/reading-a-register.md).",
        table(
            ("field", "type", "allowed", "unit", "missing"),
            (
                (f"[`{row['field']}`](#{row['field']})", *(row[key] for key in ("type", "allowed", "unit", "missing")))
                for row in _fields()
            ),
        ),
        "## Spellings and other names",
        "Capital letters, spaces and punctuation in a column's name do not matter.",
    ]
    for row in _fields():
        lines.append(f"### {row['field']}")
        says = [("Written", row["spellings"]), ("Read as", row["map"]), ("Also known as", row["synonyms"])]
        lines.append("\n".join(f"- {title}: {escaped(text)}" for title, text in says if text) or "- No other form.")
    return "\n\n".join(lines) + "\n"


def _fields() -> list[dict[str, str]]:
    return [{key: value or "" for key, value in row.items()} for row in cm.fields().to_pylist()]


def command_line() -> str:
    """Every command with its words, from the program itself."""
    lines = [
        "# Every command and option",
        "What each command takes, printed from the program; `casemgmt COMMAND --help` says the same. What they print:"
        " [Commands](../examples/commands.md).",
    ]
    for words, command in _commands("casemgmt", get_command(app)):
        lines += [f"## {words}", escaped(inspect.cleandoc(command.help or ""))]
        rows = [_option(each) for each in command.params if not getattr(each, "hidden", False) and each.name != "help"]
        if rows:
            lines.append(table(("option", "says", "needed"), rows))
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
    return name, escaped(each.help or ""), "yes" if each.required else ""


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
    said = (inspect.getdoc(thing) or "").split("\n\n")[0].replace("\n", " ")
    return escaped(re.sub(r":\w+:`~?(?:casemgmt\.)?([^`]+)`", r"\1", said).replace("`", ""))


def _group(title: str, names: list[str]) -> str:
    lines = [f"# {title}", "`register`, `scheme`, `model` and `selection` are those of the [first lines](index.md)."]
    for name in names:
        thing = getattr(cm, name)
        kind = "function"
        if inspect.isclass(thing):
            kind = "exception" if issubclass(thing, Exception) else "class"
        lines += [f"## {name}", f"```{{eval-rst}}\n.. currentmodule:: casemgmt\n.. auto{kind}:: casemgmt.{name}\n```"]
    return "\n\n".join(lines) + "\n"
