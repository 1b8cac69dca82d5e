"""What became of coded rows, as counts that add up: from the account of each part to that of a whole source."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, NamedTuple

from casemgmt.codes.account import Fates, SourceAccount
from casemgmt.codes.codebook import Codebook
from casemgmt.codes.plan import Plan

if TYPE_CHECKING:
    import pyarrow as pa

_COLUMNS = ("people", "dates")


class Fact(NamedTuple):
    """So many rows of a source of which one thing is true.

    ``kind`` is what is counted (``fate``, ``code``, ``unmapped``, ``fault``, ``report``, or ``rows``, ``read`` and
    ``why`` of a column), ``name`` which of them.
    """

    system: str
    kind: str
    name: str
    rows: int


def facts_of(account: SourceAccount) -> Iterator[Fact]:
    """What a part's account says."""

    def said(kind: str, counts: Iterable[tuple[str, int]]) -> Iterator[Fact]:
        return (Fact(account.system, kind, name, rows) for name, rows in counts if rows)

    yield from said("fate", ((each.name, getattr(account.fates, each.name)) for each in fields(Fates)))
    for name in _COLUMNS:
        tally = getattr(account, name)
        yield from said(f"{name} rows", [("", tally.rows)])
        yield from said(f"{name} read", [("", tally.read)])
        yield from said(f"{name} why", tally.reasons.items())
    yield from said("code", account.codes.items())
    yield from said("unmapped", account.unmapped().items())
    yield from said("fault", account.reasons.items())
    reported = Counter(f"{field}\n{why}" for _, field, whys in account.reported for why in whys)
    yield from said("report", reported.items())


def account_of(system: str, facts: Sequence[Fact], plan: Plan, codebook: Codebook) -> SourceAccount:
    """The account of a source, from the sums of its parts' facts; the rows to look at are counted and not placed."""
    counts: dict[str, Counter[str]] = {}
    for fact in facts:
        if fact.system == system:
            counts.setdefault(fact.kind, Counter())[fact.name] += fact.rows
    none: Counter[str] = Counter()
    account = SourceAccount(system, plan)
    account.fates = Fates(**counts.get("fate", none))
    for name in _COLUMNS:
        tally = getattr(account, name)
        tally.rows, tally.read = counts.get(f"{name} rows", none)[""], counts.get(f"{name} read", none)[""]
        tally.reasons = counts.get(f"{name} why", none)
    account.reasons = counts.get("fault", none)
    account.add_counted(counts.get("code", none), counts.get("unmapped", none))
    for code in account.codes:
        codebook.verdict(code)
    account.notes = codebook.notes
    return account


def report_of(facts: Iterable[Fact]) -> pa.Table:
    """The rows to look at, counted: system, field, reason, rows."""
    import pyarrow as pa

    from casemgmt.arrow import column_of, texts

    found = sorted((each.system, *each.name.split("\n"), each.rows) for each in facts if each.kind == "report")
    names = ("system", "field", "reason")
    columns = [texts([str(row[place]) for row in found]) for place in range(3)]
    return pa.table([*columns, column_of([row[3] for row in found], pa.int64())], names=[*names, "rows"])
