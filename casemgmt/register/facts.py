"""The account of a register for people and for the manifest: rows set aside, values corrected, people barred."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from casemgmt.errors import plural
from casemgmt.register.counts import BARRED, by_field, by_practice_field_and_reason

if TYPE_CHECKING:
    import pyarrow as pa


_MOST_FIELDS = 12
_NEVER = {
    "died": "died",
    "left": "left",
    "not yet registered": "not yet registered",
    "objected": "objected (never ranked)",
}


def account_facts(register: Any) -> dict[str, Any]:
    """Counts of rows and values, by field, as plain values: ``rows``, ``quarantined``, ``corrected``, ``barred``."""
    tally = register.checked() if hasattr(register, "checked") else register
    aside, changed = (by_field(by_practice_field_and_reason(t)) for t in (register.quarantine, register.corrections))
    limits = register.limits
    return {
        "rows": {
            "in": tally.rows_in,
            "accepted": tally.accepted,
            "merged_repeats": tally.merged,
            "quarantined": register.quarantine.num_rows,
            "corrections": register.corrections.num_rows,
        },
        "quarantined": {"rows": register.quarantine.num_rows, "by_field": aside},
        "corrected": {"values": register.corrections.num_rows, "by_field": changed},
        "barred": tally.counts.barred_in_all(),
        "limits": {"max_quarantined": _said(limits.quarantined), "max_corrected": _said(limits.corrected)},
        "notes": list(getattr(register, "notes", ())),
    }


def account_lines(facts: Mapping[str, Any]) -> Iterator[str]:
    """The same in sentences: what was set aside and corrected, where there is any, and always who is barred.

    Parameters
    ----------
    facts : from :func:`account_facts`; a selection published by an earlier release has no such counts, and no lines
    """
    if "quarantined" not in facts:
        return
    aside, changed, barred = facts["quarantined"], facts["corrected"], facts["barred"]
    of = facts["rows"]["in"]
    yield f"{plural(aside['rows'], 'row')} of {of:,} quarantined{_by_field(aside['by_field'])}"
    yield f"{plural(changed['values'], 'value')} corrected{_by_field(changed['by_field'])}"
    yield "Not to be listed or ranked: " + ", ".join(f"{barred[why]:,} {_NEVER[why]}" for why in BARRED)
    if facts.get("missing_practices"):
        yield f"Without a row, as was allowed: {', '.join(facts['missing_practices'])}"
    yield from facts["notes"]


def account_phrase(facts: Mapping[str, Any]) -> str:
    """``12 rows quarantined (age 12), 3 values corrected (sex 3)``, for one line; empty where nothing was."""
    if "quarantined" not in facts:
        return ""
    aside, changed = facts["quarantined"], facts["corrected"]
    said = [
        f"{plural(count, one)} {what}{_by_field(fields, ' (', ')')}"
        for count, one, what, fields in (
            (aside["rows"], "row", "quarantined", aside["by_field"]),
            (changed["values"], "value", "corrected", changed["by_field"]),
        )
        if count
    ]
    barred = sum(facts["barred"].values())
    said += [f"{plural(barred, 'patient')} barred"] if barred else []
    return ", ".join(said)


def register_html(register: Any) -> str:
    """The account of a register that was read, as a small table for notebooks: counts only, no value."""
    from casemgmt.notebook import counts_table

    facts = account_facts(register)
    rows, barred = facts["rows"], facts["barred"]
    counts: list[tuple[str, int]] = [
        ("patients", rows["accepted"]),
        ("practices", len(register.practices)),
        ("rows in", rows["in"]),
        ("repeats merged", rows["merged_repeats"]),
        ("rows quarantined", rows["quarantined"]),
        *((f"– for {name}", count) for name, count in facts["quarantined"]["by_field"].items()),
        ("values corrected", rows["corrections"]),
        *((f"– of {name}", count) for name, count in facts["corrected"]["by_field"].items()),
        *((_NEVER[why], barred[why]) for why in BARRED if barred[why]),
    ]
    return counts_table(f"Register on {register.as_of}", counts, " ".join(facts["notes"]))


def named(table: pa.Table) -> str:
    """`` (age 12, sex 3)``: how many rows of a quarantine or a list of corrections name each field."""
    return _by_field(by_field(by_practice_field_and_reason(table)), " (", ")")


def _said(share: Fraction) -> str:
    return f"{100 * share}%" if (100 * share).denominator == 1 else str(share)


def _by_field(counts: Mapping[str, int], before: str = ": ", after: str = "") -> str:
    if not counts:
        return ""
    named = [f"{name} {count:,}" for name, count in list(counts.items())[:_MOST_FIELDS]]
    more = [f"{len(counts) - _MOST_FIELDS:,} more fields"] if len(counts) > _MOST_FIELDS else []
    return f"{before}{', '.join([*named, *more])}{after}"
