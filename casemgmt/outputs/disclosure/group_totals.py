"""The totals that the groups of a column add up to, as far as a reader can know them.

A reader holds the commissioner's table and tables by several columns together. Each of them is made to leave its small
counts open for one who knows, of every column that a route asks for, how many people of each class of its values are
listed, selected and just below the cut: for that is all that the tables can tell each other.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from casemgmt.outputs.disclosure.kinds import Class, class_of, conditions_on
from casemgmt.outputs.disclosure.told_beside import ALL, ToldBeside, Value, bounds_of, fields_asked, what_may_be_known
from casemgmt.outputs.disclosure.worlds import Publication
from casemgmt.scheme.conditions import AGE_RULES, Condition
from casemgmt.scheme.routes import TopShare

NOT_STATED = "not stated"
OLDEST = 120
COUNTS = ("listed", "selected", "just_below")
BOTH = "selected_just_below"

Row = Mapping[str, Any]
Values = Mapping[str, Sequence[Row]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """People of one class of the column's values, whom no route tells apart by it.

    Attributes
    ----------
    groups : places of the groups that can have such people
    listed, selected, just_below : how many there are in all; None where that is not known
    both : how many are selected, by another route than the share, and just below its cut
    """

    groups: tuple[int, ...]
    listed: int
    selected: int | None
    just_below: int | None
    both: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What the counts of each column add up to, by classes of its values.

    ``exact`` says that a reader may know these very totals; else they are one end of what may be, at which the groups
    must be able to stand. ``shown`` are the columns that may be shown at all. At most ``most_both`` are selected and
    just below.
    """

    parts: tuple[Part, ...]
    exact: bool = True
    shown: tuple[str, ...] = COUNTS
    most_both: int | None = None


def field_of(column: str) -> str:
    """The register field that a column of groups is made from."""
    return "age" if column == "age_band" else column


def totals_to_stand(
    rows: Sequence[Row],
    column: str,
    publication: Publication,
    summary: Any,
    before: Sequence[Publication] = (),
    judged: dict[Hashable, Any] | None = None,
    values: Values | None = None,
) -> list[Totals]:
    """Totals of which each must leave the groups' small counts open; none where nothing of the groups may be told.

    Where the commissioner's table stays safe though a reader knew the totals exactly, these are the true ones.
    Elsewhere the groups may not tell the totals: of a column that no route asks for they must be able to stand at the
    least and at the greatest number of selected that the commissioner's table allows.

    Parameters
    ----------
    rows : whole counts by the groups of the column
    judged : what was found for other columns of the same publication, to be added to
    values : by field, whole counts of each of its values: ``value``, the counts of ``rows`` and
        ``selected_just_below``; of the column itself the groups are its values where it is not given
    """
    everything = [publication, *before]
    bounds = bounds_of(everything)
    field = field_of(column)
    given = dict(values or {})
    counted = _Counted(rows, column, conditions_on(field, bounds), given.get(field))
    judged = {} if judged is None else judged
    asked = fields_asked(everything)
    key = tuple(each for each in asked if each in given or each == field)
    if key not in judged:
        tables = {each: values_of(given[each], each, conditions_on(each, bounds)) for each in key if each in given}
        if field in key and field not in tables:
            tables[field] = counted.values()
        whole = {name: _sum(rows, name) for name in COUNTS}
        judged[key] = what_may_be_known(ToldBeside(publication, before, summary, tables, whole))
    known = judged[key]
    level = known.fields.get(field) if field in asked else ALL
    if level is None:
        return []
    parts, most_both = counted.parts(), _most_both(publication, summary)
    if known.exact or field in asked:
        names = COUNTS if level == ALL and known.exact else ("listed",)
        return [Totals(parts=parts, shown=names, most_both=most_both)]
    (part,) = parts
    ends = [Part(groups=part.groups, listed=part.listed, selected=n, just_below=part.just_below) for n in known.ends]
    return [Totals(parts=(each,), exact=False, most_both=most_both) for each in ends]


def _most_both(publication: Publication, summary: Any) -> int | None:
    """How many at most are in by another route than the first share, in whose cut's next tenth they can be."""
    routes = publication.scheme.routes
    first = next((i for i, each in enumerate(routes) if isinstance(each, TopShare)), None)
    used = summary.column("used").to_pylist()
    return sum(count or 0 for number, count in enumerate(used) if number % len(routes) != first)


def _sum(rows: Sequence[Row], name: str) -> int | None:
    counts = [row[name] for row in rows]
    return None if None in counts else sum(counts)


class _Counted:
    """Whole counts by groups, and by the values that they are made from."""

    def __init__(
        self, rows: Sequence[Row], column: str, conditions: Sequence[Condition], values: Sequence[Row] | None
    ) -> None:
        self.rows = rows
        self.classes = [classes_of_group(row[column], column, conditions) for row in rows]
        self.given = None if values is None else values_of(values, field_of(column), conditions)
        # Who meets a condition on the age of a date that is written out is not known by the age on the list date.
        if any(each.on not in AGE_RULES for each in conditions):
            self.given, self.classes = None, [((place, each),) for place, (each, *_) in enumerate(self.classes)]

    def values(self) -> list[Value]:
        """The groups as values, each of every class that it can have."""
        return [Value(classes, row) for classes, row in zip(self.classes, self.rows, strict=True)]

    def parts(self) -> tuple[Part, ...]:
        """What is known of each class."""
        groups: dict[Hashable, list[int]] = {}
        counts: dict[Hashable, list[Row]] = {}
        for place, (classes, row) in enumerate(zip(self.classes, self.rows, strict=True)):
            # How a group divides is not known without its values: it is taken as it is.
            named = classes if self.given is not None or len(classes) == 1 else [place]
            for each in named:
                groups.setdefault(each, []).append(place)
                counts.setdefault(each, []).extend([row] if self.given is None else [])
        for value in self.given or ():
            counts[value.classes[0]].append(value.counts)
        return tuple(_part(tuple(places), counts[each], self.rows[0]) for each, places in groups.items())


def _part(groups: tuple[int, ...], counts: Sequence[Row], row: Row) -> Part:
    return Part(
        groups=groups,
        listed=_sum(counts, "listed") or 0,
        selected=_sum(counts, "selected"),
        just_below=None if row["just_below"] is None else _sum(counts, "just_below"),
        both=_sum(counts, BOTH) if all(BOTH in each for each in counts) else None,
    )


def values_of(rows: Sequence[Row], field: str, conditions: Sequence[Condition]) -> list[Value]:
    """A column's values, with the classes that they are of."""
    return [Value(classes_of_group(row["value"], field, conditions), row) for row in rows]


def classes_of_group(group: str, column: str, conditions: Sequence[Condition]) -> tuple[Class, ...]:
    """The classes that the people of a group can be of."""
    return tuple(dict.fromkeys(class_of(value, conditions) for value in _meant_by(group, column, conditions)))


def _meant_by(group: str, column: str, conditions: Sequence[Condition]) -> Sequence[object]:
    """The values that a group's name stands for."""
    if group == NOT_STATED:
        return [None]
    if column == "age_band":
        first = int(group.split("–", maxsplit=1)[0]) if "–" in group else 90
        return range(first, first + 10 if "–" in group else OLDEST + 1)
    if any(each.flag is not None for each in conditions) and group in ("True", "False"):
        return [group == "True"]
    if any(each.edges is not None for each in conditions):
        try:
            return [Fraction(group)]
        except ValueError:
            return [group]
    return [group]
