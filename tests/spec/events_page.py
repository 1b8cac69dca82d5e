"""The events of a caseload as a page, printed from the code that checks, stores and exports them.

``python tests/spec/events_page.py`` writes ``examples/caseload-events.md`` anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from casemgmt.caseload.events.kinds import KINDS, Kind
from casemgmt.caseload.events.table import COLUMNS
from casemgmt.caseload.exchange.fields import table_schema

PAGE = Path(__file__).resolve().parents[2] / "examples" / "caseload-events.md"

HEAD = """# The events of a caseload

What is written down of a caseload, event by event, and what each kind of event must and may say. How they are kept,
asked and exported: [The caseload over time](caseload.md). The page is printed by `python tests/spec/events_page.py`.

## Kinds

An event is about a patient of a practice, about a practice, or about the store. No kind has a place for a name. Where
*who* is marked, `by` must say who did it.
"""

COLUMNS_HEAD = """
## Columns

These are the columns of `caseload.events()`, and the first of an exported store. In a file for `caseload.record`,
`practice_id`, `kind` and `happened_on` are needed, `patient_id` of an event about a patient; numbers, moments and
hashes are the store's own.
"""

DETAILS_HEAD = """
## Details

In an export, and in files for `caseload.record`, each is a column of its own name.
"""


def page() -> str:
    """The whole page."""
    fields = {field["name"]: field for field in table_schema()["fields"]}
    kinds = [
        (
            f"`{kind.name}`",
            kind.about,
            kind.meaning,
            _names(kind.needs),
            _names(kind.may),
            "who" if kind.by_needed else "",
        )
        for kind in KINDS.values()
    ]
    lines = [HEAD, _markdown(("kind", "about", "says that", "must say", "may say", ""), kinds)]
    lines += [COLUMNS_HEAD, _markdown(("column", "type", "is"), [_field(fields[name]) for name in COLUMNS])]
    details = [_field(field) for name, field in fields.items() if name not in COLUMNS]
    lines += [DETAILS_HEAD, _markdown(("detail", "type", "is"), details)]
    return "\n".join(line.strip("\n") + "\n" for line in lines)


def _names(details: Mapping[str, str]) -> str:
    return ", ".join(f"`{name}`" for name in details)


def _field(field: Mapping[str, str]) -> tuple[str, ...]:
    return f"`{field['name']}`", field["type"], field["description"]


def _markdown(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in lines) + "\n"


def of_kind(kind: Kind) -> str:
    """The row of a kind begins so."""
    return f"| `{kind.name}` | {kind.about} | {kind.meaning} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
