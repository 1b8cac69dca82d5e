"""The figures of a report, each with its table: worked out from what may be published, and from nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from casemgmt.outputs.disclosure.commissioner import ALL_PRACTICES, AT_LEAST, CASE_MANAGED
from casemgmt.scheme.routes import Nominated, Review, TopShare

if TYPE_CHECKING:
    import pyarrow as pa

    from casemgmt.outputs.report.tariff import PaymentTariff
    from casemgmt.scheme.routes import Scheme

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A table of a report.

    Attributes
    ----------
    name : of its file and its sheet
    title : in words
    says : what the table is about and how to read it
    headings : column name → words, in order of the columns
    kinds : of the columns that hold numbers: ``whole``, ``share`` (per cent of people or
        homes, which is also told in 100), ``percent`` (any other number with a decimal) or ``pounds``
    rows : one mapping a row, by column name
    missing : why there is no table; empty where there is one
    """

    name: str
    title: str
    says: str
    headings: Mapping[str, str]
    rows: Sequence[Row] = ()
    kinds: Mapping[str, str] = field(default_factory=dict)
    missing: str = ""

    def to_arrow(self) -> pa.Table:
        """The table."""
        import pyarrow as pa

        of_kind = {"whole": pa.int64(), **dict.fromkeys(("share", "percent", "pounds"), pa.float64())}
        schema = pa.schema([(name, of_kind.get(self.kinds.get(name, ""), pa.string())) for name in self.headings])
        return pa.Table.from_pylist([{name: row.get(name) for name in self.headings} for row in self.rows], schema)


def practice_figure(table: pa.Table, scheme: Scheme) -> Figure:
    """Each route's places, used and unused, by practice and in total.

    Parameters
    ----------
    table : the commissioner's table with reviews
    """
    routes = {route.name: route for route in scheme.routes}
    rows: list[Row] = []
    of_practices: dict[str, list[int | None]] = {}
    for row in table.to_pylist():
        route = routes.get(row["route"])
        of_list = isinstance(route, TopShare | Nominated) and route.of.is_everyone
        places = None
        said = [row["note"]] if row["note"] else []
        if row["practice_id"] == ALL_PRACTICES:
            parts = of_practices.get(row["route"], [])
            known = [part for part in parts if part is not None]
            places = sum(known) if known else None
            if known and len(known) < len(parts):
                said.append(f"places {AT_LEAST}")
        else:
            if isinstance(route, TopShare | Nominated) and of_list and row["list_size"] is not None:
                places = route.share.places(row["list_size"])
            elif isinstance(route, TopShare | Nominated) and not of_list:
                said.append("places are of a part of the list, which is not published")
            if of_list:
                of_practices.setdefault(row["route"], []).append(places)
        # Of totals that leave something out no difference is told.
        whole = places is not None and row["used"] is not None and AT_LEAST not in "; ".join(said)
        left = max(places - row["used"], 0) if places is not None and whole else None
        rows.append({**row, "places": places, "unused": left, "note": "; ".join(said) or None})
    return Figure(
        name="places",
        title="Places by route and practice",
        says="How many patients met each route and used one of its places. Places are those of the rounded list size. "
        f"'{CASE_MANAGED}' are those under case management by any route.",
        headings={
            "practice_id": "Practice",
            "route": "Route",
            "list_size": "List size",
            "places": "Places",
            "met": "Met the route",
            "used": "Places used",
            "unused": "Places unused",
            "percent_of_list": "Met, % of list (in 100)",
            "note": "Note",
        },
        kinds={
            **dict.fromkeys(("list_size", "places", "met", "used", "unused"), "whole"),
            "percent_of_list": "share",
        },
        rows=totals_first(rows),
    )


def review_figure(table: pa.Table, scheme: Scheme) -> Figure:
    """Reviews owed, due and done, and the uptake."""
    reviews = {route.name: route for route in scheme.routes if isinstance(route, Review)}
    rows = []
    for row in table.to_pylist():
        if row["route"] in reviews:
            both = row["due"] is not None and row["done"] is not None and row["due"] + row["done"]
            uptake = percent(row["done"], row["due"] + row["done"]) if both else None
            rows.append({**row, "entitled": row["met"], "uptake_percent": uptake})
    return Figure(
        name="reviews",
        title="Reviews due and done",
        says="Done: a review within the scheme's interval before the list date. Uptake is done of done and due, from "
        "the rounded counts.",
        headings={
            "practice_id": "Practice",
            "route": "Review",
            "entitled": "Entitled",
            "due": "Due",
            "done": "Done",
            "uptake_percent": "Uptake, % (in 100)",
            "note": "Note",
        },
        kinds={**dict.fromkeys(("entitled", "due", "done"), "whole"), "uptake_percent": "share"},
        rows=totals_first(rows),
        missing="" if reviews else "The scheme has no review.",
    )


def plan_figure(table: pa.Table, scheme: Scheme) -> Figure:
    """The totals that the programme reported, each beside the same count of this list."""
    totals = {row["route"]: row for row in table.to_pylist() if row["practice_id"] == ALL_PRACTICES}
    rows = []
    for name, reported in scheme.programme.items():
        row = totals.get(name) or next((totals[each] for each in totals if each.startswith(f"{name}_")), None)
        here = row["met"] if row else None
        note = row["note"] if row else "no route of this name"
        rows.append(
            {"total": name.replace("_", " "), "programme": reported, "here": here, "percent": percent(here, reported)}
            | {"note": note}
        )
    return Figure(
        name="programme",
        title="Against the programme's totals",
        says="What the whole programme reported, beside this list. They are of its own year and area, and no target.",
        headings={
            "total": "Total",
            "programme": "Programme reported",
            "here": "This list",
            "percent": "This list, % of it",
            "note": "Note",
        },
        kinds={"programme": "whole", "here": "whole", "percent": "percent"},
        rows=rows,
        missing="" if rows else "The scheme states no totals of a programme.",
    )


def money_figure(table: pa.Table, tariff: PaymentTariff | None, scheme: Scheme) -> Figure:
    """What a tariff pays for the published counts."""
    headings = {
        "practice_id": "Practice",
        "payment": "Payment",
        "per": "Paid per",
        "units": "Number",
        "each_pounds": "Each, £",
        "pounds": "Amount, £",
        "certainty": "Certainty",
        "note": "Note",
    }
    kinds = {"units": "whole", "each_pounds": "pounds", "pounds": "pounds"}
    says = "Amounts of the rounded counts, for planning; no invoice. Certainty: A primary source, B good secondary "
    says += "source, C recall, D an illustration."
    if tariff is None:
        missing = "No tariff was given."
        return Figure(name="money", title="Money", says=says, headings=headings, missing=missing)
    units = _units(table, scheme)
    rows = []
    for practice, counts in units.items():
        for payment in tariff.payments:
            count, note = counts[payment.per]
            amount = None if count is None else count * payment.pence / 100
            row: Row = {"practice_id": practice, "payment": payment.name.replace("_", " "), "per": payment.per}
            row |= {"units": count, "each_pounds": payment.pence / 100, "pounds": amount}
            rows.append({**row, "certainty": payment.certainty, "note": note})
    said = "; ".join(f"{payment.name.replace('_', ' ')}: {payment.source}" for payment in tariff.payments)
    return Figure(
        name="money",
        title="Money",
        says=f"{says} Tariff: {tariff.title}. Source: {tariff.source}. {said[:1].upper()}{said[1:]}.",
        headings=headings,
        kinds=kinds,
        rows=totals_first(rows),
    )


def _units(table: pa.Table, scheme: Scheme) -> dict[str, dict[str, tuple[int | None, str | None]]]:
    """Heads, plans and reviews by practice, the total last; each with what its note says of it."""
    reviews = {route.name for route in scheme.routes if isinstance(route, Review)}
    found: dict[str, dict[str, tuple[int | None, str | None]]] = {}
    for row in table.to_pylist():
        own = found.setdefault(
            row["practice_id"], dict.fromkeys(("head", "plan", "review"), (None, "not in the scheme"))
        )
        own["head"] = row["list_size"], _of(row["note"], "list_size")
        if row["route"] == CASE_MANAGED:
            own["plan"] = row["used"], _of(row["note"], "used")
        if row["route"] in reviews:
            before = own["review"]
            count = row["done"] if before[0] is None else before[0] + (row["done"] or 0)
            own["review"] = count, _of(row["note"], "done")
    return found


def _of(note: str | None, name: str) -> str | None:
    """What a note says of one column."""
    return "; ".join(part for part in (note or "").split("; ") if part.startswith(f"{name} ")) or None


def home_figure(rows: Sequence[Row] | str) -> Figure:
    """Care homes, and how many of them more than one practice serves."""
    found = [] if isinstance(rows, str) else rows
    shown = []
    for row in found:
        homes, shared = row["care_homes"], row["shared_care_homes"]
        aligned = percent(homes - shared, homes) if homes and shared is not None and shared <= homes else None
        shown.append({**row, "aligned_percent": aligned})
    return Figure(
        name="care_homes",
        title="Care homes and the practices that serve them",
        says="Homes with residents on the lists, and those with residents of more than one practice. Each home is to "
        "move to one practice; residents keep their choice, so some will always be served by two.",
        headings={
            "practice_id": "Practice",
            "care_homes": "Care homes",
            "shared_care_homes": "Served by more than one practice",
            "aligned_percent": "Served by one, % (in 100)",
            "note": "Note",
        },
        kinds={"care_homes": "whole", "shared_care_homes": "whole", "aligned_percent": "share"},
        rows=totals_first(shown),
        missing=f"Not shown: {rows}." if isinstance(rows, str) else "",
    )


_GROUPINGS = {
    "imd_decile": "deprivation decile (1 is the most deprived)",
    "ethnicity": "ethnicity",
    "age_band": "age",
    "sex": "sex",
}


def equity_figure(groups: Mapping[str, pa.Table | str]) -> Figure:
    """Who is on the list and who is case managed, by groups of people."""
    rows: list[Row] = []
    for column, table in groups.items():
        by = _GROUPINGS[column]
        if isinstance(table, str):
            rows.append({"by": by, "group": "–", "note": f"not shown: {table}"})
            continue
        for row in table.to_pylist():
            share = percent(row["selected"], row["listed"]) if row["listed"] else None
            told = {"by": by, "group": row[column], "listed": row["listed"], "case_managed": row["selected"]}
            note = (row["note"] or "").replace("selected ", "case_managed ").replace("; just_below withheld", "")
            rows.append({**told, "percent": share, "note": note or None})
    return Figure(
        name="equity",
        title="Who is on the list and who is case managed",
        says="All practices together. Groups differ in age and illness, so a lower share is a question, not an answer.",
        headings={
            "by": "By",
            "group": "Group",
            "listed": "On the list",
            "case_managed": "Case managed",
            "percent": "Case managed, % (in 100)",
            "note": "Note",
        },
        kinds={"listed": "whole", "case_managed": "whole", "percent": "share"},
        rows=rows,
    )


def totals_first(rows: Sequence[Row]) -> list[Row]:
    """The rows of all practices together, then those of each."""
    return sorted(rows, key=lambda row: row["practice_id"] != ALL_PRACTICES)


def percent(part: int | None, whole: int | None) -> float | None:
    """A share of two whole numbers in per cent, to one decimal, halves up."""
    if part is None or not whole:
        return None
    return (2000 * part + whole) // (2 * whole) / 10
