"""Reviews due and done beside the commissioner's table, as far as both may leave together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from casemgmt.arrow import array_of, texts
from casemgmt.outputs.disclosure.commissioner import ALL_PRACTICES, AT_LEAST, sum_of_published
from casemgmt.outputs.disclosure.suppression import SUPPRESSED, WITHHELD, behind, suppress, tells
from casemgmt.outputs.disclosure.together import others_beside, tell_together
from casemgmt.outputs.disclosure.worlds import Publication, are_related, hides_something, shown
from casemgmt.scheme.routes import Review

if TYPE_CHECKING:
    import pyarrow as pa

    from casemgmt.scheme.routes import Scheme

COUNTS = ("due", "done")


def with_reviews(
    table: pa.Table,
    summary: pa.Table,
    scheme: Scheme,
    *,
    ranked_by: str,
    waiting: bool,
    before: Sequence[Publication] = (),
) -> pa.Table:
    """The commissioner's table with two columns more: reviews due and done.

    Where either is 1 to 7, or such a count would follow from them and the others, both are withheld in that practice:
    beside groups of ages, whoever is entitled is known so well that either would tell the other. What the
    commissioner's table says by itself is left as it is.

    Parameters
    ----------
    table : the commissioner's table, as :func:`casemgmt.outputs.disclosure.commissioner_table` gives it
    summary : the whole counts
    scheme, ranked_by, waiting, before : as that function takes them

    Returns
    -------
    pyarrow.Table
        the same, ``due`` and ``done`` last but for ``note``; null but for routes of the kind review
    """
    import numpy as np
    import pyarrow as pa

    counts = {(row["practice_id"], row["route"]): row for row in summary.to_pylist()}
    reviews = {route.name for route in scheme.routes if isinstance(route, Review)}
    rows = [{**row, "due": None, "done": None} for row in table.to_pylist()]
    by_practice: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        by_practice.setdefault(row["practice_id"], []).append(row)
    routes = [route.name for route in scheme.routes]
    totals = by_practice.pop(ALL_PRACTICES, [])
    for practice, own in by_practice.items():
        told = [row for row in own if row["route"] in reviews]
        plain = [row["note"] for row in told]
        for withhold in (False, True):
            for row, note in zip(told, plain, strict=True):
                _say(row, counts[practice, row["route"]], note, withhold=withhold)
            shown = [row for row in own if row["route"] in routes]
            new = Publication(scheme=scheme, ranked_by=ranked_by, waiting=waiting, rows={practice: shown})
            small = any(row[name] is None for row in told for name in COUNTS)
            if not told or not (small or _tell(practice, new, before)):
                break
    for total in totals:
        if total["route"] in reviews:
            _add_up(total, [row for own in by_practice.values() for row in own if row["route"] == total["route"]])
    found = table.drop_columns(["note"])
    for name in COUNTS:
        present = np.array([row[name] is not None for row in rows], dtype=bool)
        found = found.append_column(name, array_of(np.array([row[name] or 0 for row in rows]), pa.int64(), present))
    return found.append_column("note", texts(row["note"] for row in rows))


def _tell(practice: str, new: Publication, before: Sequence[Publication]) -> bool:
    """Whether a small count follows, by the short way where reviews have nothing to do with the other routes."""
    if are_related(new.scheme) or others_beside(practice, new, before):
        return tell_together(practice, new, before)
    rows = [
        row
        for route, row in zip(new.scheme.routes, new.rows[practice], strict=True)
        if isinstance(route, Review) and hides_something([row])
    ]
    low, high = behind(new.rows[practice][0]["list_size"])
    return any(_tells_alone(row, size) for row in rows for size in range(low, high + 1))


def _tells_alone(row: Mapping[str, Any], size: int) -> bool:
    """Whether those entitled, due and done tell of each other: due and done are all who are entitled.

    Of one sum of two counts, each within its range, the range that is left for each is exact.
    """
    met, due, done = (shown(row, name, size) or (0, size) for name in ("met", *COUNTS))
    left = {
        "met": (max(met[0], due[0] + done[0]), min(met[1], due[1] + done[1])),
        "due": (max(due[0], met[0] - done[1]), min(due[1], met[1] - done[0])),
        "done": (max(done[0], met[0] - due[1]), min(done[1], met[1] - due[0])),
    }
    return all(least <= most for least, most in left.values()) and any(tells(each) for each in left.values())


def _say(row: dict[str, Any], whole: dict[str, Any], note: str | None, *, withhold: bool) -> None:
    said = [note] if note else []
    for name in COUNTS:
        row[name] = None if withhold else suppress(whole[name])
        if row[name] is None:
            said.append(f"{name} {WITHHELD if withhold else SUPPRESSED}")
    row["note"] = "; ".join(said) or None


def _add_up(total: dict[str, Any], rows: Sequence[dict[str, Any]]) -> None:
    said = [total["note"]] if total["note"] else []
    for name in COUNTS:
        total[name], whole = sum_of_published(rows, name)
        if not whole:
            said.append(f"{name} {AT_LEAST}")
    total["note"] = "; ".join(said) or None
