"""The page of events is what the code prints, and holds every kind, column and detail."""

from __future__ import annotations

from events_page import PAGE, of_kind, page

from casemgmt.caseload.events.kinds import KINDS
from casemgmt.caseload.exchange.fields import names


def test_the_page_is_what_the_code_prints():
    assert PAGE.read_text(encoding="utf-8") == page(), "run `python tests/spec/events_page.py`"


def test_every_kind_column_and_detail_has_one_row():
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    for kind in KINDS.values():
        assert sum(line.startswith(of_kind(kind)) for line in lines) == 1, kind.name
    for name in names():
        assert sum(line.startswith(f"| `{name}` | ") for line in lines if line.count(" | ") == 2) == 1, name
