"""Pages that are printed from files: the schemes, the models, and the rules that the tests work by hand."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

from reference import api, command_line, escaped, fields, table

import casemgmt as cm
from casemgmt.risk.additive import missing_in_words
from casemgmt.risk.inputs import decimal_text


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


def schemes() -> dict[str, str]:
    """A page a shipped scheme: in plain words, what was decided, and the file."""
    return {f"generated/schemes/{name}.md": _scheme(cm.load_scheme(name)) for name in cm.list_schemes()}


def _scheme(scheme: Any) -> str:
    routes = [route.strip().partition(" ") for route in str(scheme).splitlines()[1:]]
    lines = [f"# {scheme.title}", f"Which patients `{scheme.id}` selects, what it rests on, and its file."]
    lines += ["## Who is selected", "\n".join(f"- **{name}** {rest}" for name, _, rest in routes)]
    lines += ["## Where it comes from", f"{scheme.source}."]
    if scheme.decisions:
        lines += [f"The source leaves open, and the file decides: {'; '.join(scheme.decisions)}."]
    columns = {"Columns it needs": scheme.required, "Columns it uses where they are there": scheme.optional}
    lines += [f"{title}: {', '.join(f'`{name}`' for name in names)}." for title, names in columns.items() if names]
    lines += ["What each column holds: [Fields of a register](../fields.md)."]
    lines += ["## The file"]
    lines += ["Copy it, change it, and give its path in place of the name: [Schemes](../../examples/schemes.md)."]
    lines += [f"```toml\n{scheme.text.rstrip()}\n```"]
    return "\n\n".join(lines) + "\n"


def models(project: Path) -> dict[str, str]:
    """The card of each model, with its inputs and its file."""
    return {path: _card(project / path) for path in (f"models/{name}/card.md" for name in cm.list_models())}


def _card(card: Path) -> str:
    model = cm.load_model(card.parent.name)
    rows = (
        (
            escaped(each.label),
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


def rules(project: Path) -> dict[str, str]:
    """The tables of tests/spec that no page of examples/ holds."""
    sys.path.insert(0, str(project / "tests" / "spec"))
    try:
        printed = importlib.import_module("rules_page").printed
    finally:
        sys.path.pop(0)
    by_hand = project / "tests" / "spec"
    return {
        "generated/rules-of-a-caseload.md": printed(CASELOAD_HEAD, by_hand / "test_caseload_by_hand.py"),
        "generated/rules-of-payment.md": printed(PAYMENTS_HEAD, by_hand / "test_payments_by_hand.py"),
    }


CASELOAD_HEAD = """# The rules of a caseload, worked by hand

What is known of a patient on a day, from events few enough to follow by eye. They are the tests' own
(`tests/spec/test_caseload_by_hand.py`): each is put to a plain-Python oracle and to the library, and both must give
what stands below it. `ask(events, day, columns)` asks what holds on that day; `known` is the day on which it is asked.
A dash is *nothing*. How a caseload is kept: [The caseload over time](../examples/caseload.md).
"""
PAYMENTS_HEAD = """# Letters, register tests and payments, worked by hand

What is due when, how many a register needs, and what is paid, in numbers that a hand can check. They are the tests' own
(`tests/spec/test_payments_by_hand.py`). Where the rules stand: [Schemes](../examples/schemes.md).
"""
